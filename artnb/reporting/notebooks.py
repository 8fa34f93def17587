"""Notebook files: what their first cell says, and how an executed one is kept in a report."""

import re
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

from artnb.paths import written_whole
from artnb.reporting.parameters import OUTPUT

WIDGET = "application/vnd.jupyter.widget-view+json"

# What nbconvert's page would fetch from the network: require.js, MathJax, mermaid.
OFFLINE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
"""


def title_and_question(notebook: Path) -> tuple[str, str]:
    """The first heading and the first paragraph below it, in Markdown."""
    first = next((cell.source for cell in read(notebook).cells if cell.cell_type == "markdown"), "")
    heading, _, rest = first.strip().partition("\n")
    if not heading.startswith("#"):
        return notebook.stem, heading
    question = re.split(r"\n\s*\n", rest.strip())[0]
    return heading.lstrip("# "), " ".join(question.split())


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def heading_of_last_started_cell(executed: NotebookNode) -> str:
    """The heading above the last cell that was started: where a failed notebook stopped; "" if unknown."""
    heading, found = "", ""
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ +(.+)$", cell.source, flags=re.MULTILINE)
            heading = headings[-1] if headings else heading
        elif cell.metadata.get("papermill", {}).get("start_time"):
            found = heading
    return found


def tidy(executed: NotebookNode) -> NotebookNode:
    """The notebook without what is true of one machine and moment only: times, paths, live widgets."""
    executed.metadata.pop("papermill", None)
    executed.metadata.pop("widgets", None)
    cells = []
    for cell in executed.cells:
        tags = cell.metadata.get("tags", [])
        if "papermill-error-cell-tag" in tags:
            continue
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
        if "injected-parameters" in tags:
            lines = [line for line in cell.source.splitlines() if not line.startswith(f"{OUTPUT} = ")]
            cell.source = "\n".join(lines)
            if all(line.startswith("#") for line in lines):
                continue
        cells.append(cell)
    executed.cells = cells
    return executed


def keep(executed: NotebookNode, name: str, folder: Path) -> None:
    """Writes `<name>.ipynb` and `<name>.html` into `folder`; the page needs no network.

    Formulas stand as their TeX source: what would draw them comes from the network.
    """
    with written_whole(folder / f"{name}.ipynb") as path:
        nbformat.write(executed, path)
    config = Config({"CoalesceStreamsPreprocessor": {"enabled": True}})
    html, _ = HTMLExporter(config=config, raw_template=OFFLINE).from_notebook_node(
        executed, resources={"metadata": {"name": name}}
    )
    with written_whole(folder / f"{name}.html") as path:
        path.write_text(html, "utf-8")
