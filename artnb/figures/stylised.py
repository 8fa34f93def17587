"""Style transfer drawn: pictures side by side, and how the terms of the loss fall while one is made."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.errors import ReportError
from artnb.figures.catalogue import show
from artnb.figures.frame import count, framed, require
from artnb.figures.palette import FIELDS, INK, WIDTH, method_label, style

MARGIN = 1.1  # inches, left of the pictures, for the names of rows
LARGEST = 2.2  # inches, of a picture's width
ABREAST = 3  # panels
TERMS = {
    "total": (INK, "-", 2.4),
    "content": (FIELDS["architecture"], "--", 1.6),
    "style": (FIELDS["painting"], "-.", 1.6),
    "perceptual": (FIELDS["garden"], ":", 2.0),
}
"""Colour, line and its width of each."""


@style()
def side_by_side(
    pictures: Mapping[str, Mapping[str, np.ndarray]], title: str = "The same pictures by every method"
) -> Figure:
    """A row of pictures for each pair, a column for each method (in the manner of Li et al., Figure 6).

    Args:
        pictures: row -> column -> picture, H W 3, uint8; a row may lack columns, whose places stay empty.

    Raises:
        ReportError: there are no pictures, or one has another form.
    """
    if not pictures or not all(pictures.values()):
        raise ReportError("there are no pictures to draw: give at least one row, and in each one picture")
    columns = list(dict.fromkeys(column for of_row in pictures.values() for column in of_row))
    width = min((WIDTH - MARGIN) / len(columns), LARGEST)
    heights = [
        max(picture.shape[0] / picture.shape[1] for picture in of_row.values()) * width
        for of_row in pictures.values()
    ]
    shown = sum(map(len, pictures.values()))
    note = f"{count(shown, 'picture')}; what lies beside each other was made from the same two."
    names = [fill(method_label(column), max(int(13 * width), 6)) for column in columns]
    above = 0.2 * max(name.count("\n") + 1 for name in names)
    figure = framed(title, note, sum(heights) + 0.06 * len(heights) + above)
    grid = figure.subplots(len(pictures), len(columns), squeeze=False, height_ratios=heights)
    for line, (row, of_row) in zip(grid, pictures.items(), strict=True):
        for axes, column in zip(line, columns, strict=True):
            show(axes, of_row.get(column, np.full_like(next(iter(of_row.values())), 255)))
            axes.spines[:].set_visible(column in of_row)
        line[0].set_ylabel(fill(row, 16), rotation=0, ha="right", va="center", labelpad=8)
    for axes, name in zip(grid[0], names, strict=True):
        axes.set_title(name, loc="center", fontsize=9.5)
    return figure


@style()
def losses(history: pd.DataFrame, title: str = "How the loss falls") -> Figure:
    """A panel per method: the terms of the loss, and their sum, against the evaluations.

    Args:
        history: method, evaluation (from 1), total, and what it is the sum of: content, style, perceptual, as
            far as a method has them (else NaN), each times its weight.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(history, ("method", "evaluation", "total"), "losses")
    methods = history["method"].unique()
    terms = [term for term in TERMS if term in history and history[term].notna().any()]
    columns = min(len(methods), ABREAST)
    lines = -(-len(methods) // columns)
    note = (
        "Each term times its weight; logarithmic. An evaluation is one pass of the picture through the "
        f"network and back. n = {count(len(history), 'evaluation')} of {count(len(methods), 'method')}."
    )
    figure = framed(title, note, 2.4 * lines + 0.5)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for place, (axes, method) in enumerate(zip(grid, methods, strict=False)):
        of_method = history[history["method"] == method].sort_values("evaluation")
        for term in terms:
            colour, line, width = TERMS[term]
            shown = of_method[term].where(of_method[term] > 0)  # the content's is 0 where it is the start
            axes.plot(of_method["evaluation"], shown, line, color=colour, linewidth=width)
        axes.set_title(method_label(method), fontsize=9.5)
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.locator_params(axis="x", integer=True, nbins=6)
        axes.set_ylabel("loss" if place % columns == 0 else "")
        last = place + columns >= len(methods)
        axes.set_xlabel("evaluations" if last else "")
        axes.tick_params(labelbottom=last)
    for axes in grid[len(methods) :]:
        axes.remove()
    keys = [
        Line2D([], [], color=colour, linestyle=line, linewidth=width, label=term)
        for term, (colour, line, width) in TERMS.items()
        if term in terms
    ]
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys))
    return figure
