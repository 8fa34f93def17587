"""Runs trained together are the runs trained one by one.

They are compared in float64, where rounding (1e-16) grows to 1e-12 in these few steps: in float32 Adam makes
a whole step of the sign of a gradient that is nothing but rounding.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from artnb import models
from artnb.errors import TrainingError
from artnb.models import artistry, registry
from artnb.training import Run, TrainingConfig, TrainingData, fit, fitting, loop, stacked
from artnb.training.controls import permuted
from artnb.training.stacked import Job, Member, bytes_of, fit_together, stacks

MULTI, SINGLE = "artistry-multi-2", "artistry-single"
CONFIG = TrainingConfig(epochs=3, batch_size=3, weight_decay=1e-4)
FINISHED = {".lock", "run.json", "weights.safetensors", "history.parquet"}


PLENTY = 1e12  # bytes


@contextmanager
def in_float64() -> Iterator[None]:
    """Networks and images."""
    create, standardise = models.create, loop.standardise
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(models, "create", lambda *given, **options: create(*given, **options).double())
        for module in (loop, stacked):
            patched.setattr(module, "standardise", lambda images: standardise(images).double())
        yield


@pytest.fixture
def exact() -> Iterator[None]:
    with in_float64():
        yield


@pytest.fixture(scope="module")
def uneven(data) -> TrainingData:
    """8 paintings and 5 gardens, of which batches of 3 leave 2: gardens sit out the first of three steps."""
    two = data.only("painting", "garden")
    images = two.splits["train"]["garden"]
    few = replace(images, rows=images.rows[2:7], targets=images.targets[2:7], ids=images.ids[2:7])
    return replace(two, splits={**two.splits, "train": {**two.splits["train"], "garden": few}})


def seeds(model: str, data: TrainingData, folder: Path, *numbers: int, **changes: object) -> list[Job]:
    return [(model, data, replace(CONFIG, seed=number, **changes), folder) for number in numbers]


def elsewhere(jobs: list[Job], folder: Path) -> list[Job]:
    return [(*job[:3], folder) for job in jobs]


@pytest.fixture(scope="module")
def reference(uneven, tmp_path_factory) -> list[Run]:
    """Of seeds 0, 1 and 2, trained one by one in float64."""
    with in_float64():
        return [fit(*job) for job in seeds(MULTI, uneven, tmp_path_factory.mktemp("alone"), 0, 1, 2)]


def assert_close(run: Run, other: Run, tolerance: float = 1e-9) -> None:
    """The same but for the last digits, and but for the time it took."""
    assert run.folder.name == other.folder.name
    assert {path.name for path in run.folder.iterdir()} == FINISHED
    weights, others = (load_file(each.folder / "weights.safetensors") for each in (run, other))
    assert list(weights) == list(others)
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, others[name], rtol=tolerance, atol=tolerance)
    pd.testing.assert_frame_equal(run.history, other.history, check_exact=False, rtol=tolerance)
    differing = {"seconds", "validation", "weights_sha256"}
    described, of_other = (
        {name: value for name, value in each.description.items() if name not in differing}
        for each in (run, other)
    )
    assert described == of_other
    assert run.description["validation"] == pytest.approx(other.description["validation"], rel=tolerance)


def stopped_after(checkpoints: int, train, monkeypatch) -> None:
    """`train` with a checkpoint of each run after each epoch, interrupted after so many in all."""
    original, count = fitting.checkpoint, 0

    def checkpoint(*given):
        nonlocal count
        original(*given)
        count += 1
        if count == checkpoints:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1)
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "checkpoint", checkpoint)
        with pytest.raises(KeyboardInterrupt):
            train()


# The same as one by one


@pytest.mark.usefixtures("exact")
def test_seeds_whose_fields_sit_out_steps_are_those_trained_one_by_one(uneven, reference, tmp_path):
    for run, other in zip(fit_together(seeds(MULTI, uneven, tmp_path, 0, 1, 2)), reference, strict=True):
        assert_close(run, other)


def alone(data, uneven, folder: Path) -> list[Job]:
    return [
        seeds(SINGLE, data.only(name), folder, seed)[0] for name in ("painting", "garden") for seed in (0, 1)
    ]


def judged_on_one(data, uneven, folder: Path) -> list[Job]:
    return seeds(MULTI, permuted(uneven, "garden", 0), folder, 0, 1, task_weights={"garden": 0.5})


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("asked", [alone, judged_on_one])
def test_runs_trained_together_are_those_trained_one_by_one(data, uneven, tmp_path, asked):
    jobs = asked(data, uneven, tmp_path / "together")
    [stack] = stacks(jobs, PLENTY)
    assert all(given is job for given, job in zip(stack, jobs, strict=True))
    for run, job in zip(fit_together(stack), asked(data, uneven, tmp_path / "alone"), strict=True):
        assert_close(run, fit(*job))


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 5e-3), ("bfloat16", 0.1)])
def test_in_the_precisions_that_runs_are_asked_for_the_losses_agree(uneven, tmp_path, precision, tolerance):
    """An epoch of 3 steps, whose rounding Adam magnifies: what is gradient there and what is not, it moves by
    the learning rate. That the numbers are the same is shown above, in float64."""
    changes = {"epochs": 1, "precision": precision}
    runs = fit_together(seeds(MULTI, uneven, tmp_path / "together", 0, 1, **changes))
    for run, job in zip(runs, seeds(MULTI, uneven, tmp_path / "alone", 0, 1, **changes), strict=True):
        learnt, of_other = (
            each.history.query("split == 'train'")["loss"].to_numpy() for each in (run, fit(*job))
        )
        np.testing.assert_allclose(learnt, of_other, rtol=tolerance)
        assert {weight.dtype for weight in run.network().parameters()} == {torch.float32}


def test_what_is_finished_is_left_alone_and_asked_twice_trained_once(uneven, tmp_path):
    jobs = seeds(MULTI, uneven, tmp_path, 0, 1, 2, epochs=1)
    finished = fit(*jobs[1])
    before = (finished.folder / "run.json").stat().st_mtime_ns
    runs = fit_together([*jobs, jobs[0]])
    assert all(run.finished for run in runs)
    assert runs[0] == runs[3]
    assert (finished.folder / "run.json").stat().st_mtime_ns == before


# Stopped


def one_by_one(jobs: list[Job]) -> list[Run]:
    return [fit(*job) for job in jobs]


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("way", [fit_together, one_by_one])
def test_a_stopped_stack_goes_on_together_or_one_by_one(uneven, reference, tmp_path, monkeypatch, way):
    """Interrupted between the checkpoints of its members, one of which is an epoch ahead of the others."""
    jobs = seeds(MULTI, uneven, tmp_path, 0, 1, 2)
    stopped_after(4, lambda: fit_together(jobs), monkeypatch)
    assert sorted(torch.load(path)["epoch"] for path in tmp_path.glob("*/checkpoint.pt")) == [1, 1, 2]
    for run, other in zip(way(jobs), reference, strict=True):
        assert_close(run, other)


@pytest.mark.usefixtures("exact")
def test_runs_stopped_one_by_one_go_on_together(uneven, reference, tmp_path, monkeypatch):
    jobs = seeds(MULTI, uneven, tmp_path, 0, 1)
    for job in jobs:
        stopped_after(2, lambda job=job: fit(*job), monkeypatch)
    epochs, original = [], stacked.Stack.epoch
    monkeypatch.setattr(stacked.Stack, "epoch", lambda *given: (epochs.append(given[1]), original(*given)))
    runs = fit_together(jobs)
    assert epochs == [3]
    for run, other in zip(runs, reference[:2], strict=True):
        assert_close(run, other)


def test_a_checkpoint_of_a_member_is_no_larger_than_one_of_its_own(uneven, tmp_path, monkeypatch):
    """It holds no other member's numbers."""
    jobs = seeds(MULTI, uneven, tmp_path / "together", 0, 1, 2)
    stopped_after(3, lambda: fit_together(jobs), monkeypatch)
    [job] = seeds(MULTI, uneven, tmp_path / "alone", 0)
    stopped_after(1, lambda: fit(*job), monkeypatch)
    [own] = (tmp_path / "alone").glob("*/checkpoint.pt")
    ours = tmp_path / "together" / own.parent.name / own.name
    assert ours.stat().st_size < 1.01 * own.stat().st_size


# A member that fails, and processes that ask at once


@pytest.mark.usefixtures("exact")
def test_a_member_that_diverges_is_named_and_leaves_the_others_as_they_are(
    uneven, reference, tmp_path, monkeypatch
):
    original = fitting.parts_of

    def parts_of(model, data, config):
        parts = original(model, data, config)
        if config.seed == 1:
            with torch.no_grad():
                next(parts["network"].common.parameters())[0, 0, 0, 0] = math.inf
        return parts

    jobs = seeds(MULTI, uneven, tmp_path, 0, 1, 2)
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "parts_of", parts_of)
        patched.setattr(fitting, "CHECKPOINT_SECONDS", -1)
        with pytest.raises(TrainingError) as error:
            fit_together(jobs)
    [line] = str(error.value).splitlines()
    assert "painting+garden seed 1: epoch 1: the loss of painting, garden is not finite; try a lower" in line
    one, failed, other = (stacked.find(*job) for job in jobs)
    assert not failed.finished
    assert not (failed.folder / "checkpoint.pt").exists()
    assert_close(one, reference[0])
    assert_close(other, reference[2])


def test_a_stack_of_which_all_diverge_stops_at_once(uneven, tmp_path):
    with pytest.raises(TrainingError) as error:
        fit_together(seeds(MULTI, uneven, tmp_path, 0, 1, learning_rate=1e30, epochs=1000))
    assert [line.partition(": ")[2][:8] for line in str(error.value).splitlines()] == ["epoch 1:"] * 2


def test_two_who_ask_for_the_same_runs_in_other_orders_do_not_wait_for_each_other(
    uneven, tmp_path, monkeypatch
):
    """Each takes its second lock when both have had the time to take their first."""
    jobs, original, trained = seeds(MULTI, uneven, tmp_path, 0, 1, epochs=1), fitting.holding, []

    @contextmanager
    def holding(run: Run, fabric: object) -> Iterator[None]:
        with original(run, fabric):
            time.sleep(0.2)
            yield

    monkeypatch.setattr(fitting, "holding", holding)
    monkeypatch.setattr(stacked, "Member", lambda *given: (trained.append(given), Member(*given))[1])
    threads = [Thread(target=fit_together, args=[each], daemon=True) for each in (jobs, jobs[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert len(trained) == 2
    assert all(stacked.find(*job).finished for job in jobs)


# What is stacked


def sizes(jobs: list[Job], memory: float = PLENTY) -> list[int]:
    return sorted(map(len, stacks(jobs, memory)))


def test_what_differs_in_more_than_seed_images_and_names_is_not_stacked(data, uneven, tmp_path):
    two = data.only("painting", "garden")
    assert sizes([*seeds(MULTI, two, tmp_path, 0, 1), *seeds(MULTI, uneven, tmp_path, 0, 1)]) == [2, 2]
    assert sizes([*seeds(MULTI, two, tmp_path, 0), *seeds("artistry-multi-3", two, tmp_path, 0)]) == [1, 1]
    weighted = seeds(MULTI, two, tmp_path, 0, task_weights={"garden": 2.0})
    assert sizes([*seeds(MULTI, two, tmp_path, 0), *weighted]) == [1, 1]
    assert sizes([*weighted, *seeds(MULTI, two, tmp_path, 1, task_weights={"garden": 2.0})]) == [2]
    judged = [seeds(MULTI, permuted(two, name, 0), tmp_path, 0)[0] for name in two.fields]
    assert sizes(judged) == [1, 1]


@pytest.mark.parametrize("objective", ["uncertainty", "dwa", "pcgrad"])
def test_objectives_that_weigh_fields_are_not_stacked_unless_there_is_one_field(data, tmp_path, objective):
    two = data.only("painting", "garden")
    assert sizes(seeds(MULTI, two, tmp_path, 0, 1, objective=objective)) == [1, 1]
    assert sizes(seeds(MULTI, data.only("garden"), tmp_path, 0, 1, objective=objective)) == [2]


def test_a_network_that_draws_while_it_learns_is_not_stacked(data, tmp_path, monkeypatch):
    def forgetful(fields, image_size, num_classes):
        network = artistry.multi_3(fields, image_size, num_classes)
        for head in network.heads.values():
            head.insert(2, nn.Dropout(0.5))
        return network

    monkeypatch.setitem(registry.MODELS, "forgetful", registry.of_sato(forgetful))
    assert sizes(seeds("forgetful", data.only("garden"), tmp_path, 0, 1)) == [1, 1]


def test_stacks_of_one_shape_are_as_even_as_the_memory_allows(data, tmp_path):
    jobs = seeds(SINGLE, data.only("garden"), tmp_path, *range(7))
    one = bytes_of(*jobs[0])
    for memory, expected in [(7, [7]), (6.9, [3, 4]), (3, [2, 2, 3]), (1.5, [1] * 7), (0.5, [1] * 7)]:
        found = stacks(jobs, memory * one)
        assert sorted(map(len, found)) == expected
        assert Counter(job[2].seed for stack in found for job in stack) == Counter(range(7))


def test_the_memory_of_a_member_is_that_of_its_numbers(data, tmp_path):
    """Weights, gradients and two means of Adam; and what each image leaves behind for the way back: at least
    the output of every convolution, which its normalisation keeps, and each of them but a few times."""
    whole, half = (
        bytes_of(*seeds(SINGLE, data.only("garden"), tmp_path, 0, batch_size=size)[0]) for size in (8, 4)
    )
    network = models.create(SINGLE, ["garden"], 32)
    numbers = sum(parameter.numel() for parameter in network.parameters())
    outputs = 2 * sum(width * (32 >> block) ** 2 for block, width in enumerate((16, 32, 64, 128, 256)))
    of_image = (whole - half) / 4 / 4
    assert outputs < of_image < 6 * outputs
    assert 4 * numbers <= (whole - 8 * of_image * 4) / 4 < 5.5 * numbers
