"""Tables of pairs and methods against SciPy, statsmodels, a bootstrap and numbers worked by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from torch.nn import functional as F

from artnb.errors import StyleError
from artnb.style import published
from artnb.style.comparison import Mean, controls, gains, means, measured
from artnb.style.metrics import similarity


def results(scores: dict[str, np.ndarray], crossed: int = 0, metric: str = "ssim") -> pd.DataFrame:
    """A table of one metric; every pair has pictures of its own, or `crossed` styles go with each content."""
    tables = []
    for method, values in scores.items():
        number = np.arange(len(values))
        contents, styles = np.divmod(number, crossed) if crossed else (number, number)
        tables.append(
            pd.DataFrame(
                {"pair": number, "content": contents, "style": styles, "method": method, "value": values}
            )
        )
    return pd.concat(tables, ignore_index=True).assign(against="style", metric=metric)


def test_of_pairs_with_pictures_of_their_own_it_is_students_t():
    rng = np.random.default_rng(0)
    gatys, ours = rng.normal(0.3, 0.1, (2, 12))
    table = results({"gatys": gatys, "l1": ours})
    row = gains(table, "gatys").query("unit == 'difference'").iloc[0]
    theirs = stats.ttest_rel(ours, gatys)
    interval = theirs.confidence_interval()
    assert row[["gain", "low", "high", "p"]].tolist() == pytest.approx(
        [(ours - gatys).mean(), interval.low, interval.high, theirs.pvalue], abs=1e-9
    )
    assert row[["images", "contents", "styles"]].tolist() == [12, 12, 12]
    level = means(table).iloc[0]
    assert level["value"] == pytest.approx(gatys.mean())
    assert [level["low"], level["high"]] == pytest.approx(
        stats.t.interval(0.95, 11, gatys.mean(), stats.sem(gatys))
    )


def test_a_crossed_design_by_hand():
    """Two contents, two styles; residuals by content ±0.2, by style ±0.1, and none of pairs."""
    found = Mean.of(results({"l1": np.array([0.8, 0.6, 0.4, 0.2])}, 2))
    assert found.value == pytest.approx(0.5)
    assert (found.of_contents, found.of_styles) == pytest.approx((2 * 2 * 0.1**2, 2 * 2 * 0.05**2))
    assert found.of_pairs == pytest.approx(4 / 3 * (2 * 0.075**2 + 2 * 0.025**2))
    quantile = stats.t.ppf(0.975, 1) ** 2
    expected = quantile * max(0.04 + 0.01 - found.of_pairs, 0.04)
    assert found.half_width() ** 2 == pytest.approx(expected)


def test_pictures_in_several_pairs_are_no_independent_evidence():
    """Ten photographs that differ, four styles that do not matter."""
    of_photograph = np.random.default_rng(1).normal(0.5, 0.1, 10)
    found = Mean.of(results({"l1": np.repeat(of_photograph, 4)}, 4))
    assert found.half_width() == pytest.approx(stats.t.ppf(0.975, 9) * stats.sem(of_photograph), rel=1e-2)


def test_with_one_content_or_one_style_the_interval_is_over_the_others():
    values = np.random.default_rng(2).normal(size=6)
    expected = stats.t.ppf(0.975, 5) * stats.sem(values)
    one_content, one_style = results({"l1": values}, 6), results({"l1": values}, 1)
    one_style["style"] = 0
    for table in (one_content, one_style):
        assert Mean.of(table).half_width() == pytest.approx(expected)
    assert np.isnan(Mean.of(results({"l1": values[:1]})).half_width())
    assert np.isnan(Mean.of(results({"l1": values[:1]})).p)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 300 drawings of 8 contents and 5 styles that both matter, about 5 in 100 may miss."""
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(300):
        effects = rng.normal(size=(8, 1)) + rng.normal(size=(1, 5)) + rng.normal(size=(8, 5))
        found = Mean.of(results({"l1": effects.ravel()}, 5))
        missed += abs(found.value) > found.half_width()
    assert 0.01 <= missed / 300 <= 0.08


def test_percentages_are_ratios_of_means_with_the_intervals_of_a_bootstrap():
    rng = np.random.default_rng(4)
    gatys = rng.uniform(0.2, 0.6, 40)
    ours = 1.1 * gatys + rng.normal(0, 0.05, 40)
    row = gains(results({"gatys": gatys, "l1": ours}), "gatys").query("unit == 'percent'").iloc[0]
    assert row["gain"] == pytest.approx(100 * (ours.mean() / gatys.mean() - 1))
    draws = rng.integers(0, 40, (20_000, 40))
    low, high = np.quantile(100 * (ours[draws].mean(1) / gatys[draws].mean(1) - 1), [0.025, 0.975])
    assert [row["low"], row["high"]] == pytest.approx([low, high], abs=0.4)


def test_there_is_no_percentage_of_what_may_be_nothing():
    rng = np.random.default_rng(5)
    found = gains(results({"gatys": rng.normal(0, 1, 8), "l1": rng.normal(0, 1, 8)}), "gatys")
    percent = found[found["unit"] == "percent"]
    assert percent[["gain", "low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert found.query("unit == 'difference'")[["gain", "low", "p_holm"]].notna().all(axis=None)


def test_p_is_corrected_for_all_rows_of_a_unit():
    rng = np.random.default_rng(6)
    scores = {"gatys": rng.normal(5, 1, 10), "l1": rng.normal(5.5, 1, 10), "both": rng.normal(6, 1, 10)}
    table = pd.concat([results(scores, metric=metric) for metric in ("ssim", "cosine")])
    table["value"] += np.where(table["metric"] == "cosine", rng.normal(0, 1, len(table)), 0)
    found = gains(table, "gatys")
    for _, of_unit in found.groupby("unit"):
        assert len(of_unit) == 4
        assert of_unit["p_holm"].tolist() == pytest.approx(multipletests(of_unit["p"], method="holm")[1])
    assert found["method"].unique().tolist() == ["l1", "both"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(2, 4), st.floats(-3, 3))
def test_gains_do_not_know_the_level_nor_the_order(seed, contents, styles, level):
    rng = np.random.default_rng(seed)
    gatys, ours = rng.normal(size=(2, contents * styles))
    columns = ["gain", "low", "high", "p"]
    first = gains(results({"gatys": gatys, "l1": ours}, styles), "gatys").iloc[0]
    moved = results({"gatys": gatys + level, "l1": ours + level}, styles)
    again = gains(moved.sample(frac=1, random_state=seed), "gatys").query("unit == 'difference'").iloc[0]
    assert first[columns].tolist() == pytest.approx(again[columns].tolist(), abs=1e-6)
    back = gains(results({"gatys": gatys, "l1": ours}, styles), "l1").iloc[0]
    assert back[["gain", "low", "high", "p"]].tolist() == pytest.approx(
        [-first["gain"], -first["high"], -first["low"], first["p"]], abs=1e-9
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns="style"), "no column 'style'"),
        (lambda table: table.iloc[:0], "no rows"),
        (lambda table: pd.concat([table, table.iloc[:1]]), "ssim of gatys, pair 0, is there twice"),
        (lambda table: table.iloc[:-1], "l1 lacks 3"),
        (lambda table: table.assign(value=np.nan), "is nan"),
        (lambda table: table.assign(pair=0, metric=[f"{i}" for i in range(8)]), "two contents or two styles"),
    ],
)
def test_tables_of_another_form_are_refused(change, message):
    table = results({"gatys": np.arange(4.0), "l1": np.arange(4.0)})
    with pytest.raises(StyleError, match=message):
        means(change(table))
    with pytest.raises(StyleError, match=message):
        gains(change(table), "gatys")


def test_a_gain_needs_two_methods():
    table = results({"l1": np.arange(4.0)})
    for baseline in ("gatys", "l1"):
        with pytest.raises(StyleError, match="another method; the table has l1"):
            gains(table, baseline)


# ---------------------------------------------------------------- pictures


@pytest.fixture
def pair():
    rng = torch.Generator().manual_seed(0)
    content = F.interpolate(torch.rand(1, 3, 4, 4, generator=rng), (32, 40), mode="bilinear")
    return content, torch.rand(1, 3, 24, 24, generator=rng)


def test_every_method_is_measured_against_both_pictures(pair):
    content, style = pair
    pictures = controls(content, style)
    table = measured(pictures, content, style, {"apart": lambda a, b: (a - b).abs().mean((1, 2, 3))})
    assert len(table) == 4 * 2 * 5
    wide = table.set_index(["method", "against", "metric"])["value"]
    blend = similarity(pictures["blend"], content).iloc[0]
    assert wide["blend", "content", "ssim"] == pytest.approx(blend["ssim"])
    assert wide["content itself", "content", "apart"] == 0
    assert wide["style itself", "style", "apart"] == 0
    assert wide["blend", "style", "apart"] == pytest.approx(wide["content itself", "style", "apart"] / 2)


def test_metrics_against_the_style_reward_what_is_no_transfer(pair):
    """The style itself is perfect, a blend comes next, and shuffled pixels know nothing of the picture."""
    table = measured(controls(*pair), *pair)
    wide = table[table["against"] == "style"].pivot_table("value", "method", "metric")
    itself = wide.loc["style itself", ["ssim", "cosine", "normalised_mutual_information"]]
    assert itself.to_numpy() == pytest.approx(1)
    for metric in ("ssim", "cosine"):
        of_blend, of_content = wide.loc["blend", metric], wide.loc["content itself", metric]
        assert 1 > of_blend > of_content
    assert abs(wide.loc["style shuffled", "ssim"]) < 0.1
    assert wide.loc["style shuffled", "mutual_information"] > 3  # bits, and knows nothing


def test_controls_are_what_they_are_called(pair):
    content, style = pair
    made = controls(content, style)
    assert {name: picture.shape for name, picture in made.items()} == dict.fromkeys(made, content.shape)
    assert torch.equal(made["content itself"], content)
    assert torch.allclose(2 * made["blend"], made["style itself"] + content)
    pixels = [made[name].flatten(2)[0].T for name in ("style itself", "style shuffled")]
    sorted_ = [np.array(sorted(map(tuple, of_one.tolist()))) for of_one in pixels]
    assert (sorted_[0] == sorted_[1]).all()
    assert not torch.equal(*pixels)
    assert torch.equal(controls(content, style)["style shuffled"], made["style shuffled"])


def test_published_percentages_of_mutual_information_are_differences():
    wide = published.gains().query("metric == 'normalised_mutual_information'")
    gain = wide.set_index(["method", "baseline"])["gain"]
    as_differences = [gain["l1", base] - gain["perceptual", base] for base in ("gatys", "ulyanov")]
    assert as_differences[0] == pytest.approx(as_differences[1], abs=1e-9)
    as_ratios = [(1 + gain["l1", base]) / (1 + gain["perceptual", base]) for base in ("gatys", "ulyanov")]
    assert abs(as_ratios[0] - as_ratios[1]) > 50 * 1e-6  # printed to 1e-6
