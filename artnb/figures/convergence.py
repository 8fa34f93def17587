"""How fast networks learn and how much of it holds (in the manner of Wu, Figure 4): epochs and gaps."""

from itertools import cycle
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.errors import ReportError
from artnb.figures.dots import beside, dot, names_of
from artnb.figures.frame import count, framed, require, resampled, rows, rows_height, tested
from artnb.figures.palette import FAINT, FURTHER, GREY, INK, WIDTH, Mark, method_label, readable, style

ABREAST = 4  # panels
COLOURS = (INK, FURTHER[0], FURTHER[1], FURTHER[2])  # of the training sets
MARKS = (Mark("o", "-"), Mark("s", "--"), Mark("^", "-."), Mark("D", ":"))
ESTIMATES = ("training", "accuracy", "low", "high", "gap", "gap_low", "gap_high")
ALL = "all"  # the set of tables that name none
PUBLISHED = {"color": GREY, "linestyle": (0, (4, 3)), "linewidth": 1.2, "zorder": 0.95}


@style()
def convergence(
    history: pd.DataFrame,
    converged: pd.DataFrame,
    published: pd.DataFrame | None = None,
    title: str = "How fast the networks learn",
) -> Figure:
    """A panel per method: validation accuracy by epoch, and when the runs first came near their best.

    Args:
        history: method, seed, field, epoch, split and accuracy, of one field; the rows of the split
            "validation" are drawn. With a column set (what was learnt from, "original" or "augmented") each
            has a line of its own.
        converged: method, epochs (the mean over runs of when they came near), near (how near), and set where
            `history` has one: a row for each line.
        published: method, epoch, accuracy, source (who published it): a level in the panel of the method.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, there are no validation rows, or rows of several fields.
    """
    require(converged, ("method", "epochs", "near"), "epochs")
    require(history, ("method", "seed", "field", "epoch", "split", "accuracy"), "histories")
    history = history[history["split"] == "validation"]
    require(history, ("accuracy",), "histories of the split 'validation'")
    if (fields := history["field"].nunique()) > 1:
        raise ReportError(f"the histories are of {fields} fields: give the rows of one field")
    history, converged = (
        table if "set" in table else table.assign(set=ALL) for table in (history, converged)
    )
    looks = dict(zip(history["set"].unique(), cycle(zip(COLOURS, MARKS, strict=True)), strict=False))
    methods = history["method"].unique()
    if published is not None:
        published = published[published["method"].isin(methods)]
    columns = min(len(methods), ABREAST)
    lines = -(-len(methods) // columns)
    figure = framed(title, _note(history, converged, published), lines * (2.0 if columns > 1 else 3.0) + 0.6)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for place, (axes, method) in enumerate(zip(grid, methods, strict=False)):
        of_method = history[history["method"] == method]
        epochs = converged[converged["method"] == method].set_index("set")["epochs"]
        for name, of_set in of_method.groupby("set", sort=False):
            _curve(axes, of_set, epochs[name], *looks[name])
        axes.set_title(fill(method_label(method), int(11 * WIDTH / columns)), fontsize=9, pad=18)
        axes.text(0, 1.03, _epochs(epochs), va="bottom", fontsize=8.5, transform=axes.transAxes)
        if published is not None:
            for row in published[published["method"] == method].to_dict("records"):
                _level(axes, row["accuracy"], row["epoch"])
        axes.set_xlim(0, 1.03 * history["epoch"].max())
        axes.locator_params(axis="x", integer=True)
        axes.set_ylabel("validation accuracy" if place % columns == 0 else "")
        last = place + columns >= len(methods)
        axes.set_xlabel("epoch" if last else "")
        axes.tick_params(labelbottom=last)
    for axes in grid[len(methods) :]:
        axes.remove()
    figure.legend(handles=_keys(looks, published), loc="outside upper right", ncols=4)
    return figure


@style()
def gap(table: pd.DataFrame, title: str = "How much of what was learnt holds on new images") -> Figure:
    """A row per method: accuracy on training images and on test images, joined; the gap at the right.

    Args:
        table: method, training (accuracy on the training images), accuracy (on the test images), low, high
            (its interval; all shares in [0, 1]), gap (training minus test), gap_low, gap_high, seeds, images,
            groups (of the test); with a column set, each method has a row for each.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("method", *ESTIMATES, "seeds", "images", "groups"), "accuracies")
    table = table if "set" in table else table.assign(set=ALL)
    names = names_of(table, "set", "method")
    note = (
        "Hollow: training images; full: test images. Dark lines and brackets: "
        f"95 % intervals over {resampled(table)}. {tested(table)}."
    )
    figure = framed(title, note, rows_height(names) + 0.3)
    axes = figure.subplots()
    heights = rows(axes, names, dict.fromkeys(names, INK))
    for row in table.to_dict("records"):
        y = heights[row["method"], row["set"]]
        axes.plot([row["training"], row["accuracy"]], [y, y], color=FAINT, linewidth=5, zorder=1)
        dot(axes, y, row["accuracy"], row["low"], row["high"], INK, Mark("o", "-"))
        dot(axes, y, row["training"], np.nan, np.nan, INK, Mark("o", "-", hollow=True))
        beside(axes, y, row["gap"], row["gap_low"], row["gap_high"], "+.3f")
    axes.set_xlabel("accuracy (share of images)")
    axes.text(1.02, 1, "gap: training − test", transform=axes.transAxes, va="bottom", fontsize=8.5)
    look = {"color": INK, "marker": "o", "markersize": 7, "mew": 1.6}
    keys = [
        Line2D([], [], mfc="white", linestyle="none", label="training images", **look),
        Line2D([], [], linewidth=2, label="test images", **look),
    ]
    figure.legend(handles=keys, loc="outside upper right", ncols=2)
    return figure


def _epochs(epochs: pd.Series) -> str:
    """When the runs of a method came near their best, in words."""
    return ", ".join(f"{'epoch' if name == ALL else readable(name)} {of:.0f}" for name, of in epochs.items())


def _level(axes: Axes, accuracy: float, epoch: int) -> None:
    """A published accuracy; its epoch, which may lie far beyond ours, in words."""
    axes.axhline(accuracy, **PUBLISHED)
    axes.text(
        0.99, accuracy, f"by epoch {epoch}", transform=axes.get_yaxis_transform(),
        ha="right", va="top", fontsize=8, color=PUBLISHED["color"],
    )  # fmt: skip


def _curve(axes: Axes, of_set: pd.DataFrame, epoch: float, colour: str, mark: Mark) -> None:
    by_epoch = of_set.groupby("epoch")["accuracy"].agg(["mean", "min", "max"])
    axes.fill_between(by_epoch.index, by_epoch["min"], by_epoch["max"], color=colour, alpha=0.16, linewidth=0)
    axes.plot(by_epoch.index, by_epoch["mean"], mark.line, color=colour, linewidth=1.5)
    height = np.interp(epoch, by_epoch.index, by_epoch["mean"])
    axes.plot(epoch, height, mark.marker, color=colour, mfc="white", mew=1.6, zorder=3)


def _keys(looks: dict[str, tuple[str, Mark]], published: pd.DataFrame | None) -> list[Line2D]:
    keys = []
    for name, (colour, mark) in looks.items():
        label = "first near the best" if name == ALL else f"{readable(name)} images"
        look = {"linestyle": mark.line, "linewidth": 1.5, "marker": mark.marker, "mfc": "white", "mew": 1.6}
        keys.append(Line2D([], [], color=colour, label=label, **look))
    if published is not None and len(published):
        keys.append(Line2D([], [], label="published, training images", **PUBLISHED))
    return keys


def _note(history: pd.DataFrame, converged: pd.DataFrame, published: pd.DataFrame | None) -> str:
    runs, near = history.groupby(["method", "set"])["seed"].nunique(), converged["near"].iloc[0]
    seeds = " or ".join(f"{number}" for number in sorted(runs.unique()))
    several = f"Line: mean, band: lowest to highest, of {seeds} seeds or of those that went on so long"
    lines = "Line: one training" if seeds == "1" else several
    note = (
        f"{readable(history['field'].iloc[0])}. {lines}, on the validation images after each epoch. Mark: "
        f"the epoch (given above) at which runs on average first came within {near:g} of their best. "
        f"n = {count(int(runs.sum()), 'run')}."
    )
    if published is None or published.empty:
        return note
    return (
        f"{note} Published: {'; '.join(published['source'].unique())}, of other images, on those it learnt."
    )
