"""What a design will cost, said before it starts."""

import time
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from artnb import models
from artnb.training.design import Design, Trial, at_once
from artnb.training.fitting import choose_device, precision, reproducible
from artnb.training.loop import epoch

LEARNING = 3  # learning from an image takes about three times as long as judging it: once forth, twice back


@dataclass(frozen=True)
class Cost:
    runs: int
    finished: int  # of them, and not trained again
    seconds: float  # for the others, as many at once as the machine carries; an estimate

    def __str__(self) -> str:
        if self.finished == self.runs:
            return f"{self.runs} runs, all of them there"
        time = f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} minutes"
        return f"{self.runs} runs, {self.finished} of them there; the others take about {time}"


def cost(design: Design) -> Cost:
    """The number of runs of `design`, and how long those that are not there will take.

    Each model's time for an image is that of one step, measured here; epochs and numbers of training and
    validation images do the rest. A GPU trains networks of one shape together (see `stacked`): there it is
    what they would take in turn.
    """
    missing = [trial for trial in design.trials if not trial.run.finished]
    largest = {trial.model: trial for trial in sorted(missing, key=lambda trial: len(trial.data.fields))}
    seconds = {model: seconds_per_image(trial) for model, trial in largest.items()}
    total = sum(seconds[trial.model] * images_learnt(trial) for trial in missing)
    workers = max(1, min(at_once(design.config), len(missing)))
    return Cost(len(design.trials), len(design.trials) - len(missing), total / workers)


def images_learnt(trial: Trial) -> float:
    """Over all epochs, images of validation counted as the part of a training image that they cost."""
    train, validation = (
        sum(len(images) for images in trial.data.splits[split].values()) for split in ("train", "validation")
    )
    return trial.config.epochs * (train + validation / LEARNING)


def seconds_per_image(trial: Trial) -> float:
    """Of the second training step of `trial`: the first one pays for the start."""
    device = choose_device(trial.config.device)
    with reproducible(trial.config):
        network = models.create(
            trial.model, trial.data.fields, trial.data.image_size, len(trial.data.classes)
        )
        network.to(device, memory_format=torch.channels_last)
        optimizer = torch.optim.Adam(network.parameters())
        for number in (1, 2):
            started = time.perf_counter()
            batch = next(epoch(trial.data.splits["train"], trial.config, number, device))
            optimizer.zero_grad(set_to_none=True)
            with precision(trial.config, device):
                loss = sum(
                    F.cross_entropy(network(images, task), targets)
                    for task, (images, targets) in batch.items()
                )
            loss.backward()
            optimizer.step()
            loss.item()  # waits for an accelerator
    return (time.perf_counter() - started) / sum(len(targets) for _, targets in batch.values())
