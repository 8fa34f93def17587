"""Accuracies and gains against hand-computed numbers, SciPy, statsmodels and simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from artnb.errors import RelevanceError
from artnb.relevance import accuracy, compared, gain, overfitting
from artnb.relevance.gains import Estimate, estimate, mean
from artnb.significance import SMALLEST


def predictions(answers, groups=None, field="painting", method="single"):
    """One field and method from right answers, seeds x images; each image its own group unless given."""
    answers = np.asarray(answers, dtype=bool)
    seeds, images = answers.shape
    names = [f"{field}-{image}" for image in range(images)]
    return pd.DataFrame(
        {
            "method": method,
            "seed": np.repeat(np.arange(seeds), images),
            "field": field,
            "id": names * seeds,
            "group": list(names if groups is None else groups) * seeds,
            "correct": answers.ravel(),
        }
    )


@pytest.fixture
def study():
    """Two fields, two methods, two seeds; by hand: painting 5/8 -> 7/8, garden 2/4 -> 1/4."""
    groups = ["a", "a", "b", "c"]
    return pd.concat(
        [
            predictions([[1, 1, 0, 1], [1, 0, 0, 1]], groups),
            predictions([[1, 1, 1, 1], [1, 1, 0, 1]], groups, method="multi-2"),
            predictions([[1, 0], [1, 0]], field="garden"),
            predictions([[1, 0], [0, 0]], field="garden", method="multi-2"),
        ],
        ignore_index=True,
    )


def test_accuracy_by_hand(study):
    table = accuracy(study).set_index(["method", "field"])
    assert table["accuracy"].to_dict() == {
        ("single", "painting"): 5 / 8,
        ("single", "garden"): 1 / 2,
        ("single", "mean"): 9 / 16,
        ("multi-2", "painting"): 7 / 8,
        ("multi-2", "garden"): 1 / 4,
        ("multi-2", "mean"): 9 / 16,
    }
    assert table.loc[("single", "painting"), ["seeds", "images", "groups"]].tolist() == [2, 4, 3]
    assert table.loc[("multi-2", "mean"), ["seeds", "images", "groups"]].tolist() == [2, 6, 5]


def test_gain_by_hand(study):
    table = gain(study)
    assert list(table) == [
        *("method", "field", "gain", "low", "high", "p", "p_holm", "seeds", "images", "groups")
    ]
    assert table["field"].tolist() == ["painting", "garden", "mean"]
    assert table["gain"].tolist() == [1 / 4, -1 / 4, 0]
    assert (table["low"] <= table["gain"]).all()
    assert (table["gain"] <= table["high"]).all()


def test_pairs_are_compared_as_gains_are(study):
    pairs = [
        {"question": "together", "model": "multi-2", "reference": "single"},
        {"question": "alone", "model": "single", "reference": "multi-2"},
    ]
    table = compared(study, pairs)
    assert list(table)[:4] == ["question", "model", "reference", "field"]
    assert table["gain"].tolist() == [1 / 4, -1 / 4, -1 / 4, 1 / 4]
    expected = gain(study).query("field != 'mean'")
    assert table["low"].tolist() == expected["low"].tolist() + (-expected["high"]).tolist()
    with pytest.raises(RelevanceError, match="the baseline 'multi-3'"):
        compared(study, [{"model": "single", "reference": "multi-3"}])


def test_the_gap_by_hand_and_its_interval_by_both_parts(study):
    learnt = study.assign(correct=True, id="learnt " + study["id"], group="learnt " + study["group"])
    learnt.loc[learnt["method"] == "multi-2", "correct"] = study["correct"]
    table = overfitting(learnt, study).set_index(["method", "field"])
    assert table["training"].to_dict() == {
        ("single", "painting"): 1,
        ("single", "garden"): 1,
        ("multi-2", "painting"): 7 / 8,
        ("multi-2", "garden"): 1 / 4,
    }
    assert table["gap"].tolist() == [3 / 8, 1 / 2, 0, 0]
    of_test = accuracy(study).set_index(["method", "field"])
    painting = table.loc[("single", "painting")]
    same = of_test.loc[("single", "painting")]
    assert painting[["accuracy", "low", "high"]].tolist() == same[["accuracy", "low", "high"]].tolist()
    assert painting["gap_high"] == pytest.approx(min(1, 3 / 8 + Estimate(
        np.array([1 - 6 / 8, 1 - 4 / 8]), *estimate_of_painting(study)
    ).half_width()))  # fmt: skip
    with pytest.raises(RelevanceError, match="other methods or seeds"):
        overfitting(learnt[learnt["seed"] == 0], study)


def estimate_of_painting(study):
    """The terms of the groups of single-task painting; what is all right has none."""
    rows = study.query("method == 'single' and field == 'painting'")
    sums = rows.pivot_table("correct", "seed", "group", aggfunc="sum").to_numpy(float)
    found = estimate(sums, np.array([2, 1, 1]))
    return tuple(np.concatenate([part, part * zero]) for part, zero in (
        (found.groups, 1), (found.between, 0), (found.noise, 0)
    ))  # fmt: skip


def test_an_interval_by_hand():
    """Two seeds, two groups of one image; in thirds of an answer, for numbers that are round."""
    found = estimate(np.array([[0, 3.0], [0, 9]]), np.array([1, 1]))
    assert found.by_seed.tolist() == [1.5, 4.5]
    assert found.between.tolist() == [9]  # the groups' means over seeds are 0 and 6: 18 / 2
    assert found.noise.tolist() == [2.25]  # what is left: 1.5 everywhere, 4 * 1.5^2 / (1 * 1) / 4
    t = stats.t.ppf(0.975, 1)
    assert found.half_width() == pytest.approx(np.sqrt(t**2 * 4.5 / 2 + t**2 * (9 - 2.25)))
    alike = Estimate(np.array([3.0, 3.0]), found.groups, found.between, found.noise)
    assert alike.half_width() == pytest.approx(t * 3)  # never less than over the groups alone


def test_the_variances_are_those_of_statsmodels():
    """Clustered by seeds, by groups and by both, in an ordinary regression on a constant."""
    rng = np.random.default_rng(7)
    seeds, sizes = 4, rng.integers(1, 4, 30)
    scores = rng.normal(0, 0.3, (seeds, 1)) + rng.normal(0, 0.5, (seeds, sizes.sum()))
    starts = np.cumsum(sizes) - sizes
    found = estimate(np.add.reduceat(scores, starts, axis=1), sizes)
    fit = OLS(scores.ravel(), np.ones(scores.size)).fit()
    of_image = np.tile(np.repeat(np.arange(30), sizes), seeds)
    of_seed = np.repeat(np.arange(seeds), sizes.sum())
    _, by_seed, by_group = cov_cluster_2groups(fit, of_seed, of_image, use_correction=False)
    assert found.value == pytest.approx(fit.params[0])
    assert found.by_seed.var(ddof=1) / seeds == pytest.approx(by_seed.item() * seeds / (seeds - 1))
    assert found.between.item() == pytest.approx(by_group.item() * 30 / 29)


def test_one_seed_and_one_image_per_group_is_the_ordinary_t_test():
    rng = np.random.default_rng(1)
    single, multi = rng.random((1, 120)) < 0.7, rng.random((1, 120)) < 0.8
    table = gain(pd.concat([predictions(single), predictions(multi, method="multi-2")])).iloc[0]
    ordinary = stats.ttest_rel(multi[0].astype(float), single[0].astype(float))
    assert table["p"] == pytest.approx(ordinary.pvalue)
    assert table[["low", "high"]].tolist() == pytest.approx([*ordinary.confidence_interval()])
    assert table["seeds"] == 1


def test_where_only_seeds_differ_it_is_the_t_test_of_seeds():
    answers = np.repeat([[0], [1], [1], [1]], 9, axis=1)
    found = estimate(answers.astype(float), np.ones(9))
    ordinary = stats.ttest_1samp(answers[:, 0], 0)
    assert found.p == pytest.approx(ordinary.pvalue)
    assert found.half_width() == pytest.approx(0.75 - ordinary.confidence_interval().low)


def scores(rng, truth, seed_sd, fields, seeds, groups):
    """Summed scores, field by field, with effects of seed (half of it common), group and chance."""
    common = rng.normal(0, seed_sd / 2**0.5, (seeds, 1))
    for _ in range(fields):
        own = rng.normal(0, seed_sd / 2**0.5, (seeds, 1)) + rng.normal(0, 0.3, groups)
        yield truth + common + own + rng.normal(0, 0.3, (seeds, groups))


@pytest.mark.parametrize(("fields", "seeds"), [(1, 2), (1, 3), (1, 10), (4, 3)])
@pytest.mark.parametrize("seed_sd", [0, 0.05])
def test_the_interval_covers_the_truth_and_not_by_mere_width(fields, seeds, seed_sd):
    rng = np.random.default_rng(3)
    groups, studies = 150, 500
    found = [
        mean([estimate(field, np.ones(groups)) for field in scores(rng, 0.1, seed_sd, fields, seeds, groups)])
        for _ in range(studies)
    ]
    halves = np.array([study.half_width() for study in found])
    covered = (np.abs([study.value - 0.1 for study in found]) <= halves).mean()
    assert covered >= 0.935  # three standard errors below 0.95 lies 0.92
    if seeds == 10:
        known = seed_sd**2 / seeds + 0.3**2 / groups + 0.3**2 / (seeds * groups)
        assert halves.mean() < 1.25 * 1.96 * known**0.5


def test_p_is_where_the_interval_ends_at_zero():
    rng = np.random.default_rng(8)
    for truth in (0.02, 0.1, 0.3):
        found = mean([estimate(field, np.ones(40)) for field in scores(rng, truth, 0.02, 3, 4, 40)])
        assert found.half_width(found.p) == pytest.approx(abs(found.value))
        assert (found.p < 0.05) == (abs(found.value) > found.half_width())


def test_p_without_any_doubt_and_without_any_gain():
    sure = estimate(np.ones((3, 20)), np.ones(20))
    assert (sure.half_width(), sure.p) == (0, SMALLEST)
    nothing = estimate(np.zeros((3, 20)), np.ones(20))
    assert (nothing.half_width(), nothing.p) == (0, 1)


def test_holm_is_over_the_fields_of_a_method_and_leaves_the_mean_out():
    rng = np.random.default_rng(9)
    names = {"single": 0.6, "multi-1": 0.65, "multi-2": 0.8}
    table = gain(
        pd.concat(
            predictions(rng.random((3, 60)) < right, field=field, method=method)
            for method, right in names.items()
            for field in ("painting", "garden", "sculpture")
        )
    )
    for method in ("multi-1", "multi-2"):
        of_method = table[table["method"] == method].set_index("field")
        of_fields = of_method.drop("mean")
        assert np.isnan(of_method.loc["mean", "p_holm"])
        assert 0 < of_method.loc["mean", "p"] < 1
        oracle = multipletests(of_fields["p"], method="holm")[1]
        assert of_fields["p_holm"].tolist() == pytest.approx(oracle.tolist())
        assert of_fields["p_holm"].min() == pytest.approx(min(1, 3 * of_fields["p"].min()))


def test_copies_of_an_image_in_its_group_are_no_further_evidence():
    """Of one seed, so that nothing but groups is uncertain."""
    answers = np.random.default_rng(4).random((1, 30)) < 0.7
    once = accuracy(predictions(answers))
    thrice = accuracy(predictions(answers.repeat(3, axis=1), groups=np.arange(30).repeat(3).astype(str)))
    alone = accuracy(predictions(answers.repeat(3, axis=1)))
    pd.testing.assert_frame_equal(thrice.drop(columns="images"), once.drop(columns="images"))
    assert alone["high"][0] - alone["low"][0] < 0.75 * (once["high"][0] - once["low"][0])


def test_seeds_are_common_to_all_fields():
    """Where only the seed decides, and alike in all fields, their mean is as uncertain as each of them."""
    answers = np.array([[0] * 6, [1] * 6, [1] * 6])
    table = accuracy(pd.concat([predictions(answers, field=field) for field in ("painting", "garden")]))
    assert (table["low"] == 0).all()
    assert (table["high"] == 1).all()
    fields = [estimate(answers.astype(float), np.ones(6))] * 2
    assert mean(fields).half_width() == pytest.approx(fields[0].half_width())


def test_what_stands_alone_has_no_p():
    answers = np.random.default_rng(5).random((2, 1, 50)) < [[[0.6]], [[0.8]]]
    rows = [predictions(a, groups=["g"] * 50, method=m) for a, m in zip(answers, "ab", strict=True)]
    assert gain(pd.concat(rows), "a")[["p", "p_holm"]].isna().all(axis=None)


def test_one_seed_has_an_interval_over_groups_and_one_group_has_none():
    answers = np.random.default_rng(5).random((1, 50)) < 0.7
    table = accuracy(predictions(answers))
    assert (table["seeds"] == 1).all()
    assert (table["high"] - table["low"] > 0.1).all()
    lonely = accuracy(predictions(answers, groups=["g"] * 50))
    assert lonely["accuracy"][0] == answers.mean()
    assert lonely[["low", "high"]].isna().all(axis=None)


@settings(max_examples=15, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(order):
    rng = np.random.default_rng(6)
    rows = pd.concat(
        [predictions(rng.random((2, 9)) < 0.6, list("aabbccdde"), method=m) for m in ("single", "m")]
    )
    shuffled = rows.iloc[order.sample(range(len(rows)), len(rows))]
    pd.testing.assert_frame_equal(gain(rows), gain(shuffled))


def test_a_gain_taken_from_the_other_side_has_the_other_sign(study):
    there, back = gain(study), gain(study, baseline="multi-2")
    np.testing.assert_allclose(there["gain"], -back["gain"])
    np.testing.assert_allclose(there["low"], -back["high"], atol=1e-12)
    np.testing.assert_allclose(there["p"], back["p"])


def test_a_field_keeps_its_interval_whatever_stands_beside_it(study):
    alone = accuracy(study[study["field"] == "garden"])
    beside = accuracy(study)
    pd.testing.assert_frame_equal(
        alone[alone["field"] == "garden"].reset_index(drop=True),
        beside[beside["field"] == "garden"].reset_index(drop=True),
    )


def faulty(study):
    """What can be wrong with a table, and a part of the message that says so."""
    last = study.index[-1]
    yield study.drop(columns="group"), "no column 'group'"
    yield study.iloc[:0], "no rows"
    yield study.astype({"correct": float}), "boolean"
    yield study.assign(group=study["group"].where(study.index != last)), "no column may be empty"
    yield pd.concat([study, study.tail(1)]), r"image garden-1 of garden \(multi-2, seed 1\) is there twice"
    yield (
        study.drop(last),
        "multi-2, seed 1 leaves 1 of 6 images unanswered, among them image garden-1 of garden",
    )
    yield study.assign(group=study["group"].where(study.index != last, "z")), "another group"
    yield study[study["method"] == "multi-2"], "baseline 'single'"
    yield study[study["method"] == "single"], "another method"
    yield study[(study["method"] == "single") | (study["seed"] == 0)], r"multi-2 has the seeds \[0\]"


@pytest.mark.parametrize("fault", range(10))
def test_what_cannot_be_paired_is_refused(study, fault):
    table, message = list(faulty(study))[fault]
    with pytest.raises(RelevanceError, match=message):
        gain(table)


def test_a_missing_image_is_counted(study):
    short = study[~((study["method"] == "single") & (study["seed"] == 1) & (study["field"] == "painting"))]
    with pytest.raises(RelevanceError, match="single, seed 1 leaves 4 of 6 images"):
        accuracy(short)
