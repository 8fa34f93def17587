"""nbval holds stored results against a fresh run: it passes on them, and fails on a false one."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

SOURCE = "from artnb.reporting import Page\nPage().results(images={'test': 1200}, stays_under_0_6=True)"
STORED = '{\n  "images": {\n    "test": 1200\n  },\n  "stays_under_0_6": true\n}\n'


def nbval(notebook: Path) -> subprocess.CompletedProcess:
    options = ("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, notebook.name],
        cwd=notebook.parent,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("true", "false", "code"),
    [
        pytest.param('"test": 1200', '"test": 1200', 0, id="as stored"),
        pytest.param('"test": 1200', '"test": 1100', 1, id="a number falsified"),
        pytest.param("stays_under_0_6", "stays_under_0_5", 1, id="a name falsified"),
    ],
)
def test_a_stored_result_is_held_against_a_fresh_run(tmp_path, true, false, code):
    stored = new_output("stream", name="stdout", text=STORED.replace(true, false))
    checked = {"tags": ["nbval-check-output"]}
    cell = new_code_cell(SOURCE, metadata=checked, execution_count=1, outputs=[stored])
    notebook = new_notebook(cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": ""}})
    nbformat.write(notebook, tmp_path / "01-page.ipynb")
    run = nbval(tmp_path / "01-page.ipynb")
    assert run.returncode == code, run.stdout
    assert ("Cell outputs differ" in run.stdout) == bool(code), run.stdout
