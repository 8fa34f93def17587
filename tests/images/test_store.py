import os
import signal
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artnb.errors import CatalogueError, ImageError
from artnb.images import open_store, store

SIZE = 16
ROW = SIZE * SIZE * 3


@dataclass(frozen=True)
class Folder:
    folder: Path
    paths: pd.Series

    def file(self, id: str) -> Path:
        return self.folder / self.paths[id]


@pytest.fixture
def catalogue(tmp_path) -> Folder:
    rng = np.random.default_rng(0)
    for n in range(150):
        image = Image.fromarray(rng.integers(0, 256, (24 + n % 9, 40, 3), dtype=np.uint8))
        image.save(tmp_path / f"{n}.png")
    return Folder(tmp_path, pd.Series({f"{n:064x}": f"{n}.png" for n in range(150)}))


def build_slowly(catalogue: Folder) -> None:
    """4 images a commit, and 10 ms or more an image."""
    quick = store.square
    store.square = lambda path, size: (time.sleep(0.01), quick(path, size))[1]
    store.IMAGES_A_COMMIT = 4
    open_store(catalogue, SIZE, workers=1)


def builder(catalogue: Folder) -> BaseProcess:
    """Another process that builds the store; forked, so that it need not import torch anew."""
    process = get_context("fork").Process(target=build_slowly, args=(catalogue,))
    process.start()
    return process


def expected(path: Path) -> np.ndarray:
    """Middle square of the shorter side, then resized: Pillow step by step."""
    image = Image.open(path)
    side, left = image.height, (image.width - image.height) / 2
    box = (left, 0, left + side, side)
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, box=box))


def assert_complete(catalogue: Folder, made: store.Store) -> None:
    ids = catalogue.paths.index
    assert sorted(made.ids) == sorted(ids)
    for id, row in zip(ids, made.rows(ids), strict=True):
        np.testing.assert_array_equal(made.pixels[row], expected(catalogue.file(id)))


@pytest.mark.parametrize("workers", [1, 3])
def test_every_image_has_its_pixels_in_its_row(catalogue, workers):
    made = open_store(catalogue, SIZE, workers)
    assert made.pixels.shape == (150, SIZE, SIZE, 3)
    assert made.pixels.dtype == np.uint8
    assert_complete(catalogue, made)


def test_a_finished_store_opens_without_any_image(catalogue):
    open_store(catalogue, SIZE)
    for path in catalogue.paths:
        (catalogue.folder / path).unlink()
    made = open_store(catalogue, SIZE)
    assert len(made.ids) == 150
    with pytest.raises(ValueError, match="read-only"):
        made.pixels[0] = 0


def test_a_catalogue_that_grew_gets_only_what_is_new_decoded(catalogue, monkeypatch):
    paths = catalogue.paths
    open_store(Folder(catalogue.folder, paths.iloc[50:]), SIZE)
    decoded = []
    quick = store.square
    monkeypatch.setattr(store, "square", lambda path, size: (decoded.append(path), quick(path, size))[1])
    made = open_store(catalogue, SIZE)
    assert sorted(decoded) == sorted(catalogue.folder / path for path in paths.iloc[:50])
    assert_complete(catalogue, made)
    assert len(open_store(Folder(catalogue.folder, paths.iloc[:3]), SIZE).ids) == 150


def test_a_build_killed_midway_goes_on_where_it_was(catalogue, monkeypatch):
    other = builder(catalogue)
    ids = catalogue.folder / "stores" / str(SIZE) / "ids.txt"
    while not ids.exists() or ids.stat().st_size < 20 * store.ID_LINE:
        assert other.is_alive()
        time.sleep(0.005)
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    done = ids.stat().st_size // store.ID_LINE
    assert 20 <= done < 150

    decoded = []
    quick = store.square
    monkeypatch.setattr(store, "square", lambda path, size: (decoded.append(path), quick(path, size))[1])
    made = open_store(catalogue, SIZE)
    assert len(decoded) == 150 - done
    assert_complete(catalogue, made)


def test_half_written_rows_and_lines_do_not_count(catalogue):
    folder = catalogue.folder / "stores" / str(SIZE)
    for lost_pixels, lost_ids in ((0, 10), (ROW // 2, 0), (ROW * 3, 0), (0, store.ID_LINE * 4 + 1), (9, 9)):
        open_store(catalogue, SIZE)
        for name, lost in (("pixels", lost_pixels), ("ids.txt", lost_ids)):
            os.truncate(folder / name, (folder / name).stat().st_size - lost)
        assert_complete(catalogue, open_store(catalogue, SIZE))
        assert (folder / "pixels").stat().st_size == 150 * ROW


def test_two_processes_build_one_store_between_them(catalogue):
    builders = [builder(catalogue) for _ in range(2)]
    for other in builders:
        other.join(timeout=60)
        assert other.exitcode == 0
    folder = catalogue.folder / "stores" / str(SIZE)
    assert (folder / "pixels").stat().st_size == 150 * ROW
    assert (folder / "ids.txt").stat().st_size == 150 * store.ID_LINE
    assert_complete(catalogue, open_store(catalogue, SIZE))


def test_a_file_gone_bad_is_named_and_the_rest_stays(catalogue, monkeypatch):
    monkeypatch.setattr(store, "IMAGES_A_COMMIT", 10)
    bad = catalogue.file(f"{100:064x}")
    whole = bad.read_bytes()
    bad.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"100\.png: damaged or truncated.*put the file back"):
        open_store(catalogue, SIZE)
    bad.write_bytes(whole)
    decoded = []
    quick = store.square
    monkeypatch.setattr(store, "square", lambda path, size: (decoded.append(path), quick(path, size))[1])
    assert_complete(catalogue, open_store(catalogue, SIZE))
    assert len(decoded) == 50


def test_a_full_disk_and_an_unknown_id_are_refused(catalogue, monkeypatch):
    with pytest.raises(CatalogueError, match="has no image ffff"):
        open_store(catalogue, SIZE).rows(["f" * 64])
    usage = store.shutil.disk_usage(catalogue.folder)._replace(free=1000)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(CatalogueError, match="GB are free"):
        open_store(catalogue, 2 * SIZE)
