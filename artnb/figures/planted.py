"""What was planted, drawn: relevance against commonality, false alarms, and what size sees what."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from artnb.figures.frame import count, framed, require, signed
from artnb.figures.palette import FAINT, GREY, INK, MEAN, field_colours, style

OUTCOMES = ("planted", "atelier", "field", "gain", "low", "high", "seeds", "images", "groups")
LINE = "#5E4B9A"  # purple, as what a partner adds in the matrix
SHADES = mpl.colormaps["Purples"]
ASIDE = (-0.06, -0.012)  # where the experiments of a commonality stand, left of their mean
GOAL = 0.8
SURE = 3  # ateliers, from which the interval of a mean says enough to set the scale


@style()
def planted(
    outcomes: pd.DataFrame, fit: pd.DataFrame, title: str = "Does measured relevance follow the planted?"
) -> Figure:
    """The mean gain of every experiment at its commonality, the fitted line with its band, and zero.

    Args:
        outcomes: planted (commonality in [0, 1]), atelier, field, gain, low, high (differences of
            accuracies), seeds, images, groups; the rows of the field `mean` are drawn.
        fit: quantity (slope, line, mean), planted, estimate, low, high, n (ateliers).

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(outcomes, OUTCOMES, "outcomes")
    require(fit, ("quantity", "planted", "estimate", "low", "high", "n"), "rows of the fit")
    outcomes = outcomes[outcomes["field"] == MEAN]
    require(outcomes, OUTCOMES, "outcomes of the mean")
    parts = dict(list(fit.groupby("quantity")))
    slope = parts["slope"].iloc[0]
    note = (
        "Gain: mean over fields, same images and seeds. Thin lines: 95 % intervals of the experiments. Large "
        "points and band: mean of ateliers and mean of their lines, 95 % intervals by Student's t over "
        f"ateliers, the line over {slope['n']:g}. n: {_numbers(outcomes)}. Lines that leave the frame are of "
        "few seeds or ateliers; the table has their ends."
    )
    figure = framed(title, note, 4.2)
    axes = figure.subplots()
    place = outcomes.groupby("planted")["atelier"].rank("first", pct=True)
    x = outcomes["planted"] + ASIDE[0] + (ASIDE[1] - ASIDE[0]) * place
    axes.vlines(x, outcomes["low"], outcomes["high"], color=FAINT, linewidth=1.2, zorder=1.5)
    axes.plot(x, outcomes["gain"], "o", color=GREY, mfc="white", markersize=4, zorder=2)
    line, mean = parts["line"], parts["mean"]
    axes.fill_between(line["planted"], line["low"], line["high"], color=LINE, alpha=0.2, linewidth=0)
    axes.plot(line["planted"], line["estimate"], color=LINE, zorder=2.5)
    axes.vlines(mean["planted"], mean["low"], mean["high"], color=INK, linewidth=2, zorder=3)
    axes.plot(mean["planted"], mean["estimate"], "o", color=INK, markersize=7, zorder=3)
    axes.axhline(0, color=INK, linewidth=1, zorder=0.9)
    sure = mean[mean["n"] >= SURE]
    told = [outcomes["gain"], *(table[end] for table in (line, sure) for end in ("low", "high"))]
    reach = 1.4 * pd.concat(told).abs().max()
    axes.set(
        xlabel="planted commonality (share of pictures with the common canon)",
        ylabel="gain in accuracy",
        ylim=(-reach, reach),
    )
    axes.set_xticks(sorted(outcomes["planted"].unique()))
    axes.yaxis.set_major_formatter(signed)
    axes.set_title(_signed_interval("slope", slope), color=LINE, loc="left", pad=8)
    keys = [
        Line2D(
            [], [], marker="o", color=GREY, mfc="white", markersize=4, linestyle="none", label="experiment"
        ),
        Line2D([], [], marker="o", color=INK, markersize=7, linewidth=2, label="mean of ateliers"),
        Line2D([], [], color=LINE, label="fitted line"),
    ]
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys))
    return figure


@style()
def exchanges(
    pairs: pd.DataFrame, levels: pd.DataFrame, title: str = "Do networks understand other fields?"
) -> Figure:
    """The area of every pair of fields at its commonality, their mean, chance, and what accidents reach.

    Args:
        pairs: planted (commonality in [0, 1]), atelier, field, partner, auroc (in [0, 1]).
        levels: planted, auroc, low, high, reached (which one pair in twenty exceeds), ateliers.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(pairs, ("planted", "atelier", "field", "partner", "auroc"), "pairs")
    require(levels, ("planted", "auroc", "low", "high", "reached", "ateliers"), "levels")
    note = (
        "Area under the ROC curve of a network of one field on the images of another. Large points: mean of "
        "ateliers with its 95 % interval by Student's t, where there are several. n: "
        f"{count(len(pairs), 'ordered pair')} in {count(pairs['atelier'].nunique(), 'atelier')}."
    )
    figure = framed(title, note, 3.8)
    axes = figure.subplots()
    place = pairs.groupby("planted")["auroc"].rank("first", pct=True)
    x = pairs["planted"] + ASIDE[0] + (ASIDE[1] - ASIDE[0]) * place
    axes.plot(x, pairs["auroc"], "o", color=GREY, mfc="white", markersize=4, zorder=2)
    axes.vlines(levels["planted"], levels["low"], levels["high"], color=INK, linewidth=2, zorder=3)
    axes.plot(levels["planted"], levels["auroc"], "o-", color=INK, markersize=7, linewidth=1, zorder=3)
    axes.axhline(0.5, color=INK, linewidth=1, zorder=0.9)
    nil = levels[levels["planted"] == 0]
    if len(nil):
        axes.axhline(nil["reached"].iloc[0], color=LINE, linestyle="--", linewidth=1.2, zorder=0.9)
    axes.set(
        xlabel="planted commonality (share of pictures with the common canon)",
        ylabel="area under the ROC curve",
    )
    axes.set_xticks(sorted(pairs["planted"].unique()))
    keys = [
        Line2D([], [], marker="o", color=GREY, mfc="white", markersize=4, linestyle="none", label="pair"),
        Line2D([], [], marker="o", color=INK, markersize=7, linewidth=2, label="mean of ateliers"),
        Line2D([], [], color=LINE, linestyle="--", label="of unrelated, 1 in 20 above"),
    ]
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys))
    return figure


@style()
def power(
    curves: pd.DataFrame, title: str = "How large must an experiment be to see what is shared?"
) -> Figure:
    """A panel for each number of seeds: power against test images, a line for each commonality.

    Args:
        curves: planted, seeds, images (of each field), gain, power, low, high (probabilities).

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(curves, ("planted", "seeds", "images", "gain", "power", "low", "high"), "curves")
    gains = curves.groupby("planted")["gain"].first()
    note = (
        "Power: probability that the 95 % interval of the mean gain lies above zero. Bands: power at the "
        f"ends of the fitted line's interval. Dotted: {100 * GOAL:.0f} %. Test images: n of each field, from "
        f"{curves['images'].min():,} to {curves['images'].max():,}, each a group of its own."
    )
    figure = framed(title, note, 3.4)
    seeds = sorted(curves["seeds"].unique())
    panels = figure.subplots(1, len(seeds), sharex=True, sharey=True, squeeze=False)[0]
    sizes = sorted(curves["images"].unique())
    sizes = sizes[:: -(-len(sizes) // 3)]  # three have room
    shades = dict(zip(gains.index, SHADES(np.linspace(0.35, 1, len(gains))), strict=True))
    for number, axes in zip(seeds, panels, strict=True):
        for share, curve in curves[curves["seeds"] == number].groupby("planted"):
            curve = curve.sort_values("images")
            axes.fill_between(
                curve["images"], curve["low"], curve["high"], color=shades[share], alpha=0.13, linewidth=0
            )
            axes.plot(curve["images"], curve["power"], "o-", color=shades[share], markersize=3.5)
        axes.axhline(GOAL, color=GREY, linestyle=":", linewidth=1.2)
        axes.set_title(count(number, "seed"))
        axes.set(xscale="log", ylim=(-0.03, 1.03), xlabel="test images per field")
        axes.minorticks_off()
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    panels[0].set_ylabel("power")
    keys = [
        Line2D(
            [],
            [],
            marker="o",
            markersize=3.5,
            color=shades[share],
            label=f"{share:g} ({signed(round(gain, 2))})",
        )
        for share, gain in gains[::-1].items()
    ]
    figure.legend(
        handles=keys,
        loc="outside right center",
        title="commonality\n(gain)",
        title_fontsize=9,
        alignment="left",
    )
    return figure


@style()
def false_alarms(
    outcomes: pd.DataFrame, title: str = "How often is relevance found where none was planted?"
) -> Figure:
    """The intervals of all experiments at commonality 0, sorted; those clear of zero are marked.

    Args:
        outcomes: as for `planted`.

    Raises:
        ReportError: a column is missing, or there are no rows at commonality 0.
    """
    require(outcomes, OUTCOMES, "outcomes")
    nil = outcomes[outcomes["planted"] == 0].dropna(subset=["low", "high"])
    require(nil, OUTCOMES, "outcomes at commonality 0")
    colours = field_colours(sorted(nil["field"].unique(), key=MEAN.__eq__))
    number = nil.groupby("field").size().max()
    note = (
        "Each line: the 95 % interval of one experiment on fields that share nothing, the smallest gain at "
        f"the left; of {number} intervals at most {0.05 * number:.1f} should exclude 0 in the long run. "
        f"n: {_numbers(nil)}."
    )
    figure = framed(title, note, 3.3)
    widths = [2 if field == MEAN else 1 for field in colours]
    panels = figure.subplots(1, len(colours), sharey=True, squeeze=False, width_ratios=widths)[0]
    for (field, colour), axes in zip(colours.items(), panels, strict=True):
        _sorted_intervals(axes, nil[nil["field"] == field].sort_values("gain"), field, colour)
    panels[0].set_ylabel("gain in accuracy")
    panels[0].yaxis.set_major_formatter(signed)
    keys = [Patch(color=INK, label="excludes 0"), Patch(color=FAINT, label="includes 0")]
    figure.legend(handles=keys, loc="outside upper right", ncols=2, handleheight=0.4)
    return figure


def _sorted_intervals(axes: Axes, table: pd.DataFrame, field: str, colour: str) -> None:
    clear = ((table["low"] > 0) | (table["high"] < 0)).to_numpy()
    places = np.arange(len(table))
    for which, shade, size in ((~clear, FAINT, 2.5), (clear, colour, 4)):
        part = table[which]
        axes.vlines(places[which], part["low"], part["high"], color=shade, linewidth=1.6)
        axes.plot(places[which], part["gain"], "o", color=GREY if shade == FAINT else shade, markersize=size)
    axes.axhline(0, color=INK, linewidth=1, zorder=2.1)
    axes.set_title(f"{field}\n{clear.sum()} of {len(table)}", color=colour)
    axes.set_xticks([])
    axes.set_xlim(-1, len(table))
    axes.grid(axis="x", visible=False)


def _numbers(outcomes: pd.DataFrame) -> str:
    """Of experiments and ateliers, and of what is in each; the field with most images speaks for it."""
    largest = outcomes[outcomes["field"] == outcomes.loc[outcomes["images"].idxmax(), "field"]]
    sizes = [
        " to ".join(f"{number:,}" for number in sorted({largest[column].min(), largest[column].max()}))
        for column in ("seeds", "images", "groups")
    ]
    return (
        f"{count(len(largest), 'experiment')} in {count(largest['atelier'].nunique(), 'atelier')}, each of "
        f"{sizes[0]} seeds and {sizes[1]} test images in {sizes[2]} groups"
    )


def _signed_interval(name: str, row: pd.Series) -> str:
    return f"{name} {row['estimate']:+.3f}  [{row['low']:+.3f}, {row['high']:+.3f}]".replace("-", "−")
