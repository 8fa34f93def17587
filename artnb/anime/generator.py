"""The generator of FSGAN: light, fully convolutional, for pictures of any size.

Wu & Chen (2022), Sections 4 and 5.2: "fully convolutional structure; the network is more lightweight and
supports image inputs of arbitrary size"; upsampling is "bilinear interpolation and nearest-neighbor
interpolation", each here followed by a convolution. Widths and depths are not published.

Departures, this project's own: what the network adds is added to the photograph's logits, so that colours
survive; maps on the way up are added to those of the same size on the way down, without which neither a line
nor the grain of a photograph could be drawn or removed; channels are normalised at each position by
themselves. A pixel then depends on its surroundings alone, whatever the rest of the picture shows ("the
change of local position does not impact other regions", Section 5.2), which instance normalisation would
break.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from artnb.style.feedforward import Residual, changed

STRIDE = 4  # px of the picture that a position of the inner maps is


class PositionNorm(nn.Module):
    """B C h w -> the same: the channels of each position divided by their root mean square, then scaled."""

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Conv2d(channels, channels, 1, groups=channels)

    def forward(self, maps: Tensor) -> Tensor:
        return self.scale(maps * (maps.square().mean(1, keepdim=True) + 1e-6).rsqrt())


def convolution(inputs: int, outputs: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution over the reflected border, its channels normalised."""
    layer = nn.Conv2d(inputs, outputs, side, stride, side // 2, padding_mode="reflect", bias=False)
    return nn.Sequential(layer, PositionNorm(outputs))


class Upsampled(nn.Module):
    """Twice the size by interpolation, then a convolution: no transposed one, whose grid shows."""

    def __init__(self, inputs: int, outputs: int, mode: str):
        super().__init__()
        self.mode = mode
        self.convolution = convolution(inputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        return self.convolution(F.interpolate(maps, scale_factor=2, mode=self.mode))


class Generator(nn.Module):
    """B 3 H W in [0, 1] -> the same; H and W of any number of pixels from 8.

    Args:
        width: channels at the picture's size; twice as many at half of it, four times at a quarter.
        blocks: residual ones, at a quarter of the size.
        upsampling: "bilinear" or "nearest".
    """

    def __init__(self, width: int = 32, blocks: int = 4, upsampling: str = "bilinear"):
        super().__init__()
        self.entry = nn.Sequential(convolution(3, width, 5), nn.ReLU())
        self.down = nn.Sequential(convolution(width, 2 * width, stride=2), nn.ReLU())
        self.quarter = nn.Sequential(
            *(convolution(2 * width, 4 * width, stride=2), nn.ReLU()),
            *(Residual(4 * width, convolution) for _ in range(blocks)),
        )
        self.to_half = Upsampled(4 * width, 2 * width, upsampling)
        self.to_whole = Upsampled(2 * width, width, upsampling)
        self.last = nn.Sequential(
            *(convolution(width, width), nn.ReLU()), nn.Conv2d(width, 3, 5, 1, 2, padding_mode="reflect")
        )

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        padded = F.pad(images, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        whole = self.entry(2 * padded - 1)
        half = self.down(whole)
        coarse = F.relu(half + self.to_half(self.quarter(half)))
        fine = F.relu(whole + self.to_whole(coarse))
        return changed(padded, self.last(fine).float())[..., :height, :width]
