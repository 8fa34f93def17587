"""Transfer learning: a network that was trained on other images, a new head, and then its last stage.

Wu: "Heritage and Innovation of Art Creation in the Context of Big Data and Public Health Events", Section
3.2, names the method and no network. This project's: ResNet-50 trained on ImageNet by default; first the head
alone learns, then after `unfreeze` the last stage too; what is frozen also keeps its running statistics.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from torch import nn

from artnb.errors import ModelError
from artnb.models.backbone import SharedBackbone, pooled
from artnb.models.torchvision_networks import start_from, trunk

LAST_STAGES: dict[str, tuple[int, Callable[[nn.Module], nn.Module]]] = {
    "resnet50": (2048, lambda backbone: backbone.layer4),
    "mobilenet_v2": (1280, lambda backbone: backbone.features[14:]),
    "squeezenet1_0": (512, lambda backbone: backbone.features[12:]),
}
"""Of each backbone the channels of the last feature maps, and the layers after its last reduction of their
size, with it where a convolution does it."""


class Transfer(SharedBackbone):
    """A frozen backbone under heads that learn."""

    def __init__(
        self, fields: Iterable[str], image_size: int, num_classes: int, name: str, weights: str | Path | None
    ):
        if name not in LAST_STAGES:
            raise ModelError(f"backbone must be one of {', '.join(LAST_STAGES)}, not {name!r}")
        features, _ = LAST_STAGES[name]
        backbone = start_from(trunk(name), name, weights).requires_grad_(False)

        def head() -> nn.Sequential:
            return pooled(nn.Linear(features, num_classes))

        super().__init__(fields, image_size, num_classes, backbone, head)
        self.name = name
        self.unfrozen = False
        self.train()

    @property
    def last_stage(self) -> nn.Module:
        return LAST_STAGES[self.name][1](self.backbone)

    def unfreeze(self) -> None:
        """From now on the backbone's last stage learns with the heads."""
        self.unfrozen = True
        self.last_stage.requires_grad_(True).train(self.training)

    def train(self, mode: bool = True) -> "Transfer":
        """As of every module, but what is frozen stays in evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        if self.unfrozen:
            self.last_stage.train(mode)
        return self


def transfer(
    fields: Iterable[str],
    image_size: int,
    num_classes: int,
    backbone: str = "resnet50",
    weights: str | Path | None = None,
) -> Transfer:
    """23,516,228 parameters with ResNet-50 and 4 classes.

    Args:
        backbone: torchvision's name of a network, one of `LAST_STAGES`.
        weights: where its weights are, see `artnb.weights.load_weights`.
    """
    return Transfer(fields, image_size, num_classes, backbone, weights)
