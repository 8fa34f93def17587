"""Several processes ask for one thing at once: it is made once, and whoever is left finishes it."""

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from jobs import CONFIG, Extracting, Job, Training
from killing import LONGEST, finish, same, started, uninterrupted

from artnb.atelier import Plan, paint


class Asking:
    """A job that notes in `place`.log who asks and who does the work, which waits until all have asked."""

    def note(self, log: Path, word: str) -> None:
        with log.open("a") as file:  # a line this short is written in one step
            file.write(f"{word} {os.getpid()}\n")

    def watched(self, log: Path, word: str, function):
        def called(*given, **named):
            wait_for(lambda: said(log)["asks"] >= self.processes)
            self.note(log, word)
            return function(*given, **named)

        return called


@dataclass(frozen=True)
class AskedRun(Training, Asking):
    processes: int = 1

    def work(self, place: Path) -> None:
        from artnb.training import fitting

        log = place.with_suffix(".log")
        fitting.learn = self.watched(log, "epoch", fitting.learn)
        self.note(log, "asks")
        super().work(place)


@dataclass(frozen=True)
class AskedFeatures(Extracting, Asking):
    processes: int = 1

    def work(self, place: Path) -> None:
        from artnb.training import features

        log = place.with_suffix(".log")
        features.write = self.watched(log, "writes", features.write)
        self.note(log, "asks")
        super().work(place)


@dataclass(frozen=True)
class Painting(Job, Asking):
    processes: int = 1

    def work(self, place: Path) -> None:
        from artnb.atelier import commission

        log = place.with_suffix(".log")
        commission.group_images = self.watched(log, "groups", commission.group_images)
        self.note(log, "asks")
        paint(Plan(train=8, validation=4, test=4, size=32), place)

    def result(self, place: Path) -> dict[str, object]:
        from artnb.catalogue import read

        return {"table": read(place).table}


def wait_for(condition) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline, "nobody came"
        time.sleep(0.01)


def lines(log: Path) -> list[list[str]]:
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def said(log: Path) -> Counter[str]:
    return Counter(word for word, _ in lines(log))


def asked(job: Job, place: Path) -> list:
    place.mkdir()
    return [started(job, place) for _ in range(job.processes)]


@pytest.mark.parametrize("processes", [2, 5])
def test_processes_that_ask_for_one_run_train_it_once(stored, tmp_path, processes):
    expected, _ = uninterrupted(Training(stored), tmp_path / "undisturbed")
    place = tmp_path / "asked"
    job = AskedRun(stored, processes=processes)
    for process in asked(job, place):
        finish(process)
    counted = said(place.with_suffix(".log"))
    assert counted == {"asks": processes, "epoch": CONFIG.epochs}
    assert len({pid for word, pid in lines(place.with_suffix(".log")) if word == "epoch"}) == 1
    same(job.result(place), expected)


def test_where_the_one_that_trains_is_killed_another_goes_on(stored, tmp_path):
    expected, _ = uninterrupted(Training(stored), tmp_path / "undisturbed")
    place, log = tmp_path / "asked", tmp_path / "asked.log"
    job = AskedRun(stored, processes=3)
    processes = asked(job, place)
    wait_for(lambda: said(log)["epoch"] >= 4)
    holder = next(int(pid) for word, pid in lines(log) if word == "epoch")
    os.kill(holder, signal.SIGKILL)
    for process in processes:
        process.join(LONGEST)
    assert sorted(process.exitcode for process in processes) == [-signal.SIGKILL, 0, 0]
    by = Counter(int(pid) for word, pid in lines(log) if word == "epoch")
    assert len(by) == 2
    assert CONFIG.epochs <= by.total() <= CONFIG.epochs + 1  # the epoch that was not kept is done again
    same(job.result(place), expected)


def test_processes_that_ask_for_the_same_features_compute_them_once(painted, stored, backbone, tmp_path):
    expected, _ = uninterrupted(Extracting(stored, backbone), tmp_path / "undisturbed")
    place = tmp_path / "asked"
    job = AskedFeatures(stored, backbone, processes=2)
    for process in asked(job, place):
        finish(process)
    assert said(place.with_suffix(".log")) == {"asks": 2, "writes": 1}
    same(job.result(place), expected)


@pytest.mark.slow
def test_processes_that_ask_for_the_same_pictures_paint_them_once(painted, tmp_path):
    place = tmp_path / "asked"
    job = Painting(processes=2)
    for process in asked(job, place):
        finish(process)
    assert said(place.with_suffix(".log")) == {"asks": 2, "groups": 1}
    same(job.result(place), {"table": painted.table})
