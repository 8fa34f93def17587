"""Transfer learning: a network that was trained on other images, a new head, and then its last stage.

Wu: "Heritage and Innovation of Art Creation in the Context of Big Data and Public Health Events", Section
3.2, names the method and no network. This project's: ResNet-50 trained on ImageNet by default; first the head
alone learns, then the last stage too; what is frozen also keeps its running statistics. Without published
weights the backbone has none worth keeping, and gathers those of the images.
"""

from collections.abc import Callable, Iterable

from torch import nn

from artnb.errors import ModelError
from artnb.models.backbone import SharedBackbone, pooled
from artnb.models.torchvision_networks import start_from, trunk

LAST_STAGES: dict[str, tuple[int, Callable[[nn.Module], nn.Module]]] = {
    "resnet18": (512, lambda backbone: backbone.layer4),
    "resnet50": (2048, lambda backbone: backbone.layer4),
    "mobilenet_v2": (1280, lambda backbone: backbone.features[14:]),
    "squeezenet1_0": (512, lambda backbone: backbone.features[12:]),
}
"""Of each backbone the channels of the last feature maps, and the layers after its last reduction of their
size, with it where a convolution does it."""


class Transfer(SharedBackbone):
    """A frozen backbone under heads that learn, from epoch `unfreeze_at` on with its last stage."""

    def __init__(
        self,
        fields: Iterable[str],
        image_size: int,
        num_classes: int,
        name: str,
        pretrained: bool,
        unfreeze_at: int,
    ):
        if name not in LAST_STAGES:
            raise ModelError(f"backbone must be one of {', '.join(LAST_STAGES)}, not {name!r}")
        if type(unfreeze_at) is not int or unfreeze_at < 0:
            raise ModelError(f"unfreeze_at must be an epoch, or 0 for none, not {unfreeze_at!r}")
        features, _ = LAST_STAGES[name]
        backbone = trunk(name)
        if pretrained:
            start_from(backbone, name)
        backbone.requires_grad_(False)

        def head() -> nn.Sequential:
            return pooled(nn.Linear(features, num_classes))

        super().__init__(fields, image_size, num_classes, backbone, head)
        self.name = name
        self.pretrained = pretrained
        self.unfreeze_at = unfreeze_at
        self.unfrozen = False
        self.train()

    @property
    def last_stage(self) -> nn.Module:
        return LAST_STAGES[self.name][1](self.backbone)

    def begin_epoch(self, number: int) -> None:
        """From epoch `unfreeze_at` on the backbone's last stage learns with the heads."""
        if 0 < self.unfreeze_at <= number and not self.unfrozen:
            self.unfrozen = True
            self.last_stage.requires_grad_(True).train(self.training)

    def train(self, mode: bool = True) -> "Transfer":
        """As of every module, but what is frozen, and has published weights, stays in evaluation mode."""
        super().train(mode)
        if self.pretrained:
            self.backbone.eval()
        if self.unfrozen:
            self.last_stage.train(mode)
        return self


def transfer(
    fields: Iterable[str],
    image_size: int,
    num_classes: int,
    backbone: str = "resnet50",
    pretrained: bool = True,
    unfreeze_at: int = 10,
) -> Transfer:
    """23,516,228 parameters with ResNet-50 and 4 classes.

    Args:
        backbone: torchvision's name of a network, one of `LAST_STAGES`.
        pretrained: it starts with published weights (see `artnb.weights.load_weights`); else what is frozen
            is as it was drawn.
        unfreeze_at: the epoch, from 1, from which on the last stage learns too; 0: never.
    """
    return Transfer(fields, image_size, num_classes, backbone, pretrained, unfreeze_at)


def starts_from(backbone: str = "resnet50", pretrained: bool = True, **_: object) -> str:
    """The network whose published weights `transfer` starts with; "" for none."""
    return backbone if pretrained else ""
