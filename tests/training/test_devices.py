"""Two processes that train together, started by torchrun, against the one process that trains alone.

Nothing but the order of sums differs. In float64 that is less than 1e-10, where no wrong weight of a share
can hide. In float32 Adam magnifies it: a weight whose gradient is all rounding moves by up to the learning
rate in a step. Two threads, which sum in another order too, then differ from one by 1e-3 of the loss.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import together
import torch
from safetensors.torch import load_file

from artnb.training import Run, fitting
from artnb.training.devices import judging_device
from artnb.training.objectives import OBJECTIVES, PLAIN


def torchrun(painted, folder: Path, how: str = "") -> subprocess.CompletedProcess:
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", together.__file__]
    return subprocess.run(
        [sys.executable, *command, str(painted.folder), str(folder), how],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def shared(painted, tmp_path_factory) -> Path:
    """What two processes left."""
    folder = tmp_path_factory.mktemp("shared")
    done = torchrun(painted, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def alone(painted, tmp_path_factory) -> list[Run]:
    return together.fits(painted.folder, tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, torch.Tensor]]:
    """Of one process, by objective."""
    return {objective: together.steps_in_float64(objective) for objective in OBJECTIVES}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_in_float64_steps_of_two_processes_are_those_of_one(shared, steps, objective):
    for rank in (0, 1):
        theirs = load_file(shared / f"{objective} of {rank}.safetensors")
        torch.testing.assert_close(theirs, steps[objective], rtol=0, atol=1e-10)


def test_every_objective_takes_other_steps_than_the_sum(steps):
    """Else nothing would be known of it from the test above."""
    plain = steps[PLAIN]["common.0.0.weight"]
    for objective, left in steps.items():
        same = torch.allclose(left["common.0.0.weight"], plain, rtol=0, atol=1e-6)
        assert same == (objective == PLAIN), objective


def test_runs_of_two_processes_are_found_by_one_and_are_its_own(shared, alone):
    for run in alone:
        other = Run(shared / run.folder.name)
        assert other.description["environment"]["processes"] == 2
        assert other.description["config"] == run.description["config"]
        ours, theirs = (each.history.set_index(["field", "epoch", "split"]) for each in (run, other))
        assert ours.index.equals(theirs.index)
        np.testing.assert_allclose(theirs["loss"], ours["loss"], rtol=0.02)
        one_image = 1 / 4
        np.testing.assert_allclose(theirs["accuracy"], ours["accuracy"], atol=one_image)
        if run.description["selected_epoch"] == other.description["selected_epoch"]:
            weights, expected = (dict(each.network().named_parameters()) for each in (other, run))
            moved = run.config.learning_rate * 2 * run.description["selected_epoch"] * 8  # steps, at most
            for name, weight in weights.items():
                torch.testing.assert_close(weight, expected[name], rtol=0, atol=moved)


def test_where_one_process_is_killed_the_other_ends_and_what_was_finished_is_gone_on_with(
    painted, alone, tmp_path, monkeypatch
):
    assert torchrun(painted, tmp_path, "killed").returncode != 0
    [checkpoint] = tmp_path.glob("*/checkpoint.pt")
    epochs, learn = [], fitting.learn
    monkeypatch.setattr(fitting, "learn", lambda *given: (epochs.append(given[-1]), learn(*given))[1])
    data = together.uneven(painted.folder).only("painting")
    run = fitting.fit("artistry-single", data, together.CONFIG, tmp_path)
    assert run.folder == checkpoint.parent
    assert epochs == [2, 3]
    np.testing.assert_allclose(run.history["loss"], alone[0].history["loss"], rtol=0.02)


@pytest.mark.slow
def test_processes_that_ask_for_different_runs_are_told(painted, tmp_path):
    done = torchrun(painted, tmp_path, "differing")
    assert done.returncode != 0
    assert "the processes of one training ask for different runs" in done.stderr
    assert not list(tmp_path.glob("*/run.json"))


def test_a_run_of_an_accelerator_is_judged_where_there_is_none():
    assert judging_device("abacus") == judging_device("cpu") == torch.device("cpu")
