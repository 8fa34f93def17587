"""The report's first page: `index.html`, readable without the code and without a network."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import mistune
import pandas as pd
from markupsafe import Markup

from artnb.paths import written_whole
from artnb.reporting import claims
from artnb.reporting.page import RESULTS, read_contents
from artnb.reporting.status import NotebookStatus, Status
from artnb.reporting.tables import to_html

INDEX = "index.html"


def write(status: Status, folder: Path) -> None:
    """Writes `index.html` of what `status` says and the notebooks' pages and the ledger of claims hold."""
    sections = list(map(section_in(folder), status.notebooks))
    html = (
        environment()
        .get_template("index.html.jinja")
        .render(
            report=status,
            name=folder.name,
            sections=sections,
            ledger=claims.read(folder),
            painted="atelier" in catalogues_of(status),
            data=data_of(status),
            facts=gathered_facts(status, sections),
            parameters=gathered_parameters(status),
        )
    )
    with written_whole(folder / INDEX) as path:
        path.write_text(html, "utf-8")


def section_in(folder: Path):
    figures, tables = iter(range(1, 1000)), iter(range(1, 1000))

    def section(notebook: NotebookStatus) -> dict[str, Any]:
        """What one notebook contributes; figures and tables numbered through the report."""
        place = folder / notebook.name
        contents = read_contents(place)
        items = []
        for item in contents["items"]:
            if item["kind"] == "figure":
                items.append({**item, "number": next(figures)})
            else:
                table = pd.read_parquet(place / "tables" / f"{item['name']}.parquet")
                items.append({**item, "number": next(tables), "html": Markup(to_html(table))})
        results = place / RESULTS
        return {
            "notebook": notebook,
            "summary": contents["summary"],
            "facts": contents["facts"],
            "items": items,
            "results": list(leaves(json.loads(results.read_text("utf-8")))) if results.exists() else [],
            "page": f"{notebook.name}/{notebook.name}.html",
            "has_page": (place / f"{notebook.name}.html").exists(),
        }

    return section


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each number or text of nested mappings, with the way to it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        yield " · ".join(path), value


def catalogues_of(status: Status) -> set[str]:
    return {str(p["value"]) for n in status.notebooks for p in n.parameters if p["name"] == "catalogue"}


def data_of(status: Status) -> list[str]:
    names = sorted(catalogues_of(status))
    return ["atelier, painted by artnb" if name == "atelier" else name for name in names]


def gathered_facts(status: Status, sections: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Fact -> its different values; a parameter named `seed` or `seeds` is one."""
    facts: dict[str, list[Any]] = {}
    seeds = [
        (p["name"], p["value"])
        for n in status.notebooks
        for p in n.parameters
        if p["name"] in ("seed", "seeds")
    ]
    for name, value in [*seeds, *(fact for section in sections for fact in section["facts"].items())]:
        values = facts.setdefault(name, [])
        if value not in values:
            values.append(value)
    return facts


def gathered_parameters(status: Status) -> list[dict[str, Any]]:
    """One row for each parameter and value, with the notebooks that it went to."""
    rows: list[dict[str, Any]] = []
    for notebook in status.notebooks:
        for parameter in notebook.parameters:
            same = [
                row for row in rows if (row["name"], row["value"]) == (parameter["name"], parameter["value"])
            ]
            if same:
                same[0]["notebooks"].append(notebook.name)
            else:
                rows.append({**parameter, "notebooks": [notebook.name]})
    return rows


def environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "markdown": markdown,
        "inline": inline,
        "duration": duration,
        "shown": shown,
        "words": words,
        "claimed": claimed,
        "counted": counted,
        "label": claims.label,
    }
    return environment


markdown_to_html = mistune.create_markdown(escape=True)


def markdown(text: str) -> Markup:
    return Markup(markdown_to_html(text))


def inline(text: str) -> Markup:
    """One paragraph of Markdown without its <p>."""
    return Markup(markdown_to_html(text).strip().removeprefix("<p>").removesuffix("</p>"))


def duration(seconds: float | None) -> str:
    """Seconds in words: 0.4 s, 41 s, 6 min 12 s, 2 h 5 min."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def shown(value: Any) -> str:
    """A value as a reader writes it."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}".replace("-", "−") if abs(value) >= 0.0005 or value == 0 else f"{value:.2e}"
        case int():
            return str(value).replace("-", "−")
        case list():
            return ", ".join(map(shown, value)) or "–"
        case dict():
            return ", ".join(f"{key}: {shown(item)}" for key, item in value.items()) or "–"
        case "":
            return "–"
    return str(value)


def words(name: str) -> str:
    return name.replace("_", " ")


def claimed(value: float | None, claim: dict[str, Any]) -> str:
    """A number of a claim: a count in full, a difference with its sign."""
    if value is None:
        return "–"
    differs = claim["rule"] in ("above", "below", "largest") and claim["than"] is None
    return format(value, ",.0f" if claim["exact"] else "+.3f" if differs else ".3f").replace("-", "−")


def counted(evidence: dict[str, Any]) -> str:
    """From how much it was measured: 3 seeds, 300 images."""
    return ", ".join(
        f"{count:,} {name if count > 1 else name[:-1]}"
        for name in ("seeds", "images")
        if (count := evidence[name]) is not None
    )
