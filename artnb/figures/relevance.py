"""What fields share, drawn: accuracies (in the manner of Sato et al., Figure 22) and gains."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from artnb.figures.dots import dots, names_of
from artnb.figures.frame import count, framed, listed, require, resampled, rows_height, signed, tested
from artnb.figures.palette import INK, MEAN, method_label, style

COLUMNS = ("low", "high", "seeds", "images", "groups")
PUBLISHED = {"marker": "D", "markersize": 5, "color": "white", "markeredgecolor": INK, "linestyle": "none"}


@style()
def accuracies(
    table: pd.DataFrame, published: pd.DataFrame | None = None, title: str = "Accuracy per field and method"
) -> Figure:
    """The accuracy of every method on every field, with its interval.

    Args:
        table: method, field, accuracy, low, high (shares in [0, 1]), seeds, images, groups. With a column set
            the fields are training sets, of networks that all see the same test images.
        published: method, field, accuracy, source (who published it): marked beside ours where both have the
            row.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("method", "field", "accuracy", *COLUMNS), "accuracies")
    figure = _estimates(table, "accuracy", published, title, ".3f")
    figure.axes[0].set_xlabel("accuracy on the test images (share of images)")
    return figure


@style()
def gains(
    table: pd.DataFrame,
    published: pd.DataFrame | None = None,
    title: str = "Gain of multi-task over single-task learning",
) -> Figure:
    """The gain on every field, with its interval, about the line of no gain.

    Args:
        table: method, field, gain, low, high (differences of accuracies), seeds, images, groups.
        published: method, field, gain, source (who published it): marked beside ours where both have the row.

    Raises:
        ReportError: a column is missing, or there are no rows.
    """
    require(table, ("method", "field", "gain", *COLUMNS), "gains")
    figure = _estimates(table, "gain", published, title, "+.3f")
    axes = figure.axes[0]
    axes.axvline(0, color=INK, linewidth=1, zorder=0.9)
    axes.set_xlabel("gain in accuracy (difference of shares; same images, same seeds)")
    axes.xaxis.set_major_formatter(signed)
    return figure


def _estimates(
    table: pd.DataFrame, value: str, published: pd.DataFrame | None, title: str, form: str
) -> Figure:
    methods = table["method"].unique()
    title = title if len(methods) > 1 else f"{title}: {method_label(methods[0])}"
    figure = framed(title, _note(table), rows_height(names_of(table, "method")))
    axes = figure.subplots()
    heights = dots(axes, table, value, "method", form)
    if published is not None:
        marked = [row for row in published.to_dict("records") if (row["field"], row["method"]) in heights]
        places = [heights[row["field"], row["method"]] for row in marked]
        axes.plot([row[value] for row in marked], places, zorder=2.5, **PUBLISHED)
        if marked:
            sources = "; ".join(dict.fromkeys(row["source"] for row in marked))
            key = Line2D([], [], label=f"published ({sources}), on other images", **PUBLISHED)
            axes.legend(handles=[key], loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)
    return figure


def _note(table: pd.DataFrame) -> str:
    """What the intervals are of, and of how many."""
    fields = table[table["field"] != MEAN].drop_duplicates("field").set_index("field")
    numbers = (
        f"{tested(table)}."
        if "set" in table
        else f"n, test images: {listed(fields['images'])}; in {count(fields['groups'].sum(), 'group')}."
    )
    note = f"Lines: 95 % intervals over {resampled(table)}. {numbers}"
    return note + (" Mean: over fields, unweighted." if MEAN in table["field"].to_numpy() else "")
