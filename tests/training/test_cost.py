"""What a design is said to cost: counts exactly, seconds by hand from a step's."""

import sys

import pytest

from artnb.training import Design, TrainingConfig, fit
from artnb.training.cost import Cost, cost, seconds_per_image

MODULE = sys.modules[cost.__module__]  # its name may stand for the function


@pytest.fixture
def design(painted, tmp_path, monkeypatch) -> Design:
    monkeypatch.setattr("artnb.training.design.cpu_count", lambda: 1)
    monkeypatch.setattr(Design, "folder", tmp_path)
    return Design(
        painted, 32, TrainingConfig(epochs=3, batch_size=4), seeds=(0, 1), fields=("garden", "painting")
    )


def test_seconds_are_those_of_the_images_still_to_be_learnt(design, monkeypatch):
    monkeypatch.setattr(
        MODULE, "seconds_per_image", lambda trial: {"artistry-single": 2, "artistry-multi-2": 5}[trial.model]
    )
    one = 3 * (8 + 4 / 3)  # epochs x (training images and a third of the validation images) of a field
    assert cost(design) == Cost(6, 0, pytest.approx(2 * (2 * one * 2 + 2 * one * 5)))
    fit(*design.trials[0].job)
    assert cost(design) == Cost(6, 1, pytest.approx(2 * (2 * one * 2 + 2 * one * 5) - one * 2))
    monkeypatch.setattr(MODULE, "at_once", lambda config: 4)
    assert cost(design).seconds == pytest.approx((2 * (2 * one * 2 + 2 * one * 5) - one * 2) / 4)


def test_a_step_takes_time_and_teaches_nothing_that_stays(design):
    assert 0 < seconds_per_image(design.trials[-1]) < 10
    assert not list(design.folder.iterdir())


def test_it_reads_as_a_sentence():
    assert str(Cost(15, 4, 300)) == "15 runs, 4 of them there; the others take about 5 minutes"
    assert str(Cost(15, 4, 31.2)) == "15 runs, 4 of them there; the others take about 31 s"
    assert str(Cost(15, 15, 0)) == "15 runs, all of them there"
