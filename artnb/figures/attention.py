"""Where a network looks, drawn: maps over images (in the manner of Sato et al., Figures 18 to 21), and how
far they meet the true cue."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import outline, show
from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, rows_height
from artnb.figures.heatmap import SCALES, Scaling, colour_bar, heatmap, largest, limits_of
from artnb.figures.palette import INK, WIDTH, style


@style()
def attention_grid(
    images: Sequence[np.ndarray],
    maps: Mapping[str, np.ndarray],
    names: Sequence[str],
    scaling: Scaling,
    masks: Sequence[np.ndarray] | None = None,
    captions: Mapping[str, Sequence[str]] | None = None,
    title: str = "Where the networks look",
) -> Figure:
    """A row per image: the original, then the heatmap of each map over it.

    Grad-CAM as published shows the positive part of a map. A map without one is left blank and says so.
    The largest value stands below each map, whatever the scaling.

    Args:
        images: N images, each H W 3, uint8.
        maps: name of a column -> N signed maps, N H W.
        names: N names of the rows.
        scaling: what the brightest colour stands for: the largest value of the map itself ("each", no two
            maps can then be compared), of the row ("row"), of all maps ("all"), or a value of your own.
        masks: N masks of the true cue, each H W, bool, outlined in every picture of the row.
        captions: name of a column -> N texts for below its maps; "original" for below the images.
        title: stands above the figure.

    Raises:
        ReportError: there is nothing to draw, numbers or shapes differ, a map is not finite, or there is
            no such scaling.
    """
    stack = _checked(images, maps, names, masks)
    limits = limits_of(stack, scaling)
    captions = captions or {}
    cell = min((WIDTH - 1.6) / (len(maps) + 1), 1.75)
    note = (
        f"{count(len(images), 'image')}. Grad-CAM, positive part, over the image in grey; brightest: "
        + (f"{scaling:g} and above." if not isinstance(scaling, str) else f"{SCALES[scaling]} largest value.")
        + " Below each map: its largest value"
        + ("; outlined: the true cue." if masks is not None else ".")
    )
    figure = framed(title, note, len(images) * (cell + (0.44 if captions else 0.3)) + 0.8)
    grid = figure.subplots(len(images), len(maps) + 1, squeeze=False)
    for row, (line, image) in enumerate(zip(grid, images, strict=True)):
        show(line[0], image)
        line[0].set_ylabel(names[row], rotation=0, ha="right", va="center", labelpad=8)
        line[0].set_xlabel(captions["original"][row] if "original" in captions else "", fontsize=8.5)
        for axes, name, heat, limit in zip(line[1:], maps, stack[:, row], limits[:, row], strict=True):
            below = [f"{captions[name][row]}"] if name in captions else []
            heatmap(axes, image, heat, limit)
            axes.set_xlabel("\n".join([*below, largest(heat)]), fontsize=8.5)
        if masks is not None:
            for axes in line:
                outline(axes, masks[row])
    for axes, name in zip(grid[0], ("original", *maps), strict=True):
        axes.set_title(name, loc="center", fontsize=9.5)
    colour_bar(figure, grid, limits, scaling)
    return figure


@style()
def overlaps(
    table: pd.DataFrame,
    measure: str = "share of the positive part of a map that lies on the cue",
    title: str = "How far the maps meet the true cue",
) -> Figure:
    """The overlap of maps with the mask of the true cue, a dot with its interval per field and map.

    Args:
        table: field, map (its name), overlap, low, high (in [0, 1]), images; and, where there is one,
            chance: what a map that knows nothing of the cue would reach.
        measure: what the overlap is.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("field", "map", "overlap", "low", "high", "images"), "overlaps")
    numbers = table.groupby("field", sort=False)["images"].max()
    note = f"Lines: 95 % intervals. n, images with a cue: {listed(numbers)}."
    figure = framed(title, note, rows_height(names_of(table, "map")))
    axes = figure.subplots()
    heights = dots(axes, table, "overlap", "map", ".3f")
    axes.set_xlabel(measure)
    if "chance" in table:
        places = [heights[key] for key in zip(table["field"], table["map"], strict=True)]
        axes.plot(
            table["chance"],
            places,
            "|",
            color=INK,
            markersize=11,
            label="chance (the cue's share of the area)",
        )
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)
    return figure


@style()
def randomisation(table: pd.DataFrame, title: str = "Do the maps depend on what was learnt?") -> Figure:
    """The mean rank correlation of maps with those of untrained networks, a cell per field and map.

    Args:
        table: field, map (its name), correlation (in [-1, 1]), images.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("field", "map", "correlation", "images"), "correlations")
    cells = table.pivot_table("correlation", "field", "map", sort=False)
    numbers = table.groupby("field", sort=False)["images"].max()
    note = (
        "Near 0: the maps come from what was learnt. Near 1 or −1: a network that has learnt nothing gives "
        f"the same map, or its inverse. n, images: {listed(numbers)}."
    )
    figure = framed(title, note, 0.42 * len(cells) + 0.9)
    axes = figure.subplots()
    axes.grid(visible=False)
    sns.heatmap(
        cells, vmin=-1, vmax=1, cmap="vlag", annot=True, fmt="+.2f", linewidths=1, ax=axes,
        cbar_kws={"label": "Spearman correlation"},
    )  # fmt: skip
    axes.set(xlabel="", ylabel="")
    axes.tick_params(length=0, rotation=0)
    return figure


def _checked(
    images: Sequence[np.ndarray],
    maps: Mapping[str, np.ndarray],
    names: Sequence[str],
    masks: Sequence[np.ndarray] | None,
) -> np.ndarray:
    """All maps, maps N H W, after every check."""
    if not len(images) or not maps:
        raise ReportError("there is nothing to draw: give at least one image and one kind of map")
    if len(names) != len(images) or (masks is not None and len(masks) != len(images)):
        raise ReportError(f"there are {len(images)} images: give as many names of rows, and masks if any")
    for name, of_name in maps.items():
        expected = (len(images), *np.shape(images[0])[:2])
        if np.shape(of_name) != expected:
            raise ReportError(
                f"the maps {name!r} have the shape {np.shape(of_name)}, not {expected}: N H W of the images"
            )
        if not np.isfinite(of_name).all():
            raise ReportError(f"the maps {name!r} are not finite: look at the network's weights and inputs")
    return np.stack([np.asarray(of_name, dtype=float) for of_name in maps.values()])
