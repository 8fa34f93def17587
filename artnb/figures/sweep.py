"""What a parameter changes, drawn: each result against its values, one small panel a result."""

from textwrap import fill

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.frame import count, framed, require
from artnb.figures.palette import GREY, style

ABREAST = 4  # panels
LARGEST = 20  # panels of a figure
TICKS = 5  # values named below a panel
MARKERS = "os^Dv"
COLOURS = matplotlib.colormaps["viridis"]


@style()
def sweep(
    results: pd.DataFrame, parameter: str, lines: str | None = None, title: str = "Results of the sweep"
) -> Figure:
    """Each result against `parameter`: a dot a combination, and a line through the means.

    Args:
        results: combination, panel (the name of a result), value (a number, in the result's own unit),
            `parameter` and `lines`.
        parameter: a column; its values stand in order and equally far apart.
        lines: a column whose values are each a line of their own; None draws one line.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(results, ("combination", "panel", "value", parameter, *([lines] if lines else [])), "results")
    values = in_order(results[parameter])
    keys = in_order(results[lines]) if lines else [None]
    colours = COLOURS(np.linspace(0.05, 0.8, len(keys))) if lines else [GREY]
    panels = results["panel"].unique()
    drawn = panels[:LARGEST]
    rows = -(-len(drawn) // ABREAST)
    figure = framed(title, _note(results, parameter, lines, len(panels)), 2.1 * rows + 0.35 * bool(lines))
    grid = figure.subplots(rows, ABREAST, squeeze=False).ravel()
    for axes, panel in zip(grid, drawn, strict=False):
        of_panel = results[results["panel"] == panel]
        axes.set_title(fill(panel, 28), fontsize=9)
        for place, (key, colour) in enumerate(zip(keys, colours, strict=True)):
            of_line = of_panel[of_panel[lines] == key] if lines else of_panel
            x = of_line[parameter].map(values.index)
            marker = MARKERS[place % len(MARKERS)]
            axes.plot(x, of_line["value"], marker, color=colour, mfc="none", markersize=5, alpha=0.7)
            means = of_line["value"].groupby(x).mean()
            axes.plot(means.index, means, color=colour)
        _name_values(axes, values)
        if panel in drawn[-ABREAST:]:
            axes.set_xlabel(parameter.replace("_", " "))
    for axes in grid[len(drawn) :]:
        axes.remove()
    if lines:
        handles = [
            Line2D([], [], color=colour, marker=MARKERS[place % len(MARKERS)], mfc="none", label=written(key))
            for place, (key, colour) in enumerate(zip(keys, colours, strict=True))
        ]
        figure.legend(
            handles=handles, title=lines.replace("_", " "), loc="outside right upper", title_fontsize=9
        )
    return figure


def in_order(column: pd.Series) -> list:
    """The values of a column: numbers by size, others as they come."""
    values = column.drop_duplicates()
    return (values.sort_values() if pd.api.types.is_numeric_dtype(values) else values).tolist()


def written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}".replace("-", "−") if isinstance(value, int | float) else str(value)


def _name_values(axes: Axes, values: list) -> None:
    step = -(-len(values) // TICKS)
    names = [fill(written(value), 12) for value in values]
    axes.set_xticks(range(0, len(values), step), names[::step])
    axes.set_xlim(-0.4, len(values) - 0.6)
    axes.margins(y=0.12)


def _note(results: pd.DataFrame, parameter: str, lines: str | None, panels: int) -> str:
    combinations = results["combination"].nunique()
    same = " and ".join(name.replace("_", " ") for name in (parameter, lines) if name)
    shown = f" The first {LARGEST} of {panels} results." if panels > LARGEST else ""
    return (
        f"Dot: one of {count(combinations, 'combination')}; line: mean of those with the same {same}. Values "
        f"stand in order, equally far apart; each panel has a scale of its own.{shown}"
    )
