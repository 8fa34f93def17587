"""A checkout in miniature, with notebooks that the tests write."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
catalogue = "atelier"  # a catalogue's folder
output = ""  # where the page is kept
epochs = 3  # passes over the images
learning_rate = 0.01  # of SGD
seeds = [0, 1]  # one training each
"""


def write_notebook(home: Path, name: str, *cells: str, parameters: str | None = PARAMETERS) -> Path:
    """A notebook with a title and a parameters cell; cells beginning with ## are Markdown."""
    title = f"# Title of {name}\n\nThe *question* of {name}.\n\n- bullet"
    notebook = new_notebook(cells=[new_markdown_cell(title)])
    if parameters is not None:
        notebook.cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for cell in cells:
        notebook.cells.append(new_markdown_cell(cell) if cell.startswith("##") else new_code_cell(cell))
    path = home / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def new_home(folder: Path, preset: str = "") -> Path:
    (folder / "notebooks" / "parameters").mkdir(parents=True)
    (folder / "notebooks" / "parameters" / "demo.yml").write_text(preset)
    return folder
