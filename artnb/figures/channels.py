"""The common branch, drawn: which of its channels each field uses, and how much of its answers they make."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from artnb.errors import ReportError
from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, rows_height
from artnb.figures.palette import FAINT, GREY, INK, MEAN, field_colours, style

PROFILE = ("method", "seed", "network", "field", "channel", "share", "user", "images", "groups")
SHARE = ("method", "field", "share", "low", "high", "start", "other_heads", "seeds", "images", "groups")
SHARED, UNUSED = "shared", "unused"
SHADES = mpl.colormaps["Greys"]
BAND = 0.22  # of a row: the band above the heatmap that says whose the channels are
BESIDE = {
    "start": ("at the start of training", {"marker": "|", "markersize": 14, "markeredgewidth": 1.6}),
    "other_heads": ("trained, with other heads", {"marker": "x", "markersize": 9, "markeredgewidth": 1.4}),
}


@style()
def channel_profiles(
    table: pd.DataFrame, title: str = "Which common channels does each field use?"
) -> Figure:
    """A row for each field, a column for each channel of a network's common branch; darker is more used.

    The channels stand by whose they are: those that are shared, then each field's own, the most used first.

    Args:
        table: method, seed, network, field, channel, share (of the field's sum over channels), user (a field,
            "shared" or "unused"), images, groups; of one network.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, there are no rows, or rows of several networks.
    """
    require(table, PROFILE, "channel profiles")
    networks = table[["method", "seed", "network"]].drop_duplicates()
    if len(networks) > 1:
        raise ReportError(
            f"the channel profiles are of {len(networks)} networks, whose channels have nothing to do with "
            "each other: give the rows of one method, seed and network"
        )
    fields = table.drop_duplicates("field").set_index("field")
    shares = table.pivot_table("share", "field", "channel").loc[fields.index]
    colours = field_colours(fields.index)
    users = table.drop_duplicates("channel").set_index("channel")["user"]
    kinds = {SHARED: GREY, **colours, UNUSED: FAINT}
    order = sorted(shares, key=lambda channel: (list(kinds).index(users[channel]), -shares[channel].sum()))
    times = shares[order].to_numpy() * len(order)
    method, seed, network = networks.iloc[0]
    note = (
        "Integrated gradients of the margin of an image's own label; mean size over images, in multiples of "
        f"an even use of all {len(order)} channels. A channel is a field's own if that uses it at least "
        f"twice as much as any other does. {method}, seed {seed}, {network}. "
        f"n, images: {listed(fields['images'])}; in {count(fields['groups'].sum(), 'group')}."
    )
    figure = framed(title, note, 0.42 * len(colours) + 1.5)
    axes = figure.subplots()
    norm = PowerNorm(0.5, 0, max(times.max(), 1))
    image = axes.imshow(
        times, SHADES, norm, aspect="auto", interpolation="nearest",
        extent=(0, len(order), len(colours), 0),
    )  # fmt: skip
    for place, channel in enumerate(order):
        axes.add_patch(Rectangle((place, -1.5 * BAND), 1, BAND, color=kinds[users[channel]], linewidth=0))
    for y in range(1, len(colours)):
        axes.axhline(y, color="white", linewidth=2)
    counts = users.value_counts()
    bounds = np.cumsum([counts.get(kind, 0) for kind in kinds])[:-1]
    axes.vlines(bounds[(bounds > 0) & (bounds < len(order))], -1.5 * BAND, len(colours), INK, linewidth=0.8)
    axes.set(
        xlim=(0, len(order)),
        ylim=(len(colours), -1.5 * BAND),
        xticks=[],
        xlabel="channels of the common branch, a column each",
    )
    axes.set_yticks(np.arange(len(colours)) + 0.5, list(colours))
    for label in axes.get_yticklabels():
        label.set(color=colours[label.get_text()], weight="bold")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    ticks = [tick for tick in (0, 0.25, 1, 2, 4, 8, 16, 32, 64) if tick <= norm.vmax]
    bar = figure.colorbar(image, ax=axes, ticks=ticks, format="{x:g}", pad=0.015, aspect=12)
    bar.set_label("use, 1 = even")
    bar.outline.set_visible(False)
    handles = [
        Patch(color=colour, label=f"{kind if kind in (SHARED, UNUSED) else 'own: ' + kind} {counts[kind]}")
        for kind, colour in kinds.items()
        if kind in counts
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, borderpad=0.3,
        ncols=5, columnspacing=1.2, handlelength=0.8, handleheight=0.8, handletextpad=0.4, fontsize=8.5,
    )  # fmt: skip
    return figure


@style()
def common_shares(
    table: pd.DataFrame, title: str = "How much of the answers comes from the common branch?"
) -> Figure:
    """The common branch's share of each field's attributions, with its interval, beside what is no knowledge.

    Args:
        table: method, field, share (in [0, 1]), low, high, start and other_heads (the share in those
            networks), seeds, images, groups.
        title: stands above the figure.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, SHARE, "shares")
    methods = table["method"].unique()
    fields = table[table["field"] != MEAN].drop_duplicates("field").set_index("field")
    seeds = " or ".join(f"{seeds}" for seeds in sorted(table["seeds"].unique()))
    drawn = "groups of images (one seed only)" if seeds == "1" else f"{seeds} seeds and groups of images"
    note = (
        "Integrated gradients of the margin of an image's own label: the common channels' part of their "
        f"size. Lines: 95 % intervals, bootstrap over {drawn}. n, images: {listed(fields['images'])}; "
        f"in {count(fields['groups'].sum(), 'group')}. Mean: over fields, unweighted."
    )
    figure = framed(
        title if len(methods) > 1 else f"{title} {methods[0]}",
        note,
        rows_height(names_of(table, "method")) + 0.2,
    )
    axes = figure.subplots()
    heights = dots(axes, table, "share", "method", ".2f")
    for column, (_, look) in BESIDE.items():
        places = [heights[key] for key in zip(table["field"], table["method"], strict=True)]
        axes.plot(table[column], places, color=GREY, linestyle="none", zorder=3.5, **look)
    axes.set(xlim=(0, 1), xlabel="share of the attributions' size that goes to the common branch")
    handles = [
        Line2D([], [], color=GREY, linestyle="none", label=name, **look) for name, look in BESIDE.values()
    ]
    axes.legend(
        handles=handles, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1, ncols=len(handles)
    )
    return figure
