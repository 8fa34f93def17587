"""What a design is said to cost: counts, bytes and seconds by hand."""

import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from artnb.errors import TrainingError
from artnb.training import Design, TrainingConfig, fit
from artnb.training.cost import Cost, Training, cost, duration, kept_for_backward, training

MODULE = sys.modules[cost.__module__]  # its name may stand for the function
CPU = torch.device("cpu")


@pytest.fixture
def design(painted, tmp_path, monkeypatch) -> Design:
    monkeypatch.setattr("artnb.training.design.cpu_count", lambda: 1)
    monkeypatch.setattr(Design, "folder", tmp_path)
    return Design(
        painted, 32, TrainingConfig(epochs=3, batch_size=4), seeds=(0, 1), fields=("garden", "painting")
    )


def test_seconds_bytes_and_counts_are_those_of_what_is_still_to_be_learnt(design, monkeypatch):
    taken = {"artistry-single": Training(2, 10), "artistry-multi-2": Training(5, 30)}
    monkeypatch.setattr(MODULE, "training", lambda trial, device: taken[trial.model])
    monkeypatch.setattr(MODULE, "weights_of", lambda trial: 100 if trial.model == "artistry-single" else 300)
    one = 8 + 4 / 3  # training images and a third of the validation images of a field
    found = cost(design)
    assert (found.runs, found.finished) == (6, 0)
    assert found.seconds == pytest.approx(3 * 2 * (2 * one * 2 + 2 * one * 5))
    assert found.epochs == pytest.approx({"artistry-single": one * 2, "artistry-multi-2": 2 * one * 5})
    assert found.memory == 30
    assert found.disk == 4 * (4 * 100 + 2 * 300) + 4 * 4 * 300
    assert found.pixels == 64 * 32 * 32 * 3

    fit(*design.trials[0].job)
    less = cost(design)
    assert (less.runs, less.finished) == (6, 1)
    assert less.seconds == pytest.approx(found.seconds - 3 * one * 2)
    assert less.disk == found.disk - 4 * 100

    monkeypatch.setattr(MODULE, "at_once", lambda config: 4)
    at_once = cost(design)
    assert at_once.seconds == pytest.approx(less.seconds / 4)
    assert at_once.memory == 4 * 30
    assert at_once.disk == less.disk + 3 * 4 * 4 * 300


@pytest.mark.parametrize("objective", ["sum", "pcgrad"])
def test_steps_take_time_and_teach_nothing_that_stays(design, objective):
    trial = replace(design, config=replace(design.config, objective=objective)).trials[-1]
    measured = training(trial, CPU)
    assert 0 < measured.seconds_per_image < 10
    assert not list(design.folder.iterdir())


def test_the_median_step_counts_the_first_left_out(design, monkeypatch):
    ticks = iter([0, 80, 100, 108, 200, 216, 300, 324])  # steps of 80, 8, 16 and 24 seconds, of 8 images
    monkeypatch.setattr(MODULE.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(MODULE, "PATIENCE", 120)
    assert MODULE.seconds_per_image(design.trials[-1], CPU) == 2
    ticks = iter([0, 160])
    assert MODULE.seconds_per_image(design.trials[-1], CPU) == 20


def test_what_backward_keeps_is_counted_once_and_weights_are_not():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.tasks = ("garden", "painting")
            self.layer = nn.Linear(3 * 8 * 8, 5)

        def forward(self, images, task):
            return self.layer(images.flatten(1)).relu().square()

    # of each field: the images, for the layer's weight; what relu gives, for relu and again for square
    assert kept_for_backward(Model(), 7, 8) == 2 * 4 * 7 * (3 * 8 * 8 + 5)


def test_memory_is_that_of_weights_and_batch(design, monkeypatch):
    trial = design.trials[0]
    weights = MODULE.weights_of(trial)
    assert weights == sum(each.numel() for each in fit(*trial.job).network().parameters())
    monkeypatch.setattr(MODULE, "kept_for_backward", lambda network, images, side: 1000 + 10 * images)
    assert MODULE.estimated_memory(trial, CPU) == 16 * weights + 1000 + 10 * 4
    larger = replace(trial, config=replace(trial.config, batch_size=100))  # than there are images
    assert MODULE.estimated_memory(larger, CPU) == 16 * weights + 1000 + 10 * 8


def test_the_cpu_is_measured_on_small_batches_which_fit_where_large_ones_do_not(design, monkeypatch):
    sizes, step = [], MODULE.train_one_epoch

    def noting(batches, **parts):
        sizes.extend(len(targets) for batch in batches for _, targets in batch.values())
        return step(batches=batches, **parts)

    monkeypatch.setattr(MODULE, "train_one_epoch", noting)
    monkeypatch.setattr(MODULE, "SMALL", 3)
    cost(replace(design, seeds=(0,)))
    assert set(sizes) == {3, 2}  # 8 images in 3 batches


def test_an_accelerator_whose_memory_runs_out_is_told(design, monkeypatch):
    def out_of_memory(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 TB")

    monkeypatch.setattr(MODULE, "seconds_per_image", out_of_memory)
    with pytest.raises(TrainingError, match=r"artistry-single at 32 px does not fit"):
        cost(design)


def test_a_rate_at_which_nothing_is_learnt_is_told_before_it_starts(design):
    with pytest.raises(TrainingError, match="lower learning_rate"):
        cost(replace(design, config=replace(design.config, learning_rate=1e30)))


def test_it_reads_as_sentences():
    assert str(Cost(15, 15, 0)) == "15 runs, all of them there"
    gigabyte = 10**9
    fitting = Cost(
        15,
        4,
        300,
        {"artistry-single": 1.25, "artistry-multi-2": 31.2},
        "cpu",
        2,
        gigabyte,
        4 * gigabyte,
        gigabyte // 2,
        9 * gigabyte,
        gigabyte,
    )
    assert str(fitting).splitlines() == [
        "15 runs, 4 of them there; the others take about 5.0 minutes on cpu, 2 at once",
        "an epoch: artistry-single 1.2 s, artistry-multi-2 31 s",
        "memory: 1.0 GB of 4.0 GB free; disk: 0.5 GB of 9.0 GB free, beside 1.0 GB of pixels",
    ]
    too_large = replace(fitting, memory=5 * gigabyte, disk=10 * gigabyte)
    assert str(too_large).splitlines()[3:] == [
        "that does not fit the memory: take a smaller batch_size, or more threads for fewer at once",
        "that does not fit the disk: free some space",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2 s"), (119, "119 s"), (300, "5.0 minutes"), (7199, "120 minutes"), (90_000, "25 hours")],
)
def test_durations_are_in_the_unit_one_would_say(seconds, text):
    assert duration(seconds) == text
    assert duration(40 * 86_400) == "40 days"
