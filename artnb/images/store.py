"""A catalogue's pixels at one size, decoded once: training never touches a JPEG again.

`stores/<size>` in the catalogue's folder holds two files that only grow: `pixels`, a row of uint8 H W 3 an
image, and `ids.txt`, a line a row, written once the row is on the disk. A row counts when both have it whole,
so a build that was killed goes on where it was, and a catalogue that grew adds what is new. `format` tells
the version of all this; stores older than that file are of the first.
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
from artnb.paths import written_whole

FORMAT = 1  # raised whenever the files, or the pixels of the same images, would be others
IMAGES_A_COMMIT = 64
ID_LINE = 65  # bytes: 64 hex digits and a newline
REMOVE = "remove {}; it is made anew from the images"


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
        CatalogueError: the disk has no room for it (says how much it takes) or may not be written, or the
            store that is there is of another version or damaged. What is there stays.
    """
    folder = catalogue.folder / "stores" / str(size)
    try:
        store = committed(folder, size)
        if (places(catalogue.paths.index, store.ids) < 0).any():
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / "lock"):
                complete(folder, size, catalogue, workers or cpu_count())
            store = committed(folder, size)
    except OSError as error:
        raise CatalogueError(
            f"{error.filename or folder}: {error.strerror}. What was decoded is kept: free some space, or "
            "mend the folder's rights, and do the same again"
        ) from error
    return store


def committed(folder: Path, size: int) -> Store:
    """The rows that both files have whole.

    Raises:
        CatalogueError: the store is of another version, or a line is no id.
    """
    check_format(folder)
    ids, pixels, row = folder / "ids.txt", folder / "pixels", size * size * 3
    count = min(length(ids) // ID_LINE, length(pixels) // row)
    if count == 0:
        return Store(size, np.empty((0, size, size, 3), np.uint8), pd.Index([], dtype="str"))
    mapped = np.memmap(pixels, np.uint8, "r", shape=(count, size, size, 3))
    return Store(size, mapped, read_ids(ids)[:count])


def check_format(folder: Path) -> None:
    file = folder / "format"
    found = file.read_text("ascii", "replace").strip() if file.exists() else "1"
    if found != str(FORMAT):
        raise CatalogueError(
            f"{folder} is a store of version {found[:20]!r}, this artnb reads version {FORMAT}: open it with "
            f"the artnb that made it, or {REMOVE.format(folder)}"
        )


def length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def read_ids(file: Path) -> pd.Index:
    """The lines of `file`, none of which ever becomes a Python object; the last may be half a line."""
    named, text = csv.ReadOptions(column_names=["id"]), csv.ConvertOptions(column_types={"id": pa.string()})
    try:
        ids = csv.read_csv(file, named, convert_options=text)["id"][: length(file) // ID_LINE]
        sound = pc.all(pc.match_substring_regex(ids, "^[0-9a-f]{64}$")).as_py()
        sound = sound and pc.count_distinct(ids).as_py() == len(ids)
    except pa.ArrowInvalid:
        sound = False
    if not sound:
        raise CatalogueError(f"{file} is damaged: {REMOVE.format(file.parent)}")
    return pd.Index(ids, dtype="str")


def places(wanted: pd.Index, ids: pd.Index) -> np.ndarray:
    """The place of each of `wanted` in `ids`, -1 where it has none; keeps no table, as `get_indexer` does."""
    found = pc.index_in(pa.array(wanted), pa.array(ids))
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(int)


def complete(folder: Path, size: int, catalogue: HasImages, workers: int) -> None:
    """Adds a row for each image of the catalogue that has none; the caller holds the lock."""
    paths, have = catalogue.paths, committed(folder, size).ids
    missing = paths[places(paths.index, have) < 0].sort_index()
    check_room(folder, len(missing) * size * size * 3)
    if not (folder / "format").exists():
        with written_whole(folder / "format") as file:
            file.write_text(f"{FORMAT}\n")
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
