"""What stands around every figure: its title above, a note below that says what is drawn and of how many."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.palette import GREY, INK, WIDTH, field_colours, method_label

NOTE_LINE = 132  # characters that fit into WIDTH at the note's size


def framed(title: str, note: str, height: float, width: float = WIDTH) -> Figure:
    """An empty figure, `height` inches between its title and its note, apart from pyplot."""
    note = fill(note, int(NOTE_LINE * width / WIDTH))
    height += 0.45 + 0.16 * (note.count("\n") + 1)
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06)
    figure.suptitle(title, x=0.008, ha="left", fontsize=12, fontweight="bold")
    figure.supxlabel(note, x=0.008, ha="left", fontsize=8.5, color=GREY)
    return figure


def rows(
    axes: Axes, names: Mapping[str, Sequence[str]], colours: Mapping[str, str] | None = None
) -> dict[tuple[str, str], float]:
    """Names the rows of `axes`, downwards: each field as a heading, below it what it has rows of.

    Where every field has one and the same row, the field's name stands at it and needs no heading.

    Args:
        names: of the rows of each field, or of whatever else the headings are.
        colours: of the headings; by default those of fields.

    Returns:
        The height of each row: (field, name) -> y.
    """
    headings = len({name for of_field in names.values() for name in of_field}) > 1
    heights, ticks, y = {}, [], 0.0
    for field, colour in (colours or field_colours(names)).items():
        if headings:
            ticks.append((y, method_label(field), colour, "bold"))
            y += 1
        for name in names[field]:
            heights[field, name] = y
            row = (name, INK, "normal") if headings else (field, colour, "bold")
            ticks.append((y, method_label(row[0]), *row[1:]))
            y += 1
        y += 0.35 * headings
    axes.set_yticks([tick[0] for tick in ticks], [tick[1] for tick in ticks])
    for label, (_, _, colour, weight) in zip(axes.get_yticklabels(), ticks, strict=True):
        label.set(color=colour, weight=weight)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(ticks[-1][0] + 0.8, -0.8)
    return heights


def rows_height(names: Mapping[str, Sequence[str]]) -> float:
    """Inches that `rows` of these names need, with an axis below them."""
    headings = len({name for of_field in names.values() for name in of_field}) > 1
    return 0.25 * sum(len(of_field) + 1.35 * headings for of_field in names.values()) + 0.8


def require(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raises ReportError where `table` has no rows or lacks a column."""
    if missing := [column for column in columns if column not in table]:
        raise ReportError(f"the {what} have no column {missing[0]!r}: the figure needs {', '.join(columns)}")
    if table.empty:
        raise ReportError(f"there are no {what} to draw: the table has no rows")


def resampled(table: pd.DataFrame) -> str:
    """What the intervals of estimates are over: "3 seeds and groups of test images"."""
    seeds = " or ".join(f"{seeds}" for seeds in sorted(table["seeds"].unique()))
    groups = "groups of test images"
    return f"{groups} (one seed only)" if seeds == "1" else f"{seeds} seeds and {groups}"


def tested(table: pd.DataFrame) -> str:
    """Of how many images of one field estimates are: "n = 80 test images in 60 groups"."""
    images, groups = (
        " to ".join(f"{number:,}" for number in sorted({table[column].min(), table[column].max()}))
        for column in ("images", "groups")
    )
    return f"n = {images} test images in {groups} groups"


def count(number: int, thing: str) -> str:
    """A number and its thing: "1 seed", "3 seeds", "1,200 images"."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def listed(numbers: pd.Series) -> str:
    """A number for each name: "painting 1,200, garden 80"."""
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items())


def signed(number: float, _: int = 0) -> str:
    """The tick of a difference on its axis: "+0.025", "−0.1", "0"."""
    return f"{number:+.3g}".replace("-", "−") if abs(number) > 1e-9 else "0"
