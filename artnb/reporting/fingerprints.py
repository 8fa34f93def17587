"""What a notebook is known again by, so that what is as it was need not be run once more."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import artnb
from artnb.catalogue import read as read_catalogue
from artnb.paths import resolve
from artnb.reporting import notebooks
from artnb.reporting.parameters import OUTPUT, PAINTED, declared
from artnb.reporting.status import versions

WEIGHTS = "pretrained"  # the parameter that names published weights, also those of the hub


def of_results(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """12 hex digits of what the results of a notebook depend on: its code, all its parameters, those left at
    their defaults too, the package's source, the images of the catalogue, and of other files and folders that
    parameters name the sizes and times of change.

    Raises:
        CatalogueError: there is no such catalogue.
    """
    code = [
        cell.source
        for cell in notebooks.read(notebook).cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    ]
    values = asked(notebook, parameters)
    catalogue = catalogue_of(values)
    data = fingerprint_of_data(catalogue) if catalogue else ""
    beside = [stamps(resolve(value)) for value in named(values)]
    return digest([notebook.stem, code, values, source(("*.py",)), data, beside])


def of_page(notebook: Path, parameters: Mapping[str, Any]) -> str:
    """12 hex digits of all that a notebook's page shows: besides its results its words, every table beside
    the images, whatever else is in the package, and the versions of the libraries.

    "" where it takes published weights, or names a file or folder besides the catalogue: these lie outside of
    what is compared, so that it is never taken for another.
    """
    values = asked(notebook, parameters)
    if values.get(WEIGHTS) or named(values):
        return ""
    cells = [cell.source for cell in notebooks.read(notebook).cells]
    catalogue = catalogue_of(values)
    tables = of_files(path for path in catalogue.glob("*") if path.is_file()) if catalogue else ""
    return digest([notebook.stem, cells, values, source(), tables, versions()])


def asked(notebook: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all parameters but the output's folder."""
    values = {name: parameter.default for name, parameter in declared(notebook).items()} | dict(parameters)
    return {name: value for name, value in values.items() if name != OUTPUT}


def named(values: Mapping[str, Any]) -> list[str]:
    """Those that are files or folders, besides the catalogue."""
    others = [value for name, value in values.items() if name != "catalogue"]
    return [value for value in others if isinstance(value, str) and value and resolve(value).exists()]


def stamps(path: Path) -> list[tuple[str, int, int]]:
    """Name, bytes and time of change of a file, or of all files below a folder."""
    files = [file for file in sorted(path.rglob("*")) if file.is_file()] if path.is_dir() else [path]
    return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]


def catalogue_of(values: Mapping[str, Any]) -> Path | None:
    """The folder of the catalogue; None where pictures are painted."""
    name = values.get("catalogue", PAINTED)
    return None if name == PAINTED else resolve(name)


def fingerprint_of_data(catalogue: Path) -> str:
    table = catalogue / "catalogue.parquet"
    return read_once(catalogue, table.stat().st_mtime_ns if table.exists() else 0)


@cache
def read_once(catalogue: Path, written: int) -> str:
    return read_catalogue(catalogue).fingerprint


def source(patterns: Iterable[str] = ("*.py", "*.csv", "*.css", "*.jinja", "*.js", "*.toml")) -> str:
    """12 hex digits of the package's files of these names."""
    folder = Path(artnb.__file__).parent
    return of_files((file for pattern in patterns for file in folder.rglob(pattern)), folder)


def of_files(files: Iterable[Path], folder: Path | None = None) -> str:
    """12 hex digits of the files' contents and names, below `folder` if there is one."""
    hashed = hashlib.sha256()
    for file in sorted(files):
        name = file.relative_to(folder).as_posix() if folder else file.name
        with file.open("rb") as opened:
            hashed.update(f"{name} {hashlib.file_digest(opened, 'sha256').hexdigest()}\n".encode())
    return hashed.hexdigest()[:12]


def digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
