"""What a training from photographs to anime is asked for: FSGAN, and two older objectives of the same form.

Wu & Chen: "A Study on the Relationship between Painter's Psychology and Anime Creation Style Based on a Deep
Neural Network" (2022), Section 4: a fully convolutional generator taught by a spectral, a boundary and a
colour-block loss. Beside it CartoonGAN (Chen, Lai and Liu: "CartoonGAN: Generative Adversarial Networks for
Photo Cartoonization", 2018) and AnimeGAN (Chen, Liu and Chen: "AnimeGAN: A Novel Lightweight GAN for Photo
Animation", 2020), here their objectives only: all three train the same networks.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from artnb.errors import AnimeError

TERMS = ("adversarial", "boundary", "grey", "spectral", "colour_block", "content", "style", "colour")
SMALLEST = 32  # px
UPSAMPLINGS = ("bilinear", "nearest")


@dataclass(frozen=True)
class AnimeConfig:
    """By default FSGAN; `objective` gives the others.

    Published are the three losses' names and what the spectral one compares, the absence of transposed
    convolutions and of fully connected layers. This project's are all numbers.

    Raises:
        AnimeError: a value that no training can start with, named.
    """

    adversarial: float = 20.0  # the image discriminator's judgement
    boundary: float = 1.0  # share of anime with blurred edges among what that discriminator learns as false
    grey: float = 0.0  # share of grey anime among the same
    spectral: float = 1.0  # the spectrum discriminator's judgement
    colour_block: float = 1.0  # distance of the features to those of superpixel means
    content: float = 1.0  # distance of the features to the photograph's
    style: float = 0.0  # distance of the grey pictures' Gram matrices to anime's
    colour: float = 15.0  # distance of lightness and hue to the photograph's
    layers: tuple[str, ...] = ("conv2_2", "conv3_1")  # whose features content and colour blocks compare
    width: int = 32  # channels of the generator's first convolution
    blocks: int = 4  # its residual blocks
    judge_width: int = 32  # channels of the discriminators' first convolution
    upsampling: str = "bilinear"  # or "nearest"
    segments: int = 64  # superpixels of a crop, about
    crop: int = 64  # px, the side of what is learnt from
    batch_size: int = 4
    warm_up: int = 100  # steps with the content loss alone
    steps: int = 2000  # in all
    learning_rate: float = 4e-4  # of the generator, by Adam
    judge_learning_rate: float = 4e-4  # of the discriminators
    averaging: float = 0.995  # the weights that are kept are a mean that forgets by this factor a step
    seed: int = 0
    threads: int = 1  # the last digits depend on it: never taken from the machine

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for name in TERMS:
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value < float("inf")):
                raise AnimeError(f"{name} is {value!r}; give a number of 0 or more")
        least = {
            "width": 4, "blocks": 0, "judge_width": 4, "segments": 2, "crop": SMALLEST, "batch_size": 1,
            "warm_up": 0, "steps": 1, "threads": 1,
        }  # fmt: skip
        for name, smallest in least.items():
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= smallest):
                raise AnimeError(f"{name} is {value!r}; give a whole number of {smallest} or more")
        for name in ("learning_rate", "judge_learning_rate"):
            if not getattr(self, name) > 0:
                raise AnimeError(f"{name} is {getattr(self, name)!r}; give a number above 0")
        if not 0 <= self.averaging < 1:
            raise AnimeError(f"averaging is {self.averaging!r}; give a factor in [0, 1)")
        if self.upsampling not in UPSAMPLINGS:
            raise AnimeError(f"upsampling is {self.upsampling!r}; give one of {', '.join(UPSAMPLINGS)}")
        if self.crop % 4:
            raise AnimeError(f"crop is {self.crop}; give a multiple of 4")
        if self.steps <= self.warm_up and self.judged:
            raise AnimeError(f"steps is {self.steps}; give more than the {self.warm_up} of the warm-up")

    @property
    def judged(self) -> bool:
        """Whether there is a discriminator."""
        return bool(self.adversarial or self.spectral)

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "AnimeConfig":
        """The config that `dataclasses.asdict` made `values` from; else raises AnimeError."""
        names = {field.name for field in fields(cls)}
        if names != set(values):
            raise AnimeError(f"not a config of this version: it has {', '.join(sorted(names ^ set(values)))}")
        return cls(**values)

    @property
    def weights(self) -> dict[str, float]:
        """Of each term."""
        return {term: value for term, value in asdict(self).items() if term in TERMS}


FSGAN = AnimeConfig()
WITHOUT = dict.fromkeys(TERMS, 0.0)
OBJECTIVES: Mapping[str, AnimeConfig] = {
    "fsgan": FSGAN,
    "without spectral": replace(FSGAN, spectral=0.0),
    "without boundary": replace(FSGAN, boundary=0.0),
    "without colour block": replace(FSGAN, colour_block=0.0),
    "cartoongan": replace(
        FSGAN,
        **WITHOUT | {"adversarial": FSGAN.adversarial, "boundary": 1.0, "content": FSGAN.content},
    ),
    "animegan": replace(
        FSGAN,
        **WITHOUT
        | {
            "adversarial": FSGAN.adversarial, "grey": 1.0, "boundary": 0.1, "content": 1.5, "style": 3.0,
            "colour": 10.0,
        },
    ),
}  # fmt: skip
"""FSGAN, each of its style losses left out, and the older two. CartoonGAN's content weight is FSGAN's, so
that they differ in the style alone; AnimeGAN's are its paper's, but for the adversarial weight of 300, as
features here have other units."""


def objective(name: str, **changes: object) -> AnimeConfig:
    """The objective `name` with `changes`; raises AnimeError where there is none."""
    if name not in OBJECTIVES:
        raise AnimeError(f"no objective {name!r}: there are {', '.join(OBJECTIVES)}")
    return replace(OBJECTIVES[name], **changes)
