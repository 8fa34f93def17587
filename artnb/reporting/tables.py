"""Tables as HTML: numbers rounded by column and aligned, text left, nothing unescaped."""

from html import escape

import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype, is_numeric_dtype

LONGEST = 40  # rows shown of a table; the file has all


def to_html(table: pd.DataFrame, longest: int = LONGEST) -> str:
    """An HTML table of the first `longest` rows, without the index; says how many it leaves out."""
    shown = table.head(longest)
    aligns = [align(shown[name]) for name in shown]
    heads = "".join(
        f'<th scope="col" style="text-align:{side}">{escape(name.replace("_", " "))}</th>'
        for name, side in zip(shown.columns, aligns, strict=True)
    )
    columns = [cells(shown[name]) for name in shown]
    rows = "\n".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{side}">{escape(cell)}</td>'
            for cell, side in zip(row, aligns, strict=True)
        )
        + "</tr>"
        for row in zip(*columns, strict=True)
    )
    html = f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    if len(table) > longest:
        html += f"\n<p>The first {longest} of {len(table):,} rows.</p>"
    return html


def align(column: pd.Series) -> str:
    return "right" if is_numeric_dtype(column) and not is_bool_dtype(column) else "left"


def cells(column: pd.Series) -> list[str]:
    """A column's values as text: as many decimals as all its numbers need, at most 3."""
    if is_bool_dtype(column):
        write = {True: "yes", False: "no"}.__getitem__
    elif is_integer_dtype(column):
        write = number_format(column, decimals=0)
    elif is_float_dtype(column):
        write = number_format(column, decimals=decimals_of(column))
    else:
        write = str
    return ["–" if missing else write(value) for value, missing in zip(column, column.isna(), strict=True)]


def decimals_of(column: pd.Series) -> int | None:
    """0 for whole numbers, None where 3 decimals would hide the smallest, else 3."""
    sizes = column.dropna().abs()
    if (sizes == sizes.round()).all():
        return 0
    return None if (sizes[sizes > 0] < 0.0005).any() and sizes.max() < 1 else 3


def number_format(column: pd.Series, decimals: int | None):
    thousands = "," if column.abs().max() >= 10_000 else ""  # so that years stay years
    spec = ".3g" if decimals is None else f"{thousands}.{decimals}f"
    return lambda number: format(number, spec).replace("-", "−")
