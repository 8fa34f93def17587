"""FuseNet, the light network that Wu proposes: "Heritage and Innovation of Art Creation in the Context of Big
Data and Public Health Events", Sections 1 and 2.2.

The paper says that convolution finds what is local and a transformer what is global (Figure 1), that the
convolutional blocks are the inverted bottlenecks of CoAtNet (Dai, Liu, Le & Tan: "CoAtNet: Marrying
Convolution and Attention for All Data Sizes", 2021), and that their shortcut is a max pooling and a
convolution 1 x 1 (Figure 3). All else is this project's: widths, depths, the stem, and transformers with
CoAtNet's relative attention.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import Permute, SqueezeExcitation

from artnb.models.backbone import SharedBackbone, pooled
from artnb.models.fields import check_size


@dataclass(frozen=True)
class FuseNetConfig:
    """Each stage halves the side of its maps; the first two convolve, the last two attend."""

    stem: int = 32
    widths: tuple[int, int, int, int] = (48, 96, 160, 256)
    depths: tuple[int, int, int, int] = (2, 2, 3, 2)
    head_dim: int = 32


class InvertedBottleneck(nn.Module):
    """B C H W -> B C' H/stride W/stride; the normalisation comes before the convolution 1 x 1."""

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        hidden = 4 * channels
        self.residual = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.GELU(),
            nn.Conv2d(hidden, hidden, 3, stride, padding=1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.GELU(),
            SqueezeExcitation(hidden, max(8, channels // 4)),
            nn.Conv2d(hidden, width, 1),
        )
        self.shortcut = halved(channels, width) if stride == 2 else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        return self.residual(maps) + self.shortcut(maps)


class RelativeAttention(nn.Module):
    """Multi-head self-attention over maps of `side` x `side`, B N C -> B N C with N = side²; each head adds
    to the logit of a pair of places a bias that is learnt for their distance."""

    def __init__(self, width: int, side: int, head_dim: int):
        super().__init__()
        self.heads = width // head_dim
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.side = side
        self.bias = nn.Parameter(torch.empty(self.heads, (2 * side - 1) ** 2))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Of the bias alone: the layers have their own."""
        nn.init.trunc_normal_(self.bias, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        heads = self.project(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        biases = self.bias[:, distances(self.side, tokens.device)]
        mixed = F.scaled_dot_product_attention(*heads, attn_mask=biases)
        return self.merge(mixed.transpose(1, 2).flatten(2))


def distances(side: int, device: torch.device) -> Tensor:
    """N N, N = side²: a number for how far, down and across, the first place lies from the second."""
    places = torch.arange(side**2, device=device)
    down, across = (part[:, None] - part + side - 1 for part in (places // side, places % side))
    return (2 * side - 1) * down + across


class Transformer(nn.Module):
    """Attention, then a dense layer twice as wide, each after normalisation and beside a shortcut."""

    def __init__(self, width: int, side: int, head_dim: int):
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width), RelativeAttention(width, side, head_dim))
        self.dense = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attention(tokens)
        return tokens + self.dense(tokens)


class AttentionStage(nn.Module):
    """B C 2s 2s -> B C' s s."""

    def __init__(self, channels: int, width: int, depth: int, side: int, head_dim: int):
        super().__init__()
        self.halved = halved(channels, width)
        self.transformers = nn.Sequential(*(Transformer(width, side, head_dim) for _ in range(depth)))

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.halved(maps)
        return self.transformers(maps.flatten(2).mT).mT.reshape(maps.shape)


def halved(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(channels, width, 1))


def convolution_stage(channels: int, width: int, depth: int) -> nn.Sequential:
    first = InvertedBottleneck(channels, width, stride=2)
    return nn.Sequential(first, *(InvertedBottleneck(width, width, stride=1) for _ in range(depth - 1)))


def backbone(image_size: int, config: FuseNetConfig) -> nn.Sequential:
    """B 3 H H -> B C H/32 H/32."""
    stem = []
    for channels, stride in ((3, 2), (config.stem, 1)):
        stem += [
            nn.Conv2d(channels, config.stem, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(config.stem),
            nn.GELU(),
        ]
    channels = (config.stem, *config.widths[:-1])
    first, second, third, fourth = zip(channels, config.widths, config.depths, strict=True)
    return nn.Sequential(
        nn.Sequential(*stem),
        convolution_stage(*first),
        convolution_stage(*second),
        AttentionStage(*third, image_size // 16, config.head_dim),
        AttentionStage(*fourth, image_size // 32, config.head_dim),
    )


def fusenet(fields: Iterable[str], image_size: int, num_classes: int) -> SharedBackbone:
    """1,935,379 parameters at 224 px with 4 classes; the image size must be a multiple of 32."""
    check_size(image_size, step=32)
    config = FuseNetConfig()
    width = config.widths[-1]

    def head() -> nn.Sequential:
        normalised = Permute([0, 2, 3, 1]), nn.LayerNorm(width), Permute([0, 3, 1, 2])
        return nn.Sequential(*normalised, *pooled(nn.Linear(width, num_classes)))

    return SharedBackbone(fields, image_size, num_classes, backbone(image_size, config), head)
