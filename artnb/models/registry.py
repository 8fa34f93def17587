"""Every model by its name, and what each one costs."""

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from artnb import weights
from artnb.errors import ModelError
from artnb.models import artistry, recalibration, separable, transfer
from artnb.models.fusenet import fusenet
from artnb.models.lenet_s import lenet_s
from artnb.models.s_cnn import s_cnn
from artnb.models.torchvision_networks import IMAGE_SIZE, torchvision_model

WU = "Wu: Heritage and Innovation of Art Creation in the Context of Big Data and Public Health Events"
COMPARED = "none: torchvision's network, for comparison"
ART = ("art",)


@dataclass(frozen=True)
class Entry:
    build: Callable[..., nn.Module]  # (tasks, image_size, num_classes, **options) -> model
    paper: str
    tasks: tuple[str, ...] = ART  # the paper's own, as its input size and number of classes
    image_size: int = IMAGE_SIZE
    num_classes: int = 4  # Wu's: comic strips, watercolours, sketches, Chinese paintings
    starts_from: Callable[..., str] = lambda **options: ""  # whose published weights; "" for none


def of_sato(build: Callable[..., nn.Module]) -> Entry:
    return Entry(build, artistry.PAPER, artistry.FIELDS, artistry.IMAGE_SIZE, 2)


def of_ruan(build: Callable[..., nn.Module]) -> Entry:
    return Entry(build, separable.PAPER, image_size=separable.IMAGE_SIZE, num_classes=separable.CLASSES)


MODELS = {
    "artistry-single": of_sato(artistry.single),
    "artistry-multi-1": of_sato(artistry.multi_1),
    "artistry-multi-2": of_sato(artistry.multi_2),
    "artistry-multi-3": of_sato(artistry.multi_3),
    "dkse": of_ruan(separable.dkse),
    "separable-se": of_ruan(separable.se),
    "separable-sk": of_ruan(separable.sk),
    "recalibrated-resnet50": Entry(
        recalibration.recalibrated_resnet50, recalibration.PAPER, starts_from=recalibration.starts_from
    ),
    "s-cnn": Entry(s_cnn, WU),
    "lenet-s": Entry(lenet_s, WU),
    "fusenet": Entry(fusenet, WU),
    "transfer": Entry(transfer.transfer, WU, starts_from=transfer.starts_from),
    "googlenet": Entry(torchvision_model("googlenet"), WU),
    "resnet50": Entry(torchvision_model("resnet50"), WU),
    "resnet152": Entry(torchvision_model("resnet152"), WU),
    **{
        name: Entry(torchvision_model(name), COMPARED)
        for name in (
            "resnet18",
            "efficientnet_b0",
            "mobilenet_v2",
            "mobilenet_v3_small",
            "mobilenet_v3_large",
            "shufflenet_v2_x1_0",
        )
    },
}


def names() -> list[str]:
    return list(MODELS)


def create(
    name: str, tasks: Iterable[str], image_size: int, num_classes: int = 2, **options: object
) -> nn.Module:
    """A freshly initialised model (from torch's global generator), in training mode.

    Args:
        name: of a model, or one with options as `named` writes it, "dkse(positions=(9,), r=16)".
        tasks: the names of the fields, any number of them.
        image_size: side in pixels of the square images it will be given.
        options: what the model's builder takes besides, such as `longer_branch` of artistry-multi-1.

    Raises:
        ModelError: no model or option of that name, or one that cannot be built as asked.
    """
    model, written = read(name)
    if name != (right := named(model, **written)):
        raise ModelError(f"{name} must be written {right}: a model has one name")
    options = written | options
    check_options(model, options)
    return MODELS[model].build(tasks, image_size, num_classes, **options)


def named(model: str, **options: object) -> str:
    """The one name of a model with options, for `create`, and with it for trainings and designs.

    Options that are as by default go unsaid; the others stand in the builder's order, lists as tuples.
    """
    check_options(model, options)
    said = []
    for option, parameter in list(signature(MODELS[model].build).parameters.items())[3:]:
        value = options.get(option, parameter.default)
        value = tuple(value) if isinstance(value, list) else value
        if value != parameter.default:
            said.append(f"{option}={value!r}")
    return f"{model}({', '.join(said)})" if said else model


def origin(name: str) -> str:
    """What the published weights that a new model starts with are known by (see `artnb.weights.origin`).

    "" where it starts without. `name` is as for `create`.
    """
    model, options = read(name)
    check_options(model, options)
    network = MODELS[model].starts_from(**options)
    return weights.origin(network) if network else ""


def read(name: str) -> tuple[str, dict[str, object]]:
    """The model and the options of a name that `named` has written."""
    model, bracket, options = name.partition("(")
    if not bracket:
        return name, {}
    try:
        call = ast.parse(f"model({options}", mode="eval").body
        return model, {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, AttributeError):
        raise ModelError(
            f"{name} cannot be read: write it as dkse(positions=(9,), r=16) is written"
        ) from None


def check_options(model: str, options: Iterable[str]) -> None:
    if model not in MODELS:
        raise ModelError(f"no model {model!r}: {nearest(model, names())}")
    known = list(signature(MODELS[model].build).parameters)[3:]
    for option in options:
        if option not in known:
            raise ModelError(f"{model} has no option {option!r}: {nearest(option, known)}")


def describe() -> list[dict[str, object]]:
    """One row per model, at its paper's fields, input size and number of classes.

    Each has name, paper, image_size, path_parameters (of one field's path), total_parameters (of the
    network of all fields) and macs: the multiply-accumulates of convolutions, dense layers and attention for
    one image on one path.
    """
    return [describe_one(name, entry) for name, entry in MODELS.items()]


def describe_one(name: str, entry: Entry) -> dict[str, object]:
    costs = size(name, entry.tasks, entry.image_size, entry.num_classes)
    return {"name": name, "paper": entry.paper, "image_size": entry.image_size, **costs}


def size(name: str, tasks: Sequence[str], image_size: int, num_classes: int = 2) -> dict[str, int]:
    """path_parameters, total_parameters and macs (see `describe`) of the model that `create` would give."""
    with torch.device("meta"):  # shapes without numbers: nothing is allocated or computed
        model = create(name, tasks, image_size, num_classes).eval()
        image = torch.empty(1, 3, image_size, image_size)
    return {
        "path_parameters": sum(parameter.numel() for parameter in model.path_parameters(tasks[0])),
        "total_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "macs": macs(model, image, tasks[0]),
    }


def macs(module: nn.Module, *inputs: object) -> int:
    """The multiply-accumulates of convolutions, dense layers and attention in `module(*inputs)`."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(*inputs)
    return counter.get_total_flops() // 2


def nearest(name: str, known: list[str]) -> str:
    if not known:
        return "it takes none"
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
