"""Which runs a design has, in which order, and that it does not matter how many are trained at once."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from artnb import models
from artnb.catalogue import Catalogue
from artnb.errors import TrainingError
from artnb.training import Design, TrainingConfig, design, fit
from artnb.training.design import all_subsets, fit_all
from artnb.training.fitting import reproducible

CONFIG = TrainingConfig(epochs=1, batch_size=4)


@pytest.fixture
def fitted(monkeypatch) -> list:
    """Trains in this process alone; grows by what `fit` was asked."""
    asked = []
    monkeypatch.setattr(design, "cpu_count", lambda: 1)
    monkeypatch.setattr(design, "fit", lambda *job: (asked.append(job), fit(*job))[1])
    return asked


@pytest.fixture
def catalogue(painted, tmp_path) -> Catalogue:
    """The painted one with no runs."""
    folder = shutil.copytree(painted.folder, tmp_path / "catalogue", ignore=shutil.ignore_patterns("runs"))
    return replace(painted, folder=Path(folder))


def test_what_shares_nothing_is_trained_for_each_field_and_what_shares_once(catalogue, fitted):
    asked = Design(catalogue, 32, CONFIG, seeds=(4, 1), fields=("garden", "painting"))
    runs = asked.run()
    assert [(run.config.seed, run.method, run.fields) for run in runs] == [
        (4, "single", ("garden",)),
        (4, "single", ("painting",)),
        (4, "multi-2", ("garden", "painting")),
        (1, "single", ("garden",)),
        (1, "single", ("painting",)),
        (1, "multi-2", ("garden", "painting")),
    ]
    assert len(fitted) == 6
    assert all(run.finished and run.folder.parent == catalogue.folder / "runs" for run in runs)

    again = asked.run()
    assert len(fitted) == 6
    assert again == runs


def test_seeds_pair_the_runs_on_the_same_works(catalogue, fitted):
    asked = Design(catalogue, 32, CONFIG, seeds=(0, 1), works_per_field=4, fields=("garden", "painting"))
    asked.run()
    works = {}
    for _, data, config, _ in fitted:
        for field in data.fields:
            works.setdefault((config.seed, field), set()).add(tuple(data.splits["train"][field].ids))
    assert all(len(of_models) == 1 for of_models in works.values())
    assert works[0, "garden"] != works[1, "garden"]


def test_runs_trained_at_once_are_those_trained_in_turn_and_outlive_the_error_of_another(data, tmp_path):
    def jobs(folder: Path) -> list:
        multi = ("artistry-multi-2", data.only("garden", "painting"), CONFIG, folder)
        seeds = [
            ("artistry-single", data.only("garden"), replace(CONFIG, seed=seed), folder) for seed in (0, 1)
        ]
        return [*seeds, multi]

    in_turn = fit_all(jobs(tmp_path / "turn"), workers=1)
    ill = ("artistry-single", data.only("garden"), replace(CONFIG, learning_rate=1e30), tmp_path / "once")
    with pytest.raises(TrainingError, match="epoch 1: the loss of garden is not finite"):
        fit_all([*jobs(tmp_path / "once"), ill], workers=2)
    for run in in_turn:
        for name in ("weights.safetensors", "history.parquet"):
            at_once = tmp_path / "once" / run.folder.name / name
            assert at_once.read_bytes() == (run.folder / name).read_bytes()


class Deadly:
    """Ends the process that it is sent to, as the system does when memory runs out."""

    def __reduce__(self):
        return os._exit, (1,)


def test_a_killed_worker_is_told(tmp_path):
    with pytest.raises(TrainingError, match="a training process was killed"):
        fit_all([("artistry-single", Deadly(), CONFIG, tmp_path)], workers=2)


def test_a_weight_for_a_field_that_is_not_there_is_refused(catalogue, fitted):
    weighted = replace(CONFIG, task_weights={"gardn": 2.0})
    with pytest.raises(TrainingError, match="task_weights names gardn; the fields are painting"):
        Design(catalogue, 32, weighted).run()
    assert fitted == []


def test_subsets_are_methods_and_what_was_trained_before_is_found_again(catalogue, fitted):
    fields = ("garden", "painting")
    whole = Design(catalogue, 32, CONFIG, ("artistry-multi-2",), (0,), fields=fields)
    whole.run()
    asked = replace(whole, subsets=(("painting",), ("painting", "garden"), ("garden",)))
    runs = asked.run()
    assert [trial.method for trial in asked.trials] == ["painting", "garden+painting", "garden"]
    assert runs[1] == whole.run()[0]
    assert len(fitted) == 3
    answered = asked.predictions("test").groupby("method")["field"].unique().map(list).to_dict()
    assert answered == {
        "painting": ["painting"],
        "garden": ["garden"],
        "garden+painting": ["garden", "painting"],
    }


def test_the_fields_of_a_set_start_and_are_taught_as_in_any_other(catalogue, fitted):
    """What differs between two sets of one seed is the partners alone."""
    asked = Design(
        catalogue, 32, CONFIG, ("artistry-multi-2",), (0,), subsets=all_subsets(("garden", "painting"))
    )
    starts = []
    for trial in asked.trials:
        with reproducible(trial.config):
            network = models.create(trial.model, trial.data.fields, 32)
        starts.append(network.state_dict())
    alone, both = starts[0], starts[2]
    assert asked.trials[0].data.fields == ("garden",)
    assert all(torch.equal(tensor, both[name]) for name, tensor in alone.items())


def test_all_subsets_of_four_are_fifteen_small_ones_first():
    subsets = all_subsets("abcd")
    assert len(subsets) == len(set(subsets)) == 15
    assert [len(subset) for subset in subsets] == [1] * 4 + [2] * 6 + [3] * 4 + [4]


@pytest.mark.parametrize(
    ("subsets", "models", "message"),
    [
        ((("gardn",),), ("artistry-multi-2",), "subsets names gardn; the fields are painting"),
        (((),), ("artistry-multi-2",), "sets of one field or more"),
        ((("garden",),), ("artistry-multi-1", "artistry-multi-2"), "learnt by one model"),
    ],
)
def test_subsets_that_cannot_be_learnt_are_refused(catalogue, subsets, models, message):
    with pytest.raises(TrainingError, match=message):
        Design(catalogue, 32, CONFIG, models, subsets=subsets).run()
