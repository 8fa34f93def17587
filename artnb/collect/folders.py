"""Images that lie in folders, or in a CSV manifest, become a catalogue; those that cannot are set aside."""

import difflib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from artnb.catalogue import COLUMNS, Catalogue
from artnb.catalogue.schema import SCHEMA, validated
from artnb.catalogue.splits import FRACTIONS
from artnb.collect.admission import MEASURED, admit, catalogue_like
from artnb.errors import CatalogueError

NO_IMAGES = ("thumbs.db", "desktop.ini")  # a file manager's; hidden files are passed over too


def import_folder(
    source: str | Path,
    to: str | Path,
    *,
    group_by: Sequence[str] = ("work",),
    seed: int = 0,
    field: str | None = None,
    fractions: Mapping[str, float] = FRACTIONS,
) -> Catalogue:
    """The images of `source` as the catalogue in the folder `to`, grouped and split (see `admit`).

    `source` is a folder `FIELD/LABEL/*`, a folder `CLASS/*` of one field (named `field`, else as the folder),
    or a CSV manifest with the columns path (below the CSV's folder), field, label and any other of a
    catalogue. A catalogue that is there already grows by what is new.

    Raises:
        CatalogueError: nothing to import, a manifest of another form, an unknown column, or too few groups of
            a label for three splits. The catalogue is then as it was.
    """
    source, to = Path(source).resolve(), Path(to)
    check_columns(group_by, COLUMNS, "group_by")
    listed = from_manifest(source) if source.is_file() else from_folder(source, to.resolve(), field)
    return admit(listed, to, group_by=group_by, seed=seed, fractions=fractions)


def from_folder(source: Path, to: Path, field: str | None) -> pd.DataFrame:
    """The files below `source` with the field and label that their folders name.

    Folders are FIELD/LABEL where most files lie that deep and no `field` is named; else CLASS.
    """
    if not source.is_dir():
        raise CatalogueError(f"{source} is neither a folder of images nor a CSV manifest")
    if to.is_relative_to(source):
        raise CatalogueError(f"{to} lies in {source}, the folder to import: choose a place outside it")
    names = (file.relative_to(source) for file in source.rglob("*") if file.is_file())
    names = (name for name in names if not any(part.startswith(".") for part in name.parts))
    names = sorted(name for name in names if name.name.lower() not in NO_IMAGES)
    if not names:
        raise CatalogueError(f"{source} holds no files: expected FIELD/LABEL/* or CLASS/*")
    by_field = field is None and sum(len(name.parts) > 2 for name in names) * 2 > len(names)
    folders = 2 if by_field else 1
    rows = []
    for name in names:
        shown = os.fsencode(name.as_posix()).decode("utf-8", "replace")  # names of other encodings too
        outside = len(name.parts) <= folders
        above = ("", "") if outside else name.parts[:2] if by_field else (field or source.name, name.parts[0])
        reason = f"lies outside the folders {'FIELD/LABEL' if by_field else 'CLASS'}" if outside else ""
        rows.append((source / name, shown, *above, reason))
    return catalogue_like(pd.DataFrame(rows, columns=["file", "name", "field", "label", "reason"]))


def from_manifest(source: Path) -> pd.DataFrame:
    """The rows of a CSV file in UTF-8; a column it does not have is unknown for all."""
    try:
        table = pd.read_csv(source, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' parser and decoding errors are ValueErrors
        raise CatalogueError(f"{source} cannot be read as CSV in UTF-8: {error}") from None
    check_columns(table.columns, COLUMNS, source)
    if missing := [column for column in ("path", "field", "label") if column not in table]:
        raise CatalogueError(
            f"{source}: column {missing[0]} is missing; a manifest has path, field and label"
        )
    given = [column for column in table if column not in (*MEASURED, "group")]
    table.index += 2  # the line in the file, after the heading
    table = catalogue_like(table)
    columns = {column: SCHEMA.columns[column] for column in given}
    validated(table[given], source, pa.DataFrameSchema(columns))
    files = [source.parent / path for path in table["path"]]
    return table.assign(file=files, name=table["path"], path="", reason="").reset_index(drop=True)


def check_columns(columns: Iterable[str], known: Collection[str], where: str | Path) -> None:
    for column in columns:
        if column not in known:
            near = difflib.get_close_matches(column, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise CatalogueError(
                f"{where}: unknown column {column!r}; {hint}a catalogue has {', '.join(known)}"
            )
