"""The results that are stored in the notebooks, renewed: what nbval then compares with."""

from pathlib import Path

import nbformat
import papermill

from artnb.paths import home, written_whole
from artnb.reporting.execute import KERNEL
from artnb.reporting.notebooks import tidy


def renew(notebook: Path) -> None:
    """Runs `notebook` with its own defaults, from its own folder, and keeps it in its place.

    Raises:
        papermill.PapermillExecutionError: a cell failed; the file is then as it was.
    """
    executed = papermill.execute_notebook(
        notebook, None, cwd=notebook.parent, progress_bar=False, config=KERNEL
    )
    with written_whole(notebook) as path:
        nbformat.write(tidy(executed), path)


if __name__ == "__main__":
    for notebook in sorted((home() / "notebooks").glob("[0-9]*.ipynb")):
        renew(notebook)
