"""Components against an analysis of variance and planted effects; power against brute force."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import RelevanceError
from artnb.relevance.gains import estimate, mean
from artnb.relevance.power import COMPONENTS, components, power


def experiment(rng, seeds=4, groups=50, fields=("painting", "garden"), planted=0.0, atelier=0, right=None):
    """The baseline is never right, the other with probability 0.5 ± 0.1 by seed ± 0.2 by group."""
    of_seed, tables = rng.choice([-0.1, 0.1], (seeds, 1)), []
    for field in fields:
        share = 0.5 + of_seed + rng.choice([-0.2, 0.2], groups)
        multi = rng.random((seeds, groups)) < share if right is None else right
        for method, answers in (("single", np.zeros((seeds, groups), bool)), ("multi-2", multi)):
            images = [f"{field}-{group:03}" for group in range(groups)] * seeds
            columns = {"seed": np.repeat(np.arange(seeds), groups), "id": images, "group": images}
            tables.append(pd.DataFrame(columns).assign(method=method, field=field, correct=answers.ravel()))
    return pd.concat(tables, ignore_index=True).assign(planted=planted, atelier=atelier)


def given(seed, group, residual) -> pd.DataFrame:
    return pd.DataFrame({"component": COMPONENTS, "variance": [seed, group, residual]})


def line(*gains) -> pd.DataFrame:
    table = pd.DataFrame({"planted": np.linspace(0, 1, len(gains)), "estimate": gains})
    return table.assign(quantity="line", low=table["estimate"] - 0.01, high=table["estimate"] + 0.01)


def test_components_are_those_of_an_analysis_of_variance():
    """One field and an image per group: mean squares of rows, columns and what they leave."""
    rng = np.random.default_rng(0)
    right = rng.random((3, 20)) < rng.random(20)
    right[0] |= rng.random(20) < 0.9
    table = components(experiment(rng, 3, 20, ("garden",), right=right), "multi-2")
    scores = right - right.mean()
    rows, columns = scores.mean(axis=1), scores.mean(axis=0)
    rest = ((scores - rows[:, None] - columns) ** 2).sum() / (2 * 19)
    by_hand = [(20 * rows @ rows / 2 - rest) / 20, (3 * columns @ columns / 19 - rest) / 3, rest]
    assert min(by_hand) > 0
    assert table["component"].tolist() == list(COMPONENTS)
    np.testing.assert_allclose(table["variance"], by_hand)
    np.testing.assert_allclose(table["deviation"] ** 2, by_hand)


def test_components_find_planted_effects_of_two_fields():
    """Seeds move both fields alike; groups and chance each, so that half of their variance is the mean's."""
    rng = np.random.default_rng(1)
    made = pd.concat([experiment(rng, atelier=atelier) for atelier in range(40)])
    table = components(made, "multi-2")
    truth = [0.1**2, 0.2**2 / 2, (0.25 - 0.1**2 - 0.2**2) / 2]
    np.testing.assert_allclose(table["variance"], truth, rtol=0.15)
    assert (table["experiments"] == 40).all()


def test_no_variance_is_negative():
    answers = np.tile([True, False], (2, 5))
    answers[1] = ~answers[1]  # groups are exactly as different as seeds make them
    table = components(experiment(np.random.default_rng(2), 2, 10, ("garden",), right=answers), "multi-2")
    assert (table["variance"] >= 0).all()
    assert table["variance"].tolist()[:2] == [0, 0]


@pytest.mark.parametrize(
    ("seeds", "groups", "gain"), [(2, 100, 0.08), (3, 100, 0.08), (5, 40, 0.06), (5, 100, 0), (10, 25, 0.06)]
)
def test_power_is_what_brute_force_finds(seeds, groups, gain):
    """Gaussian scores of four fields, judged by the interval that `gain` gives."""
    rng = np.random.default_rng(3)
    spread, studies, fields = {"seed": 0.02**2, "group": 0.02, "residual": 0.06}, 500, 4
    of_field = {name: np.sqrt(variance * fields) for name, variance in spread.items()}
    found = 0
    for _ in range(studies):
        of_seed = gain + rng.normal(0, spread["seed"] ** 0.5, (seeds, 1))
        study = mean(
            [
                estimate(
                    of_seed
                    + rng.normal(0, of_field["group"], groups)
                    + rng.normal(0, of_field["residual"], (seeds, groups)),
                    np.ones(groups),
                )
                for _ in range(fields)
            ]
        )
        found += study.value > study.half_width()
    curve = power(line(gain), given(**spread), (seeds,), (groups,), fields).iloc[0]
    tolerance = 3 * np.sqrt(0.25 / studies) if gain else 0.02
    assert curve["power"] == pytest.approx(found / studies, abs=tolerance)


def test_more_is_seen_with_more():
    curves = power(line(0, 0.03, 0.06), given(0.02**2, 0.02, 0.06))
    assert len(curves) == 3 * 4 * 6
    assert curves.groupby(["planted", "seeds"])["power"].apply(lambda p: p.is_monotonic_increasing).all()
    assert curves.groupby(["planted", "images"])["power"].apply(lambda p: p.is_monotonic_increasing).all()
    assert curves.groupby(["seeds", "images"])["power"].apply(lambda p: p.is_monotonic_increasing).all()
    assert (curves["low"] < curves["power"]).all()
    assert (curves["power"] < curves["high"]).all()
    assert curves.loc[curves["gain"] == 0, "power"].max() < 0.03


def test_what_has_no_interval_has_no_power():
    with pytest.raises(RelevanceError, match="no interval is over 1"):
        power(line(0.1), given(0, 0, 1), seeds=(1, 2))


def test_faulty_experiments_are_named():
    rng = np.random.default_rng(4)
    with pytest.raises(RelevanceError, match=r"at commonality 0\.25 in atelier 3 has one seed"):
        components(experiment(rng, 1, 10, planted=0.25, atelier=3), "multi-2")
    with pytest.raises(RelevanceError, match="one group of a field"):
        components(experiment(rng, 2, 1), "multi-2")
    with pytest.raises(RelevanceError, match=r"has no 'multi-3': its methods are multi-2, single"):
        components(experiment(rng, 2, 5), "multi-3")
    with pytest.raises(RelevanceError, match="no column 'planted'"):
        components(experiment(rng, 2, 5).drop(columns="planted"), "multi-2")
