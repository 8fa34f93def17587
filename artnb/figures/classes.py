"""What a classifier of several classes says, drawn: which it takes for which, its best and worst answers."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import MARGIN, show
from artnb.figures.frame import count, framed, listed, require
from artnb.figures.palette import INK, WIDTH, method_label, readable, style

SHADES = matplotlib.colormaps["Blues"]
ABREAST = 4  # matrices
CELL = 0.36, 0.6  # inches: the least that two decimals need, and the most
NAME = 16  # characters of a class's name on a line
EACH = 4  # right answers and as many wrong ones


@style()
def confusion_matrices(
    predictions: pd.DataFrame, classes: Sequence[str], title: str = "Which class is taken for which"
) -> Figure:
    """A matrix per method: of the images of each class, the share that is called each class; mean over seeds.

    Args:
        predictions: method, seed, field, id, group, target and prediction (places in `classes`); of one
            field, one row per method, seed and image.
        classes: the names of the classes, in the order of their indices.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, there are no rows, or rows of several fields or of a class that has
            no name.
    """
    require(predictions, ("method", "seed", "field", "id", "group", "target", "prediction"), "predictions")
    of_one(predictions, "field")
    named(predictions, classes)
    methods, k = predictions["method"].unique(), len(classes)
    columns = min(len(methods), ABREAST, max(1, int((WIDTH - 2) / (CELL[0] * k))))
    lines = -(-len(methods) // columns)
    names = [fill(readable(name), NAME) for name in classes]
    beside = 0.075 * max(len(line) for name in names for line in name.split("\n"))
    cell = min((WIDTH - 1.4 - beside - 0.15 * columns) / (columns * k), CELL[1])
    headings = [fill(method_label(method), int(13 * cell * k)) for method in methods]
    height = lines * (cell * k + 0.4 + 0.15 * max(heading.count("\n") for heading in headings))
    figure = framed(title, _note(predictions, classes), height + beside + 0.4)
    width = 1.4 + beside + columns * (cell * k + 0.15)
    figure.get_layout_engine().set(rect=(0, 0, min(width / WIDTH, 1), 1))
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for place, (axes, method) in enumerate(zip(grid, methods, strict=False)):
        _matrix(axes, shares(predictions[predictions["method"] == method], k), min(8.5, 19 * cell))
        axes.set_title(headings[place], fontsize=9)
        first, last = place % columns == 0, place + columns >= len(methods)
        axes.set_xticks(range(k), names if last else [""] * k, rotation=90)
        axes.set_yticks(range(k), names if first else [""] * k)
        axes.set(xlabel="predicted class" if last else "", ylabel="true class" if first else "")
    for axes in grid[len(methods) :]:
        axes.set_axis_off()
    bar = figure.colorbar(grid[0].images[0], ax=grid, aspect=22, shrink=min(0.9, 3.5 / height), pad=0.015)
    bar.set_label("share of the images of a class")
    bar.outline.set_visible(False)
    return figure


@style()
def examples(
    images: Mapping[str, np.ndarray],
    table: pd.DataFrame,
    classes: Sequence[str],
    title: str = "The surest right answers and the worst wrong ones",
) -> Figure:
    """A row per class: at the left its images that were most surely known, at the right those missed by most.

    Args:
        images: id -> image, H W 3, uint8.
        table: method, seed, id, target and prediction (places in `classes`), confidence (the probability of
            the prediction, in [0, 1]); of one method and seed, one row per image.
        classes: the names of the classes, in the order of their indices.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, there are no rows, rows of several methods or seeds or of a class
            that has no name, or an image is missing or of another form.
    """
    require(table, ("method", "seed", "id", "target", "prediction", "confidence"), "predictions")
    method, seed = of_one(table, "method"), of_one(table, "seed")
    named(table, classes)
    right = table["target"] == table["prediction"]
    present = [place for place in range(len(classes)) if (table["target"] == place).any()]
    ordered = table.sort_values(["confidence", "id"], ascending=[False, True])
    cell = (WIDTH - MARGIN) / (2 * EACH + 0.3)
    note = (
        f"{method_label(method)}, seed {seed}: {right.sum():,} of {count(len(table), 'image')} right. "
        "Numbers: probability of what the image was called. Of each class at most "
        f"{EACH} right and {EACH} wrong (in a dark frame), the surest first; in brackets: how many there are."
    )
    figure = framed(title, note, len(present) * (cell + 0.52))
    grid = figure.subplots(
        len(present), 2 * EACH + 1, squeeze=False, width_ratios=[*[1] * EACH, 0.3, *[1] * EACH]
    )
    for line, place in zip(grid, present, strict=True):
        of_class = ordered[ordered["target"] == place]
        name = fill(readable(classes[place]), 13)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
        line[EACH].axis("off")
        known = of_class["prediction"] == place
        for half, part, answers in (
            (line[:EACH], of_class[known], "right"),
            (line[EACH + 1 :], of_class[~known], "wrong"),
        ):
            half[0].set_anchor("W")
            half[0].set_title(f"{answers} ({len(part):,})", fontsize=9)
            _answers(half, part.head(EACH), images, classes, int(15 * cell))
    return figure


def shares(predictions: pd.DataFrame, classes: int) -> np.ndarray:
    """The share of each class that is called each class, mean over seeds; NaN where it has no images."""
    cells = np.zeros((predictions["seed"].nunique(), classes, classes))
    seeds = predictions["seed"].rank(method="dense").astype(int) - 1
    np.add.at(cells, (seeds, predictions["target"], predictions["prediction"]), 1)
    images = cells.sum(axis=2, keepdims=True)
    known = images > 0
    of_seed = np.divide(cells, images, where=known, out=np.zeros_like(cells))
    seen = known.sum(axis=0)
    return np.divide(of_seed.sum(axis=0), seen, where=seen > 0, out=np.full((classes, classes), np.nan))


def of_one(table: pd.DataFrame, column: str) -> object:
    """The one value of a column that all rows must share."""
    values = table[column].unique()
    if len(values) > 1:
        raise ReportError(f"the predictions are of {len(values)} {column}s: give the rows of one {column}")
    return values[0]


def named(table: pd.DataFrame, classes: Sequence[str]) -> None:
    """Raises ReportError where an index has no name."""
    if not table[["target", "prediction"]].isin(range(len(classes))).all(axis=None):
        most = table[["target", "prediction"]].max(axis=None)
        raise ReportError(f"there are {len(classes)} classes, but an index {most}: name every class")


def _matrix(axes: Axes, cells: np.ndarray, size: float) -> None:
    axes.imshow(cells, SHADES, vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(cells):
        ink = "white" if share > 0.6 else INK
        words = "" if np.isnan(share) else f"{share:.2f}"
        axes.text(column, row, words, ha="center", va="center_baseline", color=ink, fontsize=size)
    edges = np.arange(len(cells) + 1) - 0.5
    axes.hlines(edges, edges[0], edges[-1], "white", linewidth=1.5)
    axes.vlines(edges, edges[0], edges[-1], "white", linewidth=1.5)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(edges[-1], edges[0]))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _answers(
    half: Sequence[Axes],
    part: pd.DataFrame,
    images: Mapping[str, np.ndarray],
    classes: Sequence[str],
    width: int,
) -> None:
    for axes in half[len(part) :]:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    for axes, row in zip(half, part.to_dict("records"), strict=False):
        if row["id"] not in images:
            raise ReportError(f"there is no image {row['id']}: give one for each id of the table")
        show(axes, images[row["id"]])
        caption = f"{row['confidence']:.2f}"
        if row["prediction"] != row["target"]:
            caption = fill(
                f"called {readable(classes[row['prediction']])}, {caption}", width, break_long_words=False
            )
            axes.spines[:].set(color=INK, linewidth=2)
        axes.set_xlabel(caption, fontsize=8)


def _note(predictions: pd.DataFrame, classes: Sequence[str]) -> str:
    images = predictions.drop_duplicates("id")
    numbers = images["target"].value_counts().reindex(range(len(classes)), fill_value=0)
    numbers.index = [readable(name) for name in classes]
    seeds = predictions.groupby("method")["seed"].nunique()
    over = " or ".join(f"{number}" for number in sorted(seeds.unique()))
    return (
        f"{readable(predictions['field'].iloc[0])}; a row sums to 1. Mean over {over} "
        f"{'seed' if over == '1' else 'seeds'} of each method. n, images: {listed(numbers)}; in "
        f"{count(images['group'].nunique(), 'group')}."
    )
