"""An estimate against a number: points joined by a line, their intervals as a band."""

import pandas as pd
from matplotlib.axes import Axes

from artnb.figures.palette import Mark


def curve(axes: Axes, table: pd.DataFrame, x: str, value: str, colour: str, mark: Mark) -> None:
    """Draws `value` against `x`; `table`, with low and high, is of one line and in the order of `x`.

    The interval of a single point is a line, for its band would have no width.
    """
    if len(table) == 1:
        axes.vlines(table[x], table["low"], table["high"], color=colour, linewidth=2)
    axes.fill_between(table[x], table["low"], table["high"], color=colour, alpha=0.16, linewidth=0)
    face = "white" if mark.hollow else colour
    axes.plot(table[x], table[value], mark.line, marker=mark.marker, color=colour, mfc=face)
