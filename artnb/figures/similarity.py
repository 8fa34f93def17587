"""How alike stylised pictures are to the style or the content: levels, and gains of methods over others."""

from collections.abc import Collection

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.errors import ReportError
from artnb.figures.dots import beside, dot, names_of
from artnb.figures.frame import count, framed, require, rows, rows_height, signed
from artnb.figures.palette import GREY, INK, Mark, method_label, readable, style
from artnb.figures.relevance import PUBLISHED

ABREAST = 2  # panels
DENSE = 0.8  # of the height that rows have in other figures
COUNTS = ("low", "high", "images", "contents", "styles")
METRICS = {
    "ssim": ("SSIM", "−1 to 1"),
    "cosine": ("cosine similarity", "−1 to 1"),
    "mutual_information": ("mutual information, bits", "0 to 8"),
    "normalised_mutual_information": ("normalised mutual information", "0 to 1"),
    "lpips": ("LPIPS, lower is closer", "0 or more"),
}
"""What each is called, and the range of its values."""
MADE, CONTROL = Mark("o", "-"), Mark("o", "-", hollow=True)
TRANSFERRED, UNTOUCHED = "style transfer", "no style transfer"


@style()
def similarities(
    table: pd.DataFrame,
    controls: Collection[str] = (),
    title: str = "How alike pictures are to the {against}",
) -> Figure:
    """A panel per metric, a row per method; apart from them what no style transfer made.

    Args:
        table: method, against ("style" or "content", the same in all rows), metric, value, low, high, images
            (a pair each), contents, styles.
        controls: methods that are none, such as the style picture itself: hollow, under their own heading.
        title: stands above the figure; {against} is put in.

    Raises:
        ReportError: a column is missing, there are no rows, or they are against several pictures.
    """
    require(table, ("method", "against", "metric", "value", *COUNTS), "similarities")
    against = only(table, "against")
    kinds = {True: UNTOUCHED, False: TRANSFERRED}
    table = table.assign(kind=table["method"].isin(list(controls)).map(kinds)).sort_values(
        "kind", key=lambda kind: kind == UNTOUCHED, kind="stable"
    )
    note = f"Lines: 95 % intervals {over(table)}. {sample(table)}."
    figure, panels = _panels(table, title.format(against=against), note, "kind")
    for metric, (axes, heights) in panels.items():
        name, values = METRICS.get(metric, (readable(metric), ""))
        axes.set_title(f"{name}, {values}" if values else name, fontsize=9.5)
        for row in table[table["metric"] == metric].to_dict("records"):
            y, made = heights[row["kind"], row["method"]], row["kind"] == TRANSFERRED
            estimate = row["value"], row["low"], row["high"]
            dot(axes, y, *estimate, INK if made else GREY, MADE if made else CONTROL)
            beside(axes, y, *estimate, ".3f")
    return figure


@style()
def similarity_gains(
    table: pd.DataFrame,
    published: pd.DataFrame | None = None,
    title: str = "What each method gains over others",
) -> Figure:
    """A panel per metric, a heading per baseline, below it what each method gains over that.

    Args:
        table: method, baseline, against, metric, unit ("difference" or "percent"), gain, low, high, images (a
            pair each), contents, styles; of one unit, and against the same picture.
        published: method, baseline, against, metric, unit, gain: marked where both have the row.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, there are no rows, or they are of several units or pictures.
    """
    keys = ("method", "baseline", "against", "metric", "unit")
    require(table, (*keys, "gain", *COUNTS), "gains")
    against, unit = only(table, "against"), only(table, "unit")
    said = {"difference": "Differences of means", "percent": "In percent of the baseline's mean"}
    note = (
        f"{said.get(unit, unit)}, against the {against}, on the same pairs; lines: 95 % intervals "
        f"{over(table)}, each for itself. {sample(table)}."
    )
    table = table.assign(heading="over " + table["baseline"].map(method_label))
    figure, panels = _panels(table, title, note, "heading")
    theirs = {} if published is None else published.set_index(list(keys))["gain"].to_dict()
    for metric, (axes, heights) in panels.items():
        axes.axvline(0, color=INK, linewidth=1, zorder=0.9)
        axes.xaxis.set_major_formatter(signed)
        for row in table[table["metric"] == metric].to_dict("records"):
            y, name = heights[row["heading"], row["method"]], tuple(row[key] for key in keys)
            if name in theirs:
                axes.plot(theirs[name], y, zorder=4, **PUBLISHED)
            if pd.isna(row["gain"]):  # a percentage of what may be nothing
                axes.text(1.02, y, "–", transform=axes.get_yaxis_transform(), va="center_baseline")
                continue
            dot(axes, y, row["gain"], row["low"], row["high"], INK, MADE)
            beside(axes, y, row["gain"], row["low"], row["high"], "+.3f" if unit == "difference" else "+.1f")
    if published is not None:
        key = Line2D([], [], label="published, on other images", **PUBLISHED)
        figure.legend(handles=[key], loc="outside upper right")
    return figure


def _panels(
    table: pd.DataFrame, title: str, note: str, heading: str
) -> tuple[Figure, dict[str, tuple[Axes, dict[tuple[str, str], float]]]]:
    """A panel for each metric with its rows named, and their heights."""
    metrics = table["metric"].unique()
    names = {metric: names_of(table[table["metric"] == metric], "method", heading) for metric in metrics}
    columns = min(len(metrics), ABREAST)
    lines = -(-len(metrics) // columns)
    tallest = DENSE * max(map(rows_height, names.values()))
    figure = framed(title, note, lines * (tallest + 0.35) + 0.2)
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    panels = {}
    for metric, axes in zip(metrics, grid, strict=False):
        panels[metric] = axes, rows(axes, names[metric], dict.fromkeys(names[metric], INK))
        axes.set_title(METRICS.get(metric, (readable(metric),))[0], fontsize=9.5)
        axes.margins(x=0.08)
        axes.locator_params(axis="x", nbins=4)
    for axes in grid[len(metrics) :]:
        axes.remove()
    return figure, panels


def only(table: pd.DataFrame, column: str) -> str:
    """The one value of a column that all rows must share."""
    values = table[column].unique()
    if len(values) > 1:
        raise ReportError(f"{column} is {' and '.join(values)}: give the rows of one")
    return values[0]


def over(table: pd.DataFrame) -> str:
    """What the intervals are over."""
    several = [name for name in ("contents", "styles") if table[name].max() > 1]
    return f"over {' and '.join(several)}" if several else "of one pair do not exist"


def sample(table: pd.DataFrame) -> str:
    """Of how many pairs: "n = 12 pairs of 4 contents and 3 styles"."""
    pairs, contents, styles = (int(table[name].max()) for name in ("images", "contents", "styles"))
    return f"n = {count(pairs, 'pair')} of {count(contents, 'content')} and {count(styles, 'style')}"
