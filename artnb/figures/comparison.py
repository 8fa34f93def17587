"""Maps compared, drawn: how kinds of map differ, within or beyond the noise, and how far they agree."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, rows_height, signed
from artnb.figures.palette import FAINT, INK, MEAN, style

MEASURES = {
    "spread": "spread (entropy, share of an even map's)",
    "area": "area at or above half of the largest value (share of the image)",
    "foci": "number of foci",
    "y": "centre, downwards (share of the height)",
    "x": "centre, to the right (share of the width)",
    "cue share": "share of the positive part that lies on the true cue",
    "pointing": "share of maps whose largest value lies on the true cue",
}
COLUMNS = ("field", "difference", "low", "high", "evidence", "seeds", "images", "groups", "empty")


@style()
def map_differences(table: pd.DataFrame, measure: str, title: str = "") -> Figure:
    """How two kinds of map differ in one measure: a dot with its interval, on the band of the seeds' noise.

    Args:
        table: measure, comparison, field, difference, low, high (interval over images), floor (of the noise
            of seeds), evidence (passed the randomisation check; other rows are left out, and it is said),
            seeds, images, groups, empty (share of pairs of maps that could not be measured).
        measure: which rows of `table`.
        title: stands above the figure; by default it names the measure.

    Raises:
        ReportError: a column is missing, or there are no rows that are evidence.
    """
    require(table, ("measure", "comparison", "floor", *COLUMNS), "differences")
    figure, shown, heights = _estimates(
        table[table["measure"] == measure],
        "comparison",
        title or f"Do the maps differ in {measure}?",
        "Band: what other seeds alone would give in 95 of 100 (none is known below two seeds).",
    )
    axes = figure.axes[0]
    places = [heights[key] for key in zip(shown["field"], shown["comparison"], strict=True)]
    axes.barh(places, 2 * shown["floor"], left=-shown["floor"], height=0.7, color=FAINT, zorder=0.5)
    reach = 1.6 * shown[["low", "high", "difference"]].abs().max(axis=None)
    if reach > 0:
        axes.set_xlim(-reach, reach)  # the widest bands run over the edge
    _about_zero(axes, f"difference in {MEASURES.get(measure, measure)}")
    return figure


@style()
def map_agreement(
    table: pd.DataFrame, title: str = "Do networks of two seeds look at the same places?"
) -> Figure:
    """How far maps of networks of different seeds overlap, beyond maps of two images.

    Args:
        table: pair (of kinds of map), field, difference (of overlap and chance), low, high, evidence, seeds,
            images, groups, empty.
        title: stands above the figure.

    Raises:
        ReportError: as for `map_differences`.
    """
    require(table, ("pair", *COLUMNS), "agreements")
    figure, _, _ = _estimates(table, "pair", title, "0: maps of two images, no better than chance.")
    _about_zero(figure.axes[0], "overlap of the bright areas (intersection over union) minus chance")
    return figure


def _estimates(
    table: pd.DataFrame, series: str, title: str, meaning: str
) -> tuple[Figure, pd.DataFrame, dict[tuple[str, str], float]]:
    """The figure, the rows that it shows, and their heights."""
    shown = table[table["evidence"]]
    if shown.empty:
        raise ReportError(
            "no rows to draw: no such measure, or no kind of map has passed the randomisation check"
        )
    withheld = table.loc[~table["evidence"], series].unique()
    figure = framed(title, _note(shown, meaning, withheld), rows_height(names_of(shown, series)))
    return figure, shown, dots(figure.subplots(), shown, "difference", series, "+.3f")


def _note(table: pd.DataFrame, meaning: str, withheld: list[str]) -> str:
    fields = table[table["field"] != MEAN].groupby("field", sort=False)
    images, groups, empty = fields["images"].max(), fields["groups"].max(), table["empty"]
    seeds = " or ".join(f"{seeds}" for seeds in sorted(table["seeds"].unique()))
    note = (
        f"Lines: 95 % intervals, bootstrap over groups of images. {meaning} Seeds: {seeds}. "
        f"n, images at most: {listed(images)}; in {count(groups.sum(), 'group')}. "
        f"Left out as a map is nowhere positive: {empty.min():.0%} to {empty.max():.0%}."
    )
    return note + (
        f" Not shown, failed the randomisation check: {', '.join(withheld)}." if len(withheld) else ""
    )


def _about_zero(axes: Axes, label: str) -> None:
    axes.axvline(0, color=INK, linewidth=1, zorder=0.9)
    axes.set_xlabel(label)
    axes.xaxis.set_major_formatter(signed)
