"""Training from beginning to end: the same again, stopped, at once, on a full disk."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from artnb.errors import ModelError, TrainingError
from artnb.training import Run, TrainingConfig, TrainingData, fit, fitting
from artnb.training.data import FieldImages
from artnb.training.loop import logits_of
from artnb.training.metrics import metrics
from artnb.training.objectives import OBJECTIVES

MODEL = "artistry-multi-2"
CONFIG = TrainingConfig(epochs=3, batch_size=4)
FINISHED = {".lock", "run.json", "weights.safetensors", "history.parquet"}


@pytest.fixture(scope="module")
def two(data) -> TrainingData:
    return data.only("painting", "garden")


@pytest.fixture(scope="module")
def reference(two, tmp_path_factory) -> Run:
    """Trained in one go."""
    return fit(MODEL, two, CONFIG, tmp_path_factory.mktemp("reference"))


def assert_same(first: Run, second: Run) -> None:
    """Bit for bit."""
    assert first.folder.name == second.folder.name
    one, other = (load_file(run.folder / "weights.safetensors") for run in (first, second))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    pd.testing.assert_frame_equal(first.history, second.history, check_exact=True)
    assert first.description["selected_epoch"] == second.description["selected_epoch"]


def files(run: Run) -> set[str]:
    return {path.name for path in run.folder.iterdir()}


def not_again(*_):
    raise AssertionError("trained again")


@pytest.fixture
def epochs_trained(monkeypatch) -> list:
    """Grows by one with each epoch."""
    trained, original = [], fitting.train_one_epoch
    monkeypatch.setattr(fitting, "train_one_epoch", lambda *given: (trained.append(1), original(*given))[1])
    return trained


# What a run is


def test_a_run_is_its_weights_its_history_and_its_description(reference, two):
    assert files(reference) == FINISHED
    assert reference.method == "multi-2"
    assert reference.config == CONFIG
    assert reference.description["images"]["train"] == {"painting": 8, "garden": 8}
    history = reference.history
    assert len(history) == 3 * 2 * 2
    assert set(history.groupby(["field", "split"])["epoch"].agg(tuple)) == {(1, 2, 3)}
    assert not history.loc[history["split"] == "validation"].isna().any(axis=None)
    assert set(history["method"]) == {"multi-2"}
    assert set(history["seed"]) == {0}


def test_the_kept_weights_are_those_that_validation_prefers(reference, two):
    history = reference.history.query("split == 'validation'")
    of_epoch = history.groupby("epoch")[["accuracy", "loss"]].mean()
    best = of_epoch.sort_values(["accuracy", "loss"], ascending=[False, True]).index[0]
    assert reference.description["selected_epoch"] == best
    assert reference.description["validation"] == pytest.approx(of_epoch.loc[best].to_dict())

    network = reference.network()
    rows = history[history["epoch"] == best].set_index("field")
    for field, images in two.splits["validation"].items():
        again = metrics(*logits_of(network, images, field))
        assert again == pytest.approx(rows.loc[field, list(again)].to_dict(), abs=1e-6)


def test_a_middle_epoch_can_be_the_best(two, tmp_path, monkeypatch):
    scripted = {1: (0.5, 0.1), 2: (0.75, 0.9), 3: (0.75, 0.4), 4: (0.75, 0.4), 5: (0.5, 0.0)}
    snapshots, original = [], fitting.train_one_epoch

    def train_one_epoch(network, *rest):
        losses = original(network, *rest)
        snapshots.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
        return losses

    def judged(*_) -> dict[str, float]:
        accuracy, loss = scripted[len(snapshots)]
        return {"accuracy": accuracy, "loss": loss, "auroc": 0.5, "ece": 0.0}

    monkeypatch.setattr(fitting, "train_one_epoch", train_one_epoch)
    monkeypatch.setattr(fitting, "metrics", judged)
    run = fit(MODEL, two, replace(CONFIG, epochs=5), tmp_path)
    assert (
        run.description["selected_epoch"] == 3
    )  # of equal accuracies the lower loss, of equal losses the first
    kept = load_file(run.folder / "weights.safetensors")
    assert all(torch.equal(kept[name], tensor) for name, tensor in snapshots[2].items())
    assert not all(torch.equal(kept[name], tensor) for name, tensor in snapshots[4].items())


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 6), (3, 7), (0, 8)])
def test_it_stops_where_the_validation_loss_no_longer_falls(two, tmp_path, monkeypatch, patience, epochs):
    losses, trained = (0.9, 0.7, 0.7, 0.6, 0.8, 0.6, 0.65, 0.5), []
    monkeypatch.setattr(
        fitting, "train_one_epoch", lambda *_: (trained.append(1), dict.fromkeys(two.fields, 1.0))[1]
    )

    def judged(*_) -> dict[str, float]:
        return {"accuracy": 0.5, "loss": losses[len(trained) - 1], "auroc": 0.5, "ece": 0.0}

    monkeypatch.setattr(fitting, "metrics", judged)
    run = fit(MODEL, two, replace(CONFIG, epochs=8, patience=patience), tmp_path)
    assert run.history["epoch"].max() == epochs == len(trained)
    assert run.description["selected_epoch"] == {3: 2, 6: 4, 7: 4, 8: 8}[epochs]


def test_patience_that_does_not_run_out_changes_nothing(two, reference, tmp_path):
    patient = fit(MODEL, two, replace(CONFIG, patience=3), tmp_path)
    pd.testing.assert_frame_equal(patient.history, reference.history, check_exact=True)
    assert patient.folder.name != reference.folder.name


def test_weight_decay_draws_on_what_the_model_names(two, tmp_path):
    """With rates of learning and decay at which gradients hardly count, Adam takes lr a step towards 0."""
    art, steps = two.only("garden"), 2
    config = TrainingConfig(epochs=1, batch_size=4, learning_rate=1e-3, weight_decay=1e8)
    parts = fitting.parts_of("dkse", art, config)
    network = parts["network"]
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    fitting.learn(parts, art, config, 1)
    decayed = {id(parameter) for parameter in network.decayed_parameters()}
    named = {name for name, parameter in network.named_parameters() if id(parameter) in decayed}
    assert len(named) == 9
    taken = config.learning_rate * (1 + 0.5)  # the rate falls along half a cosine
    for name, parameter in network.named_parameters():
        large = before[name].abs() > 0.01
        moved = (before[name] - parameter) * before[name].sign()
        towards = torch.isclose(moved[large], torch.tensor(taken), rtol=1e-2).float().mean()
        assert (towards > 0.95) == (name in named), name
    assert len(art.splits["train"]["garden"]) == 4 * steps


def test_a_frozen_backbone_learns_from_its_epoch_on_also_after_a_stop(two, tmp_path, monkeypatch):
    art = two.only("garden")
    name = "transfer(backbone='squeezenet1_0', pretrained=False, unfreeze_at=3)"
    config = TrainingConfig(epochs=4, batch_size=4)
    whole = fit(name, art, config, tmp_path / "whole")

    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", 0)
    learn, stopped = fitting.learn, []

    def stopping(parts, data, config, number):
        if number == 4 and not stopped:
            stopped.append(number)
            raise KeyboardInterrupt
        return learn(parts, data, config, number)

    monkeypatch.setattr(fitting, "learn", stopping)
    with pytest.raises(KeyboardInterrupt):
        fit(name, art, config, tmp_path / "stopped")
    assert_same(fit(name, art, config, tmp_path / "stopped"), whole)

    with fitting.reproducible(config):
        first = fitting.parts_of(name, art, config)["network"]
    before, after = first.backbone.state_dict(), whole.network().backbone.state_dict()
    changed = {key.split(".")[1] for key in before if not torch.equal(before[key], after[key])}
    assert changed == ({"12"} if whole.description["selected_epoch"] > 2 else set())


@dataclass(frozen=True)
class Sealed(FieldImages):
    """Images that nobody may look at."""

    def __getattribute__(self, name):
        if name in ("batch", "targets", "ids", "store"):
            raise AssertionError(f"{name} of the test images was asked for")
        return super().__getattribute__(name)


def test_test_images_are_not_looked_at(two, reference, tmp_path):
    def seal(images: FieldImages) -> Sealed:
        return Sealed(images.store, images.rows, images.targets, images.ids, images.groups)

    sealed = {field: seal(images) for field, images in two.splits["test"].items()}
    with pytest.raises(AssertionError, match="was asked for"):
        sealed["garden"].batch(slice(1))
    assert_same(fit(MODEL, replace(two, splits=two.splits | {"test": sealed}), CONFIG, tmp_path), reference)


# The same again


def test_the_same_seed_gives_the_same_bits_whatever_went_before(reference, two, tmp_path):
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    state = torch.get_rng_state()
    try:
        assert_same(fit(MODEL, two, CONFIG, tmp_path), reference)
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.get_rng_state(), state)


def test_another_seed_gives_another_network(reference, two, tmp_path):
    other = fit(MODEL, two, replace(CONFIG, seed=1), tmp_path)
    assert other.folder.name != reference.folder.name
    assert not other.history["loss"].equals(reference.history["loss"])


def test_a_finished_run_is_found_again(reference, two, monkeypatch):
    before = (reference.folder / "weights.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(fitting, "train", not_again)
    assert_same(fit(MODEL, two, CONFIG, reference.folder.parent), reference)
    assert (reference.folder / "weights.safetensors").stat().st_mtime_ns == before


def test_an_unknown_model_leaves_nothing_finished(two, tmp_path):
    with pytest.raises(ModelError, match="artistry-multi-2"):
        fit("artistry-mutli-2", two, CONFIG, tmp_path)
    assert not list(tmp_path.rglob("run.json"))


def test_a_device_that_is_not_there_is_named(two, tmp_path):
    with pytest.raises(TrainingError, match="device is abacus, which does not work here"):
        fit(MODEL, two, replace(CONFIG, device="abacus"), tmp_path)


# Losses that are not finite


@pytest.mark.parametrize("batch_size", [4, 8], ids=["in training", "only in validation, after the last step"])
def test_a_loss_that_is_not_finite_names_field_and_epoch_and_finishes_nothing(two, tmp_path, batch_size):
    config = TrainingConfig(epochs=1, batch_size=batch_size, learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"epoch 1: the loss of painting, garden .* lower learning_rate"):
        fit(MODEL, two, config, tmp_path)
    [folder] = tmp_path.iterdir()
    assert not Run(folder).finished
    assert not (folder / "weights.safetensors").exists()


# Stopped, and at once


@contextmanager
def another_process(painted, folder: Path, seconds: float) -> Iterator[subprocess.Popen]:
    """Trains the reference, each epoch `seconds` longer, with a checkpoint after each."""
    script = """
import json, sys, time
from pathlib import Path
from artnb.catalogue import read
from artnb.training import TrainingConfig, fit, fitting, load
catalogue, folder, seconds, config = sys.argv[1:]
fitting.CHECKPOINT_SECONDS = 0
quick = fitting.train_one_epoch
def slow(*given):
    (Path(folder) / "training").touch()
    time.sleep(float(seconds))
    return quick(*given)
fitting.train_one_epoch = slow
data = load(read(catalogue), 32, ("painting", "garden"))
fit("artistry-multi-2", data, TrainingConfig.from_json(json.loads(config)), Path(folder))
"""
    arguments = [str(painted.folder), str(folder), str(seconds), json.dumps(asdict(CONFIG))]
    process = subprocess.Popen([sys.executable, "-c", script, *arguments], stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(pattern: str, folder: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline, f"no {pattern} after a minute"
        time.sleep(0.01)


def test_a_killed_run_goes_on_and_ends_with_the_numbers_it_would_have_had(
    painted, two, reference, tmp_path, epochs_trained
):
    with another_process(painted, tmp_path, seconds=0.5) as process:
        wait_for("*/checkpoint.pt", tmp_path, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not list(tmp_path.glob("*/run.json"))
    (started,) = tmp_path.glob("*/checkpoint.pt")
    half = started.with_name(".checkpoint.pt-half")  # as a kill in the middle of writing leaves it
    half.mkdir()
    half.joinpath("checkpoint.pt").write_bytes(started.read_bytes()[:100])
    run = fit(MODEL, two, CONFIG, tmp_path)
    assert not half.exists()
    assert 1 <= len(epochs_trained) < CONFIG.epochs
    assert_same(run, reference)
    assert files(run) == FINISHED


def test_two_processes_that_ask_at_once_train_once(painted, two, reference, tmp_path, monkeypatch):
    with another_process(painted, tmp_path, seconds=0.3) as process:
        wait_for("training", tmp_path, process)
        monkeypatch.setattr(fitting, "train", not_again)
        run = fit(MODEL, two, CONFIG, tmp_path)  # waits for the other
        assert process.wait(timeout=60) == 0, process.stderr.read().decode()
    assert_same(run, reference)


def every_epoch(monkeypatch) -> None:
    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1)


def stopped_after(number: int, two, folder: Path, monkeypatch) -> Path:
    """A folder with the checkpoint of epoch `number`."""
    original, count = fitting.checkpoint, 0

    def checkpoint(*given):
        nonlocal count
        original(*given)
        count += 1
        if count == number:
            raise KeyboardInterrupt

    every_epoch(monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "checkpoint", checkpoint)
        with pytest.raises(KeyboardInterrupt):
            fit(MODEL, two, CONFIG, folder)
    [made] = folder.iterdir()
    return made / "checkpoint.pt"


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_goes_on_after_the_epoch_of_its_checkpoint(
    two, reference, tmp_path, monkeypatch, epochs_trained, number
):
    stopped_after(number, two, tmp_path, monkeypatch)
    epochs_trained.clear()
    assert_same(fit(MODEL, two, CONFIG, tmp_path), reference)
    assert len(epochs_trained) == CONFIG.epochs - number


def nothing(whole: bytes) -> bytes:
    return b""


def garbage(whole: bytes) -> bytes:
    return b"not a checkpoint" * 1000


def truncated(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


@pytest.mark.parametrize("damage", [nothing, garbage, truncated])
def test_a_damaged_checkpoint_is_named_and_mended_by_removing_it(
    two, reference, tmp_path, monkeypatch, damage
):
    checkpoint = stopped_after(1, two, tmp_path, monkeypatch)
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(TrainingError, match="remove it") as error:
        fit(MODEL, two, CONFIG, tmp_path)
    assert str(checkpoint) in str(error.value)
    checkpoint.unlink()
    assert_same(fit(MODEL, two, CONFIG, tmp_path), reference)


def test_a_checkpoint_is_no_program(two, tmp_path, monkeypatch):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    checkpoint = stopped_after(1, two, tmp_path / "runs", monkeypatch)
    torch.save({"parts": Trap()}, checkpoint)
    with pytest.raises(TrainingError, match="is damaged"):
        fit(MODEL, two, CONFIG, tmp_path / "runs")
    assert not (tmp_path / "sprung").exists()


# A full disk


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: writing fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("name", "size"),
    [("checkpoint.pt", 1_000_000), ("weights.safetensors", 1_000_000), ("history.parquet", 1000)],
)
def test_a_full_disk_is_named_and_the_run_completes_once_there_is_room(
    two, reference, tmp_path, monkeypatch, name, size
):
    if name == "checkpoint.pt":
        every_epoch(monkeypatch)
    if name == "history.parquet":  # the weights still fit
        monkeypatch.setattr(fitting, "save_file", lambda weights, path: path.touch())
    with full_disk(size), pytest.raises(TrainingError, match="Free some space") as error:
        fit(MODEL, two, CONFIG, tmp_path)
    [folder] = tmp_path.iterdir()
    assert str(folder / name) in str(error.value)
    assert not Run(folder).finished
    assert not [path for path in folder.iterdir() if path.name not in FINISHED]
    monkeypatch.setattr(fitting, "save_file", save_file)
    assert_same(fit(MODEL, two, CONFIG, tmp_path), reference)


def test_a_folder_that_cannot_be_made_is_named(two, tmp_path):
    (tmp_path / "runs").write_text("a file where the runs should go")
    with pytest.raises(TrainingError, match=r"runs.*cannot be written: Not a directory.*mend"):
        fit(MODEL, two, CONFIG, tmp_path / "runs")


# Precision


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_mixed_precision_learns_what_full_precision_learns(two, tmp_path, objective):
    config = replace(CONFIG, objective=objective)
    reference = fit(MODEL, two, config, tmp_path)
    run = fit(MODEL, two, replace(config, precision="bfloat16"), tmp_path)
    assert run.folder.name != reference.folder.name
    assert run.config.precision == "bfloat16"
    learnt, full = (each.history.query("split == 'train'")["loss"].to_numpy() for each in (run, reference))
    assert (learnt != full).all()
    np.testing.assert_allclose(learnt, full, rtol=0.1)
    assert {weight.dtype for weight in run.network().parameters()} == {torch.float32}
