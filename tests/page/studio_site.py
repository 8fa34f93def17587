"""The studio as `artnb studio` serves it, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

SECONDS = 60  # until what should be there is said not to be


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(home: Path, port: int, *options: str) -> Iterator[subprocess.Popen]:
    """`home` is ARTNB_HOME; the process may be killed meanwhile."""
    environment = os.environ | {"ARTNB_HOME": str(home), "OMP_NUM_THREADS": "1", "ARTNB_WEIGHTS": str(home)}
    command = [
        sys.executable,
        "-c",
        "from artnb.cli import app; app()",
        "studio",
        "--port",
        str(port),
        *options,
    ]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        end = time.monotonic() + SECONDS
        while not answers(f"http://127.0.0.1:{port}/"):
            assert process.poll() is None, (home / "log").read_text()[-3000:]
            assert time.monotonic() < end, (home / "log").read_text()[-3000:]
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


def answers(address: str) -> bool:
    try:
        return urlopen(address, timeout=5).status == 200
    except OSError:
        return False
