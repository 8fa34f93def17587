"""Dots with intervals, one row per field and series: the form of every estimate in a report."""

import pandas as pd
from matplotlib.axes import Axes

from artnb.figures.frame import rows
from artnb.figures.palette import FAINT, GREY, MEAN, field_colours, method_marks


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
    right = axes.get_yaxis_transform()
    for row in table.to_dict("records"):
        y, mark = heights[row["field"], row[series]], marks[row[series]]
        colour = GREY if mark.hollow else colours[row["field"]]
        axes.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2, solid_capstyle="round")
        face = "white" if mark.hollow else colour
        axes.plot(row[value], y, mark.marker, color=colour, mfc=face, mew=1.6, markersize=7, zorder=3)
        numbers = f"{row[value]:{form}}  [{row['low']:{form}}, {row['high']:{form}}]".replace("-", "−")
        axes.text(1.02, y, numbers, transform=right, va="center_baseline", fontsize=8.5)
    if MEAN in colours and len(colours) > 1:
        first = min(y for (field, _), y in heights.items() if field == MEAN)
        axes.axhline(first - (1.65 if len(marks) > 1 else 0.5), color=FAINT, linewidth=1)
    return heights


def names_of(table: pd.DataFrame, series: str) -> dict[str, list[str]]:
    """What each field of `table` has rows of, in order of appearance."""
    return {field: of_field[series].tolist() for field, of_field in table.groupby("field", sort=False)}
