"""Discriminators that judge patches: of pictures, and of spectra.

Patches: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks" (2017). Spectral
normalisation: Miyato et al., "Spectral Normalization for Generative Adversarial Networks" (2018).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from artnb.anime.spectra import log_spectra


class Patches(nn.Module):
    """B C H W -> B 1 h w: a number for each patch of 23 px, one every 4; high where it is taken for true.

    The last convolution is not normalised: while it was, photographs and anime were judged alike.
    """

    def __init__(self, channels: int = 3, width: int = 32):
        super().__init__()
        widths = (
            (channels, width, 2),
            (width, 2 * width, 1),
            (2 * width, 2 * width, 2),
            (2 * width, 4 * width, 1),
        )
        layers = []
        for inputs, outputs, stride in widths:
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 3, stride, 1)), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(4 * width, 1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


def under_grain(images: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Pictures with noise, which hides from a discriminator what hardly shows.

    Sonderby et al.: "Amortised MAP Inference for Image Super-resolution" (2017). Without it a generator comes
    to weave ripples, too weak at first to be seen, that a discriminator takes for true.
    """
    return images + deviation * torch.randn(images.shape, generator=generator)


class SpectrumPatches(nn.Module):
    """Judges B 3 S S pictures in [0, 1] by patches of their log spectra, and sees their frequencies.

    Args:
        mean, deviation: 3 S S, of the log spectra of both domains, by which they are standardised: fixed,
            for a batch's own would hide from the discriminator what it is to tell apart.
    """

    def __init__(self, mean: Tensor, deviation: Tensor, width: int = 32):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        ends = torch.linspace(-1, 1, mean.shape[-1])
        self.register_buffer("radius", torch.hypot(ends[:, None], ends)[None, None])
        self.patches = Patches(4, width)

    def forward(self, images: Tensor) -> Tensor:
        standard = (log_spectra(images) - self.mean) / self.deviation
        return self.patches(torch.cat([standard, self.radius.expand(len(images), -1, -1, -1)], 1))
