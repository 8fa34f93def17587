"""One look for every figure: a colour per field, a mark per method, a calm style.

Colours: Okabe and Ito, "Color Universal Design" (2008), told apart under every common colour blindness.
A field has the same colour in every figure. A method is told by marker and line, never by colour alone;
the single-task network, against which the others are measured, is always grey.
"""

import ast
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from matplotlib import cycler, rc_context

INK, GREY, FAINT = "#262626", "#767676", "#DDDDDD"
FIELDS = {
    "painting": "#D55E00",  # vermilion
    "architecture": "#0072B2",  # blue
    "sculpture": "#CC79A7",  # reddish purple
    "garden": "#009E73",  # bluish green
}
FURTHER = ("#E69F00", "#56B4E9", "#9A8700", "#8A5A2B")  # orange, sky blue, and two darker than the set's
MEAN = "mean"
WIDTH = 9.0  # inches: a page's column of 900 px at 100 dots per inch


class Mark(NamedTuple):
    """How a method is drawn beside others."""

    marker: str
    line: str
    hollow: bool = False


SINGLE = Mark("o", "--", hollow=True)
MARKS = {"single": SINGLE, "multi-1": Mark("s", "-"), "multi-2": Mark("o", "-"), "multi-3": Mark("^", "-.")}
FURTHER_MARKS = (Mark("D", "-"), Mark("v", "-."), Mark("P", ":"), Mark("X", "--"))

STYLE = {
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#B0B0B0",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=[*FIELDS.values(), *FURTHER]),
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": "#B0B0B0",
    "ytick.color": "#B0B0B0",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
}

style = partial(rc_context, STYLE)  # `@style()` over a function that makes a figure


def field_colours(fields: Iterable[str]) -> dict[str, str]:
    """A colour for each field, and ink for their mean; fields beyond the paper's take theirs in order."""
    fields = list(dict.fromkeys(fields))
    further = [field for field in fields if field not in FIELDS and field != MEAN]
    own = {field: FURTHER[place % len(FURTHER)] for place, field in enumerate(further)}
    return {field: ({MEAN: INK} | FIELDS | own)[field] for field in fields}


def method_marks(methods: Iterable[str]) -> dict[str, Mark]:
    """A mark for each method; methods (or maps of one) beyond the paper's take theirs in order."""
    methods = list(dict.fromkeys(methods))
    further = [method for method in methods if method not in MARKS]
    own = {method: FURTHER_MARKS[place % len(FURTHER_MARKS)] for place, method in enumerate(further)}
    return {method: (MARKS | own)[method] for method in methods}


def method_label(method: str) -> str:
    """A method as a reader writes it: "dkse 1x1+5x5, r 8" for "dkse(branches=('1x1', '5x5'), r=8)".

    Words stand for themselves, other values beside the option's name; what is not written so stays as it is.
    """
    model, bracket, options = method.partition("(")
    try:
        call = ast.parse(f"model({options}", mode="eval").body if bracket else None
        said = [(option.arg, ast.literal_eval(option.value)) for option in call.keywords] if call else []
    except (SyntaxError, ValueError, AttributeError):
        return method
    if not said or call.args:
        return method
    return f"{model} {', '.join(_option(name, value) for name, value in said)}"


def _option(name: str, value: object) -> str:
    values = value if isinstance(value, tuple) else (value,)
    written = "+".join({True: "yes", False: "no"}[of] if isinstance(of, bool) else f"{of}" for of in values)
    words = bool(values) and all(isinstance(of, str) for of in values)
    return written if words else f"{readable(name)} {written or 'none'}"


def readable(label: str) -> str:
    """A label as a reader writes it."""
    return {"non_artistic": "non-artistic"}.get(label, label.replace("_", " "))
