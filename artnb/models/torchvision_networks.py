"""torchvision's own networks as models: each parted where its last feature maps are.

The first part is the backbone and keeps torchvision's keys, so that published weights fit it; what follows
the maps is the head.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from torch import nn

from artnb.errors import ModelError
from artnb.models.backbone import SharedBackbone, pooled
from artnb.weights import load_weights, torchvision_network

IMAGE_SIZE = 224  # px: what torchvision's networks were trained on
LAST = {
    "efficientnet_b0": "features",
    "googlenet": "inception5b",
    "mobilenet_v2": "features",
    "mobilenet_v3_large": "features",
    "mobilenet_v3_small": "features",
    "resnet18": "layer4",
    "resnet50": "layer4",
    "resnet152": "layer4",
    "shufflenet_v2_x1_0": "conv5",
    "squeezenet1_0": "features",
    "squeezenet1_1": "features",
}
"""The child of torchvision's network that gives its last feature maps."""
PRETRAINED = tuple(name for name in LAST if name != "googlenet")  # whose weights expect other inputs
MOMENTUM = 0.1  # of the running statistics of batch normalisation
LEFT_OUT = ("avgpool", "aux1", "aux2")  # auxiliary classifiers of GoogLeNet; the pooling is the head's first


def parted(name: str, num_classes: int = 1000) -> tuple[nn.Sequential, list[nn.Module]]:
    """torchvision's network `name` up to its last feature maps, and the modules after their mean."""
    children = list(torchvision_network(name, num_classes).named_children())
    end = [child for child, _ in children].index(LAST[name]) + 1
    rest = [module for child, module in children[end:] if child not in LEFT_OUT]
    return nn.Sequential(OrderedDict(children[:end])), rest


def trunk(name: str) -> nn.Sequential:
    """torchvision's network `name` up to its last feature maps, for published weights: under its own keys."""
    if name not in PRETRAINED:
        raise ModelError(f"no weights are taken for {name!r}: known are {', '.join(PRETRAINED)}")
    return parted(name)[0]


def start_from(part: nn.Module, name: str) -> None:
    """Gives `part` of torchvision's network `name` published weights (see `artnb.weights.load_weights`).

    On the meta device, where there are no numbers, none are looked for.
    """
    if not next(part.parameters()).is_meta:
        load_weights(part, name)


def torchvision_model(name: str) -> Callable[[Iterable[str], int, int], SharedBackbone]:
    """Builds torchvision's network `name`, freshly initialised, with a classifier for each field.

    Departure: all keep running statistics with a momentum of 0.1. torchvision's MobileNetV3 has 0.01, for
    trainings of many thousands of steps; after some hundred it still judges by the statistics of its start,
    and answers as by chance.
    """

    def build(fields: Iterable[str], image_size: int, num_classes: int) -> SharedBackbone:
        backbone, rest = parted(name, num_classes)
        for module in nn.ModuleList([backbone, *rest]).modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = MOMENTUM
        return SharedBackbone(fields, image_size, num_classes, backbone, lambda: pooled(*rest))

    return build
