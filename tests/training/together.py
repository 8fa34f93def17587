"""What one process and what several do alike: torchrun --nproc-per-node 2 together.py CATALOGUE FOLDER."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from artnb import models
from artnb.catalogue import read
from artnb.training import Run, TrainingConfig, TrainingData, fit, fitting, load
from artnb.training.devices import launch, share_batches
from artnb.training.loop import train_one_epoch
from artnb.training.objectives import OBJECTIVES, objective_of

CONFIG = TrainingConfig(epochs=3, batch_size=3, device="cpu")
IMAGES = {"painting": 8, "garden": 2}  # in batches 3 3 2 and, every third step, 2: halves are 2 and 1
TASKS = tuple(IMAGES)


def uneven(catalogue: Path) -> TrainingData:
    data = load(read(catalogue), 32, TASKS)
    train = {
        task: replace(
            images,
            rows=images.rows[:number],
            targets=torch.arange(number) % 2,
            ids=images.ids[:number],
            groups=images.groups[:number],
        )
        for task, images in data.splits["train"].items()
        for number in [IMAGES[task]]
    }
    return replace(data, splits=data.splits | {"train": train})


def fits(catalogue: Path, folder: Path) -> list[Run]:
    data = uneven(catalogue)
    alone_in_a_batch = replace(CONFIG, batch_size=1, epochs=1)  # so that one of two processes has no image
    return [
        fit("artistry-single", data.only("painting"), CONFIG, folder),
        fit("artistry-multi-2", data, CONFIG, folder),
        fit("artistry-multi-2", data, alone_in_a_batch, folder),
    ]


def steps_in_float64(objective: str) -> dict[str, Tensor]:
    """All that three epochs of three steps leave behind, and the losses of the last."""
    torch.manual_seed(0)
    network = models.create("artistry-multi-2", TASKS, 32).double()
    objective = objective_of(objective, network, {}).double()
    optimizer = torch.optim.SGD([*network.parameters(), *objective.parameters()], 0.02)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
    batches = [
        {task: (torch.randn(size, 3, 32, 32).double(), torch.arange(size) % 2) for task in TASKS}
        for size in (5, 4, 1)
    ]
    share_batches(network, launch("cpu"))
    for _ in range(3):  # dwa looks at the two epochs before
        losses = train_one_epoch(network, batches, objective, optimizer, scheduler)
    network.eval()
    judged = {f"logits {task}": network(batches[0][task][0], task).detach() for task in TASKS}
    return {
        **{name: tensor.clone() for name, tensor in network.state_dict().items()},
        **{f"objective {name}": tensor for name, tensor in objective.state_dict().items()},
        **{f"loss {task}": torch.tensor(loss).double() for task, loss in losses.items()},
        **judged,
    }


def dying(learn: Callable, rank: int, folder: Path, parts, data, config, number: int) -> dict[str, float]:
    """Process 1 is killed in the second epoch, once the first is safe."""
    while rank == 1 and number == 2:
        if list(folder.glob("*/checkpoint.pt")):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
    return learn(parts, data, config, number)


def main(catalogue: str, folder: str, how: str = "") -> None:
    rank = launch("cpu").global_rank
    if how == "differing":
        fit("artistry-single", uneven(Path(catalogue)), replace(CONFIG, seed=rank), Path(folder))
    if how == "killed":
        fitting.CHECKPOINT_SECONDS = -1
        fitting.learn = partial(dying, fitting.learn, rank, Path(folder))
    runs = fits(Path(catalogue), Path(folder))
    assert all(run.finished for run in runs)
    for objective in OBJECTIVES:
        save_file(steps_in_float64(objective), Path(folder) / f"{objective} of {rank}.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
