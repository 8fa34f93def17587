"""Null controls change what the other fields teach, and nothing else."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from artnb.errors import TrainingError
from artnb.images.augmentation import Augmentation
from artnb.relevance import gain
from artnb.training import Design, TrainingConfig
from artnb.training.controls import CONTROLS, permuted, unlabelled
from artnb.training.loop import epoch

CONFIG = TrainingConfig(epochs=1, batch_size=4)


@pytest.mark.parametrize("control", CONTROLS.values())
def test_the_target_is_as_it_was_and_alone_is_judged(data, control):
    changed = control(data, "garden", 0)
    assert changed.fields == data.fields
    for split in ("train", "validation", "test"):
        assert changed.splits[split]["garden"] is data.splits[split]["garden"]
    assert list(changed.splits["validation"]) == list(changed.splits["test"]) == ["garden"]


def test_permuted_labels_are_the_same_in_number_on_the_same_images(data):
    moved = 0
    for seed in range(10):
        changed = permuted(data, "garden", seed)
        for field in ("painting", "architecture", "sculpture"):
            before, after = data.splits["train"][field], changed.splits["train"][field]
            assert (after.rows == before.rows).all()
            assert after.targets.sum() == before.targets.sum()
            moved += int((after.targets != before.targets).sum())
    assert moved / (10 * 3 * 8) == pytest.approx(1 / 2, abs=0.12)  # one half of the labels are of either kind
    again = permuted(data, "painting", 9).splits["train"]["sculpture"]
    assert (again.targets == after.targets).all()


def test_half_of_the_unlabelled_images_stand_on_their_heads_and_that_is_their_label(data):
    before = data.splits["train"]["painting"]
    after = unlabelled(data, "garden", 0).splits["train"]["painting"]
    upright, _ = before.batch(slice(None))
    for chosen in (slice(None), np.array([5, 2, 6])):
        images, targets = after.batch(chosen)
        for image, target, original in zip(images, targets, upright[chosen], strict=True):
            assert torch.equal(image, original.rot90(2, (1, 2)) if target else original)
        assert images.is_contiguous(memory_format=torch.channels_last)
    assert after.targets.sum() == 4
    assert (after.targets != before.targets).any()
    assert [id.endswith("-turned") for id in after.ids] == after.targets.bool().tolist()


def test_images_that_turn_travel_to_another_process(data):
    images = unlabelled(data, "garden", 0).splits["train"]["painting"]
    there = pickle.loads(pickle.dumps(images))
    assert torch.equal(there.batch(slice(None))[0], images.batch(slice(None))[0])


def test_batches_of_the_target_are_those_of_multi_task_learning(data):
    cpu = torch.device("cpu")
    for control in CONTROLS.values():
        pairs = zip(
            epoch(data.splits["train"], CONFIG, 1, cpu),
            epoch(control(data, "garden", 0).splits["train"], CONFIG, 1, cpu),
            strict=True,
        )
        for true, changed in pairs:
            assert torch.equal(true["garden"][0], changed["garden"][0])
            assert true.keys() == changed.keys()


def test_every_control_of_every_target_and_seed_is_another_run(data):
    prints = [
        control(data, field, seed).fingerprint
        for control in CONTROLS.values()
        for field in data.fields
        for seed in (0, 1)
    ]
    assert len({data.fingerprint, *prints}) == 1 + len(prints)


def test_controls_are_trained_and_pair_with_the_networks_beside_them(painted, tmp_path, monkeypatch):
    monkeypatch.setattr("artnb.training.design.cpu_count", lambda: 1)
    monkeypatch.setattr(Design, "folder", tmp_path)
    fields = ("garden", "painting")
    design = Design(painted, 32, CONFIG, seeds=(0, 1), fields=fields, controls=("permuted", "unlabelled"))
    runs = design.run()
    assert len({run.folder for run in runs}) == len(runs) == 2 * (2 + 1 + 2 * 2)
    table = design.predictions("test")
    assert table["method"].unique().tolist() == [
        "single", "multi-2", "multi-2 permuted", "multi-2 unlabelled",
    ]  # fmt: skip
    assert set(table.groupby(["method", "seed", "field"]).size()) == {4}
    gains = gain(table)
    assert gains["method"].nunique() == 3
    assert (gains["seeds"] == 2).all()


def test_what_no_control_can_be_is_refused(painted):
    design = Design(painted, 32, CONFIG, controls=("shuffled",))
    with pytest.raises(TrainingError, match="controls names shuffled; there are permuted, unlabelled"):
        design.run()
    turning = replace(CONFIG, augmentation=Augmentation(quarter_turns=True))
    with pytest.raises(TrainingError, match="quarter_turns turn it: leave one of them out"):
        Design(painted, 32, turning, controls=("unlabelled",)).run()
