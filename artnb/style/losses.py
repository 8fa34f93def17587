"""The terms of the objective: what the picture should have of the content and what of the style.

    content     mean over the maps of (F - P)^2, or of |F - P|     Gatys Eq. 1, Li
    style       mean over the Gram matrices of (G - A)^2           Gatys Eqs. 3-5, Li
    perceptual  mean over the maps of (F - P)^2                    Johnson Eq. 2

each summed over its layers. F are the maps of the picture, P those of the content, G and A the Gram matrices
of the picture's and the style's. All are means, where Gatys and Li print sums, so that none grows with the
picture.

A mask, 1 where the style shall act and 0 where not, weights the positions in all three; the Gram matrices are
then guided ones (Gatys et al.: "Controlling Perceptual Factors in Neural Style Transfer", 2017, Section 4).
"""

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from artnb.errors import StyleError
from artnb.style.config import HALF, StyleConfig
from artnb.style.features import Features
from artnb.style.tiles import Tile, tiles

TERMS = ("content", "style", "perceptual")


def gram(maps: Tensor, weights: Tensor | None = None) -> Tensor:
    """B C h w -> B C C: F F^T / (C h w), "each element divided by the total number of elements" (Li).

    Args:
        weights: of the positions, B 1 h w, in [0, 1]; their sum stands for h w.
    """
    return products(maps, weights) / (maps.shape[1] * positions(maps, weights))


def products(maps: Tensor, weights: Tensor | None = None) -> Tensor:
    """B C h w -> B C C: the products of two channels, summed over the positions."""
    return Products.apply(maps if weights is None else maps * weights.sqrt())


class Products(torch.autograd.Function):
    """F F^T of maps B C h w, whose gradient is one matrix product, laid out as channels_last maps are.

    Autograd takes two and lays them out otherwise, which the convolutions then have to turn around.
    """

    @staticmethod
    def forward(ctx, maps: Tensor) -> Tensor:
        ctx.save_for_backward(maps)
        rows = maps.permute(0, 2, 3, 1).flatten(1, 2)
        return rows.mT @ rows

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (maps,) = ctx.saved_tensors
        rows = maps.permute(0, 2, 3, 1).flatten(1, 2)
        both = rows @ (gradient + gradient.mT)
        return both.unflatten(1, maps.shape[2:]).permute(0, 3, 1, 2)


def differences(maps: Tensor, wanted: Tensor, kind: str = "mse", weights: Tensor | None = None) -> Tensor:
    """B C h w -> a number: the differences, squared ("mse") or absolute ("l1"), summed."""
    if weights is None:
        return {"mse": F.mse_loss, "l1": F.l1_loss}[kind](maps, wanted, reduction="sum")
    apart = maps - wanted
    return ((apart.square() if kind == "mse" else apart.abs()) * weights).sum()


def positions(maps: Tensor, weights: Tensor | None = None) -> Tensor | int:
    return maps.shape[2] * maps.shape[3] if weights is None else weights.sum((1, 2, 3)).view(-1, 1, 1)


def total(config: StyleConfig, terms: Mapping[str, Tensor]) -> Tensor:
    """Their weighted sum."""
    return sum(config.weights[term] * value for term, value in terms.items())


def check_size(name: str, image: Tensor, least: int) -> None:
    height, width = image.shape[-2:]
    if min(height, width) < least:
        raise StyleError(
            f"{name} is {width} x {height} px, too small for the deepest layer: give each side {least} px or "
            "more, or fewer layers"
        )


class Objective:
    """The terms for any picture of the content's size: what content and style have is computed once.

    Args:
        content: 1 3 H W in [0, 1].
        style: 1 3 h w in [0, 1].
        mask: 1 1 H W in [0, 1]; None: 1 everywhere.

    Raises:
        StyleError: the features have no such layer, a picture is too small for the deepest, or the mask
            leaves the style nothing to act on.
    """

    def __init__(
        self,
        features: Features,
        config: StyleConfig,
        content: Tensor,
        style: Tensor,
        mask: Tensor | None = None,
    ):
        features.check(config.layers)
        self.features, self.config = features, config
        strides = features.strides()
        self.strides = {layer: strides[layer] for layer in config.layers}
        self.deepest = max(config.layers, key=features.layers.index)
        self.compared = {("content", layer): config.content_loss for layer in config.content_layers}
        self.compared |= {("perceptual", layer): "mse" for layer in config.perceptual_layers}
        for name, image in (("content", content), ("style", style)):
            check_size(name, image, strides[self.deepest])
        self.tiles = self.parted(content)
        self.weights = [self.weighed(mask, tile) for tile in self.tiles]
        with torch.no_grad():
            self.grams = self.grams_of(style)
            self.wanted, self.elements = self.wanted_of(content)
        if not all(self.elements.values()):
            raise StyleError("the mask is 0 everywhere: give 1 where the style shall act")

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The terms that have layers, for an image 1 3 H W in [0, 1]: a number each, not yet weighted.

        Of several tiles each is computed again on the way back, so that one at a time is held.
        """
        parts = list(zip(self.tiles, self.weights, self.wanted, strict=True))
        if len(parts) == 1:
            sums = self.sums(image, *parts[0])
        else:
            each = [checkpoint(self.sums, image, *part, use_reentrant=False) for part in parts]
            sums = {key: torch.stack([part[key] for part in each]).sum(0) for key in each[0]}
        terms = {}
        for (term, layer), value in sums.items():
            value = value / self.elements[layer]
            loss = F.mse_loss(value, self.grams[layer]) if term == "style" else value
            terms[term] = terms.get(term, 0) + loss
        return terms

    def total(self, terms: Mapping[str, Tensor]) -> Tensor:
        return total(self.config, terms)

    def sums(
        self, image: Tensor, tile: Tile, weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]
    ) -> dict[tuple[str, str], Tensor]:
        """By term and layer, over the positions of a tile."""
        maps = self.maps(image, tile)
        sums = {
            (term, layer): differences(maps[layer], wanted[layer], kind, weights.get(layer))
            for (term, layer), kind in self.compared.items()
        }
        for layer in self.config.style_layers:
            sums["style", layer] = products(maps[layer], weights.get(layer))
        return sums

    def maps(self, image: Tensor, tile: Tile) -> dict[str, Tensor]:
        halved = self.config.precision == HALF
        with torch.autocast(image.device.type, torch.bfloat16) if halved else nullcontext():
            maps = self.features(tile.cut(image), self.strides)
        return {layer: tile.trim(maps[layer].float(), stride) for layer, stride in self.strides.items()}

    def parted(self, image: Tensor) -> list[Tile]:
        reach, stride = self.features.reach(self.deepest), self.strides[self.deepest]
        return tiles(*image.shape[-2:], self.config.tile, reach, stride)

    def weighed(self, mask: Tensor | None, tile: Tile) -> dict[str, Tensor]:
        """The mask at the size of each layer."""
        if mask is None:
            return {}
        cut = tile.cut(mask)
        return {layer: tile.trim(F.avg_pool2d(cut, stride), stride) for layer, stride in self.strides.items()}

    def wanted_of(self, content: Tensor) -> tuple[list[dict[str, Tensor]], dict[str, float]]:
        """The maps to be compared with, of each tile, and how many elements each layer has in all."""
        compared = {layer for _, layer in self.compared}
        wanted, elements = [], dict.fromkeys(self.strides, 0.0)
        for tile, weights in zip(self.tiles, self.weights, strict=True):
            maps = self.maps(content, tile)
            wanted.append({layer: maps[layer].clone() for layer in compared})
            for layer, map_ in maps.items():
                elements[layer] += map_.shape[1] * float(positions(map_, weights.get(layer)))
        return wanted, elements

    def grams_of(self, style: Tensor) -> dict[str, Tensor]:
        sums, elements = {}, {}
        for tile in self.parted(style):
            maps = self.maps(style, tile)
            for layer in self.config.style_layers:
                sums[layer] = sums.get(layer, 0) + products(maps[layer])
                elements[layer] = elements.get(layer, 0) + maps[layer][0].numel()
        return {layer: sums[layer] / elements[layer] for layer in sums}
