"""What a training takes on this machine's device, whether its cost is said rightly, and whether it agrees.

    python tests/benchmarks/devices.py

On an NVIDIA GPU where there is one, with full batches, in about three minutes; else on one core, with small
ones. The pixels are noise with a brightness that tells the label, of four fields, held in memory. It needs
no file and writes into a folder that goes again.

speed       training images a second by the cost (median of ROUNDS, the precisions in turn) and by a whole
            training; memory by the cost and as it was: torch's count on a GPU, on the CPU the growth of a
            process of its own, where libraries take some too
agreement   largest relative difference of the epochs' losses from the CPU's in float32, at a low learning
            rate. The limits: on a GPU convolutions round to the ten bits of TF32, bfloat16 has seven, and
            Adam magnifies both
stopping    the same after a stop and in one go, against two trainings in one go: cuDNN may sum in any order
paper       the preset: an epoch of WORKS images of each field, and 150 epochs from three seeds
"""

import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import psutil
import torch

from artnb.images import Store
from artnb.images.augmentation import Augmentation
from artnb.models import registry
from artnb.processes import pool
from artnb.seeding import generator
from artnb.training import Run, TrainingConfig, TrainingData, fit, fitting
from artnb.training.config import FULL, PRECISIONS
from artnb.training.cost import images_an_epoch, training, weights_of
from artnb.training.data import FieldImages
from artnb.training.design import Trial
from artnb.training.devices import launch, name_of

ON_GPU = torch.cuda.is_available()
DEVICE = "cuda" if ON_GPU else "cpu"
IMAGES, BATCH_SIZE, EPOCHS, ROUNDS = (512, 32, 3, 3) if ON_GPU else (8, 4, 1, 2)
SIDES, MODELS = (64, 256), ("artistry-single", "artistry-multi-2")
WORKS = 1000
FIELDS = ("painting", "architecture", "sculpture", "garden")
LIMITS = {FULL: 0.02, "bfloat16": 0.1}
VARIED = Augmentation(quarter_turns=True, crop=0.2, jitter=0.1)  # of the presets for real images


def main() -> None:
    print(f"torch {torch.__version__} on {name_of(launch(DEVICE).device)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for table in (speed, agreement, stopping, paper):
            print(f"\n{table.__name__}\n{table(Path(folder)).to_string(index=False)}", flush=True)


def synthetic(fields: tuple[str, ...], side: int, images: int) -> TrainingData:
    def part(split: str, field: str, number: int) -> FieldImages:
        rng = generator(0, split, field)
        targets = np.arange(number) % 2
        pixels = rng.integers(0, 200, (number, side, side, 3), np.uint8) + 30 * targets[:, None, None, None]
        ids = np.array([f"{split} {field} {image}" for image in range(number)])
        store = Store(side, pixels.astype(np.uint8), pd.Index(ids, dtype="str"))
        return FieldImages(store, np.arange(number), torch.from_numpy(targets), ids, ids)

    sizes = {"train": images, "validation": images // 4, "test": 2}
    splits = {split: {field: part(split, field, size) for field in fields} for split, size in sizes.items()}
    return TrainingData(("non_artistic", "artistic"), splits)


def trial(model: str, side: int, precision: str, folder: Path, images: int = IMAGES) -> Trial:
    data = synthetic(FIELDS[:1] if model == "artistry-single" else FIELDS, side, images)
    config = TrainingConfig(EPOCHS, BATCH_SIZE, augmentation=VARIED, precision=precision, device=DEVICE)
    return Trial(model, model, data, config, folder)


def speed(folder: Path) -> pd.DataFrame:
    rows = []
    for side in SIDES:
        for model in MODELS:
            trials = {precision: trial(model, side, precision, folder) for precision in PRECISIONS}
            device = launch(DEVICE).device
            rounds = [{name: training(each, device) for name, each in trials.items()} for _ in range(ROUNDS)]
            for precision in PRECISIONS:
                said = [taken[precision] for taken in rounds]
                seconds, memory = whole(model, side, precision, folder)
                learnt = EPOCHS * images_an_epoch(trials[precision])
                ratios = [
                    taken[FULL].seconds_per_image / taken[precision].seconds_per_image for taken in rounds
                ]
                rows.append(
                    {"px": side, "model": model, "precision": precision}
                    | {"images/s": 1 / median(each.seconds_per_image for each in said)}
                    | {"truly": learnt / seconds, "times float32": median(ratios)}
                    | {"GB": said[0].memory / 1e9, "truly GB": memory / 1e9}
                )
    return pd.DataFrame(rows).round(2)


def whole(model: str, side: int, precision: str, folder: Path) -> tuple[float, int]:
    """Seconds and bytes of a whole training; on the CPU in a process of its own."""
    if ON_GPU:
        return measured(model, side, precision, folder)
    with pool(1) as executor:
        return executor.submit(measured, model, side, precision, folder).result()


def measured(model: str, side: int, precision: str, folder: Path) -> tuple[float, int]:
    asked = trial(model, side, precision, folder)
    fit(*trial(model, 64, precision, folder / "start", images=4).job)  # loads the libraries
    before = torch.cuda.memory_allocated() if ON_GPU else psutil.Process().memory_info().rss
    if ON_GPU:
        torch.cuda.reset_peak_memory_stats()
    run = fit(*asked.job)
    peak = (
        torch.cuda.max_memory_allocated()
        if ON_GPU
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
    return run.description["seconds"], peak - before


def agreement(folder: Path) -> pd.DataFrame:
    asked = trial("artistry-multi-2", 64, FULL, folder / "agreement", images=32)
    config = replace(asked.config, epochs=2, batch_size=8, learning_rate=1e-4)
    reference = fit(asked.model, asked.data, replace(config, device="cpu"), asked.folder)
    rows = []
    for device in dict.fromkeys(("cpu", DEVICE)):
        for precision in PRECISIONS:
            for tf32 in (True, False) if device == "cuda" and precision == FULL else (True,):
                torch.backends.cudnn.allow_tf32 = tf32
                to = asked.folder / f"tf32 {tf32}"
                run = fit(asked.model, asked.data, replace(config, device=device, precision=precision), to)
                worst = difference(run, reference)
                rows.append(
                    {"device": device, "precision": precision, "TF32": tf32 and device == "cuda"}
                    | {"difference": worst, "limit": LIMITS[precision]}
                    | {"verdict": "agrees" if worst <= LIMITS[precision] else "DIFFERS"}
                )
    torch.backends.cudnn.allow_tf32 = True
    return pd.DataFrame(rows)


def difference(run: Run, reference: Run) -> float:
    """Of the training losses: those of validation images depend on the running statistics of few batches."""
    losses = [each.history.query("split == 'train'")["loss"].to_numpy() for each in (run, reference)]
    return float(np.abs(losses[0] / losses[1] - 1).max())


class Stop(Exception):
    """In place of a Ctrl-C."""


def stopping(folder: Path) -> pd.DataFrame:
    rows = []
    for precision in PRECISIONS:
        asked = trial("artistry-multi-2", 64, precision, folder, images=32)
        config = replace(asked.config, epochs=3, batch_size=8)
        once, again, stopped = (
            (asked.model, asked.data, config, folder / f"{precision} {name}")
            for name in ("once", "again", "stopped")
        )
        reference = fit(*once)
        write = fitting.checkpoint

        def write_and_stop(*given, write=write) -> None:
            write(*given)
            raise Stop

        fitting.checkpoint, fitting.CHECKPOINT_SECONDS = write_and_stop, -1
        try:
            fit(*stopped)
        except Stop:
            pass
        finally:
            fitting.checkpoint, fitting.CHECKPOINT_SECONDS = write, 60
        worst = difference(fit(*stopped), reference)
        rows.append(
            {"precision": precision, "after a stop": worst, "in one go": difference(fit(*again), reference)}
            | {"verdict": "agrees" if worst <= LIMITS[precision] else "DIFFERS"}
        )
    return pd.DataFrame(rows)


def paper(folder: Path) -> pd.DataFrame:
    rows = []
    for model in [name for name in registry.names() if name.startswith("artistry-")]:
        for precision in PRECISIONS:
            asked = trial(model, 256, precision, folder, images=max(64, BATCH_SIZE) if ON_GPU else BATCH_SIZE)
            asked = replace(asked, config=replace(asked.config, epochs=150))
            taken = training(asked, launch(DEVICE).device)
            epoch = WORKS * len(FIELDS) * (1 + 1 / 3 / 4) * taken.seconds_per_image
            rows.append(
                {"model": model, "precision": precision, "images/s": 1 / taken.seconds_per_image}
                | {"GB": taken.memory / 1e9, "weights GB": weights_of(asked) * 4 / 1e9}
                | {"epoch, s": epoch, "preset, h": epoch * 150 * 3 / 3600}
            )
    return pd.DataFrame(rows).round(2)


if __name__ == "__main__":
    sys.exit(main())
