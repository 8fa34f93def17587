"""Images that lie in folders, or in a CSV manifest, become a catalogue; those that cannot are set aside."""

import difflib
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from joblib import cpu_count
from tqdm.auto import tqdm

from artnb.catalogue import (
    COLUMNS,
    Catalogue,
    check_splits,
    group_images,
    perceptual_hash,
    read,
    split,
    write,
)
from artnb.catalogue.schema import FILE, SCHEMA, validated
from artnb.errors import CatalogueError, ImageError
from artnb.images.decoding import decode_bytes
from artnb.paths import written_whole

QUARANTINE = "quarantine.parquet"
MEASURED = ("id", "width", "height", "phash")  # from the file itself, whatever a manifest says
NO_IMAGES = ("thumbs.db", "desktop.ini")  # a file manager's; hidden files are passed over too


def import_folder(
    source: str | Path,
    to: str | Path,
    *,
    group_by: Sequence[str] = ("work",),
    seed: int = 0,
    field: str | None = None,
) -> Catalogue:
    """The images of `source` as the catalogue in the folder `to`, grouped and split.

    `source` is a folder `FIELD/LABEL/*`, a folder `CLASS/*` of one field (named `field`, else as the folder),
    or a CSV manifest with the columns path (below the CSV's folder), field, label and any other of a
    catalogue. Files are copied unchanged to `images/`, named by their id; `annotations` keeps the name they
    had. What is no usable image, the same bytes as another, or the same bytes under two labels of one field
    is set aside (see `quarantine`). Near-duplicates form a group, and so do rows that share a value in a
    column of `group_by`.

    A catalogue that is there already grows by what is new: its rows keep their splits and new images of their
    groups follow them. Where a new image joins groups of two splits, all go where most of their images are.

    Raises:
        CatalogueError: nothing to import, a manifest of another form, an unknown column, or too few groups of
            a label for three splits. The catalogue is then as it was.
    """
    source, to = Path(source).resolve(), Path(to)
    check_columns(group_by, COLUMNS, "group_by")
    listed = from_manifest(source) if source.is_file() else from_folder(source, to.resolve(), field)
    known = read(to).table if (to / FILE).exists() else pd.DataFrame(columns=list(COLUMNS), dtype="str")

    rows = pd.concat([known.assign(file=None, name=known["path"], reason=""), examined(listed)])
    rows = sorted_out(rows.reset_index(drop=True))
    usable = rows[rows["reason"] == ""].reset_index(drop=True)
    if usable.empty:
        name, reason = rows[["name", "reason"]].iloc[0]
        raise CatalogueError(f"{source}: not one of {len(listed)} files can be used; {name}: {reason}")
    usable["path"] = usable["path"].mask(usable["path"] == "", images_path(usable))
    usable["group"] = group_images(usable, by=(*group_by, "group"))
    usable = split(usable, seed=seed)
    table = validated(usable[list(COLUMNS)].astype({"width": "int64", "height": "int64"}), to)
    check_splits(table)

    copy_files(usable, to)
    set_aside(rows[rows["reason"] != ""], listed["name"], to)
    write(Catalogue(to, table))
    return Catalogue(to, table)


def quarantine(folder: str | Path) -> pd.DataFrame:
    """What imports into this catalogue set aside: path (below its source) and reason, a row per file."""
    file = Path(folder) / QUARANTINE
    return pd.read_parquet(file) if file.exists() else pd.DataFrame(columns=["path", "reason"], dtype="str")


def from_folder(source: Path, to: Path, field: str | None) -> pd.DataFrame:
    """The files below `source` with the field and label that their folders name.

    Folders are FIELD/LABEL where most files lie that deep and no `field` is named; else CLASS.
    """
    if not source.is_dir():
        raise CatalogueError(f"{source} is neither a folder of images nor a CSV manifest")
    if to.is_relative_to(source):
        raise CatalogueError(f"{to} lies in {source}, the folder to import: choose a place outside it")
    names = [file.relative_to(source) for file in sorted(source.rglob("*")) if file.is_file()]
    names = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    names = [name for name in names if name.name.lower() not in NO_IMAGES]
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


def catalogue_like(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with every text column of a catalogue, unknown where it had none."""
    missing = [column for column in COLUMNS if column not in table and column not in MEASURED]
    return table.drop(columns=table.columns.intersection(MEASURED)).assign(**dict.fromkeys(missing, ""))


def examined(listed: pd.DataFrame) -> pd.DataFrame:
    """`listed` with what is measured on each file, or with the reason why nothing can be."""
    sound = listed["reason"] == ""
    with ThreadPoolExecutor(cpu_count()) as pool:
        measured = pool.map(measure, listed.loc[sound, "file"])
        bar = tqdm(measured, total=int(sound.sum()), desc="examine", unit="image")
        measured = pd.DataFrame(list(bar), index=listed.index[sound], columns=[*MEASURED, "reason"])
    measured = measured.reindex(listed.index)
    reason = listed["reason"].where(~sound, measured["reason"])
    annotations = [
        json.dumps({"file": name, **json.loads(given or "{}")}, ensure_ascii=False)
        for name, given in zip(listed["name"], listed["annotations"], strict=True)
    ]
    return listed.assign(**measured[list(MEASURED)], reason=reason, annotations=annotations)


def measure(file: Path) -> dict[str, object]:
    try:
        data = file.read_bytes()
        image = decode_bytes(data)
    except OSError as error:
        return {"reason": f"cannot be opened: {error.strerror}"}
    except ImageError as error:
        return {"reason": str(error)}
    values = hashlib.sha256(data).hexdigest(), image.width, image.height, perceptual_hash(image), ""
    return dict(zip((*MEASURED, "reason"), values, strict=True))


def sorted_out(rows: pd.DataFrame) -> pd.DataFrame:
    """Known rows and new ones, with a reason for each that contradicts or repeats another.

    Known rows stand first and have a path; new ones have none yet, and go where they are known already.
    """
    usable = rows[rows["reason"] == ""]
    same = usable.groupby(["id", "field"])
    first = same[["name", "path"]].transform("first")
    contradicts = same["label"].transform("nunique") > 1
    repeats = usable.duplicated(["id", "field"]) & ~contradicts
    low, high = same["label"].transform("min"), same["label"].transform("max")
    reasons = "the same bytes as " + first["name"]
    reasons = reasons.mask(contradicts, "the same bytes stand under " + low + " and " + high)
    rows.loc[usable.index, "reason"] = reasons.where(contradicts | repeats, "")
    rows.loc[usable.index, "file"] = same["file"].transform("last")  # so that a lost copy is made anew
    again = repeats & (first["path"] != "")  # known since an earlier import
    return rows.drop(index=usable.index[again])


def images_path(rows: pd.DataFrame) -> pd.Series:
    """Where the catalogue keeps a file: below its id, under the suffix it came with."""
    suffix = rows["name"].str.lower().str.extract(r"(\.[a-z0-9]+)$", expand=False).fillna("")
    return "images/" + rows["id"].str[:2] + "/" + rows["id"] + suffix


def copy_files(rows: pd.DataFrame, to: Path) -> None:
    for file, path in zip(rows["file"], rows["path"], strict=True):
        if file and not (to / path).is_file():
            with written_whole(to / path) as beside:
                shutil.copyfile(file, beside)


def set_aside(rows: pd.DataFrame, listed: pd.Series, to: Path) -> None:
    """Adds to the quarantine; what is said of files listed now replaces what was said before."""
    before = quarantine(to)
    rows = rows[["name", "reason"]].rename(columns={"name": "path"})
    table = pd.concat([before[~before["path"].isin(listed)], rows], ignore_index=True)
    with written_whole(to / QUARANTINE) as file:
        table.to_parquet(file, index=False)


def check_columns(columns: Iterable[str], known: Collection[str], where: str | Path) -> None:
    for column in columns:
        if column not in known:
            near = difflib.get_close_matches(column, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise CatalogueError(
                f"{where}: unknown column {column!r}; {hint}a catalogue has {', '.join(known)}"
            )
