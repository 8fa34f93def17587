"""How alike two pictures are: the three numbers of Li, and two distances between what networks see.

Li et al. ("Neural Network-Based Mapping Mining of Image Style Transfer in Big Data Systems", 2021) measure a
stylised picture against the *style* picture. They leave open how a picture becomes grey, how the style comes
to the size of the result, and the base of the logarithm; here: ITU-R 601, bilinear with antialiasing, bits.
What the numbers reward is not style:

- SSIM and mutual information compare place with place, where a style has no places. Highest of all is the
  style picture itself, and half content, half style (`comparison.controls`) is hard to beat.
- The cosine of pixels, none of them negative, is mostly brightness: unlike pictures reach 0.9.
- Mutual information, which Li take to lie in [0, 1], is bounded by the entropies, up to 8 bits. From few
  pixels in 256 x 256 cells it is far too high: of independent grey noise it is 4.0 bits at 64 px, 0.8 at
  256 px. Compare pictures of one size, and see what a style picture with shuffled pixels gets.
"""

from collections.abc import Mapping
from math import log
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.functional.image.lpips import _LPIPS
from torchvision.transforms.v2 import functional as v2

from artnb.errors import StyleError
from artnb.models.torchvision_networks import trunk
from artnb.weights import load_weights

WINDOW = 11  # px, of SSIM
BORDER = WINDOW // 2
LPIPS_NETWORK = "squeezenet1_1"


def similarity(images: Tensor, references: Tensor) -> pd.DataFrame:
    """Li's numbers of every picture against its reference.

    Args:
        images: B 3 H W in [0, 1], 11 px or more.
        references: B 3 h w, or one for all; resized to H W, whatever that does to their proportions.

    Returns:
        One row per picture: ssim, cosine, mutual_information (bits), normalised_mutual_information.

    Raises:
        StyleError: pictures of another form or range, or numbers of pictures that do not fit.
    """
    references = fitted(references, images)
    return pd.DataFrame({name: metric(images, references).tolist() for name, metric in METRICS.items()})


def ssim(images: Tensor, references: Tensor) -> Tensor:
    """The structural similarity of pictures B 3 H W in [0, 1] as grey: B, in [-1, 1].

    Wang, Bovik, Sheikh & Simoncelli ("Image Quality Assessment: From Error Visibility to Structural
    Similarity", 2004): a Gaussian of 11 px and 1.5 px deviation, K1 = 0.01, K2 = 0.03, the mean over the
    places where all of it lies inside.
    """
    grey = [v2.rgb_to_grayscale(pictures.float()) for pictures in (images, references)]
    _, places = structural_similarity_index_measure(
        *grey, data_range=1.0, reduction="none", return_full_image=True
    )
    return places[..., BORDER:-BORDER, BORDER:-BORDER].mean((1, 2, 3))


def cosine(images: Tensor, references: Tensor) -> Tensor:
    """The cosine of the angle between pictures B 3 H W as vectors of pixels: B, in [0, 1] for these."""
    return F.cosine_similarity(images.double().flatten(1), references.double().flatten(1))


def mutual_information(images: Tensor, references: Tensor) -> Tensor:
    """What grey levels of pictures B 3 H W tell of each other, H(A) + H(B) - H(A, B): B, 0 to 8 bits."""
    first, second, both = entropies(images, references)
    return first + second - both


def normalised_mutual_information(images: Tensor, references: Tensor) -> Tensor:
    """2 MI / (H(A) + H(B)): B, in [0, 1]; 0 where both pictures have one grey level only."""
    first, second, both = entropies(images, references)
    return (2 * (first + second - both) / (first + second)).nan_to_num(0)


METRICS = {
    "ssim": ssim,
    "cosine": cosine,
    "mutual_information": mutual_information,
    "normalised_mutual_information": normalised_mutual_information,
}


def perceptual_distance(features: Mapping[str, Tensor], references: Mapping[str, Tensor]) -> Tensor:
    """How far apart two pictures lie in features of any network: LPIPS without its learnt weights.

    Zhang, Isola, Efros, Shechtman & Wang ("The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", 2018), Eq. (1) with all weights w = 1, which is twice one minus the cosine of the channels: their
    mean over places, summed over layers. It is comparable between pictures, not between networks.

    Args:
        features, references: layer -> maps, B C h w, of the same layers and shapes.

    Returns:
        B, from 0 to 4 times the number of layers (2 times where no feature is negative).

    Raises:
        StyleError: the layers or the shapes differ.
    """
    forms = [{name: tuple(maps.shape) for name, maps in of.items()} for of in (features, references)]
    if forms[0] != forms[1] or not features:
        raise StyleError(
            f"features {forms[0]} cannot be compared with {forms[1]}: take the same layers of pictures of "
            "one size"
        )
    apart = [F.normalize(features[name]) - F.normalize(references[name]) for name in features]
    return torch.stack([maps.square().sum(1).mean((1, 2)) for maps in apart]).sum(0)


class Lpips:
    """LPIPS itself, on SqueezeNet 1.1: its learnt weights come with torchmetrics, the network's do not.

    Args:
        weights: of torchvision's squeezenet1_1, for `artnb.weights.load_weights`.

    Raises:
        ModelError: they cannot be had, or do not fit.
    """

    def __init__(self, weights: str | Path | None = None):
        backbone = trunk(LPIPS_NETWORK)
        load_weights(backbone, LPIPS_NETWORK, weights)
        self.network = _LPIPS(net="squeeze", pnet_rand=True)  # the public function would ask the hub
        for part in self.network.net.slices:
            for place in list(part._modules):
                part._modules[place] = backbone.features[int(place)]

    @torch.inference_mode()
    def __call__(self, images: Tensor, references: Tensor) -> Tensor:
        """Pictures, B 3 H W in [0, 1], at least 17 px -> their distances, B, 0 or more."""
        return self.network(images.float(), references.float(), normalize=True).flatten()


def fitted(references: Tensor, images: Tensor) -> Tensor:
    """The references at the size and number of `images`; raises StyleError as `similarity` does."""
    for name, pictures in (("images", images), ("references", references)):
        check(name, pictures)
    if len(references) not in (1, len(images)):
        raise StyleError(f"{len(references)} references for {len(images)} images: give one, or one of each")
    size = list(images.shape[-2:])
    if list(references.shape[-2:]) != size:
        references = v2.resize(references, size, antialias=True)
    return references.expand_as(images)


def check(name: str, pictures: Tensor) -> None:
    if pictures.ndim != 4 or pictures.shape[1] != 3 or not pictures.is_floating_point():
        raise StyleError(
            f"{name} must be B 3 H W, floating point; these are {tuple(pictures.shape)}, {pictures.dtype}"
        )
    if min(pictures.shape[-2:]) < WINDOW or not len(pictures):
        raise StyleError(
            f"{name} have the shape {tuple(pictures.shape)}: give one or more, of {WINDOW} px or more"
        )
    if not (pictures.min() >= 0 and pictures.max() <= 1):
        raise StyleError(f"{name} must lie in [0, 1]: divide bytes by 255, and clamp what was optimised")


def entropies(images: Tensor, references: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of the 256 grey levels of each picture, of its reference, and of both at once: B, bits."""
    first, second = levels(images), levels(references)
    return entropy(first), entropy(second), entropy(256 * first + second)


def entropy(codes: Tensor) -> Tensor:
    """Of how often each code occurs among those of a picture, B N -> B, in bits."""
    shares = [torch.bincount(of_one).double() / len(of_one) for of_one in codes]
    return torch.stack([torch.special.entr(of_one).sum() for of_one in shares]) / log(2)


def levels(pictures: Tensor) -> Tensor:
    """The grey level of each pixel, 0 to 255: B HW."""
    return (255 * v2.rgb_to_grayscale(pictures)).round().long().flatten(1)
