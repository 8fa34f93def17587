"""What lies there is not what was written: images gone, files damaged, cut, or of another version."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from artnb.attention.looking import Looker
from artnb.catalogue import read
from artnb.collect.folders import import_folder
from artnb.errors import CatalogueError, ImageError, RunError, TrainingError
from artnb.images import open_store, store
from artnb.training import Run, TrainingConfig, fit, fitting, load

MODEL = "artistry-multi-3"
CONFIG = TrainingConfig(epochs=2, batch_size=4)
SIZE = 32


def flipped(file: Path, place: int) -> None:
    """One byte of `file` is another than was written."""
    content = bytearray(file.read_bytes())
    content[place] ^= 0x10
    file.write_bytes(content)


# Images that are gone


@pytest.fixture
def imported(sorted_images, tmp_path):
    for source in sorted_images:
        import_folder(source, tmp_path / "to")
    return read(tmp_path / "to")


def test_an_image_gone_before_the_store_is_named_and_comes_back_with_the_import(imported, sorted_images):
    gone = imported.image_path(imported.table["id"][5])
    gone.unlink()
    with pytest.raises(ImageError, match=rf"{gone.name}: cannot be opened.*put the file back, or import"):
        open_store(imported, SIZE)
    for source in sorted_images:
        import_folder(source, imported.folder)
    assert set(open_store(imported, SIZE).ids) == set(imported.table["id"])


def test_what_has_a_store_is_learnt_from_and_looked_at_without_its_images(imported, tmp_path):
    open_store(imported, SIZE)
    for path in imported.paths:
        (imported.folder / path).unlink()
    data = load(read(imported.folder), SIZE, ("painting", "garden"))
    looker = Looker([fit(MODEL, data, CONFIG, tmp_path / "runs")], data)
    assert looker.look("garden", "artistic", 0, "multi-3", 0).image.shape == (SIZE, SIZE, 3)


# A store


@pytest.fixture
def made(imported) -> tuple[object, Path]:
    open_store(imported, SIZE)
    return imported, imported.folder / "stores" / str(SIZE)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("said", ["2\n", "", "a store"])
def test_a_store_of_another_version_is_refused_and_left_as_it_is(made, said):
    catalogue, folder = made
    (folder / "format").write_text(said)
    before = contents(folder)
    with pytest.raises(CatalogueError, match=rf"{folder} is a store of version .* reads version 1: .*remove"):
        open_store(catalogue, SIZE)
    assert contents(folder) == before


def test_a_store_from_before_versions_is_read_and_grows(made, monkeypatch):
    catalogue, folder = made
    (folder / "format").unlink()
    os.truncate(folder / "ids.txt", store.ID_LINE * 50)
    decoded = []
    square = store.square
    monkeypatch.setattr(store, "square", lambda *given, **named: decoded.append(1) or square(*given, **named))
    assert len(open_store(catalogue, SIZE).ids) == 64
    assert len(decoded) == 14
    assert (folder / "format").read_text() == "1\n"


def test_a_store_of_a_version_to_come_refuses_this_one(made, monkeypatch):
    catalogue, folder = made
    monkeypatch.setattr(store, "FORMAT", 2)
    with pytest.raises(CatalogueError, match="version '1', this artnb reads version 2"):
        open_store(catalogue, SIZE)
    (folder / "format").unlink()
    with pytest.raises(CatalogueError, match="version '1'"):
        open_store(catalogue, SIZE)


def repeated(ids: bytes) -> bytes:
    return ids[: store.ID_LINE] * 2 + ids[2 * store.ID_LINE :]


def of_other_bytes(ids: bytes) -> bytes:
    return ids[:100] + b"\xff\x00" + ids[102:]


def shifted(ids: bytes) -> bytes:
    return ids[1:] + b"0"


@pytest.mark.parametrize("damage", [repeated, of_other_bytes, shifted])
def test_ids_that_are_none_are_named_and_nothing_is_changed(made, damage):
    catalogue, folder = made
    (folder / "ids.txt").write_bytes(damage((folder / "ids.txt").read_bytes()))
    before = contents(folder)
    with pytest.raises(CatalogueError, match=rf"ids.txt is damaged: remove {folder}"):
        open_store(catalogue, SIZE)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["pixels", "ids.txt"])
@pytest.mark.parametrize("left", [None, 0, 1, 0.5])
def test_files_gone_or_cut_are_decoded_again(made, name, left):
    catalogue, folder = made
    expected = contents(folder)
    if left is None:
        (folder / name).unlink()
    else:
        os.truncate(folder / name, int(left * len(expected[name])) if left < 1 else 1)
    assert len(open_store(catalogue, SIZE).ids) == 64
    assert contents(folder) == expected


# A checkpoint


@pytest.fixture
def two(data):
    return data.only("painting", "garden")


@pytest.fixture
def checkpoint(two, tmp_path, monkeypatch) -> Path:
    """Of the first epoch of two."""

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1)
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(MODEL, two, CONFIG, tmp_path)
    [file] = tmp_path.glob("*/checkpoint.pt")
    return file


def test_a_number_that_changed_in_a_checkpoint_is_noticed(checkpoint, two, tmp_path):
    """torch reads it without a word."""
    whole = checkpoint.read_bytes()
    with zipfile.ZipFile(checkpoint) as archive:
        largest = max(archive.infolist(), key=lambda item: item.file_size)
        start = whole.index(archive.read(largest))
    flipped(checkpoint, start + largest.file_size // 2)
    torch.load(checkpoint, weights_only=True)
    with pytest.raises(TrainingError, match=rf"{checkpoint} is damaged .*have changed.*remove it"):
        fit(MODEL, two, CONFIG, tmp_path)
    assert checkpoint.exists()
    checkpoint.write_bytes(whole)
    assert fit(MODEL, two, CONFIG, tmp_path).finished


def test_no_changed_byte_of_a_checkpoint_changes_a_number(checkpoint, two, tmp_path):
    """Each of 20 is noticed, or was of no consequence."""

    def state(parts):
        return [value.clone() for value in parts["network"].state_dict().values()]

    run = Run(checkpoint.parent)
    whole, noticed = checkpoint.read_bytes(), 0
    parts = fitting.parts_of(MODEL, two, CONFIG)
    fitting.resume(run, parts, fitting.Selection())
    expected = state(parts)
    for place in np.random.default_rng(0).integers(0, len(whole), 20):
        flipped(checkpoint, place)
        parts, selection = fitting.parts_of(MODEL, two, CONFIG), fitting.Selection()
        try:
            assert fitting.resume(run, parts, selection) == 1
        except TrainingError:
            noticed += 1
        else:
            assert all(map(torch.equal, state(parts), expected))
        checkpoint.write_bytes(whole)
    assert noticed > 15


def test_a_checkpoint_of_another_version_is_named(checkpoint, two, tmp_path):
    state = torch.load(checkpoint, weights_only=True)
    del state["parts"]["objective"]
    torch.save(state, checkpoint)
    with pytest.raises(TrainingError, match=r"is damaged .*objective.*remove it"):
        fit(MODEL, two, CONFIG, tmp_path)


# A finished run


@pytest.fixture
def finished(two, tmp_path) -> Run:
    return Run(fit(MODEL, two, CONFIG, tmp_path).folder)


def test_weights_that_changed_are_noticed(finished):
    weights = finished.folder / "weights.safetensors"
    flipped(weights, weights.stat().st_size // 2)
    with pytest.raises(RunError, match=r"weights.safetensors is damaged \(its numbers have changed"):
        finished.network()


def test_a_run_from_before_hashes_is_read(finished):
    file = finished.folder / "run.json"
    said = json.loads(file.read_text())
    del said["weights_sha256"]
    file.write_text(json.dumps(said))
    assert Run(finished.folder).network().tasks == ("painting", "garden")


@pytest.mark.parametrize("name", ["weights.safetensors", "history.parquet"])
@pytest.mark.parametrize("left", [None, 0, 100])
def test_files_of_a_run_gone_or_cut_are_named(finished, name, left):
    file = finished.folder / name
    file.unlink() if left is None else os.truncate(file, left)
    with pytest.raises(RunError, match=rf"{name} is damaged .*train again"):
        _ = finished.network() if name == "weights.safetensors" else finished.history


@pytest.mark.parametrize("content", [b"", b'{"format": 1, "mod', b"null", b"[1]", b"\xff\xfe"])
def test_a_description_that_is_none_is_named_and_the_weights_stay(finished, content):
    (finished.folder / "run.json").write_bytes(content)
    with pytest.raises(RunError, match=r"run.json is damaged .*remove the folder and train again"):
        finished.network()
    assert (finished.folder / "weights.safetensors").exists()
