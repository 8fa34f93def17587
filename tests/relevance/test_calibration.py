"""Lines, alarms and pairs against hand-computed numbers, SciPy and simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from artnb.errors import RelevanceError
from artnb.relevance.calibration import ALL_FIELDS, exchanged, false_alarms, fitted, recovered, recovery

LEVELS = np.array([0, 0.25, 0.5, 0.75, 1])


def outcomes(rows, **columns) -> pd.DataFrame:
    """From (planted, atelier, field, gain); each interval reaches 0.05 to both sides."""
    table = pd.DataFrame(rows, columns=["planted", "atelier", "field", "gain"])
    table = table.assign(low=table["gain"] - 0.05, high=table["gain"] + 0.05, p=np.nan)
    return table.assign(seeds=3, images=400, groups=390, **columns)


def means(gains: np.ndarray, levels=LEVELS) -> pd.DataFrame:
    """From gains of ateliers x commonalities."""
    return outcomes([(c, a, "mean", gains[a, i]) for a in range(len(gains)) for i, c in enumerate(levels)])


def of(fit: pd.DataFrame, quantity: str) -> pd.Series:
    return fit[fit["quantity"] == quantity].iloc[0]


def test_a_line_by_hand():
    """Slopes 0.1 and 0.3, intercepts 0 and 0.02; the t of one degree of freedom is 12.706."""
    fit = fitted(means(np.stack([0.1 * LEVELS, 0.02 + 0.3 * LEVELS])))
    reach = 12.7062 * 0.1  # half of the range of two numbers is their standard error
    assert of(fit, "slope")[["estimate", "low", "high", "n"]].tolist() == pytest.approx(
        [0.2, 0.2 - reach, 0.2 + reach, 2], abs=1e-5
    )
    assert of(fit, "intercept")["estimate"] == pytest.approx(0.01)
    line = fit[fit["quantity"] == "line"]
    np.testing.assert_allclose(line["estimate"], 0.01 + 0.2 * LEVELS, atol=1e-12)
    np.testing.assert_array_equal(line["planted"], LEVELS)
    mean = fit[fit["quantity"] == "mean"]
    np.testing.assert_allclose(mean[["estimate", "low", "high"]], line[["estimate", "low", "high"]])


def test_where_all_ateliers_have_all_commonalities_it_is_the_least_squares_line_of_all():
    gains = np.random.default_rng(0).normal(0.05, 0.05, (4, 5))
    fit, pooled = fitted(means(gains)), stats.linregress(np.tile(LEVELS, 4), gains.ravel())
    assert of(fit, "slope")["estimate"] == pytest.approx(pooled.slope)
    assert of(fit, "intercept")["estimate"] == pytest.approx(pooled.intercept)


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.1, 3), tilt=st.floats(-1, 1), lift=st.floats(-1, 1))
def test_what_is_added_to_all_gains_is_added_to_the_line(scale, tilt, lift):
    gains = np.random.default_rng(1).normal(0.05, 0.05, (3, 5))
    plain, moved = fitted(means(gains)), fitted(means(scale * gains + tilt * LEVELS + lift))
    ends = ["estimate", "low", "high"]
    expected = scale * of(plain, "slope")[ends].astype(float) + tilt
    np.testing.assert_allclose(of(moved, "slope")[ends].astype(float), expected, atol=1e-9)


def test_an_atelier_with_one_commonality_counts_for_its_mean_alone():
    several = means(np.stack([0.1 * LEVELS, 0.3 * LEVELS]))
    fit = fitted(pd.concat([several, outcomes([(0, 7, "mean", 0.3), (0, 7, "garden", 9.0)])]))
    assert of(fit, "slope")["estimate"] == pytest.approx(0.2)
    assert of(fit, "slope")["n"] == 2
    nil = of(fit, "mean")
    assert (nil["planted"], nil["estimate"], nil["n"]) == (0, pytest.approx(0.1), 3)


def test_one_atelier_has_a_line_without_an_interval():
    fit = fitted(means(0.1 * LEVELS[None]))
    assert of(fit, "slope")["estimate"] == pytest.approx(0.1)
    assert fit[["low", "high"]].isna().all(axis=None)


def test_the_interval_of_five_ateliers_covers_the_true_slope():
    """Ateliers differ in slope and intercept, and experiments are the noisier the more is shared."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        slopes, intercepts = rng.normal(0.08, 0.04, (5, 1)), rng.normal(0.01, 0.02, (5, 1))
        gains = intercepts + slopes * LEVELS + rng.normal(0, 0.03, (5, 5)) * (1 + LEVELS)
        slope = of(fitted(means(gains)), "slope")
        covered += slope["low"] <= 0.08 <= slope["high"]
    assert stats.binomtest(covered, 200, 0.95).pvalue > 0.01


def test_no_line_through_one_commonality():
    with pytest.raises(RelevanceError, match="no atelier has experiments at two commonalities"):
        fitted(outcomes([(0, 1, "mean", 0.1), (1, 2, "mean", 0.1)]))
    with pytest.raises(RelevanceError, match="no column 'atelier'"):
        fitted(means(np.zeros((2, 5))).drop(columns="atelier"))


def test_alarms_by_hand():
    """Of ten experiments at 0: painting 2 above and 1 below, garden 1 above, the mean none."""
    painting = [0.06, 0.07, -0.06, *[0.0] * 7]
    garden = [0.06, *[0.02] * 9]
    rows = [(0, a, "painting", gain) for a, gain in enumerate(painting)]
    rows += [(0, a, "garden", gain) for a, gain in enumerate(garden)]
    rows += [(0, a, "mean", 0.01) for a in range(10)] + [(0.5, 0, "mean", 0.9), (0.5, 0, "garden", 0.9)]
    table = outcomes(rows)
    table.loc[:1, "p"] = 0.01, 0.2
    alarms = false_alarms(table).set_index("field")
    assert alarms.index.tolist() == ["painting", "garden", ALL_FIELDS, "mean"]
    assert alarms["experiments"].tolist() == [10, 10, 20, 10]
    assert alarms["above"].tolist() == [2, 1, 3, 0]
    assert alarms["below"].tolist() == [1, 0, 1, 0]
    assert alarms["tested"].tolist() == [1, 0, 1, 0]
    assert alarms["rate"].tolist() == [0.3, 0.1, 0.2, 0]
    assert alarms.loc["painting", "gain"] == pytest.approx(0.007)
    for field, found in (("painting", 3), ("garden", 1), (ALL_FIELDS, 2), ("mean", 0)):
        exact = stats.binomtest(found, 10).proportion_ci(0.95, method="exact")
        assert alarms.loc[field, ["low", "high"]].tolist() == pytest.approx([exact.low, exact.high])


def test_experiments_of_one_atelier_are_one_answer():
    once = [(0, a, "mean", 0.06 * (a == 0)) for a in range(20)]
    first, twice = false_alarms(outcomes(once)).iloc[0], false_alarms(outcomes(once * 2)).iloc[0]
    assert (twice["experiments"], twice["above"]) == (40, 2)
    assert twice[["rate", "low", "high"]].tolist() == first[["rate", "low", "high"]].tolist()


def test_what_has_no_interval_is_no_alarm_and_is_not_counted():
    table = outcomes([(0, a, "mean", 0.06) for a in range(4)])
    table.loc[0, ["low", "high"]] = np.nan
    assert false_alarms(table).loc[0, ["experiments", "above"]].tolist() == [3, 3]
    with pytest.raises(RelevanceError, match="no experiment was planted at commonality 0"):
        false_alarms(table.assign(planted=0.25))


@pytest.fixture
def matrix() -> pd.DataFrame:
    """Painting and garden give to each other, and one other pair more than one of them."""
    fields = ("painting", "sculpture", "garden")
    pairs = [(field, partner) for field in fields for partner in (*fields, "together") if field != partner]
    table = pd.DataFrame(pairs, columns=["field", "partner"]).assign(gain=0.0)
    table = table.set_index(["field", "partner"])
    for pair, gain in {
        ("painting", "garden"): 0.08, ("garden", "painting"): 0.03, ("sculpture", "garden"): 0.04,
    }.items():  # fmt: skip
        table.loc[pair, "gain"] = gain
    return table.reset_index().assign(low=lambda t: t["gain"] - 0.05, high=lambda t: t["gain"] + 0.05)


def test_pairs_by_hand(matrix):
    pairs = recovered(matrix, ("painting", "garden"))
    assert len(pairs) == 6
    marked = pairs.set_index(["field", "partner"])
    assert set(marked.index[marked["planted"]]) == {("painting", "garden"), ("garden", "painting")}
    assert set(marked.index[marked["found"]]) == {("painting", "garden")}
    # of 2 planted x 4 other pairs, all are in order but (garden, painting) below (sculpture, garden)
    told = recovery(pairs, "gain")
    assert told == {"planted": 2, "found": 1, "others": 4, "found_wrongly": 0, "ranked": pytest.approx(7 / 8)}
    sure = recovered(matrix, ("painting", "garden"), nil=0.04)
    assert not sure["found"].any()


def test_the_field_itself_is_no_pair(matrix):
    own = pd.DataFrame([{"field": "garden", "partner": "garden", "gain": 1.0, "low": 0.9, "high": 1.0}])
    assert len(recovered(pd.concat([matrix, own]), ("painting", "garden"))) == 6


def test_what_networks_understand_of_each_other_by_hand():
    """Two ateliers at 0, one at 1; the diagonal is left out."""
    rows = [
        {"planted": planted, "atelier": atelier, "field": "a", "partner": partner, "auroc": area}
        for planted, atelier, areas in ((0, 0, (0.4, 0.5)), (0, 1, (0.5, 0.7)), (1, 1, (0.8, 0.9)))
        for partner, area in zip(("a", "b", "c"), (1.0, *areas), strict=True)
    ]
    table = pd.DataFrame(rows).assign(low=lambda rows: rows["auroc"] - 0.1)
    nil, whole = exchanged(table).to_dict("records")
    assert (nil["auroc"], nil["ateliers"], nil["pairs"], nil["above"]) == (pytest.approx(0.525), 2, 4, 0.25)
    reach = stats.t.ppf(0.975, 1) * np.std([0.45, 0.6], ddof=1) / np.sqrt(2)
    assert (nil["low"], nil["high"]) == pytest.approx((0.525 - reach, 0.525 + reach))
    assert nil["reached"] == pytest.approx(np.quantile([0.4, 0.5, 0.5, 0.7], 0.95))
    assert (whole["auroc"], whole["above"]) == (pytest.approx(0.85), 1)
    assert np.isnan(whole["low"])


def test_the_area_is_one_half_where_gains_tell_nothing(matrix):
    assert recovery(recovered(matrix.assign(gain=0.01), ("painting", "garden")), "gain")["ranked"] == 0.5


@pytest.mark.parametrize("sharing", [(), ("painting",), ("painting", "sculpture", "garden")])
def test_no_area_without_pairs_of_both_kinds(matrix, sharing):
    with pytest.raises(RelevanceError, match="all pairs are planted, or none is"):
        recovery(recovered(matrix, sharing), "gain")


def test_unknown_fields_do_not_share(matrix):
    with pytest.raises(RelevanceError, match="sharing names music; the matrix has painting, sculpture"):
        recovered(matrix, ("painting", "music"))
