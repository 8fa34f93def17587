"""nbval holds the stored results against a fresh run: it passes on them, and fails on a false one."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01-collect.ipynb"


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
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (output,) = notebook.cells[-1].outputs
    assert true in output.text
    output.text = output.text.replace(true, false)
    copy = tmp_path / NOTEBOOK.name
    nbformat.write(notebook, copy)
    run = nbval(copy)
    assert run.returncode == code, run.stdout
    assert ("Cell outputs differ" in run.stdout) == bool(code), run.stdout
