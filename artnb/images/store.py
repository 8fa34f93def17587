"""A catalogue's pixels at one size, decoded once: training never touches a JPEG again.

`stores/<size>` in the catalogue's folder holds two files that only grow: `pixels`, a row of uint8 H W 3 an
image, and `ids.txt`, a line a row, written once the row is on the disk. A row counts when both have it whole,
so a build that was killed goes on where it was, and a catalogue that grew adds what is new.
"""

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock
from joblib import cpu_count
from pyarrow import csv
from tqdm.auto import tqdm

from artnb.errors import CatalogueError, ImageError
from artnb.images.decoding import decode_square

IMAGES_A_COMMIT = 64
ID_LINE = 65  # bytes: 64 hex digits and a newline


class HasImages(Protocol):
    """What a store needs of a catalogue."""

    folder: Path
    paths: pd.Series  # of the files, below the folder; by id


@dataclass(frozen=True, eq=False)
class Store:
    size: int
    pixels: np.ndarray  # N size size 3, uint8, memory-mapped, read-only
    ids: pd.Index  # of each row; a store may hold more images than the catalogue

    def __reduce__(self):
        """Travels to another process as its place on the disk; rows keep their numbers there."""
        return committed, (Path(self.pixels.filename).parent, self.size)

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """The row of each id; raises CatalogueError where the store lacks one."""
        wanted = pd.Index(ids, dtype="str")
        rows = places(wanted, self.ids)
        if (rows < 0).any():
            raise CatalogueError(
                f"the store at {self.size} px has no image {wanted[rows < 0][0]}; open it again"
            )
        return rows


def open_store(catalogue: HasImages, size: int, workers: int | None = None) -> Store:
    """The store of all images of `catalogue`, made or completed where it is not there yet.

    The shorter side is resized to `size` px (bicubic, antialiased), the middle square kept. `workers` threads
    decode (default: one a core; Pillow works outside the interpreter's lock). Where two processes ask at
    once, one builds and the other waits.

    Raises:
        ImageError: a file cannot be decoded; names it. What was decoded before stays.
        CatalogueError: the disk has no room for it; says how much it takes.
    """
    folder = catalogue.folder / "stores" / str(size)
    folder.mkdir(parents=True, exist_ok=True)
    store = committed(folder, size)
    if (places(catalogue.paths.index, store.ids) < 0).any():
        with FileLock(folder / "lock"):
            complete(folder, size, catalogue, workers or cpu_count())
        store = committed(folder, size)
    return store


def committed(folder: Path, size: int) -> Store:
    """The rows that both files have whole."""
    ids, pixels, row = folder / "ids.txt", folder / "pixels", size * size * 3
    count = min(ids.stat().st_size // ID_LINE, pixels.stat().st_size // row) if ids.exists() else 0
    if count == 0:
        return Store(size, np.empty((0, size, size, 3), np.uint8), pd.Index([], dtype="str"))
    mapped = np.memmap(pixels, np.uint8, "r", shape=(count, size, size, 3))
    return Store(size, mapped, lines(ids)[:count])


def lines(file: Path) -> pd.Index:
    """The lines of a text file, none of which ever becomes a Python object."""
    named, text = csv.ReadOptions(column_names=["id"]), csv.ConvertOptions(column_types={"id": pa.string()})
    return pd.Index(csv.read_csv(file, named, convert_options=text)["id"], dtype="str")


def places(wanted: pd.Index, ids: pd.Index) -> np.ndarray:
    """The place of each of `wanted` in `ids`, -1 where it has none; keeps no table, as `get_indexer` does."""
    found = pc.index_in(pa.array(wanted), pa.array(ids))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(int)


def complete(folder: Path, size: int, catalogue: HasImages, workers: int) -> None:
    """Adds a row for each image of the catalogue that has none; the caller holds the lock."""
    paths, have = catalogue.paths, committed(folder, size).ids
    missing = paths[places(paths.index, have) < 0].sort_index()
    check_room(folder, len(missing) * size * size * 3)
    with (
        (folder / "pixels").open("ab") as pixels,
        (folder / "ids.txt").open("ab") as ids,
        ThreadPoolExecutor(workers) as pool,
        tqdm(
            total=len(paths), initial=len(paths) - len(missing), desc=f"decode to {size} px", unit="image"
        ) as bar,
    ):
        pixels.truncate(len(have) * size * size * 3)
        ids.truncate(len(have) * ID_LINE)
        for start in range(0, len(missing), IMAGES_A_COMMIT):
            chunk = missing.iloc[start : start + IMAGES_A_COMMIT]
            rows = pool.map(partial(square, size=size), [catalogue.folder / path for path in chunk])
            append(pixels, b"".join(row.tobytes() for row in rows))
            append(ids, "".join(f"{id}\n" for id in chunk.index).encode("ascii"))
            bar.update(len(chunk))


def append(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def square(path: Path, size: int) -> np.ndarray:
    """H W 3 uint8, H = W = `size`."""
    try:
        return decode_square(path, size)
    except ImageError as error:
        raise ImageError(f"{path}: {error}; put the file back, or import the folder again") from None


def check_room(folder: Path, needed: int) -> None:
    if needed > (free := shutil.disk_usage(folder).free):
        raise CatalogueError(f"{folder} needs {needed / 1e9:.1f} GB more, and {free / 1e9:.1f} GB are free")
