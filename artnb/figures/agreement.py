"""How far annotators agree, drawn: kappas, and who calls what the other calls otherwise."""

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, rows_height
from artnb.figures.palette import INK, field_colours, readable, style

PANELS = 3  # confusions side by side
COLUMNS = ("field", "annotators", "measure", "kappa", "low", "high", "images", "groups", "reason")
CONFUSED = ("field", "first", "second", "label_first", "label_second", "images")


@style()
def kappas(table: pd.DataFrame, title: str = "Agreement of annotators beyond chance") -> Figure:
    """The kappa of each pair of annotators and of all, with its interval, about the line of chance.

    Args:
        table: field, annotators, measure, kappa, low, high, images, groups, reason; rows without a kappa are
            not drawn, the note says why.

    Raises:
        ReportError: a column is missing, or no row has a kappa.
    """
    require(table, COLUMNS, "agreements")
    unknown = table[table["kappa"].isna()]
    reasons = [f"{row.field}, {row.annotators}: {row.reason}" for row in unknown.itertuples()]
    table = table[table["kappa"].notna()]
    if table.empty:
        raise ReportError(f"there is no kappa to draw: {'; '.join(reasons)}")
    pairs = "Cohen's kappa of " + table["annotators"]
    every = "Fleiss' kappa of all " + (table["annotators"].str.count(", ") + 1).astype("str")
    table = table.assign(of=pairs.where(table["measure"] == "Cohen's kappa", every))
    most = table.groupby("field", sort=False)["images"].max()
    note = (
        "1: full agreement; 0: no more than chance. Lines: 95 % intervals, bootstrap over groups of images. "
        f"n, images that annotators have in common, at most: {listed(most)}."
    )
    if reasons:
        note += f" Not drawn: {'; '.join(reasons)}."
    figure = framed(title, note, rows_height(names_of(table, "of")))
    axes = figure.subplots()
    dots(axes, table, "kappa", "of", ".2f")
    axes.axvline(0, color=INK, linewidth=1, zorder=0.9)
    axes.set_xlabel("kappa")
    return figure


@style()
def confusion(table: pd.DataFrame, title: str = "What one annotator calls what the other calls it") -> Figure:
    """For each field and pair of annotators, how many images got which two labels.

    Args:
        table: field, first, second (annotators), label_first, label_second, images.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, CONFUSED, "confusions")
    panels = [of_pair for _, of_pair in table.groupby(["field", "first", "second"], sort=False)]
    down = -(-len(panels) // PANELS)
    labels = max(len(of_pair["label_first"].unique()) for of_pair in panels)
    note = (
        f"n = {count(int(table['images'].sum()), 'pair')} of labels. The darker, the more of the first "
        "annotator's images of that label; on the diagonal both agree."
    )
    figure = framed(title, note, down * (1.3 + 0.42 * labels))
    grid = figure.subplots(down, PANELS, squeeze=False)
    colours = field_colours(table["field"])
    for axes, of_pair in zip(grid.flat, panels, strict=False):
        field, first, second = of_pair[["field", "first", "second"]].iloc[0]
        images = of_pair.pivot_table("images", "label_first", "label_second", aggfunc="sum")
        share = images.div(images.sum(axis=1).clip(lower=1), axis=0)
        shades = LinearSegmentedColormap.from_list(field, ["white", colours[field]])
        axes.imshow(share, shades, vmin=0, vmax=1, aspect="auto")
        for (row, column), number in np.ndenumerate(images.to_numpy()):
            axes.text(column, row, f"{number:,}", ha="center", va="center")
        names = [readable(label) for label in images]
        axes.set_xticks(range(len(names)), names, rotation=0 if len(names) < 3 else 90)
        axes.set_yticks(range(len(names)), names)
        axes.set_title(field, color=colours[field])
        axes.set(xlabel=second, ylabel=first)
        axes.grid(visible=False)
        axes.tick_params(length=0)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    return figure
