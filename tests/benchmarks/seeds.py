"""What ten seeds cost together, against ten in turn, and how far their results differ.

    python tests/benchmarks/seeds.py [--seeds 10] [--works 60] [--size 64] [--epochs 3] [--rounds 3]
                                     [--models artistry-single artistry-multi-2] [--devices cpu cuda]

The images are noise, for only time is measured. In each round every way trains the same runs anew, one way
after the other, so that whatever else the machine does falls on all alike; a ratio is one round's. A first
round is not counted. Results are compared with those in turn, in the same precision, over all epochs.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import StringIO
from multiprocessing import current_process
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import MagicMock

for absent in ("imagehash", "pandera", "pandera.pandas"):  # of a catalogue, which this does without
    if find_spec(absent.partition(".")[0]) is None:
        sys.modules[absent] = MagicMock()

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from tqdm.auto import tqdm  # noqa: E402

from artnb.images import Store  # noqa: E402
from artnb.training import Run, TrainingConfig, TrainingData, fit  # noqa: E402
from artnb.training.data import FieldImages  # noqa: E402
from artnb.training.design import at_once, fit_all, train_all  # noqa: E402

FIELDS = ("painting", "architecture", "sculpture", "garden")
Job = tuple[str, TrainingData, TrainingConfig, Path]  # what `fit` is asked for
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


class NoiseStore(Store):
    """Noise of a seed, which another process draws again."""

    def __reduce__(self):
        return noise, (len(self.pixels), self.size)


def noise(images: int, size: int) -> NoiseStore:
    pixels = np.random.default_rng(0).integers(0, 256, (images, size, size, 3), dtype=np.uint8)
    return NoiseStore(size, pixels, pd.Index([f"{image:08x}" for image in range(images)]))


def data_of(fields: tuple[str, ...], works: int, size: int) -> TrainingData:
    """So many training images of each field, and half as many to validate."""
    numbers = {"train": works, "validation": works // 2, "test": 0}
    store = noise(len(fields) * sum(numbers.values()), size)
    row, splits = 0, {}
    for split, number in numbers.items():
        splits[split] = {}
        for name in fields:
            rows = np.arange(row, row := row + number)
            ids = store.ids[rows].to_numpy(dtype=str)
            splits[split][name] = FieldImages(store, rows, torch.arange(number) % 2, ids, ids)
    return TrainingData(("non_artistic", "artistic"), splits)


def in_turn(jobs: list[Job]) -> list[Run]:
    return fit_all(jobs, workers=1)


def pool(jobs: list[Job]) -> list[Run]:
    return fit_all(jobs, workers=CORES)


def pinned(jobs: list[Job]) -> list[Run]:
    return train_all(fit_pinned, jobs, CORES)


def pool_on_gpu(jobs: list[Job]) -> list[Run]:
    return fit_all(jobs, at_once(jobs[0][2]))


def fit_pinned(*job: object) -> Run:
    """In a process of a pool, which stays on one core."""
    number = int(current_process().name.rpartition("-")[2])
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[number % len(cores)]})
    return fit(*job)


class Way(NamedTuple):
    name: str
    train: Callable[[list[Job]], list[Run]]
    changes: dict[str, object]  # to the config


def ways(device: str) -> list[Way]:
    one, all_ = {"device": device, "threads": 1}, {"device": device, "threads": CORES}
    if device == "cpu":
        pinning = [Way(f"pool of {CORES}, pinned", pinned, one)] if hasattr(os, "sched_setaffinity") else []
        return [
            Way("in turn", in_turn, one),
            Way(f"pool of {CORES}", pool, one),
            *pinning,
            Way(f"in turn, {CORES} threads", in_turn, all_),
        ]
    return [Way("in turn", in_turn, one), Way("pool on one GPU", pool_on_gpu, one)]


@dataclass
class Outcome:
    """Of all rounds of a way."""

    seconds: list[float] = field(default_factory=list)
    peak: int = 0  # bytes on the GPU
    runs: list[tuple[pd.DataFrame, int]] = field(default_factory=list)  # history, chosen epoch


def measured(model: str, device: str, asked: argparse.Namespace) -> list[dict[str, str]]:
    """A row for each way."""
    data = data_of(FIELDS if "multi" in model else FIELDS[:1], asked.works, asked.size)
    outcomes = {way.name: Outcome() for way in ways(device)}
    for number in tqdm(range(asked.rounds + 1), f"{model} on {device}"):
        for way in ways(device):
            train_once(way, model, data, asked, outcomes[way.name])
            if number == 0:  # pays for the start
                outcomes[way.name].seconds.clear()
    rows = []
    for way in ways(device):
        outcome, other = outcomes[way.name], outcomes["in turn"]
        ratios = [one / ours for one, ours in zip(other.seconds, outcome.seconds, strict=True)]
        rows.append(
            {
                "model": model,
                "device": device,
                "way": way.name,
                "seconds": f"{median(outcome.seconds):.1f}",
                "times as fast": f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                **differences(outcome.runs, other.runs),
                "peak MB": f"{outcome.peak / 1e6:.0f}" if outcome.peak else "",
            }
        )
    return rows


def train_once(way: Way, model: str, data: TrainingData, asked: argparse.Namespace, outcome: Outcome) -> None:
    """All seeds, in a folder that is thrown away."""
    on_gpu = way.changes["device"] != "cpu"
    with TemporaryDirectory() as folder, redirect_stderr(StringIO()):  # without the bars of each training
        configs = (
            TrainingConfig(epochs=asked.epochs, seed=seed, **way.changes) for seed in range(asked.seeds)
        )
        jobs = [(model, data, config, Path(folder)) for config in configs]
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        started = time.perf_counter()
        runs = way.train(jobs)
        outcome.seconds.append(time.perf_counter() - started)
        outcome.peak = torch.cuda.max_memory_allocated() if on_gpu else 0
        outcome.runs = [(run.history, run.description["selected_epoch"]) for run in runs]


def differences(some: list, others: list) -> dict[str, str]:
    """The largest differences in any epoch of any run, and how many runs chose the same epoch."""
    first, second = (
        pd.concat([history for history, _ in runs], ignore_index=True) for runs in (some, others)
    )
    worst = (first[["loss", "accuracy"]] - second[["loss", "accuracy"]]).abs().max()
    same = sum(one[1] == other[1] for one, other in zip(some, others, strict=True))
    return {
        "loss differs by": f"{worst['loss']:.1e}",
        "accuracy by": f"{worst['accuracy']:.3f}",
        "same epoch": f"{same} of {len(some)}",
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in {"seeds": 10, "works": 60, "size": 64, "epochs": 3, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--models", nargs="+", default=["artistry-single", "artistry-multi-2"])
    parser.add_argument(
        "--devices", nargs="+", default=["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    )
    asked = parser.parse_args()
    rows, notes = [], []
    for device in asked.devices:
        for model in asked.models:
            rows += measured(model, device, asked)
    if "cpu" in asked.devices:
        started = time.perf_counter()
        train_all(os.getpid, [()] * CORES, CORES)
        notes.append(f"a pool's start: {time.perf_counter() - started:.1f} s")
    chips = [processor(), *([torch.cuda.get_device_name()] if "cuda" in asked.devices else [])]
    print(
        f"\n{', '.join(chips)}; {CORES} cores; torch {torch.__version__}, Python {platform.python_version()}"
    )
    print(f"{asked.seeds} seeds, {asked.works} images a field of {asked.size} px, {asked.epochs} epochs;")
    print(f"median of {asked.rounds} rounds (lowest to highest)", *notes, "", sep="\n")
    print(markdown(pd.DataFrame(rows)))


def markdown(table: pd.DataFrame) -> str:
    lines = [table.columns, ["---"] * table.shape[1], *table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
