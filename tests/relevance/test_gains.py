"""Accuracies and gains against hand-computed numbers, plain resampling, SciPy and simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from artnb.errors import RelevanceError
from artnb.relevance import accuracy, gain
from artnb.relevance.gains import DRAWS, pigeonhole, weights


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
    assert list(table) == ["method", "field", "gain", "low", "high", "seeds", "images", "groups"]
    assert table["field"].tolist() == ["painting", "garden", "mean"]
    assert table["gain"].tolist() == [1 / 4, -1 / 4, 0]
    assert (table["low"] <= table["gain"]).all()
    assert (table["gain"] <= table["high"]).all()


def test_the_draws_are_those_of_images_taken_one_by_one():
    rng = np.random.default_rng(0)
    sizes = np.array([1, 3, 2])
    answers = [rng.integers(0, 2, (2, size)) for size in sizes]
    sums = np.stack([of_group.sum(axis=1) for of_group in answers], axis=1)
    seeds, groups = [[0, 1], [1, 1]], [[0, 1, 2], [1, 1, 0]]
    seed_weights = np.array([np.bincount(taken, minlength=2) for taken in seeds])
    group_weights = np.array([np.bincount(taken, minlength=3) for taken in groups])
    plain = [
        np.mean([a for s in of_seeds for g in of_groups for a in answers[g][s]])
        for of_seeds, of_groups in zip(seeds, groups, strict=True)
    ]
    np.testing.assert_allclose(pigeonhole(sums, sizes, seed_weights, group_weights), plain)


def test_one_seed_and_one_image_per_group_is_the_ordinary_bootstrap():
    rng = np.random.default_rng(1)
    single, multi = rng.random((1, 120)) < 0.7, rng.random((1, 120)) < 0.8
    table = gain(pd.concat([predictions(single), predictions(multi, method="multi-2")])).iloc[0]
    difference = multi[0].astype(float) - single[0]
    ordinary = stats.bootstrap((difference,), np.mean, method="percentile", n_resamples=20_000, rng=2)
    assert table["low"] == pytest.approx(ordinary.confidence_interval.low, abs=0.01)
    assert table["high"] == pytest.approx(ordinary.confidence_interval.high, abs=0.01)
    assert table["seeds"] == 1


def test_the_interval_covers_the_truth():
    """Scores with effects of seed, group and image about a known mean; and not covered by mere width."""
    rng = np.random.default_rng(3)
    seeds, groups, size, studies = 5, 40, 2, 300
    seed_weights, group_weights = weights(seeds, "seeds")[:2000], weights(groups, "groups")[:2000]
    covered, widths = 0, []
    for _ in range(studies):
        scores = 0.05 + rng.normal(0, 0.02, (seeds, 1, 1)) + rng.normal(0, 0.3, (1, groups, 1))
        scores = scores + rng.normal(0, 0.3, (seeds, groups, size))
        draws = pigeonhole(scores.sum(axis=2), np.full(groups, size), seed_weights, group_weights)
        low, high = np.quantile(draws, [0.025, 0.975])
        covered += low <= 0.05 <= high
        widths.append(high - low)
    true_width = 2 * 1.96 * np.sqrt(0.02**2 / seeds + 0.3**2 / groups + 0.3**2 / (seeds * groups * size))
    assert 0.91 <= covered / studies <= 0.995
    assert np.mean(widths) < 1.35 * true_width


def test_copies_of_an_image_in_its_group_are_no_further_evidence():
    answers = np.random.default_rng(4).random((3, 30)) < 0.7
    once = accuracy(predictions(answers))
    thrice = accuracy(predictions(answers.repeat(3, axis=1), groups=np.arange(30).repeat(3).astype(str)))
    alone = accuracy(predictions(answers.repeat(3, axis=1)))
    # groups are drawn in the order of their names: the same draws need the same order
    ordered = accuracy(predictions(answers, groups=np.arange(30).astype(str)))
    pd.testing.assert_frame_equal(thrice.drop(columns="images"), ordered.drop(columns="images"))
    assert alone["high"][0] - alone["low"][0] < 0.75 * (once["high"][0] - once["low"][0])


def test_seeds_are_drawn_together_for_all_fields():
    """Where only the seed decides, and alike in all fields, their mean is as uncertain as each of them."""
    answers = np.array([[0] * 6, [1] * 6, [1] * 6])
    table = accuracy(pd.concat([predictions(answers, field=field) for field in ("painting", "garden")]))
    painting, garden, mean = table[["low", "high"]].to_numpy().tolist()
    assert painting == garden == mean
    assert mean[0] < 2 / 3 < mean[1]


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


def test_a_field_keeps_its_interval_whatever_stands_beside_it(study):
    alone = accuracy(study[study["field"] == "garden"])
    beside = accuracy(study)
    pd.testing.assert_frame_equal(
        alone[alone["field"] == "garden"].reset_index(drop=True),
        beside[beside["field"] == "garden"].reset_index(drop=True),
    )
    assert DRAWS >= 4000


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
