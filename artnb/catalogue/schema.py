"""The one table of the images we have: `data/<name>/catalogue.parquet`, read and written only here."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pandera.pandas as pa
from filelock import FileLock

from artnb.catalogue.splits import SPLITS, check_splits
from artnb.errors import CatalogueError
from artnb.paths import sweep, written_whole

ARTISTIC, NON_ARTISTIC = "artistic", "non_artistic"
FIELDS = ("painting", "architecture", "sculpture", "garden")  # Sato's, in his order
FILE = "catalogue.parquet"
LOCK = ".catalogue.lock"
PORTION = 10_000  # rows


def relative(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and "\\" not in path and parts[0] != "/" and ".." not in parts


def json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def text(matches: str = "") -> pa.Column:
    return pa.Column(str, pa.Check.str_matches(matches, error=f"to match {matches}") if matches else None)


def each(test, expected: str) -> pa.Column:
    return pa.Column(str, pa.Check(test, element_wise=True, error=expected))


SCHEMA = pa.DataFrameSchema(
    {
        "id": text(r"^[0-9a-f]{64}$"),  # sha256 of the file's bytes
        "path": each(relative, "a path with / below the catalogue's folder"),
        "field": text(r"\S"),
        "label": text(r"\S"),
        "group": text(r"\S"),  # what no split may part
        "split": pa.Column(str, pa.Check.isin(("", *SPLITS), error=f"one of {SPLITS}, or nothing yet")),
        "work": text(),  # the thing depicted; this and the texts below are "" where unknown
        "title": text(),
        "creator": text(),
        "source": text(),
        "source_url": text(),
        "licence": text(),
        "retrieved_at": text(),
        "width": pa.Column("int64", pa.Check.gt(0, error="more than 0")),  # px, upright
        "height": pa.Column("int64", pa.Check.gt(0, error="more than 0")),
        "phash": text(r"^([0-9a-f]{16})?$"),  # see duplicates.perceptual_hash
        "annotations": each(json_object, "a JSON object"),
    },
    unique=["id", "field"],
    strict=True,
)
COLUMNS = tuple(SCHEMA.columns)


@dataclass(frozen=True)
class Catalogue:
    """A folder of images and the validated table of them, one row per image and field."""

    folder: Path
    table: pd.DataFrame

    @property
    def fields(self) -> tuple[str, ...]:
        """Sato's four in his order, then the others by name."""
        present = set(self.table["field"].unique())
        return (*(field for field in FIELDS if field in present), *sorted(present.difference(FIELDS)))

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes in the order of their targets: (non_artistic, artistic), or any others by name."""
        present = set(self.table["label"].unique())
        artistry = (NON_ARTISTIC, ARTISTIC)
        return artistry if present <= set(artistry) else tuple(sorted(present))

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits of what a training depends on; the order of the rows is not part of it."""
        rows = self.table[["id", "field", "label", "group", "split"]].sort_values(["id", "field"])
        digest = hashlib.sha256()
        digest_list(digest, rows, json.dumps)
        return digest.hexdigest()[:12]

    @cached_property
    def proved(self) -> pd.DataFrame:
        """The table, once its splits have been proved (see `check_splits`); asked again, it is there."""
        check_splits(self.table)
        return self.table

    @cached_property
    def paths(self) -> pd.Series:
        """Where the file of each id lies, below the folder; by id, each once."""
        return self.table.drop_duplicates("id").set_index("id")["path"]

    def image_path(self, id: str) -> Path:
        """Where the file of `id` lies; raises CatalogueError where the catalogue has no such id."""
        if id not in self.paths:
            raise CatalogueError(f"{self.folder}: no image with id {id}")
        return self.folder / self.paths[id]


def digest_list(
    digest: "hashlib._Hash", values: pd.DataFrame | pd.Index | np.ndarray, written: Callable[[list], str]
) -> None:
    """Adds what `written`, which is `repr` or `json.dumps`, makes of the list of `values`, in portions: the
    text and the objects of a million rows at once take more memory than the rows."""
    digest.update(b"[")
    for start in range(0, len(values), PORTION):
        portion = np.asarray(values[start : start + PORTION]).tolist()
        digest.update((", " * (start > 0) + written(portion)[1:-1]).encode())
    digest.update(b"]")


def validated(table: pd.DataFrame, name: str | Path, schema: pa.DataFrameSchema = SCHEMA) -> pd.DataFrame:
    """`table` itself, if it is a catalogue's; else CatalogueError naming `name`, the column and the row."""
    try:
        return schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise CatalogueError(f"{name}: {described(errors.failure_cases)}") from None


def described(failures: pd.DataFrame) -> str:
    """The first of pandera's failures in a sentence, and how many there are besides."""
    first = failures.iloc[0]
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    match first["check"]:
        case "column_in_dataframe":
            return f"column {first['failure_case']} is missing{more}"
        case "column_in_schema":
            return f"column {first['failure_case']} is unknown: expected {', '.join(COLUMNS)}"
        case "multiple_fields_uniqueness":
            return f"row {first['index']}: the same id occurs twice in one field{more}"
    column = first["column"]
    where = f"column {column}" if pd.isna(first["index"]) else f"column {column}, row {first['index']}"
    value, expected = first["failure_case"], first["check"]
    return f'{where}: "{value}" is not as expected: {expected}{more}'


def read(folder: str | Path) -> Catalogue:
    """The catalogue in `folder`; raises CatalogueError where there is none or its table is not valid."""
    file = Path(folder) / FILE
    if not file.is_file():
        raise CatalogueError(f"{folder} is no catalogue: it has no {FILE}; `artnb import` makes one")
    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{file} cannot be read: {error}; import the images again") from None
    return Catalogue(Path(folder), validated(table, file))


def write(catalogue: Catalogue) -> None:
    """Validates the table and puts it in the place of the one in the catalogue's folder, in one step."""
    table = validated(catalogue.table, catalogue.folder / FILE)
    with written_whole(catalogue.folder / FILE) as file:
        table.to_parquet(file, index=False)


@contextmanager
def editing(folder: str | Path) -> Iterator[None]:
    """Holds the catalogue in `folder` against other processes: read it, change it and write it inside.

    Raises:
        CatalogueError: something in the folder cannot be written, for want of space or of rights.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with FileLock(Path(folder) / LOCK):
            sweep(Path(folder), FILE)
            yield
    except OSError as error:
        raise CatalogueError(
            f"{error.filename or folder}: {error.strerror}. The catalogue is as it was: free some space, or "
            "mend the folder's rights, and do the same again"
        ) from error
