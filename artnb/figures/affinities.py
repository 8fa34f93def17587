"""Affinities of fields beside the relevance matrix: do the cheaper ways rank the pairs as it does?"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.frame import count, framed, listed, require, signed
from artnb.figures.palette import INK, field_colours, style

GAINS = ("field", "partner", "gain", "low", "high", "seeds", "images", "groups")
MEANINGS = {
    "lookahead": "fall of the loss, share of it",
    "gradient cosine": "cosine of the gradients",
    "CKA of branches": "linear CKA of own and common",
    "CKA of networks": "linear CKA of two networks",
    "transfer": "accuracy above an untrained network",
}
PANEL_HEIGHT = 2.7  # inches
COLUMNS = 3


@style()
def affinities(
    table: pd.DataFrame,
    matrix: pd.DataFrame,
    agreement: pd.DataFrame,
    title: str = "Do cheaper ways agree with the relevance matrix?",
) -> Figure:
    """A panel per method: a point per field and partner, its affinity across and the matrix' gain upwards.

    Args:
        table: seed, method, field, partner, affinity.
        matrix: field, partner, gain, low, high (differences of accuracies), seeds, images, groups.
        agreement: method, correlation, low, high, pairs, cost (by that of the matrix); a panel per row.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("seed", "method", "field", "partner", "affinity"), "affinities")
    require(matrix, GAINS, "gains")
    require(agreement, ("method", "correlation", "low", "high", "pairs", "cost"), "correlations")
    of_pairs = table.groupby(["method", "field", "partner"], sort=False)["affinity"].agg(
        ["mean", "min", "max"]
    )
    points = of_pairs.reset_index().merge(matrix, on=["field", "partner"])
    colours = field_colours(matrix["field"])
    rows = -(-(len(agreement) + 1) // COLUMNS)  # one place is the key's
    figure = framed(title, _note(table, matrix), PANEL_HEIGHT * rows)
    panels = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).ravel()
    for place, (axes, row) in enumerate(zip(panels, agreement.to_dict("records"), strict=False)):
        _panel(axes, points[points["method"] == row["method"]], colours)
        axes.set_title(_heading(row), fontsize=9)
        axes.set_xlabel(MEANINGS.get(row["method"], "affinity"), loc="left")  # a power of ten may stand right
        if place % COLUMNS == 0:
            axes.set_ylabel("gain in accuracy")
    for axes in panels[len(agreement) :]:
        axes.set_axis_off()
    look = {"marker": "o", "markersize": 6, "linestyle": "none"}
    handles = [Line2D([], [], color=colour, label=field, **look) for field, colour in colours.items()]
    panels[-1].legend(handles=handles, loc="center", title="accuracy on", alignment="left")
    return figure


def _panel(axes: Axes, points: pd.DataFrame, colours: dict[str, str]) -> None:
    axes.axhline(0, color=INK, linewidth=1, zorder=0.9)
    for point in points.to_dict("records"):
        x, y, colour = point["mean"], point["gain"], colours[point["field"]]
        axes.plot([x, x], [point["low"], point["high"]], color=colour, linewidth=1.2, alpha=0.6)
        axes.plot([point["min"], point["max"]], [y, y], color=colour, linewidth=1.2, alpha=0.6)
        axes.plot(x, y, "o", color=colour, markeredgecolor="white", zorder=3)
    axes.locator_params(nbins=5)
    axes.ticklabel_format(axis="x", useMathText=True)
    axes.yaxis.set_major_formatter(signed)


def _heading(row: dict) -> str:
    known = "" if pd.isna(row["low"]) else f" [{row['low']:+.2f}, {row['high']:+.2f}]"
    rho = "not defined" if pd.isna(row["correlation"]) else f"{row['correlation']:+.2f}{known}"
    return f"{row['method']}, cost {row['cost']:.2g}\nρ = {rho}, n = {row['pairs']}".replace("-", "−")


def _note(table: pd.DataFrame, matrix: pd.DataFrame) -> str:
    fields = matrix.drop_duplicates("field").set_index("field")
    seeds = table["seed"].nunique()
    across = "from the lowest to the highest seed" if seeds > 1 else "one seed only"
    return (
        "A point: a field learnt with one partner (CKA of branches: with all others). Across: affinity, mean "
        f"of {count(seeds, 'seed')}, line {across}. Upwards: gain in the matrix with its 95 % interval. "
        "ρ: rank correlation over the n points, with a 95 % interval over pairs of fields; cost: seconds of "
        f"computing by those of the matrix. Test images: {listed(fields['images'])}; in "
        f"{count(fields['groups'].sum(), 'group')}."
    )
