"""What ten seeds cost together, against ten in turn, and how far their results differ.

    python tests/benchmarks/seeds.py [--seeds 10] [--works 60] [--size 64] [--epochs 2] [--rounds 3]
                                     [--models artistry-single artistry-multi-2] [--devices cpu cuda]

The images are noise, the labels too: only time is measured. In each round every way trains the same runs
anew, one way after the other, so that whatever else the machine does falls on all of them alike; a ratio is
that of one round. The first run on a device is not counted.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing import current_process
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
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
from artnb.training.design import fit_all, memory_for_stacks, train_all  # noqa: E402
from artnb.training.loop import epoch  # noqa: E402
from artnb.training.stacked import Job, bytes_of, fit_together, stacks  # noqa: E402

FIELDS = ("painting", "architecture", "sculpture", "garden")
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
        for field in fields:
            rows = np.arange(row, row := row + number)
            ids = store.ids[rows].to_numpy(dtype=str)
            splits[split][field] = FieldImages(store, rows, torch.arange(number) % 2, ids, ids)
    return TrainingData(("non_artistic", "artistic"), splits)


def in_turn(jobs: list[Job]) -> list[Run]:
    return fit_all(jobs, workers=1)


def pool(jobs: list[Job]) -> list[Run]:
    return fit_all(jobs, workers=CORES)


def pinned(jobs: list[Job]) -> list[Run]:
    return train_all(fit_pinned, jobs, CORES)


def fit_pinned(*job: object) -> Run:
    """In a process of a pool, which stays on one core."""
    number = int(current_process().name.rpartition("-")[2])
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[number % len(cores)]})
    return fit(*job)


def stacked(jobs: list[Job]) -> list[Run]:
    memory = memory_for_stacks(jobs[0][2]) or float("inf")
    return [run for stack in stacks(jobs, memory) for run in fit_together(stack)]


Way = tuple[str, Callable[[list[Job]], list[Run]], dict[str, object]]  # name, function, changes to the config


def ways(device: str) -> list[Way]:
    """The first is what the others are compared with."""
    one, all_ = {"device": device, "threads": 1}, {"device": device, "threads": CORES}
    if device == "cpu":
        found = [("in turn", in_turn, one), (f"pool of {CORES}", pool, one)]
        if hasattr(os, "sched_setaffinity"):
            found.append((f"pool of {CORES}, pinned to cores", pinned, one))
        return [
            *found,
            (f"in turn, {CORES} threads", in_turn, all_),
            (f"stacked, {CORES} threads", stacked, all_),
        ]
    half = one | {"precision": "bfloat16"}
    return [
        ("in turn", in_turn, one),
        ("stacked", stacked, one),
        ("in turn, bfloat16", in_turn, half),
        ("stacked, bfloat16", stacked, half),
    ]


def measured(model: str, device: str, asked: argparse.Namespace) -> list[dict[str, object]]:
    """A row for each way."""
    data = data_of(FIELDS if "multi" in model else FIELDS[:1], asked.works, asked.size)
    seconds, peaks, results = {}, {}, {}
    chosen = ways(device)
    config = TrainingConfig(epochs=asked.epochs)
    for round_ in tqdm(range(asked.rounds + (device != "cpu")), f"{model} on {device}"):
        for name, way, changes in chosen:
            with TemporaryDirectory() as folder, quiet():
                jobs = [
                    (model, data, replace(config, seed=seed, **changes), Path(folder))
                    for seed in range(asked.seeds)
                ]
                if device != "cpu":
                    torch.cuda.reset_peak_memory_stats()
                started = time.perf_counter()
                runs = way(jobs)
                took = time.perf_counter() - started
                results[name] = [(run.history, run.description["selected_epoch"]) for run in runs]
            if device == "cpu" or round_:  # the first on a GPU pays for the start
                seconds.setdefault(name, []).append(took)
            peaks[name] = torch.cuda.max_memory_allocated() / 1e6 if device != "cpu" else None
    alone = results[chosen[0][0]]
    rows = []
    for name, _, changes in chosen:
        ratios = [first / other for first, other in zip(seconds[chosen[0][0]], seconds[name], strict=True)]
        rows.append(
            {
                "model": model,
                "device": device,
                "way": name,
                "seconds": f"{median(seconds[name]):.1f}",
                "times as fast": f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                **differences(alone, results[name]),
                "peak MB": f"{peaks[name]:.0f}" if peaks[name] else "",
                "expected MB a member": f"{bytes_of(model, data, replace(config, **changes), Path()) / 1e6:.0f}",
            }
        )
    return rows


@contextmanager
def quiet() -> Iterator[None]:
    """Without the bars of each training."""
    before = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = "1"
    try:
        yield
    finally:
        os.environ.pop("TQDM_DISABLE") if before is None else os.environ.update(TQDM_DISABLE=before)


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


def seconds_of_batches(model: str, device: str, asked: argparse.Namespace) -> str:
    """What nobody can share: each member's own batches."""
    data = data_of(FIELDS if "multi" in model else FIELDS[:1], asked.works, asked.size)
    config = TrainingConfig(epochs=asked.epochs)
    took = []
    for number in range(4):
        started = time.perf_counter()
        for _ in epoch(data.splits["train"], config, number, torch.device(device)):
            pass
        if device != "cpu":
            torch.cuda.synchronize()
        took.append(time.perf_counter() - started)
    return f"{median(took[1:]) * asked.epochs * asked.seeds:.1f}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in {"seeds": 10, "works": 60, "size": 64, "epochs": 2, "rounds": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--models", nargs="+", default=["artistry-single", "artistry-multi-2"])
    parser.add_argument(
        "--devices", nargs="+", default=["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    )
    asked = parser.parse_args()
    rows, batches = [], []
    for device in asked.devices:
        for model in asked.models:
            rows += measured(model, device, asked)
            batches.append(f"{model} on {device} {seconds_of_batches(model, device, asked)} s")
    chips = [processor(), *([torch.cuda.get_device_name()] if "cuda" in asked.devices else [])]
    print(f"\n{' and '.join(chips)}, {CORES} cores; torch {torch.__version__}, CUDA {torch.version.cuda},")
    print(
        f"Python {platform.python_version()}. {asked.seeds} seeds, {asked.works} training images a field of"
    )
    print(f"{asked.size} px, {asked.epochs} epochs; median of {asked.rounds} rounds (lowest to highest).")
    print(f"Of it for the batches of all members: {', '.join(batches)}.\n")
    print(pd.DataFrame(rows).pipe(markdown))


def markdown(table: pd.DataFrame) -> str:
    lines = [table.columns, ["---"] * table.shape[1], *table.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
