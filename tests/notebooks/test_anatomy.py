"""Every committed notebook has the anatomy of a page: see `faults`, which names what is wrong."""

import ast
import json
import math
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from artnb.errors import ReportError
from artnb.reporting.parameters import declared

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("[0-9]*.ipynb"))
LONGEST_CELL = 15
CHECKED = "nbval-check-output"
PATH = re.compile(r"(?<![\w./:<])(?:/(?:[A-Za-z0-9_.-]+/){2,}|[A-Z]:\\\\?\w)")
DOWNLOAD = re.compile(r"\b(?:download\w*|urllib|urlopen|urlretrieve|requests|httpx|wget|curl)\b")


def faults(path: Path) -> list[str]:
    """What is wrong with a notebook's anatomy; [] if nothing is."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [*faults_of_opening(path, notebook), *faults_of_end(code)]
    for number, cell in enumerate(code, start=1):
        longest = math.inf if "parameters" in cell.metadata.get("tags", []) else LONGEST_CELL
        found += [f"code cell {number}: {fault}" for fault in faults_of_code(cell.source, longest)]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("execution counts are not 1, 2, 3, …: run all cells once, in order, and save")
    outputs = [output for cell in code for output in cell.outputs]
    if any(output.output_type == "error" for output in outputs):
        found.append("a stored output is an error")
    return found + faults_of_machine(notebook, outputs)


def faults_of_opening(path: Path, notebook: NotebookNode) -> list[str]:
    found = []
    if not (
        notebook.cells
        and notebook.cells[0].cell_type == "markdown"
        and notebook.cells[0].source.startswith("# ")
    ):
        found.append("the first cell is no Markdown title")
    try:
        parameters = declared(path)
    except ReportError as error:
        return [*found, str(error)]
    found += [f"parameter {p.name} has no comment" for p in parameters.values() if not p.meaning]
    return found + [f"no parameter {name}" for name in ("catalogue", "output") if name not in parameters]


def faults_of_code(source: str, longest: float) -> list[str]:
    found = []
    if source.count("\n") >= longest:
        found.append(f"longer than {longest} lines")
    if not source.strip():
        found.append("empty")
    if DOWNLOAD.search(source):
        found.append("downloads")
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return [*found, "not plain Python: no `!`, no `%`"]
    if any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in ast.walk(tree)
    ):
        found.append("defines a function or a class: it belongs in the package")
    return found


def faults_of_end(code: list[NotebookNode]) -> list[str]:
    if not code or CHECKED not in code[-1].metadata.get("tags", []):
        return [f"the last code cell is not tagged {CHECKED}"]
    printed = "".join(output.text for output in code[-1].outputs if output.output_type == "stream")
    try:
        results = json.loads(printed)
    except ValueError:
        return ["the last code cell has no stored results in JSON"]
    found = [] if results else ["the stored results are empty"]
    if printed.strip() != json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False):
        found.append("the stored results are not sorted")
    return found + [
        f"the result {number} has more than 3 decimals" for number in re.findall(r"-?\d+\.\d{4,}", printed)
    ]


def faults_of_machine(notebook: NotebookNode, outputs: list[NotebookNode]) -> list[str]:
    found = []
    metadata = [notebook.metadata, *(cell.metadata for cell in notebook.cells)]
    if any("papermill" in data for data in metadata):
        found.append("papermill's metadata: clear it")
    if any("execution" in data for data in metadata):
        found.append("times of execution in the metadata: clear them")
    texts = [json.dumps(metadata), *(cell.source for cell in notebook.cells)]
    for output in outputs:
        texts.append(output.get("text", ""))
        texts += [str(data) for kind, data in output.get("data", {}).items() if not kind.startswith("image/")]
    return found + [f"an absolute path: …{match[0]}…" for text in texts for match in PATH.finditer(text)]


def test_there_are_notebooks():
    assert NOTEBOOKS, "notebooks/ has no notebook whose name begins with a digit"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_a_page(path):
    assert faults(path) == []


@pytest.fixture
def sound() -> NotebookNode:
    """A notebook without fault, for the tests to spoil."""
    parameters = 'catalogue = "atelier"  # the images\noutput = ""  # the page'
    results = new_output("stream", name="stdout", text='{\n  "a": 0.123,\n  "b": 1\n}\n')
    return new_notebook(
        cells=[
            new_markdown_cell("# A question?"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}, execution_count=1),
            new_code_cell("x = 1", execution_count=2),
            new_code_cell(
                "page.results(a=1)", metadata={"tags": [CHECKED]}, execution_count=3, outputs=[results]
            ),
        ]
    )


def found_in(notebook: NotebookNode, folder: Path) -> str:
    nbformat.write(notebook, folder / "01-a.ipynb")
    return "; ".join(faults(folder / "01-a.ipynb"))


def test_a_sound_notebook_has_no_fault(sound, tmp_path):
    assert found_in(sound, tmp_path) == ""


@pytest.mark.parametrize(
    ("cell", "source", "fault"),
    [
        (0, "No title", "no Markdown title"),
        (1, 'catalogue = "atelier"\noutput = ""  # page', "parameter catalogue has no comment"),
        (1, 'output = ""  # page', "no parameter catalogue"),
        (1, "x = f()  # call", "must hold only lines"),
        (2, "def f(): pass", "defines a function"),
        (2, "if True:\n    class A: pass", "defines a function or a class"),
        (2, "!ls", "not plain Python"),
        (2, "%matplotlib inline", "not plain Python"),
        (2, "weights = download('x')", "downloads"),
        (2, "import requests", "downloads"),
        (2, "\n".join("x" * 16), "longer than 15 lines"),
        (2, "", "empty"),
        (2, "x = '/home/me/images'", "an absolute path"),
    ],
)
def test_a_spoiled_cell_is_found(sound, tmp_path, cell, source, fault):
    sound.cells[cell].source = source
    assert fault in found_in(sound, tmp_path)


@pytest.mark.parametrize(
    ("printed", "fault"),
    [
        ("", "no stored results"),
        ("done", "no stored results"),
        ("{}", "results are empty"),
        ('{\n  "b": 1,\n  "a": 1\n}', "not sorted"),
        ('{\n  "a": 0.12345\n}', "more than 3 decimals"),
    ],
)
def test_spoiled_results_are_found(sound, tmp_path, printed, fault):
    sound.cells[3].outputs[0].text = printed
    assert fault in found_in(sound, tmp_path)


def test_what_is_left_of_a_run_is_found(sound, tmp_path):
    sound.cells[2].metadata["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00"}
    assert "times of execution" in found_in(sound, tmp_path)
    sound.metadata["papermill"] = {"input_path": "/home/me/x.ipynb"}
    assert "papermill's metadata" in found_in(sound, tmp_path)
    assert "an absolute path" in found_in(sound, tmp_path)


def test_stale_or_missing_outputs_are_found(sound, tmp_path):
    sound.cells[2].execution_count = None
    assert "execution counts" in found_in(sound, tmp_path)
    sound.cells[2].outputs = [new_output("error", ename="ValueError", evalue="x", traceback=[])]
    assert "an error" in found_in(sound, tmp_path)
    sound.cells[3].metadata["tags"] = []
    assert f"not tagged {CHECKED}" in found_in(sound, tmp_path)
