"""What a design will cost, said before it starts: time, memory and disk, measured on a few steps."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from statistics import median

import psutil
import torch
from torch import Tensor, nn

from artnb import models
from artnb.errors import TrainingError
from artnb.training.design import Design, Trial, at_once
from artnb.training.devices import launch, name_of
from artnb.training.fitting import finite, parts_of, precision, reproducible
from artnb.training.loop import epoch, train_one_epoch

LEARNING = 3  # learning from an image takes about three times as long as judging it: once forth, twice back
STEPS = 6  # are measured at most; the first, which pays for the start, is left out where there are others
PATIENCE = 5.0  # seconds, after which no further step is measured
SMALL = 8  # images of each field in a step on the CPU, where one takes as long in a batch of any size
COPIES = 4  # of every weight: itself, its gradient and the two moments of Adam
NUMBER = 4  # bytes of a weight


@dataclass(frozen=True)
class Training:
    """What one network takes while it learns."""

    seconds_per_image: float  # a training image
    memory: int  # bytes, the peak of weights, gradients, optimizer and activations


@dataclass(frozen=True)
class Cost:
    runs: int
    finished: int  # of them, and not trained again
    seconds: float  # for the others, as many at once as the machine carries; an estimate
    epochs: Mapping[str, float] = field(default_factory=dict)  # model -> seconds of an epoch of one network
    device: str = "cpu"
    at_once: int = 1
    memory: int = 0  # bytes, of all that learn at once
    memory_free: int = 0
    disk: int = 0  # bytes that the runs will take, the images' pixels apart
    disk_free: int = 0
    pixels: int = 0  # bytes of the store, which is there

    def __str__(self) -> str:
        if self.finished == self.runs:
            return f"{self.runs} runs, all of them there"
        epochs = ", ".join(f"{model} {duration(seconds)}" for model, seconds in self.epochs.items())
        lines = [
            f"{self.runs} runs, {self.finished} of them there; the others take about "
            f"{duration(self.seconds)} on {self.device}, {self.at_once} at once",
            f"an epoch: {epochs}",
            f"memory: {size(self.memory)} of {size(self.memory_free)} free; "
            f"disk: {size(self.disk)} of {size(self.disk_free)} free, beside {size(self.pixels)} of pixels",
        ]
        if self.memory > self.memory_free:
            lines.append(
                "that does not fit the memory: take a smaller batch_size, or more threads for fewer at once"
            )
        if self.disk > self.disk_free:
            lines.append("that does not fit the disk: free some space")
        return "\n".join(lines)


def duration(seconds: float) -> str:
    for unit, length in (("s", 1), ("minutes", 60), ("hours", 3600)):
        if seconds < 120 * length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{seconds / 86400:.0f} days"


def size(memory: int) -> str:
    return f"{memory / 1e9:.1f} GB"


def cost(design: Design) -> Cost:
    """The number of runs of `design`, and what those that are not there will take.

    Each model's time for an image is measured here, on steps of its largest network; epochs and numbers of
    training and validation images do the rest. Several at once on
    one GPU are taken to be as fast as one: that is too good where they fill it.

    Raises:
        TrainingError: a network does not fit an accelerator's memory, or its loss is soon not finite.
    """
    missing = [trial for trial in design.trials if not trial.run.finished]
    if not missing:
        return Cost(len(design.trials), len(design.trials), 0)
    device = launch(design.config.device).device
    largest = {trial.model: trial for trial in sorted(missing, key=lambda trial: len(trial.data.fields))}
    taken = {model: training(trial, device) for model, trial in largest.items()}
    workers = max(1, min(at_once(design.config), len(missing)))
    seconds = sum(taken[trial.model].seconds_per_image * images_an_epoch(trial) for trial in missing)
    weights = [weights_of(trial) * NUMBER for trial in missing]
    design.folder.mkdir(parents=True, exist_ok=True)
    return Cost(
        len(design.trials),
        len(design.trials) - len(missing),
        seconds * design.config.epochs / workers,
        {model: taken[model].seconds_per_image * images_an_epoch(largest[model]) for model in taken},
        name_of(device),
        workers,
        workers * max(each.memory for each in taken.values()),
        memory_free(device),
        sum(weights) + workers * COPIES * max(weights),  # a checkpoint has the best epoch's for gradients
        shutil.disk_usage(design.folder).free,
        pixels(missing[0]),
    )


def images_an_epoch(trial: Trial) -> float:
    """Images of validation count as the part of a training image that they cost."""
    train, validation = (
        sum(len(images) for images in trial.data.splits[split].values()) for split in ("train", "validation")
    )
    return train + validation / LEARNING


def weights_of(trial: Trial) -> int:
    with torch.device("meta"):
        network = models.create(
            trial.model, trial.data.fields, trial.data.image_size, len(trial.data.classes)
        )
    return sum(weight.numel() for weight in network.parameters())


def pixels(trial: Trial) -> int:
    store = trial.data.splits["train"][trial.data.fields[0]].store
    return len(store.ids) * 3 * store.size**2


def training(trial: Trial, device: torch.device) -> Training:
    """Measured by doing it; the memory on CUDA as torch counts it, elsewhere estimated.

    Raises:
        TrainingError: an accelerator has not so much memory.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    try:
        seconds = seconds_per_image(trial, device)
    except torch.OutOfMemoryError:
        raise TrainingError(
            f"{trial.model} at {trial.data.image_size} px does not fit the memory of {name_of(device)}: take "
            f"a smaller batch_size than {trial.config.batch_size}, or a smaller image_size"
        ) from None
    if device.type == "cuda":
        return Training(seconds, torch.cuda.max_memory_allocated(device) - before)
    return Training(seconds, estimated_memory(trial, device))


def seconds_per_image(trial: Trial, device: torch.device) -> float:
    config = trial.config
    if device.type == "cpu":
        config = replace(config, batch_size=min(SMALL, config.batch_size))
    parts = parts_of(trial.model, trial.data, config)
    train = trial.data.splits["train"]
    batches = chain.from_iterable(epoch(train, config, number, device) for number in count(1))
    seconds, images = [], []
    with finite(config, 1), reproducible(config), precision(config, device):
        while len(seconds) < STEPS and sum(seconds) < PATIENCE:
            started = time.perf_counter()
            batch = next(batches)
            train_one_epoch(batches=[batch], **parts)
            seconds.append(time.perf_counter() - started)
            images.append(sum(len(targets) for _, targets in batch.values()))
    of_steps = [second / number for second, number in zip(seconds, images, strict=True)]
    return median(of_steps[1:] or of_steps)


def estimated_memory(trial: Trial, device: torch.device) -> int:
    """Bytes that tensors take where backward begins, with the gradients that come to be after it.

    What is kept for backward grows by the same with every image, and is seen on 2 and on 4 of each field.
    """
    network = parts_of(trial.model, trial.data, trial.config)["network"]
    with reproducible(trial.config), precision(trial.config, device):
        two, four = (kept_for_backward(network, images, trial.data.image_size) for images in (2, 4))
    largest = max(len(images) for images in trial.data.splits["train"].values())
    images = min(trial.config.batch_size, largest)
    return COPIES * NUMBER * weights_of(trial) + two + (four - two) // 2 * (images - 2)


def kept_for_backward(network: nn.Module, images: int, side: int) -> int:
    """Bytes of all that autograd keeps of `images` of each field, the weights themselves apart."""
    weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
    kept = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    device = next(network.parameters()).device
    batch = torch.zeros(images, 3, side, side, device=device).to(memory_format=torch.channels_last)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        graphs = [network(batch.clone(), task) for task in network.tasks]
        total = sum(bytes for place, bytes in kept.items() if place not in weights)
    del graphs  # until here every place was one tensor's alone
    return total


def memory_free(device: torch.device) -> int:
    """Bytes that further tensors could take."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return psutil.virtual_memory().available + psutil.swap_memory().free
