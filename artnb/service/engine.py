"""Jobs on dask.distributed: workers of this machine, or a cluster by the address of its scheduler.

A worker does one job at a time. Where it is killed, its nanny starts it again and the scheduler gives the job
to another, some times (dask's `allowed-failures`). A cluster must see the folder of the jobs under the same
path.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from threading import RLock

import dask
from distributed import Client, Future, KilledWorker, LocalCluster
from joblib import cpu_count

from artnb.errors import ServiceError
from artnb.service.carrying import Failed, carry_out
from artnb.service.jobs import Job, Jobs, State

GRACE = 10.0  # seconds that a cancelled job may go on before its worker is started again
PATIENCE = 10.0  # seconds that a scheduler has to answer
LOG = logging.getLogger(__name__)
CONFIG = {
    "distributed.scheduler.allowed-failures": 2,
    "distributed.scheduler.worker-saturation": 1.0,  # jobs wait at the scheduler, not at a busy worker
    "distributed.worker.daemon": True,
}


@dataclass
class Course:
    """How a job that runs is getting on, as far as its worker has said."""

    worker: str
    since: float  # monotonic seconds, as is the next
    stopped: float = 0.0  # when it was told to stop
    done: int = 0
    total: int | None = None
    first: int = 0  # what was done at the first report of anything: finished parts of a film take no time
    first_at: float = 0.0

    @property
    def left(self) -> float | None:
        """Seconds, at the pace so far; None where nobody knows."""
        made = self.done - self.first
        if not self.total or made <= 0:
            return None
        return (self.total - self.done) * (time.monotonic() - self.first_at) / made


class Engine:
    """Carries out the jobs of `jobs`, those left by an earlier engine first.

    Args:
        cluster: the address of a dask scheduler, such as tcp://HOST:8786; None for workers of this machine.
        workers: of this machine.

    Raises:
        ServiceError: no scheduler answers.
    """

    def __init__(self, jobs: Jobs, cluster: str | None = None, workers: int = 1) -> None:
        self.jobs, self.lock = jobs, RLock()
        self.futures: dict[str, Future] = {}
        self.courses: dict[str, Course] = {}
        self.topic = f"artnb-studio-{token_hex(8)}"
        self.own = None
        threads = {"OMP_NUM_THREADS": max(cpu_count() // workers, 1)}  # where the environment says nothing
        with dask.config.set(CONFIG | {"distributed.nanny.pre-spawn-environ": threads}):
            if cluster is None:
                self.own = cluster = LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                    host="127.0.0.1", silence_logs=logging.ERROR,
                )  # fmt: skip
            try:
                self.client = Client(cluster, set_as_default=False, timeout=PATIENCE)
            except (OSError, ValueError) as error:
                raise ServiceError(f"no dask scheduler answers at {cluster}: {error}") from None
        self.client.subscribe_topic(self.topic, self.heard)
        self.tend()

    def close(self) -> None:
        """Leaves unfinished jobs as they are: the next engine takes them up."""
        with self.lock:
            self.futures, left = {}, self.futures
        for future in left.values():
            with suppress(Exception):
                future.release()
        self.client.close()
        if self.own is not None:
            self.own.close()

    def submit(self, job: Job) -> None:
        """Begins a job as soon as a worker is free; users take turns."""
        with self.lock:
            if job.id in self.futures:
                return
            ahead = sum(
                other.user == job.user for other in self.jobs.unfinished() if other.id in self.futures
            )
            future = self.client.submit(
                carry_out, str(self.jobs.folder(job)), self.topic,
                key=f"artnb-{job.id}-{token_hex(4)}", pure=False, priority=-ahead,
            )  # fmt: skip
            self.futures[job.id] = future
        future.add_done_callback(partial(self.ended, job.id))

    def cancel(self, job: Job) -> Job | None:
        """The job as cancelled, or None where it had ended already."""
        changed = self.jobs.change(
            job.id,
            (State.QUEUED, State.RUNNING),
            state=State.CANCELLED,
            ended=time.time(),
            message="Cancelled.",
        )
        if changed:
            self.leave(job.id)
        return changed

    def retry(self, job: Job) -> Job | None:
        """A failed or cancelled job, asked for again; None where it is neither.

        Raises:
            TooMuchError: as `Jobs.add`.
        """
        self.jobs.check_queue(job.user)
        changed = self.jobs.change(
            job.id,
            (State.FAILED, State.CANCELLED),
            state=State.QUEUED,
            message="",
            started=0.0,
            ended=0.0,
            starts=0,
        )
        if changed:
            self.submit(changed)
        return changed

    def remove(self, job: Job) -> None:
        self.cancel(job)
        self.jobs.remove(job)

    def leave(self, id: str) -> None:
        """Nobody waits for the job any more; who is at work on it has `GRACE` to stop."""
        with self.lock:
            future, course = self.futures.pop(id, None), self.courses.get(id)
            if course:
                course.stopped = time.monotonic()
        if future is not None:
            future.cancel()

    def heard(self, event: tuple[float, dict]) -> None:
        """What a worker says of a job."""
        _, said = event
        id, now = said["job"], time.monotonic()
        with self.lock:
            match said["event"]:
                case "began":
                    self.courses[id] = Course(said["worker"], now)
                    if id in self.futures and (job := self.jobs.known.get(id)):
                        self.jobs.change(
                            id, (State.QUEUED, State.RUNNING), state=State.RUNNING,
                            started=job.started or time.time(), starts=job.starts + 1,
                        )  # fmt: skip
                case "progress" if id in self.courses:
                    course = self.courses[id]
                    if said["done"] and not course.first_at:
                        course.first, course.first_at = said["done"], now
                    course.done, course.total = said["done"], said["total"]
                case "left":
                    self.courses.pop(id, None)

    def ended(self, id: str, future: Future) -> None:
        """The future of a job has come to its end, one way or another."""
        if self.futures.get(id) is not future:
            return  # cancelled, or left to the next engine
        with bearing(id):
            open_ = (State.QUEUED, State.RUNNING)
            if future.status == "finished":
                results = future.result()
                self.jobs.change(id, open_, state=State.DONE, ended=time.time(), message="", results=results)
            elif future.status == "error":
                error = future.exception()
                self.jobs.change(id, open_, state=State.FAILED, ended=time.time(), message=in_words(error))
            else:  # the cluster has forgotten it: `tend` asks again
                self.jobs.change(id, open_, state=State.QUEUED)
        with self.lock:
            if self.futures.get(id) is future:
                del self.futures[id]
                self.courses.pop(id, None)

    def tend(self) -> None:
        """What is to be done now and then: jobs that nobody is at are begun, those that take too long failed,
        workers that do not stop started again, and what is old removed."""
        now = time.monotonic()
        for job in self.jobs.unfinished():
            self.submit(job)
        with self.lock:
            late = [
                id for id, course in self.courses.items()
                if not course.stopped and now - course.since > self.jobs.limits.job_seconds
            ]  # fmt: skip
            stuck = [
                (id, course) for id, course in self.courses.items()
                if course.stopped and now - course.stopped > GRACE
            ]  # fmt: skip
        for id in late:
            self.jobs.change(
                id, (State.QUEUED, State.RUNNING), state=State.FAILED, ended=time.time(),
                message="It took longer than the studio waits: try a smaller picture or a shorter film.",
            )  # fmt: skip
            self.leave(id)
        for id, course in stuck:
            self.courses.pop(id, None)
            with bearing(id):
                self.client.restart_workers([course.worker], timeout=30, raise_for_error=False)
        self.jobs.clean()

    def place(self, job: Job) -> int:
        """How many jobs that were asked for earlier have not begun either."""
        waiting = [other for other in self.jobs.unfinished() if other.state is State.QUEUED]
        return sum(other.created < job.created for other in waiting)


@contextmanager
def bearing(id: str) -> Iterator[None]:
    """What goes wrong with one job must not stop the others."""
    try:
        yield
    except Exception:
        LOG.exception("job %s", id)


def in_words(error: BaseException) -> str:
    if isinstance(error, Failed):
        return str(error)
    if isinstance(error, KilledWorker):
        return "The work was killed several times, perhaps for lack of memory: try a smaller picture or film."
    return f"It came to nothing ({type(error).__name__}): try again."
