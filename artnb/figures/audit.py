"""The audit of a catalogue, drawn: where images come from, how large they are, what gives labels away."""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullLocator

from artnb.errors import ReportError
from artnb.figures.catalogue import show
from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, rows, rows_height
from artnb.figures.palette import GREY, INK, WIDTH, field_colours, readable, style

VALUES = 6  # of each field, the most frequent; others are summed up
NAME = 36  # characters of a source or a licence
OTHERS = "all others"
BINS = 60
SIZES = {"width": "width (px)", "aspect": "width / height", "bytes_per_pixel": "bytes per pixel"}
LINES = {
    "chance": {"linestyle": ":", "color": GREY, "linewidth": 1.4},
    "limit": {"linestyle": "-", "color": INK, "linewidth": 1},
}
ABREAST = 6  # suspects in a line
MARGIN = 1.25  # inches, left of the suspects


@style()
def provenance(table: pd.DataFrame, by: str = "source", title: str = "") -> Figure:
    """How many images of each label have each value of `by`: one that goes with one label gives it away.

    Args:
        table: field, label, `by` ("source", "licence" or "type"): one row per image.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("field", "label", by), "images")
    table = table.assign(value=frequent(table, by))
    names = {
        field: sorted(of_field["value"].unique(), key=OTHERS.__eq__)
        for field, of_field in table.groupby("field", sort=False)
    }
    labels, colours = sorted(table["label"].unique()), field_colours(names)
    note = (
        f"n = {count(len(table), 'image')}. Shade: the share of the images of this field and label. "
        "A row with one label only gives that label away."
    )
    if len(values := table["value"].unique()) == 1:
        note += f" All are: {values[0]}."
    figure = framed(title or f"Images per field, {by} and label", note, rows_height(names))
    axes = figure.subplots()
    heights = rows(axes, names)
    of_label = table.groupby(["field", "label"]).size()
    for (field, value, label), number in table.groupby(["field", "value", "label"]).size().items():
        x, y, share = labels.index(label), heights[field, value], number / of_label[field, label]
        shade = 1 - (0.05 + 0.95 * share) * (1 - np.array(to_rgb(colours[field])))
        axes.add_patch(Rectangle((x - 0.48, y - 0.44), 0.96, 0.88, color=shade))
        ink = "white" if share > 0.6 else INK
        axes.text(x, y, f"{number:,}", ha="center", va="center_baseline", fontsize=8.5, color=ink)
    axes.set(xlim=(-0.5, len(labels) - 0.5), xticks=range(len(labels)))
    axes.set_xticklabels([fill(readable(label), 12) for label in labels])
    axes.tick_params(axis="x", labeltop=True, labelbottom=False, length=0)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.grid(visible=False)
    return figure


@style()
def sizes(table: pd.DataFrame, title: str = "How large the images of each label are") -> Figure:
    """The distributions of width, aspect and bytes per pixel, one above the other for each label.

    Args:
        table: field, label, width (px), aspect (width / height), bytes_per_pixel: one row per image.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("field", "label", *SIZES), "images")
    labels = {field: sorted(set(of_field["label"])) for field, of_field in table.groupby("field", sort=False)}
    n = count(len(table), "image")
    note = f"n = {n}. Each distribution is scaled to its highest bin; axes are logarithmic."
    figure = framed(title, note, rows_height(labels) + 0.1 * sum(map(len, labels.values())))
    panels, colours = figure.subplots(1, len(SIZES)), field_colours(labels)
    for axes, (column, name) in zip(panels, SIZES.items(), strict=True):
        heights = rows(axes, {field: [readable(label) for label in labels[field]] for field in labels})
        edges = np.geomspace(table[column].min() / 1.1, table[column].max() * 1.1, BINS + 1)
        for (field, label), values in table.groupby(["field", "label"])[column]:
            base = heights[field, readable(label)] + 0.42
            bins = np.histogram(values, edges)[0]
            strength = 1 if label == labels[field][0] else 0.5
            colour = 1 - strength * (1 - np.array(to_rgb(colours[field])))
            axes.stairs(base - 0.85 * bins / bins.max(), edges, baseline=base, fill=True, color=colour)
        axes.set(xscale="log", xlim=(edges[0], edges[-1]))
        axes.set_xlabel(name)
        axes.xaxis.set_major_locator(LogLocator(10, (1, 2, 3, 5)))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.label_outer()
    return figure


@style()
def shortcuts(table: pd.DataFrame, title: str = "What predicts the label by itself") -> Figure:
    """How well each feature alone predicts the label, beside chance and the limit of a warning.

    Args:
        table: field, feature, accuracy (balanced), low, high, chance, limit, images, groups, reason (why the
            accuracy is NaN: the note tells).

    Raises:
        ReportError: a column is missing, there are no rows, or no feature could be tested.
    """
    columns = ("accuracy", "low", "high", "chance", "limit", "images", "groups", "reason")
    require(table, ("field", "feature", *columns), "shortcuts")
    tested = table[table["accuracy"].notna()]
    if tested.empty:
        raise ReportError(f"no shortcut could be tested: {table['reason'].iloc[0]}")
    fields = tested.drop_duplicates("field").set_index("field")
    note = (
        "Lines: 95 % intervals, bootstrap over groups; cross-validated, groups kept whole. n, training and "
        f"validation images: {listed(fields['images'])}; in {count(fields['groups'].sum(), 'group')}."
    )
    for row in table[table["accuracy"].isna()].drop_duplicates(["field", "reason"]).to_dict("records"):
        note += f" {row['field']} was not tested: {row['reason']}."
    figure = framed(title, note, rows_height(names_of(tested, "feature")) + 0.3)
    axes = figure.subplots()
    heights = dots(axes, tested, "accuracy", "feature", ".2f")
    for field, row in fields.iterrows():
        places = [y for (of_field, _), y in heights.items() if of_field == field]
        for name, line in LINES.items():
            axes.plot([row[name]] * 2, [min(places) - 0.5, max(places) + 0.5], zorder=0.9, **line)
    keys = [Line2D([], [], label=name, **line) for name, line in LINES.items()]
    keys[1].set_label("limit: above it, a warning")
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys))
    axes.set_xlabel("balanced accuracy (mean over labels of the share guessed right)")
    return figure


@style()
def suspects(
    table: pd.DataFrame, images: Mapping[str, np.ndarray], title: str = "Images that show the shortcuts"
) -> Figure:
    """For each feature that is warned of, the images of each label that it predicts best, and what it is.

    Args:
        table: field, feature, label, id, words: one row per image and feature.
        images: id -> image, H W 3, uint8, whole.

    Raises:
        ReportError: a column is missing, there are no rows, or an image is missing or of another form.
    """
    require(table, ("field", "feature", "label", "id", "words"), "suspects")
    if missing := set(table["id"]).difference(images):
        raise ReportError(f"there is no image {min(missing)}: give one for each id of the table")
    cell = (WIDTH - MARGIN) / ABREAST
    table = table.assign(caption=[fill(f"{words}", int(11.5 * cell)) for words in table["words"]])
    colours, lines = field_colours(table["field"]), []
    for (field, feature), shown in table.groupby(["field", "feature"], sort=False):
        shown = shown.to_dict("records")
        starts = range(0, len(shown), ABREAST)
        lines += [(f"{field}\n{feature}", colours[field], shown[start : start + ABREAST]) for start in starts]
    heights = [cell + 0.3 + 0.15 * max(row["caption"].count("\n") for row in line) for _, _, line in lines]
    note = f"{count(table['id'].nunique(), 'image')}; above each its label, below it what the feature is."
    figure = framed(title, note, sum(heights))
    panels = figure.subplots(len(lines), ABREAST, squeeze=False, height_ratios=heights)
    for of_line, (name, colour, shown) in zip(panels, lines, strict=True):
        for axes in of_line[len(shown) :]:
            axes.axis("off")
        for axes, row in zip(of_line, shown, strict=False):
            show(axes, images[row["id"]])
            axes.set_title(readable(row["label"]), fontsize=8.5, fontweight="normal")
            axes.set_xlabel(row["caption"], fontsize=8.5)
        of_line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, color=colour)
    return figure


def frequent(table: pd.DataFrame, by: str) -> pd.Series:
    """The values of `by`, cut to NAME characters; beyond the VALUES most frequent of a field, OTHERS."""
    values = (
        table[by]
        .replace("", "unknown")
        .map(lambda value: value if len(value) <= NAME else f"{value[: NAME - 1]}…")
    )
    ranks = values.groupby(table["field"]).transform(
        lambda of: of.map(of.value_counts().rank(ascending=False, method="first"))
    )
    return values.mask(ranks > VALUES, OTHERS)
