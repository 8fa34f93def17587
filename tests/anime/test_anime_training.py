"""The loop: terms that can be switched, runs found again, stops that change no number."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from artnb import anime
from artnb.anime import runs, training
from artnb.anime.fsgan import Fsgan
from artnb.anime.spectra import grey
from artnb.errors import AnimeError, RunError, StyleError

SMALL = anime.AnimeConfig(
    width=4, blocks=1, judge_width=4, crop=32, batch_size=2, warm_up=2, steps=6,
    layers=("conv2_1",),
)  # fmt: skip


@pytest.fixture(scope="module")
def run(domains, features, tmp_path_factory):
    return anime.train(*domains, SMALL, tmp_path_factory.mktemp("runs"), features)


def test_a_run_holds_what_it_says(run, domains):
    assert run.finished
    assert run.history["step"].tolist() == [1, 2, 3, 4, 5, 6]
    judged = ["adversarial", "spectral", "judge", "spectrum_judge"]
    assert run.history[judged].isna().sum(axis=1).tolist() == [4, 4, 0, 0, 0, 0]
    assert run.history[["content", "colour_block"]].notna().all(axis=None)
    assert set(run.spectra["step"]) == {1, 2, 3, 4, 5, 6}
    snapshots = run.snapshots()
    assert list(snapshots) == ["photograph", *(f"step {step}" for step in range(1, 7))]
    assert torch.equal(snapshots["photograph"], domains[0][:6])
    assert run.description["config"]["steps"] == 6
    assert {path.name for path in run.folder.iterdir()} == {
        "run.json", "weights.safetensors", "history.parquet", "spectra.parquet", "snapshots.safetensors",
    }  # fmt: skip


def test_asking_again_trains_nothing_and_another_seed_does(run, domains, features, monkeypatch):
    monkeypatch.setattr(training, "learn", lambda *_: pytest.fail("trained again"))
    assert anime.train(*domains, SMALL, run.folder.parent, features).folder == run.folder
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        anime.train(*domains, replace(SMALL, seed=1), run.folder.parent, features)


def test_floats_are_the_same_pictures_as_bytes(run, domains, features):
    floats = [images.float() / 255 for images in domains]
    assert anime.train(*floats, SMALL, run.folder.parent, features).folder == run.folder


KEPT = {
    "without colour block": {"content"}, "cartoongan": {"content"}, "animegan": {"content", "colour"},
}  # fmt: skip
JUDGED = {
    "without spectral": {"adversarial", "judge"},
    "cartoongan": {"adversarial", "judge"},
    "animegan": {"adversarial", "judge", "style"},
}


@pytest.mark.parametrize("name", anime.OBJECTIVES)
def test_each_objective_learns_by_its_terms(name, domains, features):
    asked = anime.OBJECTIVES[name]
    config = replace(SMALL, **asked.weights, sight=asked.sight)
    learner = Fsgan(*domains, config, features)
    kept = KEPT.get(name, {"content", "colour_block"})
    assert set(learner.step(1)) == kept
    assert set(learner.step(3)) == kept | JUDGED.get(
        name, {"adversarial", "judge", "spectral", "spectrum_judge"}
    )
    assert (learner.both.shape[1] == 6) == (config.boundary > 0)
    assert (learner.sources.shape[1] == 6) == (config.colour_block > 0)


def test_a_discriminator_that_sees_grey_judges_colours_alike(domains, features):
    images = torch.rand(2, 3, 32, 32)
    as_grey = grey(images).expand(-1, 3, -1, -1)
    for sight, alike in (("grey", True), ("colour", False)):
        learner = Fsgan(*domains, replace(SMALL, sight=sight, grain=0.0), features)
        learner.judge.eval()  # in training each look changes what its weights are divided by
        ours, theirs = (learner.by_picture(each) for each in (images, as_grey))
        assert torch.allclose(ours, theirs, atol=1e-5) == alike


def test_mixed_precision_learns_the_same_within_its_digits(domains, features):
    whole, mixed = (
        Fsgan(*domains, replace(SMALL, precision=precision), features)
        for precision in ("float32", "bfloat16")
    )
    for number in (1, 2, 3):  # from there on small differences grow, as they do from seed to seed
        ours, theirs = mixed.step(number), whole.step(number)
        assert ours == pytest.approx(theirs, rel=0.1, abs=0.02)
    assert all(value.dtype == torch.float32 for value in mixed.kept.state_dict().values())


def test_the_warm_up_teaches_the_photograph(domains, features):
    """By the content alone the generator comes to give back what it gets."""
    learner = Fsgan(
        *domains,
        replace(SMALL, content=1.0, colour_block=0.0, warm_up=40, steps=41, learning_rate=2e-3),
        features,
    )
    content = [learner.step(number)["content"] for number in range(1, 41)]
    assert np.mean(content[-5:]) < 0.5 * np.mean(content[:5])


def test_a_killed_training_ends_with_the_numbers_it_would_have_had(run, domains, features, tmp_path):
    process = multiprocessing.get_context("spawn").Process(
        target=train_slowly, args=(domains, features, tmp_path)
    )
    process.start()
    checkpoint = tmp_path / run.folder.name / training.CHECKPOINT
    for _ in range(600):
        if checkpoint.exists():
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert checkpoint.exists()
    assert not runs.Run(checkpoint.parent).finished
    again = anime.train(*domains, SMALL, tmp_path, features)
    pd.testing.assert_frame_equal(again.history, run.history)
    pd.testing.assert_frame_equal(again.spectra, run.spectra)
    ours, theirs = again.network().state_dict(), run.network().state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def train_slowly(domains, features, folder):
    torch.set_num_threads(3)  # as another machine might
    training.CHECKPOINT_SECONDS = 0
    step = Fsgan.step

    def slow(self, number):
        time.sleep(0.1 if number < 4 else 60)
        return step(self, number)

    Fsgan.step = slow
    anime.train(*domains, SMALL, folder, features)


def test_a_loss_that_is_not_finite_is_named(domains, features, tmp_path, monkeypatch):
    monkeypatch.setattr(Fsgan, "step", lambda *_: {"content": float("nan")})
    with pytest.raises(AnimeError, match="content is nan at step 1: lower the learning rates"):
        anime.train(*domains, SMALL, tmp_path, features)


def test_bad_requests_are_named(domains, features, tmp_path):
    photos, drawn = domains
    for photos_asked, config, match in (
        (photos[:1], SMALL, "photos are .* give two or more"),
        (photos, replace(SMALL, crop=64), "photos are 40 x 40 px, smaller than a crop of 64"),
        (photos.float(), SMALL, "values outside"),
    ):
        with pytest.raises(AnimeError, match=match):
            anime.train(photos_asked, drawn, config, tmp_path, features)
    with pytest.raises(StyleError, match="no layer conv3_1"):
        anime.train(photos, drawn, replace(SMALL, layers=("conv3_1",)), tmp_path, features)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"content": -1.0}, "content is -1.0; give a number of 0 or more"),
        ({"crop": 33}, "give a multiple of 4"),
        ({"crop": 16}, "crop is 16; give a whole number of 32"),
        ({"upsampling": "cubic"}, "give one of bilinear, nearest"),
        ({"sight": "infrared"}, "sight is 'infrared'; give one of grey, colour"),
        ({"precision": "float16"}, "give one of float32, bfloat16"),
        ({"grey": 1.0}, "the discriminator sees nothing else: give sight='colour'"),
        ({"grain": -0.1}, "grain is -0.1; give a number of 0 or more"),
        (dict.fromkeys(("adversarial", "spectral", "content", "colour_block"), 0.0), "nothing to learn by"),
        ({"content": 0.0, "colour_block": 0.0}, "nothing compares with the photograph"),
        ({"block_scale": 0.0}, "block_scale is 0.0; give a number above 0"),
        ({"learning_rate": 0.0}, "give a number above 0"),
        ({"averaging": 1.0}, r"give a factor in \[0, 1\)"),
        ({"warm_up": 100, "steps": 100}, "more than the 100 of the warm-up"),
    ],
)
def test_bad_settings_are_named(changes, match):
    with pytest.raises(AnimeError, match=match):
        anime.AnimeConfig(**changes)
    with pytest.raises(AnimeError, match="no objective"):
        anime.objective("gan")


# Converting


def test_a_converter_is_the_network_and_deterministic(run, domains):
    convert = anime.load(run.folder)
    images = torch.rand(2, 3, 37, 45)
    made = convert(images)
    assert made.shape == images.shape
    assert not made.requires_grad
    assert torch.equal(made, convert(images))
    torch.testing.assert_close(made[1:], convert(images[1:]), atol=1e-5, rtol=0)
    watched = domains[0][:6].float() / 255
    last = run.snapshots()["step 6"].float() / 255
    torch.testing.assert_close(convert(watched), last, atol=0.5 / 255 + 1e-4, rtol=0)


def test_a_converter_says_what_it_cannot_take(run):
    convert = anime.load(run.folder)
    with pytest.raises(AnimeError, match="a picture is 64 x 16 px"):
        convert(torch.rand(1, 3, 16, 64))
    with pytest.raises(AnimeError, match="give B 3 H W floats"):
        convert(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))


def test_runs_are_found_the_latest_first(run, domains, features, tmp_path, monkeypatch):
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    assert runs.find() == []
    first = anime.train(*domains, replace(SMALL, steps=3), features=features)
    second = anime.train(*domains, replace(SMALL, steps=4), features=features)
    os.utime(first.folder / runs.DESCRIPTION, (1, 1))
    (first.folder.parent / "other").mkdir()
    (first.folder.parent / "other" / runs.DESCRIPTION).write_text("{}")
    assert [found.folder for found in runs.find()] == [second.folder, first.folder]
    assert anime.load(runs.find()[0].folder).run == second


@pytest.mark.parametrize("damage", ["truncated", "changed", "missing"])
def test_damaged_weights_are_refused(run, tmp_path, damage):
    copy = tmp_path / "run"
    copy.mkdir()
    for path in run.folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    weights = copy / runs.WEIGHTS
    data = weights.read_bytes()
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(data[:-100] if damage == "truncated" else data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RunError, match=r"weights\.safetensors is damaged"):
        anime.load(copy)
    with pytest.raises(RunError, match="holds no finished anime run"):
        anime.load(tmp_path / "nothing")
