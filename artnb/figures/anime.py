"""Photo to anime drawn: spectra of both domains, how a training goes, what it makes, objectives compared."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import show
from artnb.figures.dots import dot
from artnb.figures.frame import count, framed, require, rows, signed
from artnb.figures.palette import FIELDS, FURTHER, INK, WIDTH, Mark, readable, style

MARGIN = 1.2  # inches, left of the pictures, for the names of rows
FINEST = 64  # px of a picture in an inch, at least: a small one is not enlarged to the page's width
OVER = "nearer than by"  # heads the objectives that one is compared with
SMOOTHED = 25  # steps, of the running mean of a term
COLOURS = (FIELDS["architecture"], FIELDS["painting"], FIELDS["garden"], FIELDS["sculpture"], *FURTHER)
LINES = ("-", "--", "-.", ":")


@style()
def spectra(
    radial: pd.DataFrame,
    planes: Mapping[str, np.ndarray],
    title: str = "What each domain has of every frequency",
) -> Figure:
    """The mean spectrum of each domain in the plane, and by distance from its middle (Wu & Chen, Figure 3).

    Args:
        radial: domain, frequency (cycles per pixel), level (nats), low, high, images.
        planes: domain -> its mean log spectrum, H W, the frequency 0 in the middle: all on one scale.

    Raises:
        ReportError: a column is missing, there are no rows, or no planes.
    """
    require(radial, ("domain", "frequency", "level", "low", "high", "images"), "spectra")
    if not planes:
        raise ReportError("there are no planes to draw: give a mean log spectrum for each domain")
    numbers = ", ".join(
        f"{name} {of_one['images'].iloc[0]}" for name, of_one in radial.groupby("domain", sort=False)
    )
    note = (
        "log(1 + |F|) of grey pictures, in nats; 0 in the middle of a plane, all planes on one scale. Bands: "
        f"95 % intervals over pictures. n = {numbers}."
    )
    figure = framed(title, note, 3.1)
    grid = figure.subplots(1, len(planes) + 1, width_ratios=[*[1] * len(planes), 1.5])
    lowest, highest = (edge([edge(plane) for plane in planes.values()]) for edge in (np.min, np.max))
    for axes, (name, plane) in zip(grid, planes.items(), strict=False):
        shown = axes.imshow(plane, cmap="magma", vmin=lowest, vmax=highest, extent=(-0.5, 0.5, -0.5, 0.5))
        axes.set_title(readable(name), fontsize=9.5)
        axes.grid(visible=False)
        axes.set_xticks([-0.5, 0, 0.5])
        axes.set_yticks([])
    figure.colorbar(shown, ax=list(grid[:-1]), shrink=0.75, location="bottom", label="nats")
    axes = grid[-1]
    for place, (name, of_one) in enumerate(radial.groupby("domain", sort=False)):
        colour, line = COLOURS[place], LINES[place % len(LINES)]
        axes.fill_between(of_one["frequency"], of_one["low"], of_one["high"], color=colour, alpha=0.16, lw=0)
        axes.plot(of_one["frequency"], of_one["level"], line, color=colour, label=readable(name))
    axes.set_xlabel("cycles per pixel")
    axes.set_ylabel("level (nats)")
    axes.legend()
    return figure


@style()
def terms(history: pd.DataFrame, warm_up: int = 0, title: str = "How the training goes") -> Figure:
    """The terms of a training by its steps: those of the generator, and those of the discriminators.

    Args:
        history: step, and a column for each term; NaN where it was not learnt by.
        warm_up: steps without discriminators, marked.

    Raises:
        ReportError: there are no steps, or no terms.
    """
    require(history, ("step",), "steps")
    named = [name for name in history if name != "step" and history[name].notna().any()]
    panels = {
        "generator": [name for name in named if "judge" not in name],
        "discriminators": [name for name in named if "judge" in name],
    }
    panels = {name: of_one for name, of_one in panels.items() if of_one}
    if not panels:
        raise ReportError("there are no terms to draw: the history has none beside its steps")
    note = f"Terms without their weights, running means over {SMOOTHED} of {count(len(history), 'step')}."
    if warm_up:
        note += f" Up to the vertical line, {warm_up}, by the photograph alone."
    figure = framed(title, note, 2.9)
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (name, of_one) in zip(grid, panels.items(), strict=True):
        for place, term in enumerate(of_one):
            smooth = history[term].rolling(SMOOTHED, min_periods=1).mean().where(history[term].notna())
            axes.plot(
                history["step"], smooth, LINES[place % len(LINES)], color=COLOURS[place],
                label=readable(term).replace("spectrum judge", "spectrum").replace("judge", "picture"),
            )  # fmt: skip
        if warm_up:
            axes.axvline(warm_up, color=INK, linewidth=1, zorder=0.9)
        axes.set_title(name, fontsize=9.5)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.set_ylim(bottom=0)
        axes.legend(ncols=2)
    return figure


@style()
def sample_sheet(
    pictures: Mapping[str, list[np.ndarray]], title: str = "What is made of the same photographs"
) -> Figure:
    """A row for each name, what lies below each other was made from the same photograph.

    Args:
        pictures: name -> pictures, each H W 3 uint8; the same number in every row.

    Raises:
        ReportError: there are no pictures, or rows of other lengths.
    """
    lengths = {len(of_row) for of_row in pictures.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ReportError("there must be pictures, the same number in every row")
    columns = lengths.pop()
    first = next(iter(pictures.values()))[0]
    width = min((WIDTH - MARGIN) / columns, first.shape[1] / FINEST)
    height = width * first.shape[0] / first.shape[1]
    note = f"{count(columns, 'picture')} in each row; what lies below each other was made from the same."
    figure = framed(title, note, (height + 0.06) * len(pictures))
    across = min((MARGIN + (width + 0.06) * columns) / WIDTH, 1)
    figure.get_layout_engine().set(rect=(0, 0, across, 1))  # the pictures stay together, at the left
    grid = figure.subplots(len(pictures), columns, squeeze=False)
    for line, (name, of_row) in zip(grid, pictures.items(), strict=True):
        for axes, picture in zip(line, of_row, strict=True):
            show(axes, picture)
        line[0].set_ylabel(fill(name, 16), rotation=0, ha="right", va="center", labelpad=8)
    return figure


@style()
def objectives(table: pd.DataFrame, title: str = "How much nearer {objective} comes") -> Figure:
    """A panel per metric: how much nearer one objective comes than each other.

    Args:
        table: objective (one), over, metric, gain (above 0 is nearer), low, high, seeds, images.
        title: stands above the figure; {objective} is put in.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("objective", "over", "metric", "gain", "low", "high", "seeds", "images"), "gains")
    metrics = table["metric"].unique()
    names = {metric: table.loc[table["metric"] == metric, "over"].tolist() for metric in metrics}
    seeds, images = int(table["seeds"].min()), int(table["images"].max())
    note = (
        f"Differences of distances, over each objective named, of the same {images} unlearnt photographs; "
        f"right of 0 is nearer. Lines: 95 % intervals over {count(seeds, 'seed')}, of trainings on the same "
        "pictures, each for itself."
    )
    figure = framed(title.format(objective=table["objective"].iloc[0]), note, 2.6)
    grid = figure.subplots(1, len(metrics), squeeze=False)[0]
    for axes, metric in zip(grid, metrics, strict=True):
        places = rows(axes, {OVER: names[metric]}, {OVER: INK})
        for row in table[table["metric"] == metric].to_dict("records"):
            y = places[OVER, row["over"]]
            dot(axes, y, row["gain"], row["low"], row["high"], INK, Mark("o", "-"))
            axes.annotate(
                f"{row['gain']:+.3g}".replace("-", "−"), (row["gain"], y), (0, 6),
                textcoords="offset points", ha="center", fontsize=8,
            )  # fmt: skip
        axes.axvline(0, color=INK, linewidth=1, zorder=0.9)
        axes.xaxis.set_major_formatter(signed)
        axes.locator_params(axis="x", nbins=4)
        axes.margins(x=0.1)
        axes.tick_params(labelleft=axes is grid[0])
        axes.set_title(readable(metric), fontsize=9.5)
    return figure
