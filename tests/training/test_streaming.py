"""Reading and learning from a store that is larger than the memory there is.

A process of its own builds a sparse store and may then have HEADROOM MB of data more than its libraries and
its table take; the kernel refuses the rest (see `tests/benchmarks/streaming.py`, which does the same at sizes
that take longer).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
HEADROOM = 700  # MB
AT_ONCE = {
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_ARENA_MAX": "1",
}  # what is freed goes back to the kernel
FEW, MANY = 960, 20_000  # images of 128 px: 47 and 983 MB; the batches of both are full

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")


def streamed(images: int) -> dict[str, object]:
    program = f"import json, streaming; print(json.dumps(streaming.streamed({images}, {HEADROOM}, steps=3)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=BENCHMARKS,
        env={**os.environ, **AT_ONCE},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_memory_does_not_grow_with_the_images():
    few, many = streamed(FEW), streamed(MANY)
    assert many["store GB"] * 1000 > HEADROOM
    assert (few["whole store"], many["whole store"]) == ("read", "refused")
    for name in ("reading", "learning"):
        assert many[name] - few[name] < 20, (few, many)
    assert many["tables"] < 100  # MB for 20,000 images, pandas' leavings with them
