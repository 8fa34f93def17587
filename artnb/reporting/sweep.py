"""Runs a notebook with every combination of some parameters' values, here or on a cluster.

    reports/<name>/
        index.html, results.parquet, figures/
        sweep.json         what was asked for, and how each combination ended
        <fingerprint>/     a report of its own for each combination: index.html, status.json, 02-train/

A combination that finished is found again by its fingerprint (see `fingerprints`) and not run once more; one
that failed, or was stopped, is. Folders of combinations that an earlier sweep asked for stay.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from joblib import cpu_count
from tqdm.auto import tqdm

from artnb.errors import ReportError
from artnb.processes import pool, stop
from artnb.reporting import fingerprints, gathering, runner
from artnb.reporting.combinations import Combination, combinations
from artnb.reporting.index import INDEX
from artnb.reporting.notebooks import title_and_question
from artnb.reporting.outcomes import SWEEP, Outcome, Sweep, found
from artnb.reporting.status import State, Status

CORES = ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT")  # of the arithmetic, and of trainings side by side


def sweep(
    notebook: str | Path,
    grid: Mapping[str, Sequence[Any]],
    to: str | Path,
    jobs: int | None = None,
    cluster: str | None = None,
) -> Sweep:
    """Runs `notebook` with every combination of the values in `grid`; writes `to`/index.html of all results.

    A combination that fails leaves the others; `Sweep.failed` names it. A worker of a cluster that vanishes
    loses nothing: what it had begun is run by another.

    Args:
        notebook: a notebook with a cell tagged `parameters`.
        grid: parameter -> its values, see `combinations`.
        to: the sweep's folder; a sweep that lies there is gone on with. A cluster must see it too.
        jobs: notebooks at a time on this machine, whose cores they share; None is one.
        cluster: the address of a dask.distributed scheduler, such as tcp://127.0.0.1:8786, in place of jobs.

    Raises:
        ReportError: the notebook, a parameter or a value is wrong; the folder holds something else, is in
            use by another sweep or cannot be written to; there is no cluster at that address.
    """
    notebook, folder = Path(notebook).expanduser().resolve(), Path(to).expanduser().resolve()
    if cluster is not None and jobs is not None:
        raise ReportError("jobs are of this machine: a cluster runs as many at a time as its workers take.")
    if jobs is not None and jobs < 1:
        raise ReportError(f"jobs is {jobs}: at least one notebook runs at a time.")
    gathering.check_names(grid)
    asked = combinations(notebook, grid)
    workers = f"cluster {cluster}" if cluster else f"{jobs or 1} at a time"
    status = Sweep(notebook.stem, *title_and_question(notebook), asked, [Outcome() for _ in asked], workers)
    with runner.explained(folder, "sweep"):
        claim(folder)
        with FileLock(folder / ".sweep.lock", timeout=0):
            run(status, notebook, folder, jobs or 1, cluster)
    return status


def claim(folder: Path) -> None:
    """Makes the folder; refuses one whose index is no sweep's."""
    if folder.exists() and not folder.is_dir():
        raise ReportError(f"{folder} is a file; a sweep is a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / INDEX).exists() and not (folder / SWEEP).exists():
        raise ReportError(f"{folder} holds an {INDEX} that is no sweep's; choose another folder.")


def run(status: Sweep, notebook: Path, folder: Path, jobs: int, cluster: str | None) -> None:
    """Runs what has not finished yet; `sweep.json` is true after each combination, the page at the end."""
    started = time.monotonic()
    status.outcomes = [found(folder / combination.fingerprint) for combination in status.combinations]
    missing = [place for place, outcome in enumerate(status.outcomes) if outcome.state != State.DONE]
    try:
        publish(status, folder)
        if missing:
            threads = None if cluster else max(cpu_count() // jobs, 1)
            with executor(min(jobs, len(missing)), cluster) as workers:
                futures = {
                    workers.submit(carry_out, notebook, status.combinations[place], folder, threads): place
                    for place in missing
                }
                for future in settled(futures):
                    status.outcomes[futures[future]] = outcome_of(future)
                    status.write(folder)
        status.state = State.FAILED if status.failed else State.DONE
    except BaseException:
        status.state = State.STOPPED
        raise
    finally:
        status.seconds = round(time.monotonic() - started, 1)
        publish(status, folder)


def publish(status: Sweep, folder: Path) -> None:
    status.write(folder)
    gathering.write(status, folder)


@contextmanager
def executor(jobs: int, cluster: str | None) -> Iterator[Executor]:
    """Processes of this machine, or the workers of a cluster."""
    if cluster is None:
        with pool(jobs) as executor:
            try:
                yield executor
            except BaseException:
                stop(executor)
                raise
        return
    try:
        from distributed import Client
    except ImportError:
        raise ReportError("a cluster needs dask.distributed: pip install 'artnb[cluster]'.") from None
    try:
        client = Client(cluster, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ReportError(f"no dask scheduler answers at {cluster}: {error}") from None
    with client, client.get_executor(pure=False) as executor:
        yield executor


def settled(futures: Mapping[Future, int]) -> Iterator[Future]:
    """Each future when it has ended, under a progress bar; left early, none of them begins any more."""
    try:
        yield from tqdm(as_completed(futures), desc="sweep", total=len(futures), unit="notebook")
    finally:
        for future in futures:
            future.cancel()


def outcome_of(future: Future) -> Outcome:
    """How a job ended; a worker that is lost, and too often with it, fails its combination alone."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenProcessPool):
        return Outcome(State.FAILED, message="A worker was killed, perhaps for lack of memory; sweep again.")
    if not isinstance(error, Exception):
        raise error
    return Outcome(State.FAILED, message=f"{type(error).__name__}: {error}")


def carry_out(notebook: Path, combination: Combination, to: Path, threads: int | None) -> Outcome:
    """Runs one combination, on a worker, unless another has; two that are asked for one run it once.

    Args:
        threads: cores that the notebook may use; None leaves them to the worker's environment.

    Raises:
        ReportError: the notebook, the package or the data are not those that the sweep was begun with.
    """
    folder = to / combination.fingerprint
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / runner.LOCK):
        if (outcome := found(folder)).state == State.DONE:
            return outcome
        if fingerprints.of_results(notebook, combination.parameters) != combination.fingerprint:
            raise ReportError("the notebook, the package or the data has changed since; sweep again.")
        if threads is not None:
            for name in CORES:
                os.environ.setdefault(name, str(threads))
        [task] = runner.plan([notebook], combination.parameters, folder)
        task.bar = False
        runner.clear(folder)
        runner.run(Status("sweep", [task.status]), [task], folder, cell_timeout=None)
    message = task.status.error.message if task.status.error else ""
    return Outcome(task.status.state, task.status.seconds, message)
