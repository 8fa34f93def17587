"""What a catalogue holds, drawn: counts, contact sheets, painted cues, near-duplicates."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.frame import count, framed, require, rows, rows_height
from artnb.figures.palette import FAINT, INK, WIDTH, field_colours, readable, style

MARGIN = 1.25  # inches, left of the images, for the names of rows
SPLITS = ("train", "validation", "test", "")


@style()
def counts(table: pd.DataFrame, title: str = "Images per field, label and split") -> Figure:
    """How many images, and in brackets how many groups, each field has of each label in each split.

    Args:
        table: field, label, split, group: one row per image.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("field", "label", "split", "group"), "images")
    numbers = table.groupby(["field", "label", "split"])["group"].agg(["size", "nunique"])
    labels = {
        field: sorted(of_field["label"].unique()) for field, of_field in table.groupby("field", sort=False)
    }
    splits = [split for split in SPLITS if split in set(table["split"])]
    groups = count(table["group"].nunique(), "group")
    note = f"n = {count(len(table), 'image')} in {groups}. In brackets: groups, which no split may part."
    figure = framed(title, note, rows_height(labels))
    panels = figure.subplots(1, len(splits), sharex=True, squeeze=False)[0]
    colours = field_colours(labels)
    for axes, split in zip(panels, splits, strict=True):
        heights = rows(axes, {field: [readable(label) for label in labels[field]] for field in labels})
        for (field, label, _), (images, groups) in numbers.xs(
            split, level="split", drop_level=False
        ).iterrows():
            y, strength = heights[field, readable(label)], 1 if label == labels[field][0] else 0.5
            axes.barh(y, images, height=0.62, color=1 - strength * (1 - np.array(to_rgb(colours[field]))))
            axes.annotate(
                f"{images:,} ({groups:,})", (images, y), (4, 0), textcoords="offset points",
                va="center_baseline", fontsize=8.5,
            )  # fmt: skip
        axes.set_title(split or "not split yet")
        axes.set_xlabel("images")
        axes.margins(x=0.35)
        axes.locator_params(axis="x", nbins=4)
        axes.label_outer()
    return figure


@style()
def contact_sheet(
    images: Mapping[tuple[str, str], Sequence[np.ndarray]], title: str = "A look at the images"
) -> Figure:
    """A row of images for each field and label (in the manner of Sato et al., Figures 9 to 16).

    Args:
        images: (field, label) -> images, each H W 3, uint8.

    Raises:
        ReportError: there are no images, or one has another shape.
    """
    colours = field_colours(field for field, _ in images)
    names = [(f"{field}\n{readable(label)}", colours[field]) for field, label in images]
    return _sheet(list(images.values()), names, title, "Rows are named at their left;")


@style()
def near_duplicates(
    groups: Mapping[str, Sequence[np.ndarray]], title: str = "Images that no split may part"
) -> Figure:
    """A row of images for each group of near-duplicates or of one work.

    Args:
        groups: name of the group -> its images, each H W 3, uint8.

    Raises:
        ReportError: there are no images, or one has another shape.
    """
    names = [(fill(name, 15), INK) for name in groups]
    return _sheet(
        list(groups.values()), names, title, "One row per group: exact or near duplicates, or one work;"
    )


@style()
def cues(
    images: Sequence[np.ndarray],
    masks: Sequence[np.ndarray],
    captions: Sequence[str],
    title: str = "What makes a painted image artistic: its cue, outlined",
    columns: int = 6,
) -> Figure:
    """Painted images with the outline of their true cue; an empty mask has none.

    Args:
        images: N images, each H W 3, uint8.
        masks: N masks of the cue, each H W, bool.
        captions: N texts below the images.

    Raises:
        ReportError: there are no images, one has another shape, or the three differ in number.
    """
    if not len(images) == len(masks) == len(captions):
        raise ReportError(
            f"there are {len(images)} images, {len(masks)} masks and {len(captions)} captions: "
            "give one of each per image"
        )
    cell, lines = WIDTH / columns, -(-len(images) // columns)
    captions = [fill(caption, int(13 * cell), break_on_hyphens=False) for caption in captions]
    below = 0.1 + 0.14 * max((caption.count("\n") + 1 for caption in captions), default=0)
    note = f"{count(len(images), 'image')}; the outline is the mask that the painter of the image kept."
    figure = framed(title, note, lines * (cell + below))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(images) :]:
        axes.axis("off")
    for axes, image, mask, caption in zip(panels, images, masks, captions, strict=False):
        show(axes, image)
        outline(axes, mask)
        axes.set_xlabel(caption, fontsize=8.5)
    return figure


def show(axes: Axes, image: np.ndarray) -> None:
    """One image (H W 3, uint8) without ticks, in a faint frame."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ReportError(
            f"an image must be H W 3, uint8; this one is {image.shape}, {image.dtype}: decode it first"
        )
    axes.imshow(image, interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color=FAINT)


def outline(axes: Axes, mask: np.ndarray) -> None:
    """The outline of a mask (H W, bool): yellow on black, to be seen on any picture."""
    if mask.any():
        padded = np.pad(mask, 1).astype(float)
        across, down = np.arange(-1, mask.shape[1] + 1), np.arange(-1, mask.shape[0] + 1)
        axes.contour(across, down, padded, [0.5], colors=["black"], linewidths=2.8)
        axes.contour(across, down, padded, [0.5], colors=["#F0E442"], linewidths=1.3)


def _sheet(
    images: Sequence[Sequence[np.ndarray]], names: Sequence[tuple[str, str]], title: str, note: str
) -> Figure:
    columns = max(map(len, images), default=0)
    if columns == 0:
        raise ReportError("there are no images to draw: give at least one row with one image")
    cell = min((WIDTH - MARGIN) / columns, 1.6)
    n = sum(map(len, images))
    figure = framed(title, f"{note} {count(n, 'image')}.", len(images) * (cell + 0.04))
    panels = figure.subplots(len(images), columns, squeeze=False)
    for line, of_row, (name, colour) in zip(panels, images, names, strict=True):
        for axes in line[len(of_row) :]:
            axes.axis("off")
        for axes, image in zip(line, of_row, strict=False):
            show(axes, image)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, color=colour)
    return figure
