"""How images enter a catalogue, wherever they come from: measured, sorted out, grouped, split, copied in."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from joblib import Parallel, cpu_count, delayed
from tqdm.auto import tqdm

from artnb.catalogue import (
    COLUMNS,
    SPLITS,
    Catalogue,
    check_splits,
    editing,
    group_images,
    perceptual_hash,
    read,
    split,
    write,
)
from artnb.catalogue.schema import FILE, validated
from artnb.catalogue.splits import FRACTIONS
from artnb.collect.labels import imported_labels
from artnb.errors import CatalogueError, ImageError
from artnb.images.decoding import decode_bytes
from artnb.paths import written_whole

QUARANTINE = "quarantine.parquet"
MEASURED = ("id", "width", "height", "phash")  # from the file itself, whatever a manifest says


def admit(
    listed: pd.DataFrame,
    to: Path,
    *,
    group_by: Sequence[str] = ("work",),
    seed: int = 0,
    complete: bool = True,
    fractions: Mapping[str, float] = FRACTIONS,
) -> Catalogue:
    """The catalogue in the folder `to`, grown by the images of `listed`; it begins where there is none.

    Files are copied unchanged to `images/`, named by their id; `annotations` keeps the name they had. What is
    no usable image, the same bytes as another, or the same bytes under two labels of one field is set aside
    (see `quarantine`). Near-duplicates form a group, and so do rows that share a value in a column of
    `group_by`. Rows that are there keep their splits and new images of their groups follow them; where a new
    image joins groups of two splits, all go where most of their images are.

    Several processes may admit to one catalogue at once: they take turns. Stopped at any moment, the
    catalogue is as it was or whole, and the same call goes on.

    Args:
        listed: file, name (what to call it in messages), field, label, reason (not "" where it cannot be
            used), and any other column of a catalogue (see `catalogue_like`).
        complete: these are all the images of their labels, so each must come in enough groups for three
            splits; else labels with too few wait without a split for more.
        fractions: the share of each split.

    Raises:
        CatalogueError: nothing to admit, too few groups of a label, or a folder that cannot be written. The
            catalogue is then as it was.
    """
    rows = examined(listed)
    if (rows["reason"] != "").all() and not (to / FILE).exists():
        name, reason = rows[["name", "reason"]].iloc[0]
        raise CatalogueError(f"not one of {len(rows)} files can be used; {name}: {reason}")
    with editing(to):
        known = read(to).table if (to / FILE).exists() else pd.DataFrame(columns=list(COLUMNS), dtype="str")
        rows = pd.concat([known.assign(file=None, name=known["path"], reason=""), rows])
        rows = sorted_out(rows.reset_index(drop=True))
        usable = rows[rows["reason"] == ""].reset_index(drop=True)
        usable["new"] = usable["path"] == ""
        paths = [image_path(*row) for row in usable[["id", "name"]].itertuples(index=False)]
        usable["path"] = usable["path"].mask(usable["new"], paths)
        usable["group"] = group_images(usable, by=(*group_by, "group"))
        of_label = usable.groupby(["field", "label"])
        ready = of_label["group"].transform("nunique") >= len(SPLITS)
        if complete:
            ready |= of_label["new"].transform("any")
        if ready.any():
            usable.loc[ready, "split"] = split(usable[ready], fractions, seed)["split"]
        table = validated(usable[list(COLUMNS)].astype({"width": "int64", "height": "int64"}), to)
        check_splits(table[ready])

        copy_files(usable, to)
        set_aside(rows[rows["reason"] != ""], listed["name"], to)
        write(Catalogue(to, table))
    return Catalogue(to, table)


def quarantine(folder: str | Path) -> pd.DataFrame:
    """What imports into this catalogue set aside: path (below its source) and reason, a row per file."""
    file = Path(folder) / QUARANTINE
    return pd.read_parquet(file) if file.exists() else pd.DataFrame(columns=["path", "reason"], dtype="str")


def catalogue_like(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with every text column of a catalogue, unknown where it had none."""
    missing = [column for column in COLUMNS if column not in table and column not in MEASURED]
    return table.drop(columns=table.columns.intersection(MEASURED)).assign(**dict.fromkeys(missing, ""))


def examined(listed: pd.DataFrame) -> pd.DataFrame:
    """`listed` with what is measured on each file, or with the reason why nothing can be."""
    sound = listed["reason"] == ""
    threads = Parallel(cpu_count(), backend="threading", return_as="generator")  # queues few files
    bar = tqdm(
        threads(delayed(measure)(file) for file in listed.loc[sound, "file"]),
        total=int(sound.sum()),
        desc="examine",
        unit="image",
    )
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

    Known rows stand first and have a path; new ones have none yet, and go where they are known already. What
    annotators made of a label since it came in contradicts nothing.
    """
    usable = rows[rows["reason"] == ""]
    same = usable.assign(label=imported_labels(usable)).groupby(["id", "field"])
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


def image_path(id: str, name: str) -> str:
    """Where the catalogue keeps a file: below its id, under the suffix it came with."""
    suffix = re.search(r"(\.[a-z0-9]+)?$", name.lower())[0]
    return f"images/{id[:2]}/{id}{suffix}"


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
