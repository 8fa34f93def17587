"""Ruan's 17 layers: depthwise separable convolutions and blocks that weigh channels.

Ruan: "The Cultural Value Validity of Digital Media Art Based on Deep Learning Network Model" (2022), Figures
9 and 10, Eqs. (10) to (13). The figure's layers 6, 9 and 12 are places for a block; a published network has
one there and leaves out the others.

Read out of the published sizes: no convolution has a bias, each is followed by batch normalisation.
This project's: ReLU after each; one convolution in layer 13, for which two kernels are printed; zeros on both
sides where the stride is 2; both rates of the dropout, of which the paper only says that 0.5 is usual.

Departure: any size of 32 pixels or more is accepted.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from torch import nn
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation

from artnb.errors import ModelError
from artnb.models.backbone import SharedBackbone, pooled
from artnb.models.dkse import DKSE, SK, DKSEConfig, check_reduction

PAPER = "Ruan: The Cultural Value Validity of Digital Media Art Based on Deep Learning Network Model"
IMAGE_SIZE = 299
CLASSES = 5
STEM = 32
SEPARABLE = {
    3: (64, 1),
    4: (128, 2),
    5: (128, 1),
    7: (256, 2),
    8: (256, 1),
    10: (512, 2),
    11: (512, 1),
    13: (1024, 2),
    14: (1024, 1),
}
"""Channels and stride of Figure 10's separable convolutions, by ID."""
POSITIONS = {6: 128, 9: 256, 12: 512}
"""Channels of Figure 10's blocks, by ID."""


class SeparableNetwork(SharedBackbone):
    """A block made for the channels of each of `positions`, dropout before and after the pooling."""

    def __init__(
        self,
        fields: Iterable[str],
        image_size: int,
        num_classes: int,
        block: Callable[[int], nn.Module],
        positions: Iterable[int],
        dropout: float,
    ):
        if isinstance(positions, int):
            raise ModelError(f"positions must be a sequence, not one number: write [{positions}]")
        positions = tuple(positions)
        if not 0 <= dropout < 1:
            raise ModelError(f"dropout must be a share in [0, 1), not {dropout!r}")
        if unknown := [position for position in positions if position not in POSITIONS]:
            raise ModelError(f"positions names {unknown[0]!r}; there are {', '.join(map(str, POSITIONS))}")
        layers = {
            1: Conv2dNormActivation(3, STEM, 3, dilation=2),
            2: Conv2dNormActivation(STEM, STEM, 3, stride=3, padding=0, groups=STEM),
        }
        channels = STEM
        for position, (width, stride) in SEPARABLE.items():
            layers[position] = separable(channels, width, stride)
            channels = width
        layers |= {position: block(POSITIONS[position]) for position in positions}
        backbone = nn.Sequential(OrderedDict((str(place), layers[place]) for place in sorted(layers)))

        def head() -> nn.Sequential:
            last = nn.Dropout(dropout), nn.Linear(channels, num_classes)
            return nn.Sequential(nn.Dropout(dropout), *pooled(*last))

        super().__init__(fields, image_size, num_classes, backbone, head)
        self.positions = positions

    def attention_layers(self, task: str) -> dict[str, nn.Module]:
        """The backbone; each block, whose sum sees the whole picture; and each of its branches by itself."""
        layers = super().attention_layers(task)
        for position in self.positions:
            block = getattr(self.backbone, str(position))
            layers[f"layer {position}"] = block
            layers |= {f"layer {position}, {name}": branch for name, branch in named_branches(block)}
        return layers

    def decayed_parameters(self) -> list[nn.Parameter]:
        """The pointwise convolutions of the separable ones: the paper's L2 regularisation (Section 4.3)."""
        pointwise = [getattr(self.backbone, str(position))[1] for position in SEPARABLE]
        return [convolution.weight for convolution, *_ in pointwise]


def named_branches(block: nn.Module) -> list[tuple[str, nn.Module]]:
    return list(zip(block.kernels, block.branches, strict=True)) if isinstance(block, DKSE | SK) else []


def separable(channels: int, width: int, stride: int) -> nn.Sequential:
    """A depthwise and a pointwise convolution, Eq. (11): B C H W -> B C' H/stride W/stride."""
    return nn.Sequential(
        Conv2dNormActivation(channels, channels, 3, stride, groups=channels),
        Conv2dNormActivation(channels, width, 1),
    )


def dkse(
    fields: Iterable[str],
    image_size: int,
    num_classes: int,
    positions: Iterable[int] = (6,),
    branches: Iterable[str] = ("3x3", "5x5"),
    r: int = 4,
    hidden: str = "C/r",
    attention: str = "shared",
    dropout: float = 0.5,
) -> SeparableNetwork:
    """Ruan's network; by default layer 6 of Table 1: 2,703,173 parameters with 5 classes.

    Args:
        positions: some of 6, 9 and 12; none leaves the bare network.
        branches, r, hidden, attention: of every block, see `DKSEConfig`.
    """
    config = DKSEConfig(branches, r, hidden, attention)
    return SeparableNetwork(
        fields, image_size, num_classes, lambda channels: DKSE(channels, config), positions, dropout
    )


def se(
    fields: Iterable[str],
    image_size: int,
    num_classes: int,
    positions: Iterable[int] = (6,),
    r: int = 4,
    dropout: float = 0.5,
) -> SeparableNetwork:
    """The same with squeeze and excitation for a block: 2,145,605 parameters with 5 classes."""
    check_reduction(r)

    def block(channels: int) -> SqueezeExcitation:
        return SqueezeExcitation(channels, channels // r)

    return SeparableNetwork(fields, image_size, num_classes, block, positions, dropout)


def sk(
    fields: Iterable[str],
    image_size: int,
    num_classes: int,
    positions: Iterable[int] = (6,),
    r: int = 16,
    dropout: float = 0.5,
) -> SeparableNetwork:
    """The same with selective kernels for a block; r as in Li et al."""
    check_reduction(r)
    return SeparableNetwork(
        fields, image_size, num_classes, lambda channels: SK(channels, r), positions, dropout
    )
