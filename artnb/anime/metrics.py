"""How near what was made has come to anime, and how much of the photograph it has kept.

Of the distances between sets of pictures the kernel one is taken (KID; Binkowski et al.: "Demystifying MMD
GANs", 2018): it is unbiased for a few dozen pictures, where Frechet's (FID) is not. Both papers use the
features of Inception; here any network's do that is at hand offline, so that numbers compare with each other
and with no one else's.
"""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchmetrics.image.kid import KernelInceptionDistance

from artnb.anime.losses import apart
from artnb.errors import AnimeError
from artnb.style.features import Features

AT_ONCE = 16  # pictures


def layers_of(features: Features) -> list[str]:
    """All their convolutions."""
    return [layer for layer in features.layers if layer.startswith("conv")]


class Embedding(nn.Module):
    """B 3 H W uint8 -> B D: the mean answer of each filter over the picture, of what ReLU leaves."""

    def __init__(self, features: Features, layers: Sequence[str]):
        super().__init__()
        self.features, self.layers = features, tuple(layers)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.features(images.float() / 255, self.layers)
        return torch.cat([maps[layer].relu().mean((2, 3)) for layer in self.layers], 1)


def kernel_distance(images: Tensor, others: Tensor, features: Features, layers: Sequence[str]) -> float:
    """The squared distance of two sets of pictures N 3 H W in [0, 1] by the polynomial kernel.

    Of two sets from one source 0 is expected, so that a value may lie a little below it.

    Raises:
        AnimeError: a set has fewer than two pictures.
    """
    smaller = min(len(images), len(others))
    if smaller < 2:
        raise AnimeError("a distance of sets needs two or more pictures in each")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it keeps all features, which are few
        metric = KernelInceptionDistance(Embedding(features, layers), subsets=1, subset_size=smaller)
    for pictures, real in ((images[:smaller], False), (others[:smaller], True)):
        for few in pictures.split(AT_ONCE):
            metric.update((few * 255).round().byte(), real=real)
    return float(metric.compute()[0])


@torch.inference_mode()
def content_distance(images: Tensor, photos: Tensor, features: Features, layers: Sequence[str]) -> float:
    """The mean distance of the features of pictures to those of the photographs they were made from."""
    pairs = list(zip(images.split(AT_ONCE), photos.split(AT_ONCE), strict=True))
    found = [
        float(apart(features(made, layers), features(photo, layers))) * len(made) for made, photo in pairs
    ]
    return sum(found) / len(images)
