"""Dots with intervals, one row per field and series: the form of every estimate in a report."""

import pandas as pd
from matplotlib.axes import Axes

from artnb.figures.frame import rows
from artnb.figures.palette import FAINT, GREY, MEAN, Mark, field_colours, method_marks


def dots(axes: Axes, table: pd.DataFrame, value: str, series: str, form: str) -> dict[tuple[str, str], float]:
    """Draws `value` as a dot and `low` to `high` as a line; the numbers stand at the right.

    Args:
        axes: where to draw; the caller names its x axis.
        table: the columns field, `series`, `value`, low, high; a NaN limit draws no line.
        form: how the numbers are written.

    Returns:
        The height of each row: (field, series) -> y.
    """
    heights = rows(axes, names_of(table, series))
    colours, marks = field_colours(table["field"]), method_marks(table[series])
    for row in table.to_dict("records"):
        y, mark = heights[row["field"], row[series]], marks[row[series]]
        estimate = row[value], row["low"], row["high"]
        dot(axes, y, *estimate, GREY if mark.hollow else colours[row["field"]], mark)
        beside(axes, y, *estimate, form)
    if MEAN in colours and len(colours) > 1:
        first = min(y for (field, _), y in heights.items() if field == MEAN)
        axes.axhline(first - (1.65 if len(marks) > 1 else 0.5), color=FAINT, linewidth=1)
    return heights


def dot(axes: Axes, y: float, value: float, low: float, high: float, colour: str, mark: Mark) -> None:
    """One estimate and its interval."""
    axes.plot([low, high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
    face = "white" if mark.hollow else colour
    axes.plot(value, y, mark.marker, color=colour, mfc=face, mew=1.6, markersize=7, zorder=3)


def beside(axes: Axes, y: float, value: float, low: float, high: float, form: str) -> None:
    """One estimate and its interval in numbers, right of the axes."""
    interval = "no interval" if pd.isna(low) or pd.isna(high) else f"[{low:{form}}, {high:{form}}]"
    numbers = f"{value:{form}}  {interval}".replace("-", "−")
    axes.text(1.02, y, numbers, transform=axes.get_yaxis_transform(), va="center_baseline", fontsize=8.5)


def names_of(table: pd.DataFrame, series: str, by: str = "field") -> dict[str, list[str]]:
    """What each field of `table`, or each heading in the column `by`, has rows of, in order of appearance."""
    return {heading: of_one[series].tolist() for heading, of_one in table.groupby(by, sort=False)}
