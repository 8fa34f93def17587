"""The networks of AFGAN: portraits made anime, fully convolutional, the background kept by a mask.

Wu & Chen (2022) publish no network. They follow U-GAT-IT (Kim et al.: "U-GAT-IT: Unsupervised Generative
Attentional Networks with Adaptive Layer-Instance Normalization for Image-to-Image Translation", 2020) and
criticise that it "uses fully connected layers, which makes the image pixels compressed, resulting in blurred
background". So here: its attention by class activation with 1 x 1 convolutions, the parameters of its
adaptive normalisation from pooled maps by 1 x 1 convolutions (U-GAT-IT flattens maps of one size), and a
mask, which U-GAT-IT has not, that blends what is drawn with the photograph.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from artnb.anime.generator import STRIDE
from artnb.style.feedforward import changed

EPSILON = 1e-5


class Attention(nn.Module):
    """Maps weighted by what tells two domains apart (Zhou et al.: "Learning Deep Features for Discriminative
    Localization", 2016), by 1 x 1 convolutions alone.

    Of B C h w it gives the maps, B C h w, and two logits a picture, B 2: of the averaged and of the highest
    activation.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.average = nn.Conv2d(channels, 1, 1, bias=False)
        self.highest = nn.Conv2d(channels, 1, 1, bias=False)
        self.joint = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        logits = torch.cat(
            [self.average(maps.mean((2, 3), keepdim=True)), self.highest(maps.amax((2, 3), keepdim=True))], 1
        )
        weighted = [maps * layer.weight.view(1, -1, 1, 1) for layer in (self.average, self.highest)]
        return F.relu(self.joint(torch.cat(weighted, 1))), logits.flatten(1)


class AdaLIN(nn.Module):
    """rho IN(a) + (1 - rho) LN(a), then scaled by gamma and shifted by beta, both B C 1 1 (U-GAT-IT, Eq. 1).

    rho, one a channel, stays in [0, 1].
    """

    def __init__(self, channels: int, rho: float = 0.9):
        super().__init__()
        self.rho = nn.Parameter(torch.full((1, channels, 1, 1), rho))

    def forward(self, maps: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        instance, layer = (
            (maps - maps.mean(over, keepdim=True)) * (maps.var(over, keepdim=True) + EPSILON).rsqrt()
            for over in ((2, 3), (1, 2, 3))
        )
        rho = self.rho.clamp(0, 1)
        return (rho * instance + (1 - rho) * layer) * gamma + beta


class AdaptiveResidual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = (reflected(width, width) for _ in range(2))
        self.norms = nn.ModuleList([AdaLIN(width), AdaLIN(width)])

    def forward(self, maps: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        inner = F.relu(self.norms[0](self.first(maps), gamma, beta))
        return maps + self.norms[1](self.second(inner), gamma, beta)


class PortraitGenerator(nn.Module):
    """B 3 H W in [0, 1] -> the same, of any size.

    Args:
        width: channels at the picture's size; four times as many at a quarter of it.
        blocks: adaptive residual ones.
        blend: whether the mask keeps what it does not cover; without it all is drawn.
    """

    def __init__(self, width: int = 16, blocks: int = 2, blend: bool = True):
        super().__init__()
        inner = 4 * width
        self.blend = blend
        self.entry = nn.Sequential(reflected(3, width, 5), nn.InstanceNorm2d(width), nn.ReLU())
        self.encoder = nn.Sequential(
            *(reflected(width, 2 * width, stride=2), nn.InstanceNorm2d(2 * width), nn.ReLU()),
            *(reflected(2 * width, inner, stride=2), nn.InstanceNorm2d(inner), nn.ReLU()),
        )
        self.attention = Attention(inner)
        self.adaption = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(inner, inner, 1), nn.ReLU(), nn.Conv2d(inner, 2 * inner, 1)
        )
        self.blocks = nn.ModuleList(AdaptiveResidual(inner) for _ in range(blocks))
        self.decoder = nn.Sequential(
            *(nn.Upsample(scale_factor=2, mode="bilinear"), reflected(inner, 2 * width), nn.ReLU()),
            *(nn.Upsample(scale_factor=2, mode="bilinear"), reflected(2 * width, width)),
        )
        self.last = nn.Sequential(reflected(width, width), nn.ReLU(), reflected(width, 4, 5))

    def parts(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The picture B 3 H W, its mask B 1 H W in [0, 1], and the attention's logits B 2."""
        height, width = images.shape[-2:]
        whole = F.pad(images, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        fine = self.entry(2 * whole - 1)
        maps, logits = self.attention(self.encoder(fine))
        gamma, beta = self.adaption(maps).chunk(2, 1)
        for block in self.blocks:
            maps = block(maps, 1 + gamma, beta)
        by, covered = self.last(F.relu(fine + self.decoder(maps)))[..., :height, :width].split([3, 1], 1)
        drawn, mask = changed(images, by), covered.sigmoid()
        return (mask * drawn + (1 - mask) * images if self.blend else drawn), mask, logits

    def forward(self, images: Tensor) -> Tensor:
        return self.parts(images)[0]


def reflected(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, stride, side // 2, padding_mode="reflect")
