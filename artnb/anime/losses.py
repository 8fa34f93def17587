"""The terms that the generator and the discriminators are taught by, each a function of tensors.

    adversarial   the image discriminator's judgement of what was made
    boundary      that discriminator learns anime with blurred edges as false (CartoonGAN, Eq. 2)
    grey          and grey anime (AnimeGAN)
    spectral      the spectrum discriminator's judgement          Wu & Chen, Eq. 4
    content       |phi(G(x)) - phi(x)|, phi the features of a network
    colour block  |phi(G(x)) - phi(B(x))|, B the mean colours of superpixels
    style         |gram(phi(grey G(x))) - gram(phi(grey y))|      AnimeGAN
    colour        |Y - Y'| + huber(U, U') + huber(V, V')          AnimeGAN

Wu & Chen name boundary and colour-block losses without a formula, and Eq. 4 is garbled: the readings are this
project's. They print logarithms of probabilities; here judgements are compared with 1 and 0 by squares (Mao
et al.: "Least Squares Generative Adversarial Networks", 2017), whose gradient does not vanish. Blocks of
colour are the photograph's: those of what is made, B(G(x)), change along with it, and in trials of 500 and
600 steps, a colour term beside them, flattened nothing, where 500 steps towards B(x) alone flattened all.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from artnb.anime.spectra import grey
from artnb.style.features import Features
from artnb.style.losses import gram

YUV = ((0.299, 0.587, 0.114), (-0.14713, -0.28886, 0.436), (0.615, -0.51499, -0.10001))


def judged(judgements: Tensor, wanted: float) -> Tensor:
    """The mean squared distance of judgements from `wanted`: 1 true, 0 false."""
    return (judgements.float() - wanted).square().mean()


def discriminated(true: Tensor, false: Iterable[tuple[float, Tensor]]) -> Tensor:
    """A discriminator's loss by its judgements of what is true, and of what is false with its shares.

    Half the squares of the true, and half those of the false, each by its share of the sum.

    By their shares, so that a kind more of what is false makes the false no heavier.
    """
    shares = [(share, judgements) for share, judgements in false if share]
    whole = sum(share for share, _ in shares)
    wrong = sum(share / whole * judged(judgements, 0) for share, judgements in shares)
    return (judged(true, 1) + wrong) / 2


def apart(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
    """The mean absolute difference of two sets of maps, averaged over their layers."""
    return torch.stack([F.l1_loss(found[layer].float(), wanted[layer].float()) for layer in found]).mean()


def apart_from(images: Tensor, found: Mapping[str, Tensor], features: Features) -> Tensor:
    """How far the maps `found` are from those of `images`: photographs, or such in blocks of colour."""
    with torch.no_grad():
        wanted = features(images, found)
    return apart(found, wanted)


def style(images: Tensor, anime: Tensor, features: Features, layer: str) -> Tensor:
    """How far the Gram matrices of grey pictures are from those of grey anime, the mean over each batch."""

    def grams(pictures: Tensor) -> Tensor:
        maps = features(grey(pictures).expand(-1, 3, -1, -1), [layer])
        return gram(maps[layer].float()).mean(0)

    with torch.no_grad():
        wanted = grams(anime)
    return F.l1_loss(grams(images), wanted)


def colour(images: Tensor, photos: Tensor) -> Tensor:
    """How far lightness and hue are from the photograph's: L1 of Y, Huber's loss of U and V."""
    matrix = images.new_tensor(YUV)
    made, wanted = (torch.einsum("kc,bchw->kbhw", matrix, each) for each in (images, photos))
    return F.l1_loss(made[0], wanted[0]) + F.huber_loss(made[1], wanted[1]) + F.huber_loss(made[2], wanted[2])
