"""Starts a job in a process, kills it at random moments, starts it again, and compares what it comes to."""

import io
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import RLock

import numpy as np
import pandas as pd
import psutil
from jobs import Job
from tqdm import tqdm

LONGEST = 300  # seconds after which a job hangs
PRELOADED = [
    "artnb.attention.occlusion",
    "artnb.collect.folders",
    "artnb.reporting.runner",
    "artnb.training.features",
    "pytest",
]


def started(job: Job, place: Path) -> BaseProcess:
    """The job, begun in a process of its own, which is forked from one that has imported what it needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    begun, begins = context.Pipe(duplex=False)
    process = context.Process(target=alone, args=(job, place, begins))
    process.start()
    begins.close()
    begun.recv()
    return process


def alone(job: Job, place: Path, begins: Connection) -> None:
    """In a session of its own, as a shell's job is, and with nothing that a kill would leave to others."""
    os.setsid()
    tqdm.set_lock(RLock())  # tqdm's own would be a semaphore of the system
    begins.send(True)
    with redirect_stdout(io.StringIO()):
        job.work(place)


def uninterrupted(job: Job, place: Path) -> tuple[Mapping[str, object], float]:
    """What the job comes to when nobody disturbs it, and in how many seconds."""
    place.mkdir()
    process = started(job, place)
    begun = time.monotonic()
    finish(process)
    seconds = time.monotonic() - begun
    job.sound(place)
    return job.result(place), seconds


def finish(process: BaseProcess) -> None:
    process.join(LONGEST)
    assert process.exitcode == 0, f"the job ended with {process.exitcode}"


def kill(process: BaseProcess, orphans: bool) -> bool:
    """Kills the process and, unless `orphans` are left, all that it has started; whether it was in time."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(process.pid)
        children = [] if orphans else first.children(recursive=True)
        if process.is_alive():
            first.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    process.join(LONGEST)
    assert process.exitcode in (0, -signal.SIGKILL), f"the job ended with {process.exitcode}"
    return process.exitcode != 0


def killed_often(job: Job, folder: Path, kills: int, seed: int) -> list[str]:
    """Kills the job `kills` times or a few more, one to three times in a row, at moments drawn evenly from
    the time that it takes undisturbed; then lets it finish. Returns what each kill left.

    Raises:
        AssertionError: a kill left something that is not sound, or the job came to something else.
    """
    rng = np.random.default_rng(seed)
    expected, seconds = uninterrupted(job, folder / "undisturbed")
    found: list[str] = []
    places = (folder / f"round {number}" for number in count(1))
    while len(found) < kills:
        place = next(places)
        place.mkdir()
        for _ in range(rng.integers(1, 4)):
            process = started(job, place)
            process.join(rng.uniform(0, seconds))
            if not kill(process, orphans=bool(rng.integers(2))):
                break
            job.sound(place)
            found.append(job.progress(place))
        finish(started(job, place))
        job.sound(place)
        same(job.result(place), expected)
    return found


def same(result: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """Bit for bit."""
    assert result.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(result[name], value, check_exact=True)
        else:
            assert result[name] == value, name
