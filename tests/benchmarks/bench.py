"""All comparisons with other ways of doing the same, in one run and one table.

    python tests/benchmarks/bench.py [FILE] [--demo]

Prints the table and writes it to FILE, reports/bench.md where none is given; with --demo the whole demo is
reported, not a short one (see `reporting`). Each subject has a process of its own.
"""

import argparse
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path

import explanations
import multitask
import reporting
import startup
import stores
import teaching
from joblib import cpu_count
from paired import Comparison, table
from tqdm.auto import tqdm

from artnb.paths import resolve, written_whole

SUBJECTS = (startup, stores, explanations, multitask, teaching, reporting)
PACKAGES = ("artnb", "torch", "torchvision", "captum", "pytorch-lightning", "grad-cam")
EXPLANATION = """\
In each round all ways were timed in turn; the median of the rounds counts. *speed*: how many times as fast as
the other way; *time*: how many times as long; *seconds*: by itself. The scripts in `tests/benchmarks`
say what each way does."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path, default=resolve("reports/bench.md"))
    parser.add_argument("--demo", action="store_true", help="report the whole demo, cold and warm")
    asked = parser.parse_args()
    started, found = time.monotonic(), []
    for subject in tqdm(SUBJECTS, unit="subject"):
        ask = partial(subject.comparisons, asked.demo) if subject is reporting else subject.comparisons
        with ProcessPoolExecutor(1, get_context("spawn")) as executor:
            found += executor.submit(every, ask).result()
    minutes = (time.monotonic() - started) / 60
    page = f"# Benchmark\n\n{machine(minutes)}\n\n{EXPLANATION}\n\n{table(found)}\n"
    print(page)
    with written_whole(asked.file) as path:
        path.write_text(page, "utf-8")


def every(ask) -> list[Comparison]:
    return list(ask())


def machine(minutes: float) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{date.today():%d %B %Y}, {processor()}, {cpu_count()} cores; "
        f"Python {platform.python_version()}, {versions}. It took {minutes:.0f} minutes."
    )


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


if __name__ == "__main__":
    main()
