"""A run's folder, whole and damaged."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from artnb.errors import RunError
from artnb.images.augmentation import standardise
from artnb.training import Run, history
from artnb.training.loop import logits_of


@pytest.fixture
def copy(run, tmp_path) -> Run:
    """A run that a test may damage."""
    return Run(Path(shutil.copytree(run.folder, tmp_path / run.folder.name)))


def describe(run: Run, **values) -> None:
    file = run.folder / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def damage(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def test_a_run_says_what_it_is(run):
    assert run.finished
    assert run.fields == ("painting", "garden")
    assert run.classes == ("non_artistic", "artistic")
    assert run.image_size == 32
    assert run.config.epochs == 2
    assert run.method == "multi-2"


def test_the_network_comes_ready_for_use(run):
    state = torch.get_rng_state()
    network = run.network()
    assert torch.equal(torch.get_rng_state(), state)
    assert not network.training
    assert not any(tensor.is_meta for tensor in network.state_dict().values())
    assert all(parameter.requires_grad for parameter in network.parameters())
    convolution = network.attention_layers("garden")["common"]
    assert convolution.weight.is_contiguous(memory_format=torch.channels_last)
    assert network(standardise(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)), "garden").shape == (2, 2)


def test_histories_stand_in_one_table(run):
    table = history([run, run])
    assert len(table) == 2 * len(run.history)
    assert table.index.is_unique
    pd.testing.assert_frame_equal(table.head(len(run.history)), run.history)


def test_logits_are_kept_and_those_of_other_images_apart(copy, data, monkeypatch):
    garden, painting = (data.splits["test"][field] for field in ("garden", "painting"))
    first = copy.logits(garden, "garden")
    expected, _ = logits_of(copy.network(), garden, "garden")
    assert torch.equal(first, expected)
    others = copy.logits(painting, "painting"), copy.logits(garden, "painting")
    assert not any(torch.equal(first, other) for other in others)
    monkeypatch.setattr(Run, "network", lambda _: pytest.fail("the network is asked again"))
    assert torch.equal(copy.logits(garden, "garden"), first)


def test_damaged_logits_are_made_anew(copy, data):
    images = data.splits["test"]["garden"]
    first = copy.logits(images, "garden")
    (file,) = copy.folder.glob("logits-*")
    whole = file.read_bytes()
    damage(file)
    assert torch.equal(copy.logits(images, "garden"), first)
    assert file.read_bytes() == whole


def test_logits_that_cannot_be_kept_are_made_each_time(copy, data):
    images = data.splits["test"]["garden"]
    first = copy.logits(images, "garden")
    (file,) = copy.folder.glob("logits-*")
    file.unlink()
    file.mkdir()
    assert torch.equal(copy.logits(images, "garden"), first)
    assert [item.name for item in copy.folder.glob("*logits-*")] == [file.name]


@pytest.mark.parametrize("use", ["description", "config", "history", "fields", "method"])
def test_a_folder_without_a_run_is_named(tmp_path, use):
    empty = Run(tmp_path)
    assert not empty.finished
    with pytest.raises(RunError, match=r"holds no finished run: expected run\.json") as error:
        getattr(empty, use)
    assert str(tmp_path) in str(error.value)


def test_a_run_of_another_format_is_refused(copy):
    describe(copy, format=0)
    with pytest.raises(RunError, match="is of format 0, this version reads 2"):
        copy.network()


def test_a_damaged_description_is_named(copy):
    damage(copy.folder / "run.json")
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        copy.network()


@pytest.mark.parametrize("harm", [damage, Path.unlink, Path.touch])
@pytest.mark.parametrize("name", ["weights.safetensors", "history.parquet"])
def test_damaged_weights_and_histories_are_named(copy, name, harm):
    if harm is Path.touch:
        (copy.folder / name).write_bytes(b"")
    else:
        harm(copy.folder / name)
    with pytest.raises(RunError, match=r"is damaged .* remove the folder and train again") as error:
        _ = copy.history if name == "history.parquet" else copy.network()
    assert str(copy.folder / name) in str(error.value)


def test_weights_of_another_network_are_refused(copy):
    describe(copy, model="artistry-single")
    with pytest.raises(RunError, match=r"weights\.safetensors is damaged"):
        copy.network()


def test_a_config_of_another_version_is_refused(copy):
    config = {name: value for name, value in copy.description["config"].items() if name != "batch_size"}
    describe(copy, config=config)
    with pytest.raises(RunError, match="made by another version of artnb"):
        _ = Run(copy.folder).config
