"""Field by field, drawn as a heatmap and as a graph: what learning with one adds to another, and what the
network of one says of another."""

from collections.abc import Mapping
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from artnb.figures.frame import count, framed, listed, require
from artnb.figures.palette import FAINT, INK, field_colours, style

COLUMNS = ("field", "partner", "low", "high", "seeds", "images", "groups")
TOGETHER = "together"
ALL = "all the others"  # how `together` is written
SHADES = mpl.colormaps["PuOr"]  # orange takes away, purple adds; neither is a field's
GAP = 0.25  # cells between the partners and all of them
RADIUS = 0.17  # of a field's disc; the discs stand on the unit circle
WIDEST = 9  # points, of an arrow
FAINTLY = 0.25


class Quantity(NamedTuple):
    column: str
    nil: float  # where nothing is shared
    form: str
    name: str


GAIN = Quantity("gain", 0, "+.3f", "gains")
AREA = Quantity("auroc", 0.5, ".2f", "areas")


@style()
def relevance_matrix(table: pd.DataFrame, title: str = "What learning with another field adds") -> Figure:
    """A cell for each field and partner, shaded by the gain about zero, with its interval written in.

    Args:
        table: field, partner, gain, low, high (differences of accuracies), seeds, images, groups; the
            partner `together`, if it is there, stands apart.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    note = (
        "Gain in accuracy on the row's field; brackets: 95 % intervals, bold where they exclude 0. "
        f"{ALL.capitalize()}: the sum of its row."
    )
    return _matrix(table, GAIN, title, note, "learnt together with", "accuracy on")


@style()
def exchange_matrix(
    table: pd.DataFrame, title: str = "What the network of one field says of another"
) -> Figure:
    """A cell for each field and network, shaded by the area about 0.5, with its interval written in.

    Args:
        table: field (asked about), partner (whose network answers), auroc, low, high (in [0, 1]), seeds,
            images, groups.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    note = (
        "Area under the ROC curve: how probably an artistic picture of the row's field is ranked above one "
        "that is not; 0.5 is chance. Brackets: 95 % intervals, bold where they exclude it."
    )
    return _matrix(table, AREA, title, note, "the network of", "asked about")


@style()
def relevance_graph(table: pd.DataFrame, title: str = "Which field helps which") -> Figure:
    """The fields on a circle; an arrow from each partner to each field, as wide as its gain.

    Args:
        table: as for `relevance_matrix`; the partner `together` is not drawn.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    note = (
        "An arrow leads from the field that is learnt with, in its colour, to the field whose accuracy that "
        "changes."
    )
    return _graph(table, GAIN, title, note, ("adds", "takes away"))


@style()
def exchange_graph(table: pd.DataFrame, title: str = "Which network understands which field") -> Figure:
    """The fields on a circle; an arrow from each network's field to each other, as wide as its area less 0.5.

    Args:
        table: as for `exchange_matrix`; what a network says of its own field is not drawn.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    note = (
        "An arrow leads from the field whose network answers, in its colour, to the field that it is asked "
        "about; its width is the area under the ROC curve less 0.5."
    )
    return _graph(table, AREA, title, note, ("above chance", "below chance"))


def _matrix(table: pd.DataFrame, quantity: Quantity, title: str, note: str, across: str, down: str) -> Figure:
    require(table, (*COLUMNS, quantity.column), quantity.name)
    colours, places = field_colours(table["field"]), columns(table)
    figure = framed(title, f"{note} {counted(table, quantity)}", 0.62 * len(colours) + 0.9)
    axes = figure.subplots()
    most = strongest(table, quantity)
    for row in table.to_dict("records"):
        x, y = places[row["partner"]], list(colours).index(row["field"])
        _cell(axes, x, y, row, quantity, most, min(9.5, 52 / len(places)))
    own = set(table.loc[table["field"] == table["partner"], "field"])
    for y, field in enumerate(colours):
        if field not in own:
            axes.text(places[field], y, "—", ha="center", va="center", color=FAINT)
    axes.set(xlim=(-0.5, max(places.values()) + 0.5), ylim=(len(colours) - 0.5, -0.5))
    axes.set_xticks(list(places.values()), [ALL if name == TOGETHER else name for name in places])
    axes.set_yticks(range(len(colours)), list(colours))
    axes.xaxis.set_label_position("top")
    axes.set(xlabel=across, ylabel=down)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set(color=colours.get(label.get_text(), INK), weight="bold")
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    return figure


def _cell(
    axes: Axes, x: float, y: int, row: Mapping[str, float], quantity: Quantity, most: float, size: float
) -> None:
    shade = SHADES(0.5 + 0.45 * (row[quantity.column] - quantity.nil) / most)
    axes.add_patch(
        Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=shade, edgecolor="white", linewidth=2, zorder=2)
    )
    ink = "white" if np.dot(shade[:3], (0.299, 0.587, 0.114)) < 0.5 else INK
    words = {"ha": "center", "color": ink, "weight": "bold" if sure(row, quantity) else "normal"}
    number, low, high = (
        f"{row[end]:{quantity.form}}".replace("-", "−") for end in (quantity.column, "low", "high")
    )
    interval = "no interval" if pd.isna(row["low"]) else f"[{low}, {high}]"
    axes.text(x, y - 0.03, number, va="bottom", size=size, **words)
    axes.text(x, y + 0.07, interval, va="top", size=0.85 * size, **words)


def _graph(table: pd.DataFrame, quantity: Quantity, title: str, note: str, keys: tuple[str, str]) -> Figure:
    require(table, (*COLUMNS, quantity.column), quantity.name)
    table = table[(table["partner"] != TOGETHER) & (table["partner"] != table["field"])]
    require(table, COLUMNS, f"{quantity.name} of single partners")
    fields = field_colours([*table["field"], *table["partner"]])
    most = strongest(table, quantity)
    figure = framed(title, f"{note} The widest: {most:.3f}. {counted(table, quantity)}", 4.6)
    axes = figure.subplots()
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(fields)) / len(fields)
    places = dict(zip(fields, zip(np.cos(angles), np.sin(angles), strict=True), strict=True))
    for row in table.to_dict("records"):
        width = WIDEST * abs(row[quantity.column] - quantity.nil) / most
        arrow(
            axes, places[row["partner"]], places[row["field"]], width, fields[row["partner"]], row, quantity
        )
    for field, (x, y) in places.items():
        axes.scatter(x, y, 900, fields[field], edgecolor="white", zorder=3)
        across, up = np.round([x, y], 6)
        side = {-1: "right", 0: "center", 1: "left"}[int(np.sign(across))]
        axes.text(
            x + 1.4 * RADIUS * np.sign(across), y + (0 if across else 1.6 * RADIUS * np.sign(up)), field,
            ha=side, va="center", color=fields[field], weight="bold", fontsize=11,
        )  # fmt: skip
    axes.set(xlim=(-2.2, 2.2), ylim=(-1.4, 1.4), aspect="equal")
    axes.set_axis_off()
    looks = ({"color": INK}, {"edgecolor": INK, "facecolor": "white"}, {"color": INK, "alpha": FAINTLY})
    names = (*keys, f"its interval includes {quantity.nil:g}")
    handles = [Patch(label=name, **look) for name, look in zip(names, looks, strict=True)]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), handleheight=0.4)
    return figure


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    colour: str,
    row: Mapping[str, float],
    quantity: Quantity,
) -> None:
    """Bent to its left, so that there and back lie side by side."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle="arc3,rad=0.14",
            arrowstyle=f"simple,tail_width={width},head_width={width + 7},head_length={width / 2 + 7}",
            shrinkA=20,
            shrinkB=20,
            linewidth=0.8,
            edgecolor=colour,
            facecolor=colour if row[quantity.column] >= quantity.nil else "white",
            alpha=1 if sure(row, quantity) else FAINTLY,
        )
    )


def columns(table: pd.DataFrame) -> dict[str, float]:
    """The x of each partner: the fields in their order, then, apart, all of them."""
    fields = list(dict.fromkeys([*table["field"], *table["partner"]]))
    places = {field: float(x) for x, field in enumerate(field for field in fields if field != TOGETHER)}
    return places | ({TOGETHER: len(places) + GAP} if TOGETHER in fields else {})


def strongest(table: pd.DataFrame, quantity: Quantity) -> float:
    """The largest distance from what nothing shared gives, above 0."""
    return max((table[quantity.column] - quantity.nil).abs().max(), 1e-9)


def sure(row: Mapping[str, float], quantity: Quantity) -> bool:
    """Whether the interval excludes what nothing shared gives."""
    return row["low"] > quantity.nil or row["high"] < quantity.nil


def counted(table: pd.DataFrame, quantity: Quantity) -> str:
    fields = table.drop_duplicates("field").set_index("field")
    others = (table["field"] != table["partner"]).sum()
    return (
        f"Intervals: over {count(table['seeds'].min(), 'seed')} and groups of test images, each "
        f"for itself: up to {0.05 * others:.1f} of the {others} exclude {quantity.nil:g} by chance. "
        f"n, test images: {listed(fields['images'])}; in {count(fields['groups'].sum(), 'group')}."
    )
