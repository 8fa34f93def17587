"""What pictures are compared by: the feature maps of a chain of convolutions.

VGG-19 (Simonyan and Zisserman: "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014)
with published weights, as deep as it is wanted: Li wants its first five convolutions. Without those weights
the same chain with random ones carries the statistics of a texture too (Ustyuzhaninov et al.: "Texture
Synthesis Using Shallow Convolutional Networks with Random Filters", 2016; He, Wang and Hopcroft: "A Powerful
Generative Model Using Random Weights for the Deep Image Representation", 2016), and a network that learnt
from painted pictures is the third way.

Whatever the weights, each filter is scaled so that its mean activation over six photographs is 1, as Gatys et
al. scale VGG-19 ("Texture Synthesis Using Convolutional Neural Networks", 2015, Section 3). That leaves what
a network tells as it was, and gives the weights of the losses one meaning for all networks, torchvision's and
already scaled ones among them.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from artnb.errors import ModelError, StyleError
from artnb.images.augmentation import MEAN, STD
from artnb.seeding import derive
from artnb.style.photographs import SHIPPED, photograph
from artnb.training.runs import Run
from artnb.weights import fingerprint, load_weights, torchvision_network

LI = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")
DEEPEST = "relu5_1"  # of Gatys
NETWORK = "vgg19"
SIDE = 128  # px of the photographs that filters are scaled by
SILENT = 0.01  # a filter of which ReLU leaves a smaller share is scaled by its mean magnitude


class Features(nn.Module):
    """A frozen chain of convolutions, ReLUs and poolings, its layers named as VGG's are.

    conv2_1 is the first convolution after the first pooling, relu2_1 what ReLU leaves of it, pool2 the
    pooling that ends the block.

    Args:
        chain: convolutions with zeros around, ReLU, and poolings of 2 px, beginning with a convolution.
        origin: where its weights are from, in a few words.
        seed: of random weights.

    Raises:
        ModelError: `chain` has a module of another kind; names it.
    """

    def __init__(self, chain: Iterable[nn.Module], origin: str, seed: int | None = None):
        super().__init__()
        self.chain = nn.Sequential(OrderedDict(named_layers(chain)))
        self.origin, self.seed = origin, seed
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(3, 1, 1), persistent=False)
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        scale_filters(self)

    @property
    def layers(self) -> tuple[str, ...]:
        """From the first to the deepest."""
        return tuple(name for name, _ in self.chain.named_children())

    @property
    def weights(self) -> str:
        """16 hex digits of the numbers."""
        return fingerprint(self)

    def strides(self) -> dict[str, int]:
        """How many pixels of the picture a step in each layer's map is."""
        stride, strides = 1, {}
        for name, layer in self.chain.named_children():
            stride *= 2 if pools(layer) else 1
            strides[name] = stride
        return strides

    def reach(self, deepest: str) -> int:
        """Pixels from a value in the map of `deepest` to the farthest that it depends on."""
        stride, reach = 1, 0
        for name, layer in self.chain.named_children():
            if pools(layer):
                reach, stride = reach + stride, stride * 2
            elif isinstance(layer, nn.Conv2d):
                reach += layer.padding[0] * stride
            if name == deepest:
                break
        return reach

    def check(self, layers: Iterable[str]) -> None:
        """Raises StyleError where there is no such layer; names it."""
        for layer in layers:
            if layer not in self.layers:
                raise StyleError(
                    f"no layer {layer} in features that end with {self.layers[-1]} ({self.origin}): give "
                    f"features that go deeper, or layers among {', '.join(self.layers)}"
                )

    def forward(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """The maps B C h w of `layers`, from images B 3 H W in [0, 1]. What lies deeper is not computed."""
        wanted = set(layers)
        maps = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        found = {}
        for name, layer in self.chain.named_children():
            if len(found) == len(wanted):
                break
            maps = layer(maps)
            if name in wanted:
                found[name] = maps
        return found


def named_layers(chain: Iterable[nn.Module]) -> Iterator[tuple[str, nn.Module]]:
    block, number = 1, 0
    for layer in chain:
        if isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros" and layer.stride == (1, 1):
            number += 1
            yield f"conv{block}_{number}", layer
        elif isinstance(layer, nn.ReLU):
            yield f"relu{block}_{number}", nn.ReLU()  # not in place: the convolution's map is wanted too
        elif pools(layer):
            yield f"pool{block}", layer
            block, number = block + 1, 0
        else:
            raise ModelError(f"no features from {layer}: give convolutions, ReLU and poolings of 2 px alone")


def pools(layer: nn.Module) -> bool:
    return isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) and layer.kernel_size == layer.stride == 2


def vgg19(weights: str | Path | None = None, deepest: str = LI[-1]) -> Features:
    """VGG-19 up to `deepest` with published weights.

    Args:
        weights: a file or folder, else what ARTNB_WEIGHTS names, else torchvision's hub (see
            `artnb.weights.load_weights`). A file may hold the first layers alone.

    Raises:
        ModelError: the weights cannot be had, or the file does not go as deep.
        StyleError: VGG-19 has no such layer.
    """
    chain = vgg19_chain(deepest)
    load_weights(nn.Sequential(OrderedDict(features=chain)), NETWORK, weights)
    return Features(chain, "VGG-19 with published weights")


def random_vgg19(seed: int = 0, deepest: str = LI[-1]) -> Features:
    """VGG-19 up to `deepest` with weights drawn as He et al. do ("Delving Deep into Rectifiers", 2015) and no
    biases."""
    chain = vgg19_chain(deepest)
    drawn = torch.Generator().manual_seed(derive(seed, "features"))
    for layer in chain:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=drawn)
            nn.init.zeros_(layer.bias)
    return Features(chain, f"VGG-19 with random weights of seed {seed}", seed)


def vgg19_down_to(layers: Sequence[str], weights: str | Path | None = None) -> Features:
    """`vgg19` to the first of `layers` that the weights reach: a file may hold the first convolutions alone.

    Raises:
        ModelError: they reach none.
    """
    for layer in layers[:-1]:
        try:
            return vgg19(weights, layer)
        except ModelError:
            continue
    return vgg19(weights, layers[-1])


def published_or_random(
    weights: str | Path | None = None, seed: int = 0, deepest: str = LI[-1]
) -> tuple[Features, str]:
    """`vgg19`, or where its weights cannot be had `random_vgg19` and one sentence that says why; else ""."""
    try:
        return vgg19(weights, deepest), ""
    except ModelError as error:
        return random_vgg19(seed, deepest), f"Features are those of random weights, for {error}."


def of_run(run: Run) -> Features:
    """The convolutions of a network trained here, such as `s-cnn` on the atelier's art types.

    Raises:
        RunError: it is no finished run.
        ModelError: its backbone is no chain of convolutions.
    """
    backbone = getattr(run.network(), "backbone", None)
    if not isinstance(backbone, nn.Sequential):
        raise ModelError(f"no features from {run.method}: its backbone is no chain of convolutions")
    return Features(backbone, f"{run.method}, trained in run {run.folder.name}")


def vgg19_chain(deepest: str) -> nn.Sequential:
    with torch.device("meta"):
        whole = torchvision_network(NETWORK).features
    names = [name for name, _ in named_layers(whole)]
    if deepest not in names:
        raise StyleError(f"deepest is {deepest}; VGG-19 has {', '.join(names)}")
    return whole[: names.index(deepest) + 1].to_empty(device="cpu")


@torch.no_grad()
def scale_filters(features: Features) -> None:
    """Gives each filter a mean activation of 1 over the photographs, and the next filters the inverse."""
    maps = (photographs() - features.mean) / features.std
    factor = torch.ones(3)
    for layer in features.chain:
        if isinstance(layer, nn.Conv2d):
            layer.weight /= factor.view(1, -1, 1, 1)
            found = layer(maps)
            activation, magnitude = (part.mean((0, 2, 3)) for part in (found.relu(), found.abs()))
            mean = torch.where(activation > SILENT * magnitude, activation, magnitude)
            factor = torch.where(mean > 0, 1 / mean, 1.0)
            layer.weight *= factor.view(-1, 1, 1, 1)
            if layer.bias is not None:
                layer.bias *= factor
        maps = layer(maps)


@cache
def photographs() -> Tensor:
    """B 3 SIDE SIDE in [0, 1]: all that ship with libraries."""
    squares = np.stack([photograph(name, SIDE) for name in SHIPPED])
    return torch.from_numpy(squares).permute(0, 3, 1, 2) / 255
