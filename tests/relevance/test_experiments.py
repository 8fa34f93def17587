"""Experiments in ateliers, carried out small, and the tables of the large ones."""

import pandas as pd
import pytest

from artnb.atelier import Plan
from artnb.catalogue import FIELDS
from artnb.relevance import experiments
from artnb.relevance.calibration import OUTCOMES
from artnb.relevance.gains import MEAN
from artnb.relevance.power import COMPONENTS
from artnb.training import TrainingConfig, design

SIZES = {"train": 8, "validation": 4, "test": 4, "size": 32}
CONFIG = TrainingConfig(epochs=1, batch_size=4)


@pytest.fixture(autouse=True, scope="module")
def one_after_the_other():
    """Networks this small are trained before another process is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(design, "at_once", lambda config: 1)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("ateliers")


@pytest.fixture(scope="module")
def answers(folder):
    plan = Plan(**SIZES, commonality=0.5, seed=3)
    return experiments.answered(experiments.carried_out(plan, folder, 32, CONFIG, (0, 1)), plan)


def test_all_fields_are_learnt_alone_and_together_on_the_same_images(answers):
    assert set(answers["planted"]) == {0.5}
    assert set(answers["atelier"]) == {3}
    images = answers.groupby(["method", "seed", "field"])["id"].agg(frozenset)
    images = images.reset_index().pivot_table("id", ["seed", "field"], "method", aggfunc="first")
    assert len(images) == 2 * len(FIELDS)
    assert (images["alone"] == images["together"]).all()


def test_an_outcome_is_what_together_has_right_beyond_alone(answers):
    table = experiments.outcomes(answers)
    assert table["field"].tolist() == [*FIELDS, MEAN]
    assert set(OUTCOMES) <= set(table)
    right = answers.pivot_table("correct", "field", "method", aggfunc="mean")
    by_hand = (right["together"] - right["alone"])[list(FIELDS)]
    assert table["gain"].tolist() == pytest.approx([*by_hand, by_hand.mean()])


def test_a_calibration_carries_out_what_is_planned(folder, monkeypatch):
    monkeypatch.setattr(experiments, "SIZES", SIZES)
    monkeypatch.setattr(experiments, "IMAGE_SIZE", 32)
    monkeypatch.setattr(experiments, "CONFIG", CONFIG)
    monkeypatch.setattr(experiments.block_design, "__defaults__", (32, CONFIG))
    monkeypatch.setattr(experiments, "PLANNED", {0.5: ((3,), (0, 1)), 1.0: ((4,), (0, 1))})
    monkeypatch.setattr(experiments, "all_subsets", lambda fields: subsets_of_two(fields[:2]))
    plan = Plan(**SIZES, commonality=0.5, seed=3)  # painted and learnt already
    monkeypatch.setattr(experiments, "BLOCKS", (plan, (0,)))
    tables = experiments.calibrate(folder)
    done = tables["outcomes"].drop_duplicates(["planted", "atelier"])
    assert list(zip(done["planted"], done["atelier"], strict=True)) == [(0.5, 3), (1.0, 4)]
    assert set(tables["components"]["component"]) == set(COMPONENTS)
    assert set(tables["blocks"]["partner"]) == {"painting", "architecture", "together"}
    assert set(tables["block_exchanges"]["partner"]) == {"painting", "architecture"}
    asked = tables["exchanges"].groupby(["planted", "atelier"]).size()
    assert asked.to_dict() == {(0.5, 3): 16, (1.0, 4): 16}


def subsets_of_two(fields):
    return (*((field,) for field in fields), tuple(fields))


def test_what_is_kept_is_what_was_planned():
    tables = experiments.kept()
    outcomes = tables["outcomes"]
    seeds = outcomes.groupby(["planted", "atelier"])["seeds"].agg(set).to_dict()
    assert seeds == {
        (commonality, atelier): {len(seeds)}
        for commonality, (ateliers, seeds) in experiments.PLANNED.items()
        for atelier in ateliers
    }
    assert (outcomes.groupby(["planted", "atelier"])["field"].agg(list).map(tuple) == (*FIELDS, MEAN)).all()
    assert set(OUTCOMES) <= set(outcomes)
    single = outcomes[outcomes["field"] != MEAN]
    assert set(single["images"]) == {experiments.SIZES["test"]}
    means = single.groupby(["planted", "atelier"])["gain"].mean()
    kept_means = outcomes[outcomes["field"] == MEAN].set_index(["planted", "atelier"])["gain"]
    pd.testing.assert_series_equal(means, kept_means, atol=2e-5, check_exact=False)
    assert set(tables["components"]["component"]) == set(COMPONENTS)
    assert set(tables["blocks"]["seeds"]) == {len(experiments.BLOCKS[1])}
    assert len(tables["blocks"]) == len(FIELDS) * len(FIELDS)


def test_tables_are_kept_as_they_are(tmp_path, monkeypatch):
    before = experiments.kept()
    monkeypatch.setattr(experiments, "KEPT", tmp_path)
    experiments.keep(before)
    after = experiments.kept()
    assert (
        before.keys() == after.keys() == {"block_exchanges", "blocks", "components", "exchanges", "outcomes"}
    )
    for name in before:
        pd.testing.assert_frame_equal(before[name], after[name])
