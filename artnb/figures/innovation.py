"""Heritage and innovation against the evaluations (in the manner of Wu, Figure 5), between their controls."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.curve import curve
from artnb.figures.frame import framed, require
from artnb.figures.palette import FIELDS, GREY, INK, Mark, method_label, readable, style
from artnb.figures.similarity import sample

COLUMNS = ("measure", "rate", "low", "high", "images")
MEASURES = {
    "heritage": "Heritage: recognised as the type",
    "innovation": "Innovation: recognised, and new",
}
COLOURS = (INK, FIELDS["painting"], FIELDS["architecture"], FIELDS["garden"], FIELDS["sculpture"])
MARKS = (Mark("o", "-"), Mark("s", "-"), Mark("^", "-"), Mark("D", "-"), Mark("v", "-"))
LINES = ("--", ":", "-.")


@style()
def innovation(
    rates: pd.DataFrame, controls: pd.DataFrame | None = None, title: str = "Heritage and innovation"
) -> Figure:
    """Two panels, a line per setting; dashed across them what no style transfer made.

    Args:
        rates: setting, evaluations, measure ("heritage" or "innovation"), rate, low, high (shares in [0, 1]),
            images, contents, styles.
        controls: kind (such as "photographs", "unseen images of the type"), measure, rate, low, high, images.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(rates, ("setting", "evaluations", *COLUMNS, "contents", "styles"), "rates")
    controls = rates.iloc[:0].assign(kind="") if controls is None else controls
    if len(controls):
        require(controls, ("kind", *COLUMNS), "controls")
    kinds = controls["kind"].unique()
    looks = dict(zip(rates["setting"].unique(), zip(COLOURS, MARKS, strict=True), strict=False))
    figure = framed(title, _note(rates, controls), 3.4 + 0.2 * (len(looks) + len(kinds) > 4))
    panels = figure.subplots(1, len(MEASURES), sharex=True, sharey=True)
    for axes, (measure, name) in zip(panels, MEASURES.items(), strict=True):
        for line, kind in zip(LINES, kinds, strict=False):
            _across(axes, controls[(controls["kind"] == kind) & (controls["measure"] == measure)], line)
        for setting, (colour, mark) in looks.items():
            of_one = rates[(rates["setting"] == setting) & (rates["measure"] == measure)]
            curve(axes, of_one.sort_values("evaluations"), "evaluations", "rate", colour, mark)
        axes.set(title=name, xlabel="evaluations", ylim=(-0.03, 1.03))
        axes.set_xticks(sorted(rates["evaluations"].unique()))
    panels[0].set_ylabel("share of pictures")
    keys = [
        Line2D([], [], color=colour, linestyle=mark.line, marker=mark.marker, label=method_label(setting))
        for setting, (colour, mark) in looks.items()
    ]
    keys += [
        Line2D([], [], color=GREY, linestyle=line, label=readable(kind))
        for line, kind in zip(LINES, kinds, strict=False)
    ]
    figure.legend(handles=keys, loc="outside upper right", ncols=4)
    return figure


def _across(axes: Axes, control: pd.DataFrame, line: str) -> None:
    for row in control.to_dict("records"):
        axes.axhspan(row["low"], row["high"], color=GREY, alpha=0.12, linewidth=0)
        axes.axhline(row["rate"], color=GREY, linestyle=line, linewidth=1.6)


def _note(rates: pd.DataFrame, controls: pd.DataFrame) -> str:
    numbers = [
        f"{readable(kind)}, {number:,}"
        for kind, number in controls.groupby("kind", sort=False)["images"].max().items()
    ]
    return (
        "New: farther from every training image of the type than 95 % of these from their nearest, in the "
        "classifier's features; this project's definition, for Wu gives none. Bands: 95 % intervals. At each "
        f"number of evaluations {sample(rates)}" + (f"; grey: {'; '.join(numbers)}." if numbers else ".")
    )
