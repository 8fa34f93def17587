"""What blurring the deciding region of a map does to the answer: over many images, and in one."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import outline, show
from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, rows_height, signed
from artnb.figures.heatmap import OPACITY, SCALES, Scaling, colour_bar, heatmap, largest, limits_of
from artnb.figures.palette import FAINT, GREY, INK, MEAN, readable, style

ESTIMATES = tuple(f"{side}{limit}" for side in ("deciding", "random") for limit in ("", "_low", "_high"))
NARROW = 7.2  # inches, of a figure that must be read in part of a window


class Blurred(NamedTuple):
    """A picture blurred inside a mask, and what that did."""

    image: np.ndarray  # H W 3, uint8
    mask: np.ndarray  # H W, bool
    caption: str


class Sight(NamedTuple):
    """A kind of map of one image: a column of `exploration`."""

    map: np.ndarray  # H W, signed
    caption: str
    region: Blurred
    elsewhere: Blurred


@style()
def blurring(
    table: pd.DataFrame, title: str = "Does the answer hang on the places that the maps name?"
) -> Figure:
    """How blurring the deciding region changes the prediction's probability, beside the same area elsewhere.

    Args:
        table: field, map (its name), deciding and random (mean changes of probability), each with <name>_low
            and <name>_high, area (mean share of the image), seeds, images, groups, empty (share of maps left
            out for want of a positive part).

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("field", "map", *ESTIMATES, "area", "seeds", "images", "groups", "empty"), "effects")
    fields = table[table["field"] != MEAN].groupby("field", sort=False)
    images, groups = fields["images"].max(), fields["groups"].max()
    seeds = " or ".join(f"{seeds}" for seeds in sorted(table["seeds"].unique()))
    note = (
        "Dots and lines: the deciding region blurred. Black marks and bands: the same area blurred at random "
        "places. Both with 95 % intervals, bootstrap over groups of images. Regions take "
        f"{table['area'].min():.0%} to {table['area'].max():.0%} of the image. Seeds: {seeds}. "
        f"n, images at most: {listed(images)}; in {count(groups.sum(), 'group')}. "
        f"Left out as a map is nowhere positive: {table['empty'].min():.0%} to {table['empty'].max():.0%}."
    )
    figure = framed(title, note, rows_height(names_of(table, "map")))
    axes = figure.subplots()
    limits = {"deciding_low": "low", "deciding_high": "high"}
    heights = dots(axes, table.rename(columns=limits), "deciding", "map", "+.3f")
    places = np.array([heights[key] for key in zip(table["field"], table["map"], strict=True)])
    width = table["random_high"] - table["random_low"]
    axes.barh(places, width, left=table["random_low"], height=0.7, color=FAINT, zorder=0.5)
    axes.plot(table["random"], places, "|", color=INK, markersize=11)
    axes.axvline(0, color=GREY, linewidth=1, zorder=0.9)
    axes.set_xlabel("change of the prediction's probability")
    axes.xaxis.set_major_formatter(signed)
    return figure


@style()
def exploration(
    image: np.ndarray,
    sights: Mapping[str, Sight],
    probabilities: Mapping[str, Mapping[str, float]],
    scaling: Scaling,
    opacity: float = OPACITY,
    caption: str = "",
    title: str = "Where the networks look",
) -> Figure:
    """One image: maps side by side; below each, its deciding region blurred, and the same area elsewhere.

    Args:
        image: H W 3, uint8.
        sights: a column for each kind of map, by its name.
        probabilities: of each label, by network.
        scaling: what the brightest colour stands for, as in `attention_grid`; "row" and "all" are the largest
            value of these maps.
        opacity: of the brightest place of a heatmap, in [0, 1].
        caption: stands below the image.
        title: stands above the figure.

    Raises:
        ReportError: there are no maps or probabilities, a map is not of the image's size or not finite, or
            `scaling` or `opacity` is unknown.
    """
    if not sights or not probabilities:
        raise ReportError("there is nothing to draw: give at least one kind of map and one network's answer")
    if not 0 <= opacity <= 1:
        raise ReportError(f"opacity is {opacity!r}: it must be a number from 0 to 1")
    for name, sight in sights.items():
        if sight.map.shape != image.shape[:2] or not np.isfinite(sight.map).all():
            raise ReportError(
                f"the map {name!r} is {sight.map.shape}: it must be finite and H W of the image"
            )
    limits = limits_of(np.stack([sight.map for sight in sights.values()])[:, None], scaling)[:, 0]
    brightest = SCALES["all" if scaling == "row" else scaling] if isinstance(scaling, str) else None
    note = (
        "Grad-CAM, positive part, over the image in grey; brightest: "
        + (f"{brightest} largest value. " if brightest else f"{scaling:.3g} and above. ")
        + "Outlined: what is blurred. Region: where a map is at least half of its largest value. "
        "P: probability of the label that is explained, of 1 image."
    )
    cell = min((NARROW - 0.7) / (len(sights) + 1), 1.9)
    figure = framed(title, note, 3 * (cell + 0.36) + 0.7, NARROW)
    grid = figure.subplots(3, len(sights) + 1, squeeze=False)
    show(grid[0, 0], image)
    grid[0, 0].set_title("original", loc="center", fontsize=9.5)
    grid[0, 0].set_xlabel(caption, fontsize=8.5)
    for column, (name, sight), limit in zip(grid.T[1:], sights.items(), limits, strict=True):
        heatmap(column[0], image, sight.map, limit, opacity)
        column[0].set_title(name, loc="center", fontsize=9.5)
        column[0].set_xlabel(f"{sight.caption}\n{largest(sight.map)}", fontsize=8.5)
        for axes, part in zip(column[1:], (sight.region, sight.elsewhere), strict=True):
            show(axes, part.image)
            outline(axes, part.mask)
            axes.set_xlabel(part.caption, fontsize=8.5)
    for axes, name in zip(
        grid[1:, 1], ("deciding region\nblurred", "same area blurred\nat a random place"), strict=True
    ):
        axes.set_ylabel(name, fontsize=9, labelpad=6)
    _answers(grid[1, 0], probabilities)
    grid[2, 0].axis("off")
    colour_bar(figure, grid, limits, "all" if scaling == "row" else scaling, opacity)
    return figure


def _answers(axes: Axes, probabilities: Mapping[str, Mapping[str, float]]) -> None:
    """The probability of each label, a bar with its name in it; a group for each network."""
    y = 0.0
    for network, of_label in probabilities.items():
        axes.text(0, y, network, va="center", fontsize=8.5, weight="bold")
        for label, probability in of_label.items():
            y += 1
            axes.barh(y, 1, height=0.8, color="#F2F2F2")
            axes.barh(y, probability, height=0.8, color="#B8B8B8")
            axes.text(0.03, y, readable(label), va="center_baseline", fontsize=8.5)
            axes.text(0.97, y, f"{probability:.2f}", va="center_baseline", ha="right", fontsize=8.5)
        y += 1.2
    axes.set(xlim=(0, 1), ylim=(y - 0.4, -0.6))
    axes.axis("off")
    axes.set_title("probability", loc="center", fontsize=9.5)
