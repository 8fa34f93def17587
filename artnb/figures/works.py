"""Where sharing helps, drawn: gains and accuracies against the number of labelled works."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.curve import curve
from artnb.figures.frame import count, framed, listed, require, signed
from artnb.figures.palette import GREY, INK, MEAN, field_colours, method_label, method_marks, style

COLUMNS = ("works", "method", "field", "low", "high", "seeds", "images", "groups")
ABREAST = 5  # panels


@style()
def gain_by_works(
    gains: pd.DataFrame, accuracies: pd.DataFrame, title: str = "Where does learning together help?"
) -> Figure:
    """The gain of each field and, below it, the accuracies it is the difference of, by labelled works.

    Args:
        gains: works (labelled training works of each field), method, field, gain, low, high (differences of
            accuracies), seeds, images, groups.
        accuracies: the same with accuracy (shares in [0, 1]) for gain, of the same fields.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(gains, (*COLUMNS, "gain"), "gains")
    require(accuracies, (*COLUMNS, "accuracy"), "accuracies")
    fields, marks = field_colours(gains["field"]), method_marks([*accuracies["method"], *gains["method"]])
    columns = min(len(fields), ABREAST)
    lines = -(-len(fields) // columns)
    figure = framed(title, _note(gains), 4.3 * lines + 0.3)
    grid = figure.subplots(2 * lines, columns, squeeze=False, sharex=True)
    pairs = grid.reshape(lines, 2, columns).swapaxes(1, 2).reshape(-1, 2)
    for (field, colour), (above, below) in zip(fields.items(), pairs, strict=False):
        above.set_title(field, color=colour)
        above.axhline(0, color=INK, linewidth=1, zorder=0.9)
        for axes, table, value in ((above, gains, "gain"), (below, accuracies, "accuracy")):
            of_field = table[table["field"] == field].sort_values("works")
            for method, line in of_field.groupby("method", sort=False):
                mark = marks[method]
                curve(axes, line, "works", value, GREY if mark.hollow else colour, mark)
    for axes in pairs[len(fields) :].ravel():
        axes.remove()
    _scale(pairs[: len(fields)], gains, accuracies)
    keys = [
        Line2D([], [], color=colour, linestyle=mark.line, marker=mark.marker, label=method_label(method),
               mfc="white" if mark.hollow else colour)
        for method, mark in marks.items()
        for colour in [GREY if mark.hollow else INK]
    ]  # fmt: skip
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys))
    return figure


def _scale(pairs: np.ndarray, gains: pd.DataFrame, accuracies: pd.DataFrame) -> None:
    """One scale for all gains, one for all accuracies; doublings of works are equally far apart."""
    works = sorted(gains["works"].unique())
    for above, below in pairs:
        first = above.get_subplotspec().is_first_col()
        for axes, table, name in ((above, gains, "gain"), (below, accuracies, "accuracy")):
            low, high = table["low"].min(), table["high"].max()
            axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
            axes.tick_params(labelleft=first, labelbottom=axes is below)
            axes.set_ylabel(name if first else "")
        above.yaxis.set_major_formatter(signed)
        above.set_xscale("log")
        above.set_xticks(works, [f"{number:,}" for number in works])
        above.minorticks_off()
        below.set_xlabel("works per field")


def _note(gains: pd.DataFrame) -> str:
    fields = gains[gains["field"] != MEAN].drop_duplicates("field").set_index("field")
    seeds = " or ".join(f"{number}" for number in sorted(gains["seeds"].unique()))
    return (
        f"Above: multi-task minus single-task accuracy on the test images (share of images); below: both. "
        f"Bands: 95 % intervals over {seeds} seeds and groups of test images, for each number of works by "
        f"itself. n, test images: {listed(fields['images'])}; in {count(fields['groups'].sum(), 'group')}. "
        "Mean: over fields, unweighted."
    )
