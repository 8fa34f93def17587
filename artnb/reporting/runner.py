"""Runs the notebooks, each in a process of its own, and writes the report's folder.

    reports/<name>/
        index.html, status.json
        01-collect/     01-collect.ipynb and .html, and what its Page kept
        claims/         claims.json and .parquet: what papers state, and what holds here

Of a report that lies there, notebooks whose pages would be the same again stay (see `fingerprints`); the rest
is cleared first, so that no page mixes two. Files of others stay.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock, Timeout
from nbconvert.filters import strip_ansi
from nbformat.reader import NotJSONError

from artnb import paths
from artnb.errors import ReportError
from artnb.reporting import claims, fingerprints, index, page
from artnb.reporting.notebooks import heading_of_last_started_cell, keep, read, tidy, title_and_question
from artnb.reporting.parameters import NOTEBOOKS, OUTPUT, PAINTED, assign, declared, read_preset
from artnb.reporting.status import (
    STATUS,
    Failure,
    NotebookStatus,
    State,
    Status,
    finished,
    notebooks_of,
    withdraw,
)

SCRIPT = Path(__file__).with_name("execute.py")
LOCK = ".report.lock"
ATTEMPTS = 2  # a kernel may lose a race for its ports and never come up
PATIENCE = 15  # seconds that a stopped notebook gets to end


@dataclass
class Task:
    """One notebook to run, the parameters it is given, and what becomes of it."""

    file: Path
    parameters: dict[str, Any]
    status: NotebookStatus
    bar: bool = True  # of its cells, on standard error


def report(
    to: str | Path,
    preset: str = "demo",
    catalogue: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    notebooks: Sequence[str | Path] | None = None,
    cell_timeout: float | None = None,
) -> Status:
    """Runs the numbered notebooks in order and writes the report `to`/index.html.

    A notebook that fails stops neither the others nor the report; `Status.failed` names it. One that an
    earlier report in `to` finished, and of which nothing has changed since, is not run again.

    Args:
        to: the report's folder; a report that lies there is replaced, but for what would be the same.
        preset: a file of `notebooks/parameters`, without `.yml`; it may choose the notebooks.
        catalogue: a catalogue's folder, or "atelier"; None leaves the choice to the preset.
        parameters: values that go before those of the preset.
        notebooks: which to run; None takes the preset's, or those of `notebooks/` whose names begin with a
            digit.
        cell_timeout: seconds that one cell may take; None sets no limit.

    Raises:
        ReportError: the preset, the catalogue or a parameter is wrong, which leaves an older report
            as it was; or the folder is no report's or is in use by another runner; or the disk is full.
    """
    home = paths.home() / "notebooks"
    values = {**read_preset(preset, home / "parameters"), **(parameters or {})}
    chosen = values.pop(NOTEBOOKS, None)
    if notebooks is not None:
        files = list(map(Path, notebooks))
    else:
        files = sorted(home.glob("[0-9]*.ipynb")) if chosen is None else named(chosen, home)
    if not files:
        raise ReportError(f"{home} has no notebooks; set ARTNB_HOME to the folder of your checkout.")
    if catalogue is not None:
        values["catalogue"] = portable(catalogue)
    folder = Path(to).expanduser().resolve()
    tasks = plan([file.resolve() for file in files], values, folder)
    status = Status(preset, [task.status for task in tasks])
    with explained(folder, "report"):
        claim(folder)
        with FileLock(folder / LOCK, timeout=0):
            keep_finished(status, folder)
            clear(folder, [notebook.name for notebook in status.notebooks if notebook.found])
            run(status, tasks, folder, cell_timeout)
    return status


def named(notebooks: object, home: Path) -> list[Path]:
    """The files of a preset's notebooks."""
    if not isinstance(notebooks, list) or not all(isinstance(name, str) for name in notebooks):
        raise ReportError(f"{NOTEBOOKS} is {notebooks!r}; give a list of names, such as [05-art-types].")
    return [home / f"{name}.ipynb" for name in notebooks]


@contextmanager
def explained(folder: Path, what: str) -> Iterator[None]:
    """Says in words why a report, or a sweep, cannot be written into `folder`."""
    try:
        yield
    except Timeout:
        raise ReportError(f"{folder}: another process is writing this {what}; let it end first.") from None
    except OSError as error:
        if error.errno not in paths.REFUSALS:
            raise
        raise ReportError(
            f"{folder}: the {what} cannot be written ({error.strerror}); make room or choose another folder."
        ) from error


def portable(catalogue: str | Path) -> str:
    """The catalogue's folder; relative where it lies below `paths.home()`: a report names no machine."""
    if str(catalogue) == PAINTED:
        return PAINTED
    folder, home = Path(catalogue).expanduser().resolve(), paths.home().resolve()
    if not (folder / "catalogue.parquet").is_file():
        raise ReportError(f"{folder} is no catalogue; make one with `artnb import IMAGES --to {catalogue}`.")
    return folder.relative_to(home).as_posix() if folder.is_relative_to(home) else str(folder)


def plan(files: Sequence[Path], values: Mapping[str, Any], folder: Path) -> list[Task]:
    known = {file.stem: declared(file) for file in files}
    chosen = assign(values, known)
    tasks = []
    for file in files:
        parameters = dict(chosen[file.stem])
        listed = [
            {
                "name": parameter.name,
                "value": parameters.get(parameter.name, parameter.default),
                "default": parameter.default,
                "meaning": parameter.meaning,
            }
            for parameter in known[file.stem].values()
            if parameter.name != OUTPUT
        ]
        if OUTPUT in known[file.stem]:
            parameters[OUTPUT] = str(folder / file.stem)
        known_by = fingerprints.of_page(file, parameters)
        status = NotebookStatus(file.stem, *title_and_question(file), listed, known_by)
        tasks.append(Task(file, parameters, status))
    return tasks


def claim(folder: Path) -> None:
    """Makes the folder; refuses one whose index or status somebody else wrote."""
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder} is a file; a report is a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    if notebooks_of(folder) is None:
        for name in (index.INDEX, STATUS):
            if (folder / name).exists():
                raise ReportError(f"{folder} holds a {name} that is no report's; choose another folder.")


def keep_finished(status: Status, folder: Path) -> None:
    """Notes in `status` which notebooks need not be run, for their pages lie in `folder` as they would be."""
    earlier = finished(folder)
    for notebook in status.notebooks:
        if notebook.fingerprint in earlier and (folder / notebook.name / f"{notebook.name}.html").exists():
            notebook.state, notebook.found = State.DONE, True
            notebook.seconds = earlier[notebook.fingerprint]


def clear(folder: Path, kept: Collection[str] = ()) -> None:
    """Removes the report that lies in `folder`, but for the notebooks `kept`, and nothing else; its status
    says so from the start."""
    withdraw(folder)
    (folder / index.INDEX).unlink(missing_ok=True)
    claims.clear(folder)
    for name in set(notebooks_of(folder) or ()).difference(kept):
        for suffix in (".html", ".ipynb"):  # without the first it no longer passes for finished
            (folder / name / f"{name}{suffix}").unlink(missing_ok=True)
        page.clear(folder / name)
        page.remove_if_empty(folder / name)


def run(status: Status, tasks: Sequence[Task], folder: Path, cell_timeout: float | None) -> None:
    """Runs the notebooks that have not finished, in order; status and index are true after each step."""
    started = time.monotonic()
    try:
        for task in tasks:
            if task.status.state == State.DONE:
                continue
            task.status.state = State.RUNNING
            publish(status, folder)
            run_one(task, folder / task.file.stem, cell_timeout)
        status.state = State.FAILED if status.failed else State.DONE
    except BaseException:
        status.state = State.STOPPED
        raise
    finally:
        status.seconds = round(time.monotonic() - started, 1)
        publish(status, folder)


def publish(status: Status, folder: Path) -> None:
    status.write(folder)
    claims.write(folder)
    index.write(status, folder)


def run_one(task: Task, folder: Path, cell_timeout: float | None) -> None:
    """Runs one notebook, again if its kernel never came up, and keeps what it left in `folder`."""
    started = time.monotonic()
    status = task.status
    with TemporaryDirectory(prefix="artnb-") as scratch:
        executed = Path(scratch) / task.file.name
        try:
            for status.attempts in range(1, ATTEMPTS + 1):
                trouble = execute(task, executed, cell_timeout)
                if not trouble.pop("never_started", False):
                    break
            if trouble:
                status.error = Failure(**{name: strip_ansi(text) for name, text in trouble.items()})
            keep_executed(status, executed, folder)
            status.state = State.FAILED if trouble else State.DONE
        except BaseException:
            status.state = State.STOPPED
            raise
        finally:
            status.seconds = round(time.monotonic() - started, 1)


def execute(task: Task, executed: Path, cell_timeout: float | None) -> dict[str, Any]:
    """Runs `execute.py`; returns what went wrong, {} if nothing did. The exit code has the last word."""
    job = {
        "notebook": str(task.file),
        "executed": str(executed),
        "parameters": task.parameters,
        "folder": str(task.file.parent),
        "cell_timeout": cell_timeout,
        "bar": task.bar,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for the runner, which stops the notebook in order
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
    )
    with process:
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            said = process.stdout.read()
        except BrokenPipeError:
            said = ""
        except BaseException:
            process.stdin.close()  # the notebook's process ends when this closes
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        code = process.wait()
    if code == 0:
        return {}
    if code < 0:
        name = signal.Signals(-code).name
        return {"message": f"The notebook's process was ended by {name}; the machine may lack memory."}
    if said.startswith("{"):
        return json.loads(said)
    return {"message": f"The notebook's process ended with exit code {code}; the terminal may say why."}


def keep_executed(status: NotebookStatus, executed: Path, folder: Path) -> None:
    try:
        content = read(executed)
    except (FileNotFoundError, NotJSONError):  # ended before, or while, it wrote its first lines
        return
    if status.error:
        status.error.heading = heading_of_last_started_cell(content)
    keep(tidy(content), status.name, folder)
