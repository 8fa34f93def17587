"""Worker processes that do not outlive the one that asked for them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from artnb.processes import pool

IDLE = """
import time
from artnb.processes import pool
import os

if __name__ == "__main__":
    with pool(1) as executor:
        print(executor.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""
BUSY = """
import os, time
from artnb.processes import pool

def work(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)

if __name__ == "__main__":
    with pool(1) as executor:
        executor.submit(work, 60).result()
"""


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and "Z" not in state


def test_work_is_done_by_other_processes_in_order():
    with pool(2) as executor:
        assert list(executor.map(abs, [-3, -1, -2])) == [3, 1, 2]
        assert executor.submit(os.getpid).result() != os.getpid()


def test_every_pool_has_the_environment_of_its_moment(monkeypatch):
    for value in ("first", "second"):
        monkeypatch.setenv("ARTNB_TEST", value)
        with pool(1) as executor:
            assert executor.submit(os.getenv, "ARTNB_TEST").result() == value
    monkeypatch.delenv("ARTNB_TEST")
    with pool(1) as executor:
        assert executor.submit(os.getenv, "ARTNB_TEST").result() is None


@pytest.mark.parametrize("parent", [IDLE, BUSY], ids=["idle", "busy"])
def test_workers_end_when_their_parent_is_killed(tmp_path, parent):
    script = tmp_path / "parent.py"
    script.write_text(parent)
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    worker = int(process.stdout.readline())
    assert is_running(worker)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while is_running(worker):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)
    process.stdout.close()
