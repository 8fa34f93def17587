"""What visitors have asked for: a folder for each job, in that of its user.

ROOT/USER/jobs/JOB/job.json       the record
                   input/         a copy of the upload, and of a second one
                   making/        what is not yet finished
                   results/       the results, whole

Nothing is found without naming its user, so nobody can ask for what is another's.
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from threading import RLock

from filelock import FileLock, Timeout

from artnb.errors import ServiceError, TooMuchError
from artnb.paths import written_whole
from artnb.service.limits import Limits
from artnb.service.uploads import UPLOADS, Upload

RECORD, INPUT, MAKING, RESULTS = "job.json", "input", "making", "results"
NAME = re.compile(r"[0-9a-f]{32}")  # of users, jobs and uploads: 128 bits that nobody guesses


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Job:
    """One request; times are seconds since 1970, 0 while there is none."""

    id: str
    user: str
    kind: str
    medium: str  # picture or film
    name: str  # of the uploaded file, as its user knows it; never a path of ours
    options: dict[str, str] = field(default_factory=dict)
    state: State = State.QUEUED
    message: str = ""
    created: float = 0
    started: float = 0
    ended: float = 0
    starts: int = 0  # more than 1 where a worker was lost
    results: dict[str, object] = field(default_factory=dict)


def new_id() -> str:
    return secrets.token_hex(16)


class Jobs:
    """All jobs below `root`: read once, then kept in memory and on disk alike. Safe between threads.

    Raises:
        ServiceError: another process has them.
    """

    def __init__(self, root: str | Path, limits: Limits | None = None) -> None:
        self.root, self.limits = Path(root), limits or Limits()
        self.root.mkdir(parents=True, exist_ok=True)
        self.mine = FileLock(self.root / "lock", timeout=0)
        try:
            self.mine.acquire()
        except Timeout:
            raise ServiceError(f"{self.root}: another studio serves this folder: stop it first") from None
        self.lock, self.known = RLock(), {}
        for record in self.root.glob(f"*/jobs/*/{RECORD}"):
            if job := read(record.parent):
                self.known[job.id] = job

    def close(self) -> None:
        self.mine.release()

    def folder(self, job: Job) -> Path:
        return self.root / job.user / "jobs" / job.id

    def of(self, user: str) -> list[Job]:
        """The latest first."""
        with self.lock:
            mine = [job for job in self.known.values() if job.user == user]
        return sorted(mine, key=lambda job: job.created, reverse=True)

    def get(self, user: str, id: str) -> Job | None:
        job = self.known.get(id)
        return job if job and job.user == user else None

    def unfinished(self) -> list[Job]:
        """The first asked for first."""
        with self.lock:
            open_ = [job for job in self.known.values() if not job.state.finished]
        return sorted(open_, key=lambda job: job.created)

    def add(
        self, user: str, kind: str, options: dict[str, str], upload: Upload, second: Upload | None = None
    ) -> Job:
        """A job with a copy of its upload, waiting to be done.

        Raises:
            TooMuchError: the user has too many unfinished jobs, or all users together.
        """
        with self.lock:
            self.check_queue(user)
            job = Job(new_id(), user, kind, upload.medium, upload.name, dict(options), created=time.time())
            folder = self.folder(job) / INPUT
            folder.mkdir(parents=True)
            for place, given in (("first", upload), ("second", second)):
                if given:
                    shutil.copyfile(given.path, folder / place)
            return self.keep(job)

    def check_queue(self, user: str) -> None:
        """Raises TooMuchError where no job of `user` is taken now."""
        waiting = self.unfinished()
        if len(waiting) >= self.limits.queue:
            raise TooMuchError("The studio has as much to do as it takes: try again in some minutes.")
        if sum(job.user == user for job in waiting) >= self.limits.of_user:
            raise TooMuchError(
                f"You have {self.limits.of_user} jobs that are not finished: wait for one, or cancel one."
            )

    def change(self, id: str, only_from: Iterable[State] = tuple(State), **changes: object) -> Job | None:
        """The job as changed, or None where it is gone or in another state than one of `only_from`."""
        with self.lock:
            job = self.known.get(id)
            if job is None or job.state not in only_from:
                return None
            return self.keep(replace(job, **changes))

    def keep(self, job: Job) -> Job:
        with written_whole(self.folder(job) / RECORD) as beside:
            beside.write_text(json.dumps(asdict(job), indent=1))
        self.known[job.id] = job
        return job

    def remove(self, job: Job) -> None:
        with self.lock:
            self.known.pop(job.id, None)
            shutil.rmtree(self.folder(job), ignore_errors=True)

    def clean(self, now: float | None = None) -> None:
        """Removes finished jobs and uploads that have been kept long enough, and users that have nothing."""
        last = (time.time() if now is None else now) - self.limits.kept_seconds
        with self.lock:
            for job in list(self.known.values()):
                if job.state.finished and job.ended < last:
                    self.remove(job)
            for user in self.users():
                for upload in (user / UPLOADS).glob("*"):
                    if upload.stat().st_mtime < last:
                        delete(upload)
                for folder in (user / "jobs").glob("*"):
                    if folder.name not in self.known and folder.stat().st_mtime < last:
                        delete(folder)  # left by a kill
                if not any(path.is_file() for path in user.rglob("*")):
                    shutil.rmtree(user, ignore_errors=True)

    def users(self) -> list[Path]:
        return [path for path in self.root.iterdir() if NAME.fullmatch(path.name)]

    def check_room(self) -> None:
        """Raises TooMuchError where uploads and results together have filled what they may."""
        used = sum(path.stat().st_size for user in self.users() for path in user.rglob("*") if path.is_file())
        if used >= self.limits.room_bytes:
            raise TooMuchError("The studio has no room for more: try again tomorrow, when old work is gone.")


def delete(path: Path) -> None:
    """A folder, or the file of an upload that was broken off."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def read(folder: Path) -> Job | None:
    """The record in `folder`; None where there is none that can be read."""
    try:
        known = json.loads((folder / RECORD).read_text())
        names = {field.name for field in fields(Job)}
        job = Job(**{name: value for name, value in known.items() if name in names})
        return replace(job, state=State(job.state))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
