"""The audit of a catalogue: what it holds, from where, and what gives its labels away."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artnb.catalogue import Catalogue, group_images
from artnb.collect.admission import quarantine
from artnb.collect.features import examine
from artnb.collect.shortcuts import find_shortcuts
from artnb.errors import CatalogueError
from artnb.images.decoding import decode
from artnb.seeding import generator

LOOKED_AT = 5_000  # images of each field and label: the accuracy of a shortcut is then known to 0.01
SHOWN = 50  # rows of a list in the text


@dataclass(frozen=True)
class Audit:
    """What was found, as tables.

    Attributes:
        counts: field, label, source, licence, images, groups: a row for each combination there is.
        sizes: id, field, label, source, licence, width, height (px), megapixels, aspect (width / height),
            bytes, bytes_per_pixel, type (of file): a row per image and field that was looked at.
        duplicates: set, id, field, label, source, path: a row for each image that looks like another;
            across_labels, across_sources: whether its set has two labels of one field, or two sources.
        set_aside: path, reason: files that are not in the catalogue, exact duplicates among them.
        shortcuts, suspects: see `artnb.collect.shortcuts.find_shortcuts`.
    """

    counts: pd.DataFrame
    sizes: pd.DataFrame
    duplicates: pd.DataFrame
    set_aside: pd.DataFrame
    shortcuts: pd.DataFrame
    suspects: pd.DataFrame


def audit(catalogue: Catalogue) -> Audit:
    """Reads each file that is looked at once, and tests the shortcuts on all of these but the test images.

    Counts and duplicates are of the whole catalogue. Of a field and label with more than LOOKED_AT images so
    many are looked at, drawn by chance, the same ones each time.

    Raises:
        CatalogueError: there are no images.
        ImageError: a file is missing or damaged; names it.
    """
    if catalogue.table.empty:
        raise CatalogueError(f"{catalogue.folder} holds no images to audit: import or collect some")
    table = catalogue.table.sort_values(["label", "id"]).set_index("field", drop=False)
    table = table.loc[list(catalogue.fields)].reset_index(drop=True)
    seen = looked_at(table)
    files = examine(catalogue, seen["id"])
    shortcuts, suspects = find_shortcuts(seen, files)
    sizes = seen[["id", "field", "label", "source", "licence", "width", "height"]].assign(
        megapixels=seen["width"] * seen["height"] / 1e6,
        aspect=seen["width"] / seen["height"],
        bytes=[files[id].bytes for id in seen["id"]],
        bytes_per_pixel=lambda sizes: sizes["bytes"] / (sizes["width"] * sizes["height"]),
        type=[files[id].type for id in seen["id"]],
    )
    return Audit(
        counts=counts(table),
        sizes=sizes.reset_index(drop=True),
        duplicates=duplicates(table),
        set_aside=quarantine(catalogue.folder),
        shortcuts=shortcuts,
        suspects=suspects,
    )


def looked_at(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose files are read: at most LOOKED_AT of each field and label."""
    places = [
        generator(0, "audit", *cell).permutation(rows)[:LOOKED_AT]
        for cell, rows in table.groupby(["field", "label"]).indices.items()
    ]
    return table.iloc[np.sort(np.concatenate(places))]


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """Images and groups for each field, label, source and licence."""
    cells = table.groupby(["field", "label", "source", "licence"], sort=False)
    return cells.agg(images=("id", "size"), groups=("group", "nunique")).reset_index()


def duplicates(table: pd.DataFrame) -> pd.DataFrame:
    """The images that look like another one, near-duplicates by perceptual hash, and what parts them."""
    sets = group_images(table, by=())
    rows = table.assign(set=sets)[sets.groupby(sets).transform("size") > 1]
    rows = rows[rows.groupby("set")["id"].transform("nunique") > 1]  # one image may be of two fields
    labels = rows.groupby(["set", "field"])["label"].nunique().groupby("set").max()
    sources = rows.groupby("set")["source"].nunique()
    return (
        rows[["set", "id", "field", "label", "source", "path"]]
        .assign(across_labels=rows["set"].map(labels) > 1, across_sources=rows["set"].map(sources) > 1)
        .sort_values(["set", "id", "field"])
        .reset_index(drop=True)
    )


def thumbnails(catalogue: Catalogue, ids: Iterable[str], side: int = 160) -> dict[str, np.ndarray]:
    """Whole images, H W 3 uint8, the longer side at most `side` px, by id."""
    images = {id: decode(catalogue.image_path(id), side) for id in ids}
    for image in images.values():
        image.thumbnail((side, side))
    return {id: np.asarray(image) for id, image in images.items()}


def as_text(audit: Audit) -> str:
    """The audit as a page of text: tables, and the warnings last."""
    parts = {
        "What there is": counted(audit),
        "How large, and of which type": measured(audit),
        "What is there twice": repeated(audit),
        "What predicts the label by itself": predicted(audit),
        "Warnings": warned(audit),
    }
    return "\n\n".join(f"{title.upper()}\n{text}" for title, text in parts.items())


def counted(audit: Audit) -> str:
    unknown = {"source": {"": "unknown"}, "licence": {"": "unknown"}}
    return printed(audit.counts.replace(unknown), max_colwidth=44)


def measured(audit: Audit) -> str:
    """Of each field and label the median of every size, the middle 90 %, and the file types."""

    def typical(values: pd.Series) -> str:
        digits = 0 if values.name in ("width", "height") else 2
        low, middle, high = (f"{value:,.{digits}f}" for value in values.quantile([0.05, 0.5, 0.95]))
        return f"{middle} ({low} to {high})"

    def tallied(values: pd.Series) -> str:
        return ", ".join(f"{value} {number:,}" for value, number in values.value_counts().items())

    sizes = audit.sizes.assign(kilobytes=audit.sizes["bytes"] / 1000)
    columns = dict.fromkeys(("width", "height", "aspect", "kilobytes", "bytes_per_pixel"), typical)
    cells = sizes.groupby(["field", "label"], sort=False)
    return f"Median (5 % to 95 %){drawn(audit)}.\n" + printed(
        cells.agg(columns | {"type": tallied}).reset_index()
    )


def drawn(audit: Audit) -> str:
    """Says where not all images were looked at."""
    looked, there = len(audit.sizes), audit.counts["images"].sum()
    if looked == there:
        return ""
    return f"; of {looked:,} images drawn from {there:,}, at most {LOOKED_AT:,} of each field and label"


def repeated(audit: Audit) -> str:
    rows, reasons = audit.duplicates, audit.set_aside["reason"]
    sets = rows.groupby("set")[["across_labels", "across_sources"]].first()
    labels, sources = sets.sum()
    text = (
        f"{len(sets):,} sets of near-duplicates ({rows['id'].nunique():,} images), "
        f"{labels:,} across labels, {sources:,} across sources.\n"
        f"{len(reasons):,} files set aside, {reasons.str.startswith('the same bytes').sum():,} of them for "
        "the same bytes as another."
    )
    contradictory = rows.loc[rows["across_labels"], ["field", "label", "path"]]
    if contradictory.empty:
        return text
    text += f"\nAlike, but of two labels:\n{printed(contradictory.head(SHOWN))}"
    more = len(contradictory) - SHOWN
    return f"{text}\nand {more:,} more, all in `audit(...).duplicates`" if more > 0 else text


def predicted(audit: Audit) -> str:
    found = audit.shortcuts
    interval = [f"{low:.2f} to {high:.2f}" for low, high in zip(found["low"], found["high"], strict=True)]
    note = found["reason"].mask(found["warned"], "a shortcut")
    columns = ["field", "feature", "accuracy", "interval", "chance", "images", "groups", "note"]
    return (
        "Balanced accuracy, cross-validated with groups kept whole; 95 % intervals, bootstrap over groups; "
        f"test images left out{drawn(audit)}.\n{printed(found.assign(interval=interval, note=note)[columns])}"
    )


def warned(audit: Audit) -> str:
    lines = []
    for row in audit.shortcuts[audit.shortcuts["warned"]].to_dict("records"):
        field, feature = row["field"], row["feature"]
        lines.append(
            f"{field}, {feature}: predicts the label with {row['accuracy']:.2f} "
            f"({row['low']:.2f} to {row['high']:.2f}; chance {row['chance']:.2f}), as in"
        )
        shown = audit.suspects.query("field == @field and feature == @feature")
        for label, images in shown.groupby("label"):
            seen = [f"{words} ({id[:8]})" for words, id in zip(images["words"], images["id"], strict=True)]
            lines.append(f"  {label}: {'; '.join(seen)}")
    return "\n".join(lines) or "None: no feature lies above its limit."


def printed(table: pd.DataFrame, max_colwidth: int | None = None) -> str:
    return table.to_string(index=False, max_colwidth=max_colwidth, float_format="{:.2f}".format)
