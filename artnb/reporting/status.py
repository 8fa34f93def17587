"""What really happened to a report's notebooks, as the runner saw it; the file `status.json`."""

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from joblib import cpu_count

import artnb
from artnb.paths import written_whole

STATUS = "status.json"
PACKAGES = (
    "torch",
    "torchvision",
    "captum",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "papermill",
)


class State(StrEnum):
    """Of a notebook, and of the report as a whole."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass
class Failure:
    message: str
    traceback: str = ""  # of an exception in a cell
    heading: str = ""  # the heading above the cell that failed


@dataclass
class NotebookStatus:
    name: str  # file name without .ipynb
    title: str
    question: str
    parameters: list[dict[str, Any]]  # name, value, default, meaning
    fingerprint: str = ""  # of all that its page shows; "" for one that is never found again
    state: State = State.WAITING
    seconds: float | None = None
    attempts: int = 0
    error: Failure | None = None
    found: bool = False  # finished by an earlier report, and not run again


def versions() -> dict[str, str]:
    """The version of Python, artnb and of each package that numbers may depend on, unimported."""
    found = {"python": platform.python_version(), "artnb": artnb.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> str:
    cores = cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} core{'s' if cores != 1 else ''}"


@dataclass
class Status:
    preset: str
    notebooks: list[NotebookStatus]
    state: State = State.RUNNING
    started: str = field(default_factory=lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
    seconds: float | None = None
    machine: str = field(default_factory=machine)
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def failed(self) -> list[NotebookStatus]:
        return [notebook for notebook in self.notebooks if notebook.state == State.FAILED]

    def write(self, folder: Path) -> None:
        put(folder, {"artnb": artnb.__version__, **asdict(self)})


def withdraw(folder: Path) -> None:
    """Says of a report in `folder`, if one lies there, that it is no longer whole."""
    if notebooks_of(folder) is not None:
        status = json.loads((folder / STATUS).read_text("utf-8"))
        put(folder, status | {"state": State.STOPPED})


def put(folder: Path, status: dict[str, Any]) -> None:
    with written_whole(folder / STATUS) as path:
        path.write_text(json.dumps(status, indent=2, ensure_ascii=False) + "\n", "utf-8")


def finished(folder: Path) -> dict[str, float]:
    """Fingerprint -> seconds of the notebooks that the report in `folder` finished."""
    if not notebooks_of(folder):
        return {}
    notebooks = json.loads((folder / STATUS).read_text("utf-8"))["notebooks"]
    return {
        notebook["fingerprint"]: notebook["seconds"]
        for notebook in notebooks
        if notebook.get("fingerprint") and notebook["state"] == State.DONE
    }


def notebooks_of(folder: Path) -> list[str] | None:
    """The names of the notebooks that the report in `folder` has; None if no report lies there."""
    try:
        status = json.loads((folder / STATUS).read_text("utf-8"))
        return [notebook["name"] for notebook in status["notebooks"]] if "artnb" in status else None
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
