"""One loop for every anime training: it goes on where it was stopped, and ends with the same numbers.

What a step draws at random depends on the seed and its number alone; a checkpoint keeps all else.
"""

import json
import time
from collections.abc import Mapping
from multiprocessing import parent_process
from pathlib import Path
from typing import Protocol

import pandas as pd
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from artnb import __version__
from artnb.anime.runs import FORMAT, SNAPSHOTS, SPECTRA, Run
from artnb.anime.spectra import radial
from artnb.errors import AnimeError
from artnb.paths import sweep
from artnb.seeding import generator
from artnb.training.runs import CHECKPOINT, DESCRIPTION, HISTORY, WEIGHTS, sha256
from artnb.training.saving import alone, saving

CHECKPOINT_SECONDS = 60  # at most so much work is done again after a stop
LOOKS = 6  # how often what it makes is looked at, the last step included
WATCHED = 6  # photographs whose pictures are kept
MEASURED = 24  # photographs whose spectra are measured


class Learner(Protocol):
    """What the loop carries out."""

    steps: int
    parts: Mapping[str, nn.Module | torch.optim.Optimizer]  # all that changes from step to step
    watched: Tensor  # N 3 H W in [0, 1]: what is converted now and then
    kept: nn.Module  # the network that the run keeps

    def step(self, number: int) -> dict[str, float]:
        """Learns once; number from 1. Returns its terms."""

    def describe(self) -> dict[str, object]:
        """For run.json: kind and options of the network that is kept, config, and more."""


def carry_out(run: Run, learner: Learner) -> Run:
    """Trains what `run` is asked to hold, or goes on with it; one process at a time.

    Raises:
        AnimeError: a term is not finite.
        TrainingError: the disk refuses.
    """
    with alone(run.folder.with_suffix(".lock")):
        if not run.finished:
            run.folder.mkdir(exist_ok=True)
            sweep(run.folder)
            learn(run, learner)
    return run


def learn(run: Run, learner: Learner) -> None:
    rows, spectra, snapshots, seconds = resume(run.folder / CHECKPOINT, learner)
    looks = {round(learner.steps * look / LOOKS) for look in range(1, LOOKS + 1)}
    saved = time.monotonic()
    began = saved - seconds
    among_others = parent_process() is not None  # whose asker shows one bar for all
    left = range(len(rows) + 1, learner.steps + 1)
    bar = tqdm(left, initial=len(rows), total=learner.steps, unit="step", disable=among_others)
    for number in bar:
        terms = learner.step(number)
        for term, value in terms.items():
            if not value - value == 0:
                raise AnimeError(f"{term} is {value} at step {number}: lower the learning rates")
        rows.append({"step": number} | terms)
        if number in looks:
            made = converted(learner.kept, learner.watched)
            snapshots[f"step {number}"] = (made[:WATCHED] * 255).round().byte()
            spectra.append(radial(made).assign(step=number))
        if time.monotonic() - saved > CHECKPOINT_SECONDS and number < learner.steps:
            checkpoint(run.folder / CHECKPOINT, learner, rows, spectra, snapshots, time.monotonic() - began)
            saved = time.monotonic()
    snapshots["photograph"] = (learner.watched[:WATCHED] * 255).round().byte()
    keep(run, learner, rows, spectra, snapshots, time.monotonic() - began)


def converted(network: nn.Module, images: Tensor) -> Tensor:
    network.eval()
    with torch.inference_mode():
        made = torch.cat([network(each) for each in images.split(8)])
    network.train()
    return made.clone()


def keep(run: Run, learner: Learner, rows: list, spectra: list, snapshots: dict, seconds: float) -> None:
    """Writes the run, its description last."""
    with saving(run.folder / WEIGHTS) as path:
        save_file({key: value.contiguous() for key, value in learner.kept.state_dict().items()}, path)
    with saving(run.folder / HISTORY) as path:
        pd.DataFrame(rows).to_parquet(path, index=False)
    with saving(run.folder / SPECTRA) as path:
        pd.concat(spectra, ignore_index=True).to_parquet(path, index=False)
    with saving(run.folder / SNAPSHOTS) as path:
        save_file({name: images.contiguous() for name, images in snapshots.items()}, path)
    description = learner.describe() | {
        "format": FORMAT,
        "steps": learner.steps,
        "seconds": round(seconds, 1),
        "weights_sha256": sha256(run.folder / WEIGHTS),
        "artnb": __version__,
        "torch": torch.__version__,
    }
    with saving(run.folder / DESCRIPTION) as path:
        path.write_text(json.dumps(description, indent=1) + "\n", "utf-8")
    (run.folder / CHECKPOINT).unlink(missing_ok=True)


def checkpoint(
    path: Path, learner: Learner, rows: list, spectra: list, snapshots: dict, seconds: float
) -> None:
    state = {
        "parts": {name: part.state_dict() for name, part in learner.parts.items()},
        "rows": rows,
        "spectra": [table.to_dict("list") for table in spectra],
        "snapshots": snapshots,
        "seconds": seconds,
    }
    with saving(path) as beside, beside.open("wb") as file:
        torch.save(state, file)


def resume(path: Path, learner: Learner) -> tuple[list, list, dict, float]:
    """Puts everything back as the checkpoint has it; without a usable one all begins anew."""
    try:
        state = torch.load(path, weights_only=True)
    except FileNotFoundError:
        return [], [], {}, 0.0
    except Exception as error:  # a damaged file may raise anything
        raise AnimeError(
            f"{path} is damaged ({str(error).splitlines()[0]}): remove it to begin anew"
        ) from None
    for name, part in learner.parts.items():
        part.load_state_dict(state["parts"][name])
    spectra = [pd.DataFrame(table) for table in state["spectra"]]
    return state["rows"], spectra, state["snapshots"], state["seconds"]


# What learners share


def batch(images: Tensor, size: int, crop: int, seed: int, *names: object) -> tuple[Tensor, Tensor]:
    """`size` crops of N C H W uint8, half of them mirrored, in [0, 1]; and which images they are from.

    The same names draw the same.
    """
    rng = generator(seed, *names)
    which = rng.integers(len(images), size=size)
    height, width = images.shape[-2:]
    crops = []
    for index in which:
        top, left = rng.integers(height - crop + 1), rng.integers(width - crop + 1)
        cut = images[index, :, top : top + crop, left : left + crop]
        crops.append(cut.flip(-1) if rng.random() < 0.5 else cut)
    return torch.stack(crops).float() / 255, torch.from_numpy(which)


def in_bytes(name: str, images: Tensor, crop: int) -> Tensor:
    """N 3 H W in [0, 1], or uint8, as uint8.

    Raises:
        AnimeError: images of another form, or smaller than a crop.
    """
    if images.dim() != 4 or images.shape[1] != 3 or len(images) < 2:
        raise AnimeError(f"{name} are {tuple(images.shape)}; give two or more, as N 3 H W")
    if min(images.shape[-2:]) < crop:
        raise AnimeError(
            f"{name} are {images.shape[-1]} x {images.shape[-2]} px, smaller than a crop of {crop}"
        )
    if images.dtype == torch.uint8:
        return images
    if not (images.is_floating_point() and images.min() >= 0 and images.max() <= 1):
        raise AnimeError(f"{name} have values outside [0, 1]: give floats in [0, 1], or uint8")
    return (images * 255).round().byte()
