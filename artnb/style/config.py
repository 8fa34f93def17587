"""What a style transfer is asked for: the variants of Li, Gatys' original, and what the public adds to them.

Li: "Neural Network-Based Mapping Mining of Image Style Transfer in Big Data Systems" (2021). Gatys, Ecker and
Bethge: "Image Style Transfer Using Convolutional Neural Networks" (2016).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from artnb.errors import StyleError
from artnb.style.features import LI

CONTENT_LOSSES = ("mse", "l1")
STARTS = ("content", "noise")
FULL, HALF = PRECISIONS = ("float32", "bfloat16")
KNOWN = {"content_loss": CONTENT_LOSSES, "start": STARTS, "precision": PRECISIONS}
SMALLEST = 16  # px
PERCEPTUAL = ("relu2_2", "conv3_1")


@dataclass(frozen=True)
class StyleConfig:
    """By default Li's baseline; `variant` gives the others.

    total = alpha * content + beta * style + gamma * perceptual, each as `artnb.style.losses` has it, of
    features whose filters have a mean activation of 1.

    Li publishes the layers, the mean and standard deviation, L-BFGS, alpha and beta. This project's are the
    means in place of the printed sums (those of the tutorial whose numbers Li took), the start, the size and
    the number of evaluations.

    Raises:
        StyleError: a value that no transfer can start with, named.
    """

    content_layers: tuple[str, ...] = ("conv2_2",)  # Li's fourth convolution
    style_layers: tuple[str, ...] = LI
    perceptual_layers: tuple[str, ...] = ()  # none: no perceptual term
    content_loss: str = "mse"  # or "l1"
    alpha: float = 1.0  # of the content
    beta: float = 1e6  # of the style
    gamma: float = 1.0  # of the perceptual term
    start: str = "content"  # or "noise"
    size: int = 256  # px, the longer side of the result; the style is seen at the same
    evaluations: int = 300  # of the objective and its gradient, over all scales
    scales: int = 1  # the picture grows by a factor of sqrt(2) from one to the next; 1: no growth
    averaging: float = 0.0  # the result is a mean of iterates whose weights fall by this factor; 0: the best
    keep_colours: bool = False  # of the content: the style gives the lightness alone
    tile: int = 512  # px: larger pictures are computed in tiles of this side, with the same result
    precision: str = FULL  # of the maps; "bfloat16" comes to the same and is quicker where the CPU knows it
    seed: int = 0  # of noise

    def __post_init__(self) -> None:
        for name in ("content_layers", "style_layers", "perceptual_layers"):
            layers = getattr(self, name)
            if isinstance(layers, str) or not all(isinstance(layer, str) for layer in layers):
                raise StyleError(f"{name} is {layers!r}; give the names of layers, as in ('conv2_2',)")
            object.__setattr__(self, name, tuple(layers))
        for name in ("alpha", "beta", "gamma"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value < float("inf")):
                raise StyleError(f"{name} is {value!r}; give a number of 0 or more")
        for name, known in KNOWN.items():
            if getattr(self, name) not in known:
                raise StyleError(f"{name} is {getattr(self, name)!r}; give one of {', '.join(known)}")
        for name, least in (("size", SMALLEST), ("tile", 64), ("evaluations", 1), ("scales", 1)):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= least):
                raise StyleError(f"{name} is {value!r}; give a whole number of {least} or more")
        if not (isinstance(self.averaging, int | float) and 0 <= self.averaging < 1):
            raise StyleError(f"averaging is {self.averaging!r}; give a factor in [0, 1)")
        if not self.layers:
            raise StyleError("no layers: name at least one in content_layers or style_layers")
        if self.sizes[0] < SMALLEST:
            raise StyleError(
                f"scales is {self.scales}, which begins with {self.sizes[0]} px; give fewer at a size of "
                f"{self.size}, to begin with {SMALLEST} or more"
            )
        if self.evaluations < self.scales:
            raise StyleError(f"evaluations is {self.evaluations}; give at least one for each scale")

    @property
    def weights(self) -> dict[str, float]:
        """Of each term."""
        return {"content": self.alpha, "style": self.beta, "perceptual": self.gamma}

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.content_layers + self.style_layers + self.perceptual_layers))

    @property
    def deepest(self) -> str:
        """Of its layers, as VGG names them."""
        return max(self.layers, key=lambda layer: [int(part) for part in re.findall(r"\d+", layer)])

    @property
    def sizes(self) -> tuple[int, ...]:
        """The longer side at each scale, px."""
        return tuple(round(self.size / 2 ** (step / 2)) for step in reversed(range(self.scales)))

    def within(self, layers: Iterable[str]) -> "StyleConfig":
        """The same for features that have only `layers`, first to deepest: others are left out, and where no
        layer of the content is there the deepest takes its place."""
        known = tuple(layers)
        kept = {
            name: tuple(layer for layer in getattr(self, name) if layer in known)
            for name in ("content_layers", "style_layers", "perceptual_layers")
        }
        if self.content_layers and not kept["content_layers"]:
            kept["content_layers"] = known[-1:]
        return replace(self, **kept)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "StyleConfig":
        """The config that `dataclasses.asdict` made `values` from; else raises StyleError."""
        names = {field.name for field in fields(cls)}
        if names != set(values):
            raise StyleError(f"not a config of this version: it has {', '.join(sorted(names ^ set(values)))}")
        return cls(**values)


VARIANTS: Mapping[str, StyleConfig] = {
    "baseline": StyleConfig(),
    "l1": StyleConfig(content_loss="l1"),
    "perceptual": StyleConfig(perceptual_layers=PERCEPTUAL),
    "both": StyleConfig(content_loss="l1", perceptual_layers=PERCEPTUAL),
    "gatys": StyleConfig(
        content_layers=("relu4_2",), style_layers=("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    ),
}
"""Li's four, and Gatys'. Li defines no perceptual loss ("The fourth convolution layer is selected [...]
perceptual computing is used to compare the differences of images in high-level semantic information"): it is
read as Johnson et al. define theirs ("Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
2016, Eq. 2), against the content, on two layers of the five convolutions: theirs, relu3_3, lies deeper."""


def variant(name: str, **changes: object) -> StyleConfig:
    """The variant `name` with `changes`; raises StyleError where there is none."""
    if name not in VARIANTS:
        raise StyleError(f"no variant {name!r}: there are {', '.join(VARIANTS)}")
    return replace(VARIANTS[name], **changes)
