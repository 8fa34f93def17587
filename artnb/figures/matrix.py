"""The relevance matrix, drawn: what learning with one field adds to another, as a heatmap and as a graph."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from artnb.figures.frame import count, framed, listed, require
from artnb.figures.palette import FAINT, INK, field_colours, style

COLUMNS = ("field", "partner", "gain", "low", "high", "seeds", "images", "groups")
TOGETHER = "together"
ALL = "all the others"  # how `together` is written
SHADES = mpl.colormaps["PuOr"]  # orange takes away, purple adds; neither is a field's
GAP = 0.25  # cells between the partners and all of them
RADIUS = 0.17  # of a field's disc; the discs stand on the unit circle
WIDEST = 9  # points, of an arrow
FAINTLY = 0.25


@style()
def relevance_matrix(table: pd.DataFrame, title: str = "What learning with another field adds") -> Figure:
    """A cell for each field and partner, shaded by the gain about zero, with its interval written in.

    Args:
        table: field, partner, gain, low, high (differences of accuracies), seeds, images, groups; the
            partner `together`, if it is there, stands apart.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, COLUMNS, "gains")
    colours, places = field_colours(table["field"]), columns(table)
    note = (
        "Gain in accuracy on the row's field; brackets: 95 % intervals, bold where they exclude 0. "
        f"{ALL.capitalize()}: the sum of its row. {counted(table)}"
    )
    figure = framed(title, note, 0.62 * len(colours) + 0.9)
    axes = figure.subplots()
    most = strongest(table)
    for row in table.to_dict("records"):
        x, y = places[row["partner"]], list(colours).index(row["field"])
        shade = SHADES(0.5 + 0.45 * row["gain"] / most)
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=shade, edgecolor="white", linewidth=2))
        ink = "white" if np.dot(shade[:3], (0.299, 0.587, 0.114)) < 0.5 else INK
        words = {"ha": "center", "color": ink, "weight": "bold" if sure(row) else "normal"}
        size = min(9.5, 52 / len(places))
        axes.text(x, y - 0.03, f"{row['gain']:+.3f}".replace("-", "−"), va="bottom", size=size, **words)
        interval = "no interval" if pd.isna(row["low"]) else f"[{row['low']:+.3f}, {row['high']:+.3f}]"
        interval = interval.replace("-", "−")
        axes.text(x, y + 0.07, interval, va="top", size=0.85 * size, **words)
    for y, field in enumerate(colours):
        axes.text(places[field], y, "—", ha="center", va="center", color=FAINT)
    axes.set(xlim=(-0.5, max(places.values()) + 0.5), ylim=(len(colours) - 0.5, -0.5))
    axes.set_xticks(list(places.values()), [ALL if name == TOGETHER else name for name in places])
    axes.set_yticks(range(len(colours)), list(colours))
    axes.xaxis.set_label_position("top")
    axes.set(xlabel="learnt together with", ylabel="accuracy on")
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        label.set(color=colours.get(label.get_text(), INK), weight="bold")
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    return figure


@style()
def relevance_graph(table: pd.DataFrame, title: str = "Which field helps which") -> Figure:
    """The fields on a circle; an arrow from each partner to each field, as wide as its gain.

    Args:
        table: as for `relevance_matrix`; the partner `together` is not drawn.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, COLUMNS, "gains")
    table = table[table["partner"] != TOGETHER]
    require(table, COLUMNS, "gains of single partners")
    fields = field_colours([*table["field"], *table["partner"]])
    most = strongest(table)
    note = (
        "An arrow leads from the field that is learnt with, in its colour, to the field whose accuracy that "
        f"changes; the widest: by {most:.3f}. {counted(table)}"
    )
    figure = framed(title, note, 4.6)
    axes = figure.subplots()
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(fields)) / len(fields)
    places = dict(zip(fields, zip(np.cos(angles), np.sin(angles), strict=True), strict=True))
    for row in table.to_dict("records"):
        width = WIDEST * abs(row["gain"]) / most
        arrow(axes, places[row["partner"]], places[row["field"]], width, fields[row["partner"]], row)
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
    keys = {"adds": {"color": INK}, "takes away": {"edgecolor": INK, "facecolor": "white"}}
    keys["its interval includes 0"] = {"color": INK, "alpha": FAINTLY}
    handles = [Patch(label=name, **look) for name, look in keys.items()]
    figure.legend(handles=handles, loc="outside upper right", ncols=len(handles), handleheight=0.4)
    return figure


def arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    colour: str,
    row: Mapping[str, float],
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
            facecolor=colour if row["gain"] >= 0 else "white",
            alpha=1 if sure(row) else FAINTLY,
        )
    )


def columns(table: pd.DataFrame) -> dict[str, float]:
    """The x of each partner: the fields in their order, then, apart, all of them."""
    fields = list(dict.fromkeys([*table["field"], *table["partner"]]))
    places = {field: float(x) for x, field in enumerate(field for field in fields if field != TOGETHER)}
    return places | ({TOGETHER: len(places) + GAP} if TOGETHER in fields else {})


def strongest(table: pd.DataFrame) -> float:
    """The largest gain or loss, above 0."""
    return max(table["gain"].abs().max(), 1e-9)


def sure(row: Mapping[str, float]) -> bool:
    """Whether the interval excludes 0."""
    return row["low"] > 0 or row["high"] < 0


def counted(table: pd.DataFrame) -> str:
    fields = table.drop_duplicates("field").set_index("field")
    return (
        f"Intervals: over {count(table['seeds'].min(), 'seed')} and groups of test images, each "
        f"for itself: up to {0.05 * len(table):.1f} of the {len(table)} exclude 0 by chance. "
        f"n, test images: {listed(fields['images'])}; in {count(fields['groups'].sum(), 'group')}."
    )
