"""One job, carried out on a worker: alone, watched, and done once whatever happens to the worker."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from distributed import get_worker
from filelock import FileLock

from artnb.errors import ArtnbError
from artnb.service.jobs import INPUT, MAKING, RESULTS, Job, State, read
from artnb.service.kinds import kinds

DONE = "results.json"
PAUSE = 0.25  # seconds between two reports
Say = Callable[[dict[str, object]], None]


class Cancelled(Exception):
    """The job has been cancelled, or is gone: whoever is at work on it stops."""


class Failed(Exception):
    """The job cannot be done; the message is for its user, without paths of ours."""


def carry_out(folder: str, topic: str) -> dict[str, object]:
    """The results of the job in `folder`; what happens meanwhile goes to dask's `topic`.

    What is there already is not done again: results, and the finished parts of a film.

    Raises:
        Cancelled, Failed.
    """
    worker, job = get_worker(), read(Path(folder))
    if job is None:
        raise Cancelled

    def say(what: dict[str, object]) -> None:
        worker.log_event(topic, {"job": job.id, "worker": worker.address} | what)

    say({"event": "began"})
    try:
        return carry(job, Path(folder), say)
    finally:
        say({"event": "left"})


def carry(job: Job, folder: Path, say: Say) -> dict[str, object]:
    reported = checked = 0.0

    def report(done: int, total: int | None) -> None:
        nonlocal reported, checked
        now = time.monotonic()
        if now - checked > 2 * PAUSE:
            checked, known = now, read(folder)
            if known is None or known.state is State.CANCELLED or known.state is State.FAILED:
                raise Cancelled
        if now - reported > PAUSE or done == total:
            reported = now
            say({"event": "progress", "done": done, "total": total})

    with FileLock(folder / "lock"):
        if not (folder / RESULTS / DONE).is_file():
            making, given = folder / MAKING, folder / INPUT
            making.mkdir(exist_ok=True)
            second = given / "second"
            try:
                kind = kinds()[job.kind]
                results = kind.carry(
                    given / "first",
                    second if second.exists() else None,
                    job.medium,
                    job.options,
                    making,
                    report,
                )
            except Cancelled:
                raise
            except ArtnbError as error:
                raise Failed(sentence(str(error), making, given)) from None
            except Exception as error:
                logging.getLogger(__name__).exception("job %s", job.id)
                raise Failed(
                    f"It came to nothing, for a reason that nobody foresaw ({type(error).__name__}); the "
                    "studio’s log has more."
                ) from None
            (making / DONE).write_text(json.dumps(asdict(results)))
            making.rename(folder / RESULTS)
        return json.loads((folder / RESULTS / DONE).read_text())


def sentence(message: str, *folders: Path) -> str:
    """An error's message for the page, without where its files lie."""
    for folder in folders:
        message = message.replace(f"{folder}/", "")
    return f"{message[:1].upper()}{message[1:].removesuffix('.')}."
