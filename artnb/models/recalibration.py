"""ResNet-50 whose bottlenecks recalibrate their channels by what all their convolutions say of them.

Wu & Chen: "A Study on the Relationship between Painter's Psychology and Anime Creation Style Based on a Deep
Neural Network" (2022), Section 5.1, Figure 5, Eqs. (5) to (7); Figure 7 puts the module into the bottlenecks
from the deepest on.

This project's, on which the paper is silent: A1 and A2 are taken after normalisation and ReLU, A3 after
normalisation; the shortcut is projected where shapes differ, and a ReLU follows the sum, as in ResNet;
r = 16; dense layers without bias; within a stage the last bottleneck comes first. The text prints 3, 4, 6 and
8 bottlenecks; its 16 modules are ResNet-50's 3, 4, 6 and 3.
"""

from collections.abc import Iterable

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from artnb.errors import ModelError
from artnb.models.backbone import SharedBackbone, pooled
from artnb.models.dkse import check_reduction
from artnb.models.torchvision_networks import parted, start_from

PAPER = (
    "Wu & Chen: A Study on the Relationship between Painter's Psychology and Anime Creation Style Based on a "
    "Deep Neural Network"
)
MODULES = 16


class Recalibrated(nn.Module):
    """Takes the layers of a bottleneck, under their names, and adds the module's dense layers.

    With d channels inside the bottleneck, c after it and the rate r these have dc + 2c²/r parameters.
    """

    def __init__(self, plain: Bottleneck, r: int):
        super().__init__()
        for name, layer in plain.named_children():
            self.add_module(name, layer)
        inner, outer = plain.conv2.out_channels, plain.conv3.out_channels
        self.up = nn.Linear(inner, outer, bias=False)
        self.reduce = nn.Linear(outer, outer // r, bias=False)
        self.expand = nn.Linear(outer // r, outer, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        a1 = self.relu(self.bn1(self.conv1(maps)))
        a2 = self.relu(self.bn2(self.conv2(a1)))
        a3 = self.bn3(self.conv3(a2))
        e = self.up(mean(a1) + mean(a2)) + mean(a3)  # Eq. (6)
        weights = self.expand(self.reduce(e).relu()).sigmoid()
        shortcut = self.downsample(maps) if "downsample" in self._modules else maps
        return self.relu(weights[:, :, None, None] * a3 + shortcut)  # Eq. (7)


def mean(maps: Tensor) -> Tensor:
    """B C H W -> B C, Eq. (5)."""
    return maps.mean((2, 3))


def recalibrated_resnet50(
    fields: Iterable[str],
    image_size: int,
    num_classes: int,
    modules: int = MODULES,
    r: int = 16,
    pretrained: bool = False,
) -> SharedBackbone:
    """ResNet-50 with 7,544,832 parameters more at 16 modules and r = 16.

    Args:
        modules: so many bottlenecks have one, from the deepest on: 0 to 16.
        pretrained: the layers of ResNet-50 start with published weights (see `artnb.weights.load_weights`).
            The new ones start as they are drawn, so that at first each residual is about halved.
    """
    if type(modules) is not int or not 0 <= modules <= MODULES:
        raise ModelError(f"modules must be a whole number from 0 to {MODULES}, not {modules!r}")
    check_reduction(r)
    backbone, rest = parted("resnet50", num_classes)
    if pretrained:
        start_from(backbone, "resnet50")
    stages = [layer for layer in backbone if isinstance(layer, nn.Sequential)]
    bottlenecks = [(stage, place) for stage in stages for place in range(len(stage))]
    for stage, place in bottlenecks[MODULES - modules :]:
        stage[place] = Recalibrated(stage[place], r)
    return SharedBackbone(fields, image_size, num_classes, backbone, lambda: pooled(*rest))


def starts_from(pretrained: bool = False, **_: object) -> str:
    """The network whose published weights `recalibrated_resnet50` starts with; "" for none."""
    return "resnet50" if pretrained else ""
