"""How networks learn, drawn: learning curves (in the manner of Sato et al., Figure 17) and calibration."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.frame import count, framed, listed, require
from artnb.figures.palette import GREY, INK, WIDTH, field_colours, method_label, method_marks, style

METRICS = {
    "accuracy": "accuracy (share of images)",
    "loss": "cross-entropy (nats)",
    "auroc": "AUROC",
    "ece": "calibration error (ECE)",
}
BINS = 10


@style()
def learning_curves(
    history: pd.DataFrame, metric: str = "accuracy", split: str = "validation", title: str = "Learning curves"
) -> Figure:
    """One panel per field: the mean over seeds for each method, and the range of the seeds about it.

    Args:
        history: method, seed, field, epoch, split and `metric`; one row of each.
        metric: a column of `history`: accuracy, loss, auroc or ece.
        split: the images that it was measured on.

    Raises:
        ReportError: a column is missing, or there are no rows of that split.
    """
    require(history, ("method", "seed", "field", "epoch", "split", metric), "histories")
    history = history[history["split"] == split]
    require(history, (metric,), f"histories of the split {split!r}")
    seeds = history.groupby("method")["seed"].nunique().max()
    lines = "Line: mean, band: lowest to highest" if seeds > 1 else "Line: one training"
    measured = (
        "in the batches of each epoch" if split == "train" else f"on the {split} images after each epoch"
    )
    note = f"{lines}, of {count(seeds, 'seed')} per method, measured {measured}."
    fields = field_colours(history["field"])
    figure, panels = _panels(fields, f"{title}: {split} {metric}", note, columns=2, ratio=0.5)
    for (field, colour), axes in zip(fields.items(), panels, strict=True):
        of_field = history[history["field"] == field]
        for method, mark in method_marks(of_field["method"]).items():
            curve = (
                of_field[of_field["method"] == method].groupby("epoch")[metric].agg(["mean", "min", "max"])
            )
            drawn = GREY if mark.hollow else colour
            axes.fill_between(curve.index, curve["min"], curve["max"], color=drawn, alpha=0.16, linewidth=0)
            axes.plot(curve.index, curve["mean"], mark.line, color=drawn, label=method)
        axes.locator_params(axis="x", integer=True)
    _finish(figure, panels, history["method"], "epoch", METRICS.get(metric, metric), markers=False)
    return figure


@style()
def calibration(
    predictions: pd.DataFrame, positive: str = "artistic", title: str = "Calibration of the probabilities"
) -> Figure:
    """A reliability diagram per field: how many of the images that were given a probability are `positive`.

    On the diagonal a network is calibrated; below it, it is too sure of `positive`. The expected
    calibration error (ECE) is the mean distance from the diagonal, weighted by the predictions in a bin.

    Args:
        predictions: method, seed, field, target (0 or 1), probability (of target 1, in [0, 1]).
        positive: the name of target 1.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(predictions, ("method", "seed", "field", "target", "probability"), "predictions")
    numbers = predictions.groupby(["field", "method"], sort=False).size().groupby("field", sort=False).max()
    note = (
        f"{BINS} bins of equal width; area of a mark: share of the predictions; dotted: perfect calibration; "
        "ECE: expected calibration error. n, predictions of each method, all seeds: "
        f"{listed(numbers)}."
    )
    fields = field_colours(predictions["field"])
    figure, panels = _panels(fields, title, note, columns=4, ratio=0.88)
    for (field, colour), axes in zip(fields.items(), panels, strict=True):
        of_field = predictions[predictions["field"] == field]
        axes.plot([0, 1], [0, 1], ":", color=GREY, linewidth=1, zorder=1)
        errors = ["ECE"]
        for method, mark in method_marks(of_field["method"]).items():
            bins = reliability(of_field[of_field["method"] == method])
            drawn = GREY if mark.hollow else colour
            area = 10 + 150 * bins["predictions"] / bins["predictions"].sum()
            x, y = bins["probability"], bins["share"]
            axes.plot(x, y, mark.line, color=drawn, linewidth=1.1, label=method)
            face = "white" if mark.hollow else drawn
            axes.scatter(x, y, area, face, marker=mark.marker, edgecolor=drawn, zorder=2)
            error = np.average((x - y).abs(), weights=bins["predictions"])
            errors.append(f"{method_label(method)} {error:.3f}")
        axes.text(0.97, 0.04, "\n".join(errors), ha="right", fontsize=8, transform=axes.transAxes)
        ticks = [0, 0.5, 1]
        axes.set(xlim=(-0.06, 1.06), ylim=(-0.06, 1.06), xticks=ticks, yticks=ticks, aspect="equal")
    labels = f"probability of {positive}", f"share that is {positive}"
    _finish(figure, panels, predictions["method"], *labels, markers=True)
    return figure


def reliability(predictions: pd.DataFrame) -> pd.DataFrame:
    """The mean probability, the share of target 1 and the number of predictions in each bin that has any."""
    place = np.minimum((predictions["probability"] * BINS).astype(int), BINS - 1)
    bins = predictions.groupby(place)
    return pd.DataFrame(
        {
            "probability": bins["probability"].mean(),
            "share": bins["target"].mean(),
            "predictions": bins.size(),
        }
    )


def _panels(
    fields: dict[str, str], title: str, note: str, columns: int, ratio: float
) -> tuple[Figure, list[Axes]]:
    """A panel per field, named in its colour, at most `columns` abreast; `ratio`: height over width."""
    columns = min(columns, len(fields))
    lines = -(-len(fields) // columns)
    height = min(ratio * WIDTH / columns, 3.6)
    figure = framed(title, note, lines * (height + 0.2) + 0.55)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes in grid[len(fields) :]:
        axes.remove()
    for axes, (field, colour) in zip(grid, fields.items(), strict=False):
        axes.set_title(field, color=colour)
    return figure, list(grid[: len(fields)])


def _finish(
    figure: Figure, panels: list[Axes], methods: pd.Series, xlabel: str, ylabel: str, markers: bool
) -> None:
    """Names the axes at the left and at the foot and, above the panels, the methods."""
    for axes in panels:
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(ylabel)
    for axes in {axes.get_subplotspec().colspan.start: axes for axes in panels}.values():
        axes.set_xlabel(xlabel)
        axes.tick_params(labelbottom=True)
    keys = []
    for method, mark in method_marks(methods).items():
        colour = GREY if mark.hollow else INK
        point = {"marker": mark.marker, "mfc": "white" if mark.hollow else colour} if markers else {}
        keys.append(Line2D([], [], color=colour, linestyle=mark.line, label=method_label(method), **point))
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys))
