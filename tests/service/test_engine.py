"""Jobs on a real dask cluster of this machine, whose workers are killed while they work."""

import os
import signal
import time

import psutil
import pytest
from distributed import LocalCluster
from rude import jpeg, mp4
from studio_home import furnish

from artnb.service import engine as module
from artnb.service.engine import Engine
from artnb.service.jobs import Jobs, State
from artnb.service.limits import Limits
from artnb.service.uploads import Upload

ANA, BEN = "a" * 32, "b" * 32
LONG = 600  # frames: half a minute of work, which nothing here waits for


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = furnish(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTNB_HOME", str(home))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield home


@pytest.fixture(scope="module")
def cluster(home):
    """One for all tests: a worker takes seconds to start."""
    with module.dask.config.set(module.CONFIG), LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


@pytest.fixture
def start(cluster, tmp_path):
    """Starts an engine over one folder, the last one stopped."""
    started = []

    def stop():
        for engine, jobs in started:
            engine.close()
            jobs.close()
        started.clear()

    def start(**limits):
        stop()
        jobs = Jobs(tmp_path / "studio", Limits(**limits))
        started.append((Engine(jobs, cluster), jobs))
        return started[-1][0]

    yield start
    for engine, jobs in started:
        for job in jobs.unfinished():
            engine.cancel(job)
    stop()


@pytest.fixture
def ask(tmp_path):
    def ask(engine, user=ANA, frames=0, data=None):
        """A film of `frames`, or a picture, made lighter by a network."""
        file = tmp_path / "upload"
        file.write_bytes(data or (mp4(tmp_path / "a.mp4", frames, (160, 120)) if frames else jpeg()))
        upload = Upload("1" * 32, "me", "film" if frames else "picture", 1, 1, 0.0, file)
        job = engine.jobs.add(user, "network-style", {"network": "lighter"}, upload)
        engine.submit(job)
        return job

    return ask


def until(engine, job, holds, seconds=60.0):
    end = time.monotonic() + seconds
    while not holds(now := engine.jobs.get(job.user, job.id)):
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def under_way(engine, job, done=24):
    until(engine, job, lambda _: (course := engine.courses.get(job.id)) and course.done >= done)


def worker(engine) -> int:
    [pid] = engine.client.run(os.getpid).values()
    return pid


def parts(engine, job) -> int:
    return len(list(engine.jobs.folder(job).glob("making/.film.mp4.parts/*.nut")))


def test_a_job_is_done_and_its_user_is_told_how_far_it_is(start, ask):
    engine = start()
    job = ask(engine, frames=60)
    running = until(engine, job, lambda now: now.state is State.RUNNING)
    assert running.started >= job.created
    under_way(engine, job)
    course = engine.courses[job.id]
    assert course.total == 60
    done = until(engine, job, lambda now: now.state.finished)
    assert (done.state, done.message, done.starts) == (State.DONE, "", 1)
    assert dict(done.results["facts"])["frames"] == "60"
    assert (engine.jobs.folder(job) / "results" / "film.mp4").is_file()
    assert not (engine.jobs.folder(job) / "making").exists()
    assert engine.courses == {}


def test_a_killed_worker_loses_no_job_and_no_finished_part(start, ask):
    engine = start()
    job, waiting = ask(engine, frames=120), ask(engine, BEN)
    under_way(engine, job, 48)
    before = parts(engine, job)
    assert before >= 1
    pid = worker(engine)
    os.kill(pid, signal.SIGKILL)
    again = until(engine, job, lambda now: now.starts == 2)
    assert again.state is State.RUNNING
    until(engine, job, lambda _: (course := engine.courses.get(job.id)) and course.done >= 24 * before)
    assert engine.courses[job.id].first >= 24  # it went on after the parts that were there
    done = until(engine, job, lambda now: now.state.finished)
    assert done.state is State.DONE
    assert until(engine, waiting, lambda now: now.state.finished).state is State.DONE
    assert worker(engine) != pid
    assert not psutil.pid_exists(pid)


def test_a_cancelled_job_stops_and_the_next_begins(start, ask):
    engine = start()
    long, waiting, next_ = ask(engine, frames=LONG), ask(engine, frames=LONG), ask(engine, BEN)
    under_way(engine, long)
    assert engine.cancel(waiting).state is State.CANCELLED
    assert engine.cancel(long).state is State.CANCELLED
    assert engine.cancel(long) is None
    assert until(engine, next_, lambda now: now.state.finished, 15).state is State.DONE
    assert engine.jobs.get(ANA, long.id).state is State.CANCELLED
    assert engine.jobs.get(ANA, waiting.id).starts == 0
    assert engine.retry(engine.jobs.get(BEN, next_.id)) is None


@pytest.mark.slow
def test_a_cancelled_job_can_be_asked_for_again_and_goes_on(start, ask):
    engine = start()
    job = ask(engine, frames=72)
    under_way(engine, job, 48)
    engine.cancel(job)
    kept = parts(engine, job)
    until(engine, job, lambda _: job.id not in engine.courses)
    assert engine.retry(engine.jobs.get(ANA, job.id)).state is State.QUEUED
    done = until(engine, job, lambda now: now.state.finished)
    assert (done.state, dict(done.results["facts"])["frames"]) == (State.DONE, "72")
    assert kept >= 1


def test_a_job_that_cannot_be_done_fails_in_words(start, ask):
    engine = start()
    job = ask(engine, data=b"no picture")
    failed = until(engine, job, lambda now: now.state.finished)
    assert failed.state is State.FAILED
    assert failed.message.startswith("Not an image")
    assert str(engine.jobs.root) not in failed.message


def test_a_restart_takes_up_what_was_not_done(start, ask):
    engine = start()
    running, waiting = ask(engine, frames=100), ask(engine)
    under_way(engine, running)
    again = start()  # the same folder, another engine
    assert {job.id for job in again.jobs.unfinished()} == {running.id, waiting.id}
    for job in (running, waiting):
        assert until(again, job, lambda now: now.state.finished).state is State.DONE


def test_a_job_that_takes_too_long_is_failed(start, ask):
    engine = start(job_seconds=0.5)
    job = ask(engine, frames=LONG)
    until(engine, job, lambda now: now.state is State.RUNNING)
    time.sleep(0.6)
    engine.tend()
    failed = engine.jobs.get(ANA, job.id)
    assert failed.state is State.FAILED
    assert "took longer" in failed.message
    until(engine, job, lambda _: job.id not in engine.courses, 15)  # its worker has stopped


@pytest.mark.slow
def test_a_worker_that_does_not_stop_is_started_again(start, ask, monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.0)
    engine = start()
    job = ask(engine, frames=LONG)
    under_way(engine, job, 1)
    pid = worker(engine)
    os.kill(pid, signal.SIGSTOP)  # nothing that it is told will it hear
    engine.cancel(job)
    engine.tend()
    next_ = ask(engine, BEN)
    assert until(engine, next_, lambda now: now.state.finished).state is State.DONE
    assert worker(engine) != pid


@pytest.mark.slow
def test_users_take_turns(start, ask):
    engine = start()
    first = [ask(engine, frames=30) for _ in range(4)]
    other = ask(engine, BEN)
    until(engine, other, lambda now: now.state.finished)
    states = [engine.jobs.get(ANA, job.id).state for job in first]
    assert states.count(State.DONE) <= 2
    assert State.QUEUED in states
    for job in first:
        until(engine, job, lambda now: now.state.finished)


@pytest.mark.slow
def test_a_removed_job_leaves_nothing(start, ask):
    engine = start()
    job = ask(engine, frames=LONG)
    under_way(engine, job)
    engine.remove(job)
    assert engine.jobs.of(ANA) == []
    assert until(engine, ask(engine, BEN), lambda now: now.state.finished).state is State.DONE
    until_gone = time.monotonic() + 10
    while engine.jobs.folder(job).exists():
        assert time.monotonic() < until_gone
        engine.jobs.clean()
        time.sleep(0.1)


def test_no_scheduler_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    jobs = Jobs(tmp_path / "studio")
    try:
        with pytest.raises(module.ServiceError, match="no dask scheduler answers"):
            Engine(jobs, "tcp://127.0.0.1:9")
    finally:
        jobs.close()
