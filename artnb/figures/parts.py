"""What the parts of a network add, drawn: variants beside the reference, and accuracy by their number."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.curve import curve
from artnb.figures.dots import beside, dot, names_of
from artnb.figures.frame import framed, require, resampled, rows, rows_height, signed, tested
from artnb.figures.palette import INK, Mark, readable, style
from artnb.figures.relevance import PUBLISHED

COLUMNS = ("low", "high", "seeds", "images", "groups")
MARK = Mark("o", "-")


@style()
def ablation(
    table: pd.DataFrame, published: pd.DataFrame | None = None, title: str = "What changing one part does"
) -> Figure:
    """A heading per question, below it how each variant differs from the reference in accuracy.

    Args:
        table: question (the part that is changed), variant, gain, low, high (differences of accuracies,
            variant minus reference), seeds, images, groups.
        published: question, variant, gain: marked beside ours where both have the row.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("question", "variant", "gain", *COLUMNS), "differences")
    variants = table["variant"].unique()
    title = title if len(variants) > 1 else f"{title}: {variants[0]}"
    names = names_of(table, "variant", "question")
    note = (
        "0: the reference, on the same images from the same seeds. Lines: 95 % intervals over "
        f"{resampled(table)}, each for itself. {tested(table)}."
    )
    figure = framed(title, note, rows_height(names))
    axes = figure.subplots()
    heights = rows(axes, names, dict.fromkeys(names, INK))
    for row in table.to_dict("records"):
        y = heights[row["question"], row["variant"]]
        dot(axes, y, row["gain"], row["low"], row["high"], INK, MARK)
        beside(axes, y, row["gain"], row["low"], row["high"], "+.3f")
    if published is not None:
        for row in published.to_dict("records"):
            if (row["question"], row["variant"]) in heights:
                axes.plot(row["gain"], heights[row["question"], row["variant"]], zorder=4, **PUBLISHED)
        key = Line2D([], [], label="published, on other images", **PUBLISHED)
        axes.legend(handles=[key], loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)
    axes.axvline(0, color=INK, linewidth=1, zorder=0.9)
    axes.set_xlabel("accuracy minus the reference's (difference of shares)")
    axes.xaxis.set_major_formatter(signed)
    return figure


@style()
def against(
    table: pd.DataFrame,
    x: str,
    gains: pd.DataFrame | None = None,
    label: str = "",
    title: str = "",
) -> Figure:
    """Accuracy against the column `x`; below it, where they are given, the gains over the first value of `x`.

    Args:
        table: `x` (a number), accuracy, low, high (shares in [0, 1]), seeds, images, groups.
        x: the column of that number.
        gains: `x`, gain, low, high (differences of accuracies, paired).
        label: what the number is; by default the column's name.
        title: stands above the figure; by default it names the number.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, (x, "accuracy", *COLUMNS), "accuracies")
    table, label = table.sort_values(x), label or readable(x)
    title = title or f"Accuracy by {label}"
    note = f"Bands: 95 % intervals over {resampled(table)}, for each number by itself. {tested(table)}."
    if gains is None:
        figure = framed(title, note, 3.0)
        accuracy = lowest = figure.subplots()
    else:
        require(gains, (x, "gain", "low", "high"), "gains")
        note += f" Gain: over {readable(x)} {table[x].iloc[0]:g}, on the same images from the same seeds."
        figure = framed(title, note, 4.4)
        accuracy, lowest = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3))
        curve(lowest, gains.sort_values(x), x, "gain", INK, MARK)
        lowest.axhline(0, color=INK, linewidth=1, zorder=0.9)
        lowest.set_ylabel("gain")
        lowest.yaxis.set_major_formatter(signed)
    curve(accuracy, table, x, "accuracy", INK, MARK)
    accuracy.set_ylabel("accuracy (share of images)")
    for row in table.to_dict("records"):
        accuracy.annotate(
            f"{row['accuracy']:.3f}",
            (row[x], row["accuracy"]),
            (0, 8),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
        )
    lowest.set_xticks(table[x], [f"{value:g}" for value in table[x]])
    lowest.set_xlabel(label)
    return figure
