"""The results of a sweep's combinations in one table, and the page that draws them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from artnb.errors import ReportError
from artnb.figures.sweep import sweep as drawn
from artnb.paths import written_whole
from artnb.reporting.combinations import Combination
from artnb.reporting.index import INDEX, environment, leaves, words
from artnb.reporting.outcomes import Sweep
from artnb.reporting.page import DPI, RESULTS, read_contents, rendered, write_bytes
from artnb.reporting.status import State

GATHERED = "results.parquet"
FIGURES = "figures"
OWN = "results"  # the table that stands for results.json
COLUMNS = ("combination", "table", "row", "result", "value", "text")
REPEATS = ("seed", "seeds")  # parameters that repeat a combination; they are drawn last


def check_names(names: Iterable[str]) -> None:
    """Raises ReportError where a parameter is named as a column of the table of results."""
    if taken := [name for name in names if name in COLUMNS]:
        raise ReportError(
            f"a parameter {taken[0]!r} cannot be swept: the table of results has such a column."
        )


def gathered(sweep: Sweep, folder: Path) -> pd.DataFrame:
    """Every number and text that the finished combinations kept, one row each.

    Returns:
        combination (its fingerprint), a column for each parameter of the sweep, table (the name of a kept
        one, or "results" for `results.json`), row (what names it in that table), result, value (a number; a
        truth value is 0 or 1; NaN for a text), text ("" for a number).
    """
    names = [*sweep.combinations[0].given]
    rows = [
        (combination.fingerprint, *map(cell, combination.given.values()), *number_or_text(found))
        for combination, outcome in zip(sweep.combinations, sweep.outcomes, strict=True)
        if outcome.state == State.DONE
        for found in results_in(folder / combination.fingerprint / sweep.notebook)
    ]
    return pd.DataFrame(rows, columns=["combination", *names, *COLUMNS[1:]])


def cell(value: Any) -> Any:
    """A parameter's value as a column takes it: lists and mappings as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def results_in(folder: Path) -> Iterator[tuple[str, str, str, Any]]:
    """Table, row, result and value of all that a notebook's page kept in `folder`."""
    if (folder / RESULTS).exists():
        for path, value in leaves(json.loads((folder / RESULTS).read_text("utf-8"))):
            yield OWN, "", path, value
    for item in read_contents(folder)["items"]:
        if item["kind"] == "table":
            table = pd.read_parquet(folder / "tables" / f"{item['name']}.parquet")
            keys = keys_of(table)
            rows = [", ".join(map(str, key)) for key in table[keys].itertuples(index=False)]
            for name in table.columns.drop(keys):
                yield from (
                    (item["name"], row, name, value) for row, value in zip(rows, table[name], strict=True)
                )


def keys_of(table: pd.DataFrame) -> list[str]:
    """The columns that name a row: the texts, and of the whole numbers the first that are needed besides."""
    keys = [name for name in table if not is_numeric_dtype(table[name])]
    for name in table.columns.drop(keys):
        if keys and not table[keys].duplicated().any():
            break
        if is_integer_dtype(table[name]) and len(table) > 1:
            keys.append(name)
    return keys


def number_or_text(found: tuple[str, str, str, Any]) -> tuple[str, str, str, float, str]:
    *place, value = found
    if isinstance(value, str | list):
        return (
            *place,
            float("nan"),
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
        )
    return *place, float("nan") if pd.isna(value) else float(value), ""


def write(sweep: Sweep, folder: Path) -> None:
    """Writes `results.parquet`, the figures and `index.html`."""
    table = gathered(sweep, folder)
    with written_whole(folder / GATHERED) as path:
        table.to_parquet(path, index=False)
    for old in (folder / FIGURES).glob("sweep-*.png"):
        old.unlink()
    pictures = []
    for title, figure in drawings(sweep, table):
        png, name = (
            rendered(figure, format="png", dpi=DPI, metadata={"Software": None}),
            f"sweep-{len(pictures) + 1}",
        )
        write_bytes(folder / FIGURES / f"{name}.png", png)
        pictures.append({"file": f"{FIGURES}/{name}.png", "title": title})
    html = (
        environment()
        .get_template("sweep.html.jinja")
        .render(
            sweep=sweep,
            name=folder.name,
            pairs=list(zip(sweep.combinations, sweep.outcomes, strict=True)),
            seconds=sum(outcome.seconds or 0 for outcome in sweep.outcomes if not outcome.found),
            pictures=pictures,
            constant=constant(table),
            rows=len(table),
        )
    )
    with written_whole(folder / INDEX) as path:
        path.write_text(html, "utf-8")


def drawings(sweep: Sweep, table: pd.DataFrame) -> Iterator[tuple[str, Figure]]:
    """The results that vary, against each parameter that does: a figure for each table and column of it."""
    varied = swept(sweep.combinations)
    axes = [name for name in varied if name not in REPEATS] or varied
    table = varying(table)
    for parameter in axes:
        lines = next((name for name in axes if name != parameter), None)
        for (kept, result), of_result in panels(table):
            what = "Results" if kept == OWN else f"{words(kept)}: {words(result)}".capitalize()
            yield (
                f"{what} against {words(parameter)}",
                drawn(of_result, parameter, lines, f"{what} against {words(parameter)}"),
            )


def swept(combinations: list[Combination]) -> list[str]:
    """The parameters of more than one value, repeats last."""
    names = [name for name in combinations[0].given if len({str(c.given[name]) for c in combinations}) > 1]
    return sorted(names, key=lambda name: name in REPEATS)


def varying(table: pd.DataFrame) -> pd.DataFrame:
    """The numbers that are not the same in every combination."""
    numbers = table.dropna(subset="value")
    differing = numbers.groupby(["table", "row", "result"])["value"].transform("nunique") > 1
    return numbers[differing]


def constant(table: pd.DataFrame) -> dict[str, float]:
    """The numbers of `results.json` that are the same in every combination."""
    own = table[table["table"] == OWN].dropna(subset="value")
    values = own.groupby("result", sort=False)["value"].agg(["first", "nunique"])
    return values.loc[values["nunique"] == 1, "first"].to_dict()


def panels(table: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """The rows of one figure, with the name of their panel: the results of `results.json` together, of a kept
    table a figure for each column with a panel for each row."""
    own = table["table"] == OWN
    together = table["result"].where(~own, "")
    for place, of_figure in table.groupby([table["table"], together], sort=False):
        panel = of_figure["result"] if place[0] == OWN else of_figure["row"]
        yield place, of_figure.assign(panel=panel.map(words))
