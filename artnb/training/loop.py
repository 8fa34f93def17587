"""One loop teaches every classifier: single-task learning is the case of one field."""

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from artnb.images.augmentation import standardise
from artnb.seeding import derive, generator
from artnb.training.config import TrainingConfig
from artnb.training.data import FieldImages
from artnb.training.objectives import WeightedSum

Batch = Mapping[str, tuple[Tensor, Tensor]]  # field -> standardised images B 3 H W, targets B


def train_one_epoch(
    network: nn.Module,
    batches: Iterable[Batch],
    objective: WeightedSum,
    optimizer: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
) -> dict[str, float]:
    """One pass over the batches; returns each field's mean cross-entropy in nats.

    Raises:
        FloatingPointError: a field's mean loss is not finite; names the field.
    """
    network.train()
    losses_of: dict[str, list[Tensor]] = {}
    for batch in batches:
        losses = {
            task: F.cross_entropy(network(images, task), targets) for task, (images, targets) in batch.items()
        }
        optimizer.zero_grad(set_to_none=True)
        objective.backward(losses)
        optimizer.step()
        scheduler.step()
        for task, loss in losses.items():
            losses_of.setdefault(task, []).append(loss.detach())
    means = {task: float(torch.stack(losses).mean()) for task, losses in losses_of.items()}
    check_finite(means)
    objective.end_epoch(means)
    return means


def check_finite(losses: Mapping[str, float]) -> None:
    """Raises FloatingPointError naming the fields whose loss is not finite."""
    if bad := [task for task, loss in losses.items() if not math.isfinite(loss)]:
        raise FloatingPointError(f"the loss of {', '.join(bad)} is not finite")


def steps_per_epoch(fields: Mapping[str, FieldImages], batch_size: int) -> int:
    """Of the field with the most images: the others sit out some of them (see `epoch`)."""
    return max(math.ceil(len(images) / batch_size) for images in fields.values())


def epoch(
    fields: Mapping[str, FieldImages], config: TrainingConfig, number: int, device: torch.device
) -> Iterator[Batch]:
    """The batches of epoch `number`: every image of every field once, shuffled and varied.

    A field's batches depend on seed, field and epoch alone, so a network that learns one field sees the
    very batches that a network of all fields sees. Where fields differ in size, the batches of the
    smaller ones are spread evenly over the steps.
    """
    orders = {
        field: np.array_split(
            generator(config.seed, "batches", field, number).permutation(len(images)),
            math.ceil(len(images) / config.batch_size),
        )
        for field, images in fields.items()
    }
    steps = steps_per_epoch(fields, config.batch_size)
    for step in range(steps):
        batch = {}
        for field, order in orders.items():
            turn = step * len(order) // steps
            if (step + 1) * len(order) // steps > turn:
                images, targets = on(device, fields[field].batch(order[turn]))
                varied = config.augmentation(images, derive(config.seed, "augmentation", field, number, turn))
                batch[field] = standardise(varied), targets
        yield batch


@torch.inference_mode()
def logits_of(
    model: nn.Module, images: FieldImages, task: str, batch_size: int = 256
) -> tuple[Tensor, Tensor]:
    """Logits N K and targets N of one field's images, on the CPU; leaves the model in evaluation mode."""
    model.eval()
    device = next(model.parameters()).device
    logits = []
    for start in range(0, len(images), batch_size):
        pixels, _ = on(device, images.batch(slice(start, start + batch_size)))
        logits.append(model(standardise(pixels), task).cpu())
    return torch.cat(logits), images.targets


def on(device: torch.device, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    images, targets = batch
    return images.to(device, non_blocking=True), targets.to(device, non_blocking=True)
