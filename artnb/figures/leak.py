"""Sato's leak, drawn: what each protocol claims, what is true, and what it pretends to."""

import pandas as pd
from matplotlib.figure import Figure

from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, require, rows_height
from artnb.figures.palette import INK, readable, style

COLUMNS = ("protocol", "quantity", "value", "low", "high", "seeds", "images", "groups")
PRETENDED = "pretended"


@style()
def leak(table: pd.DataFrame, title: str = "What augmenting before splitting pretends to") -> Figure:
    """Above the accuracies, below by how much each claim exceeds the truth, about the line of no excess.

    Args:
        table: protocol, quantity, value, low, high (accuracies or differences of them), seeds, images,
            groups; the rows whose quantity is "pretended" are drawn below, with the protocol "difference",
            of which nothing else is drawn.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, COLUMNS, "claims")
    drawn = table.assign(field=table["protocol"].map(lambda name: readable(name).replace(" then", ", then")))
    below = drawn["quantity"] == PRETENDED
    above = drawn[~below & (drawn["protocol"] != "difference")]
    parts = [above, drawn[below]]
    heights = [rows_height(names_of(part, "quantity")) for part in parts]
    figure = framed(title, note(above), sum(heights) + 0.2)
    accuracy, excess = figure.subplots(2, 1, height_ratios=heights)
    dots(accuracy, parts[0], "value", "quantity", ".3f")
    accuracy.set_xlabel("accuracy (share of images)")
    dots(excess, parts[1], "value", "quantity", "+.3f")
    excess.axvline(0, color=INK, linewidth=1, zorder=0.9)
    excess.set_xlabel("claimed minus true accuracy")
    return figure


def note(table: pd.DataFrame) -> str:
    """What was judged, and of how many the intervals are."""
    of = table.groupby("quantity")[["seeds", "images", "groups"]].max()
    claimed, true = (
        f"{count(of['images'][quantity], 'image')} of {count(of['groups'][quantity], 'group')}"
        for quantity in ("claimed", "true")
    )
    return (
        f"Claimed: on what the protocol holds out to test, {claimed} over all seeds. True: on the "
        f"catalogue's test images, {true}. Lines: 95 % intervals, bootstrap over "
        f"{count(of['seeds'].max(), 'seed')} and groups."
    )
