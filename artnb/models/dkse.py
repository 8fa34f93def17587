"""Blocks that weigh channels, B C H W -> B C H W: dual kernel squeeze and excitation, and its two parents.

dkse   Ruan: "The Cultural Value Validity of Digital Media Art Based on Deep Learning Network Model" (2022),
       Figure 8, Eqs. (8) and (9)
se     squeeze and excitation: Hu, Shen & Sun: "Squeeze-and-Excitation Networks", CVPR 2018
sk     selective kernels: Li, Wang, Hu & Yang: "Selective Kernel Networks", CVPR 2019

Read out of Ruan's published sizes: the convolutions of the branches are standard ones without bias, each with
batch normalisation. ReLU after it is this project's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation

from artnb.errors import ModelError

KERNELS = {"1x1": (1, 1), "3x3": (3, 1), "5x5": (5, 1), "K3": (3, 1), "K5": (3, 2), "K7": (3, 3)}
"""Size and dilation of a branch's convolution, under the names of Tables 2 and 3."""
HIDDEN = {"C/r": 1, "C/2r": 2}
"""Widths of the excitation: as the text has it, and as all 15 published sizes have it (see `ruan_tables`)."""
ATTENTION = ("shared", "sk")
SK_GROUPS, SK_LEAST = 32, 32  # Li et al.: G and L


@dataclass(frozen=True)
class DKSEConfig:
    """What a `DKSE` is built from.

    Raises:
        ModelError: a value that no block can be built with, named.
    """

    branches: tuple[str, ...]  # of KERNELS, two or more
    r: int  # Ruan's descent rate
    hidden: str  # of HIDDEN
    attention: str  # a weight for each channel ("shared", Eq. 9), or for each channel and branch ("sk")

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", tuple(self.branches))
        if unknown := [name for name in self.branches if name not in KERNELS]:
            raise ModelError(f"branches names {unknown[0]!r}; there are {', '.join(KERNELS)}")
        if len(set(self.branches)) < max(2, len(self.branches)):
            raise ModelError(f"branches must be two or more, each named once, not {self.branches!r}")
        if self.hidden not in HIDDEN:
            raise ModelError(f"hidden must be {' or '.join(HIDDEN)}, not {self.hidden!r}")
        if self.attention not in ATTENTION:
            raise ModelError(f"attention must be {' or '.join(ATTENTION)}, not {self.attention!r}")
        check_reduction(self.r)


class DKSE(nn.Module):
    """V = sum over i of U_i · F_ex(F_sq(F_jp(U))), Eq. (9): the sum of branches, its channels weighted."""

    def __init__(self, channels: int, config: DKSEConfig):
        super().__init__()
        self.kernels = config.branches
        kernels = [KERNELS[name] for name in config.branches]
        self.branches = nn.ModuleList(
            Conv2dNormActivation(channels, channels, size, dilation=dilation) for size, dilation in kernels
        )
        width = channels // (config.r * HIDDEN[config.hidden])
        if config.attention == "shared":
            self.fuse = Excitation(channels, width)
        else:
            self.fuse = Selection(channels, width, len(kernels))

    def forward(self, maps: Tensor) -> Tensor:
        return self.fuse([branch(maps) for branch in self.branches])


class SK(nn.Module):
    """Li et al., Section 3.1, with their defaults: 3 x 3 and a dilated 3 x 3 for 5 x 5, in groups."""

    kernels = ("K3", "K5")

    def __init__(self, channels: int, r: int):
        super().__init__()
        self.branches = nn.ModuleList(
            Conv2dNormActivation(channels, channels, 3, dilation=dilation, groups=SK_GROUPS)
            for _, dilation in map(KERNELS.get, self.kernels)
        )
        width = max(channels // r, SK_LEAST)
        self.fuse = Selection(channels, width, len(self.branches), normalised=True)

    def forward(self, maps: Tensor) -> Tensor:
        return self.fuse([branch(maps) for branch in self.branches])


class Excitation(SqueezeExcitation):
    """Weights s = sigmoid(W2 relu(W1 z)) of channels, z the means of the sum of the branches' maps. They are
    the same for all branches, so that the sum is weighted."""

    def forward(self, branches: list[Tensor]) -> Tensor:
        return super().forward(torch.stack(branches).sum(0))


class Selection(nn.Module):
    """Weights of branches that add up to 1 in each channel: Li et al., Eqs. (1) to (6)."""

    def __init__(self, channels: int, width: int, branches: int, normalised: bool = False):
        super().__init__()
        norm = nn.BatchNorm2d if normalised else None
        self.reduce = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), Conv2dNormActivation(channels, width, 1, norm_layer=norm)
        )
        self.expand = nn.Conv2d(width, branches * channels, 1)

    def forward(self, branches: list[Tensor]) -> Tensor:
        maps = torch.stack(branches, dim=1)  # B n C H W
        weights = self.expand(self.reduce(maps.sum(1))).unflatten(1, maps.shape[1:3]).softmax(1)
        return (weights * maps).sum(1)


def check_reduction(r: int) -> None:
    """Raises ModelError unless `r` divides the channels of every block, halved too."""
    if type(r) is not int or r not in (1, 2, 4, 8, 16, 32, 64):
        raise ModelError(f"r must be a power of 2 from 1 to 64, not {r!r}")
