"""The records of jobs: kept, found again, never another's, and removed when their time has come."""

import json
import os
import time

import pytest

from artnb.errors import ServiceError, TooMuchError
from artnb.service.jobs import Jobs, State
from artnb.service.limits import Limits
from artnb.service.uploads import Upload

ANA, BEN = "a" * 32, "b" * 32


@pytest.fixture
def upload(tmp_path):
    file = tmp_path / "upload"
    file.write_bytes(b"pixels")
    return Upload("1" * 32, "me.jpg", "picture", 3, 2, 0.0, file)


@pytest.fixture
def opened(tmp_path):
    known = []

    def opened(**limits):
        for jobs in known:
            jobs.close()
        known.append(Jobs(tmp_path / "studio", Limits(**limits)))
        return known[-1]

    yield opened
    known[-1].close()


def test_jobs_are_found_again_after_a_restart(opened, upload):
    jobs = opened()
    first = jobs.add(ANA, "style", {"style": "cat"}, upload)
    second = jobs.add(BEN, "artistry", {}, upload, upload)
    jobs.change(second.id, state=State.DONE, results={"facts": [["artistic", "90 %"]]})
    again = opened()
    assert again.get(ANA, first.id) == first
    assert again.get(BEN, second.id).results == {"facts": [["artistic", "90 %"]]}
    assert again.unfinished() == [first]
    assert (again.folder(second) / "input" / "second").read_bytes() == b"pixels"


def test_nobody_finds_what_is_another_s(opened, upload):
    jobs = opened()
    job = jobs.add(ANA, "style", {}, upload)
    assert jobs.get(BEN, job.id) is None
    assert jobs.of(BEN) == []
    assert jobs.of(ANA) == [job]


def test_identities_cannot_be_guessed(opened, upload):
    jobs = opened(of_user=200, queue=300)
    ids = [jobs.add(ANA, "style", {}, upload).id for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(len(id) == 32 for id in ids)
    bits = [bin(int(id, 16)).count("1") for id in ids]
    assert 60 < sum(bits) / len(bits) < 68  # half of 128, by chance


def test_a_state_changes_only_from_where_it_may(opened, upload):
    jobs = opened()
    job = jobs.add(ANA, "style", {}, upload)
    jobs.change(job.id, state=State.CANCELLED)
    assert jobs.change(job.id, (State.QUEUED, State.RUNNING), state=State.DONE) is None
    assert jobs.get(ANA, job.id).state is State.CANCELLED
    assert json.loads((jobs.folder(job) / "job.json").read_text())["state"] == "cancelled"


def test_a_user_and_the_queue_are_bounded(opened, upload):
    jobs = opened(of_user=2, queue=3)
    mine = [jobs.add(ANA, "style", {}, upload) for _ in range(2)]
    with pytest.raises(TooMuchError, match="You have 2 jobs"):
        jobs.add(ANA, "style", {}, upload)
    jobs.add(BEN, "style", {}, upload)
    with pytest.raises(TooMuchError, match="as much to do"):
        jobs.add(BEN, "style", {}, upload)
    jobs.change(mine[0].id, state=State.DONE)
    jobs.add(ANA, "style", {}, upload)


def test_what_is_old_goes_and_what_is_not_done_stays(opened, upload):
    jobs = opened(kept_seconds=100)
    old, new, waiting = (jobs.add(ANA, "style", {}, upload) for _ in range(3))
    now = time.time()
    jobs.change(old.id, state=State.FAILED, ended=now - 101)
    jobs.change(new.id, state=State.DONE, ended=now - 99)
    left = jobs.root / BEN / "uploads" / ("2" * 32)
    left.mkdir(parents=True)
    (left / "file").write_bytes(b"")
    broken_off = left.with_suffix(".part")
    broken_off.write_bytes(b"half")
    for path in (left, broken_off):
        os.utime(path, (now - 101, now - 101))
    jobs.clean(now)
    assert {job.id for job in jobs.of(ANA)} == {new.id, waiting.id}
    assert not jobs.folder(old).exists()
    assert jobs.folder(waiting).exists()
    assert not (jobs.root / BEN).exists()


def test_a_damaged_record_does_not_stop_the_others(opened, upload):
    jobs = opened()
    good, bad = jobs.add(ANA, "style", {}, upload), jobs.add(ANA, "style", {}, upload)
    (jobs.folder(bad) / "job.json").write_text('{"id": 3')
    assert opened().of(ANA) == [good]


def test_two_studios_do_not_share_a_folder(opened, tmp_path):
    opened()
    with pytest.raises(ServiceError, match="another studio"):
        Jobs(tmp_path / "studio")


def test_room_is_bounded(opened, upload):
    jobs = opened(room_bytes=2000)
    jobs.check_room()
    jobs.add(ANA, "style", {}, upload)
    (jobs.root / ANA / "large").write_bytes(bytes(2000))
    with pytest.raises(TooMuchError, match="no room"):
        jobs.check_room()
