"""What the benchmarks of memory have in common: peaks of a process, stores without pixels, tables."""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

STATUS = Path("/proc/self/status")  # of Linux, which these benchmarks need


def memory(name: str) -> float:
    """MB of this process, by the name that Linux gives it: VmHWM (peak), VmRSS, RssAnon, RssFile."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """From here on VmHWM is the peak of what follows."""
    Path("/proc/self/clear_refs").write_text("5")


@contextmanager
def stage(name: str, rows: list[dict[str, object]]) -> Iterator[None]:
    """Adds to `rows` how long the block took, and the peak of the process's memory meanwhile."""
    forget_peak()
    started = time.perf_counter()
    yield
    rows.append({"stage": name, "seconds": time.perf_counter() - started, "peak MB": memory("VmHWM")})


def apart(function: Callable, *arguments):
    """`function` in a process of its own, which takes its memory with it."""
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        return executor.submit(function, *arguments).result()


def sparse_store(folder: Path, ids: Sequence[str], size: int) -> None:
    """A finished store of `ids` in a catalogue's folder, whose pixels are a hole in a file."""
    place = folder / "stores" / str(size)
    place.mkdir(parents=True)
    (place / "ids.txt").write_text("".join(f"{id}\n" for id in ids), "ascii")
    (place / "pixels").touch()
    os.truncate(place / "pixels", len(ids) * size**2 * 3)


def markdown(table: pd.DataFrame) -> str:
    rows = [table.columns, ["---"] * table.shape[1], *table.astype(object).itertuples(index=False)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def machine(*packages: str) -> str:
    """The machine and the versions a table was measured with."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {total:.0f} GB of memory; "
        f"Python {platform.python_version()}, {versions}."
    )
