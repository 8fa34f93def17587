"""Every model by its name, and what each one costs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from artnb.errors import ModelError
from artnb.models import artistry


@dataclass(frozen=True)
class Entry:
    build: Callable[..., nn.Module]  # (tasks, image_size, num_classes, **options) -> model
    paper: str
    tasks: tuple[str, ...]  # the paper's own, as its input size
    image_size: int


def of_sato(build: Callable[..., nn.Module]) -> Entry:
    return Entry(build, artistry.PAPER, artistry.FIELDS, artistry.IMAGE_SIZE)


MODELS = {
    "artistry-single": of_sato(artistry.single),
    "artistry-multi-1": of_sato(artistry.multi_1),
    "artistry-multi-2": of_sato(artistry.multi_2),
    "artistry-multi-3": of_sato(artistry.multi_3),
}


def names() -> list[str]:
    return list(MODELS)


def create(
    name: str, tasks: Iterable[str], image_size: int, num_classes: int = 2, **options: object
) -> nn.Module:
    """A freshly initialised model (from torch's global generator), in training mode.

    Args:
        tasks: the names of the fields, any number of them.
        image_size: side in pixels of the square images it will be given.
        options: what the model's builder takes besides, such as `longer_branch` of artistry-multi-1.

    Raises:
        ModelError: no model or option of that name, or one that cannot be built as asked.
    """
    if name not in MODELS:
        raise ModelError(f"no model {name!r}: {nearest(name, names())}")
    build = MODELS[name].build
    known = list(signature(build).parameters)[3:]
    for option in options:
        if option not in known:
            raise ModelError(f"{name} has no option {option!r}: {nearest(option, known)}")
    return build(tasks, image_size, num_classes, **options)


def describe() -> list[dict[str, object]]:
    """One row per model, at its paper's fields and input size.

    Each has name, paper, image_size, path_parameters (of one field's path), total_parameters (of the
    network of all fields) and macs: the multiply-accumulates of convolutions and dense layers for one
    image on one path.
    """
    return [describe_one(name, entry) for name, entry in MODELS.items()]


def describe_one(name: str, entry: Entry) -> dict[str, object]:
    with torch.device("meta"):  # shapes without numbers: nothing is allocated or computed
        model = create(name, entry.tasks, entry.image_size).eval()
        image = torch.empty(1, 3, entry.image_size, entry.image_size)
    task = entry.tasks[0]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image, task)
    return {
        "name": name,
        "paper": entry.paper,
        "image_size": entry.image_size,
        "path_parameters": sum(parameter.numel() for parameter in model.path_parameters(task)),
        "total_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "macs": counter.get_total_flops() // 2,
    }


def nearest(name: str, known: list[str]) -> str:
    if not known:
        return "it takes none"
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
