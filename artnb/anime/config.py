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
from artnb.style.config import FULL, PRECISIONS

TERMS = ("adversarial", "boundary", "grey", "spectral", "colour_block", "content", "style", "colour")
SMALLEST = 32  # px
UPSAMPLINGS = ("bilinear", "nearest")
GREY, COLOUR = SIGHTS = ("grey", "colour")


@dataclass(frozen=True)
class AnimeConfig:
    """By default FSGAN; `objective` gives the others.

    Published are the three losses' names and what the spectral one compares, the absence of transposed
    convolutions and of fully connected layers. This project's are all numbers, and that the image
    discriminator sees grey pictures: one that sees colours is pleased by turning skies and whatever is grey
    into the greens of a studio's meadows, long before anything is flat. Colour is left to the blocks.

    Raises:
        AnimeError: a value that no training can start with, named.
    """

    adversarial: float = 8.0  # the image discriminator's judgement
    boundary: float = 1.0  # share of anime with blurred edges among what that discriminator learns as false
    grey: float = 0.0  # share of grey anime among the same
    spectral: float = 0.05  # the spectrum discriminator's judgement
    colour_block: float = 10.0  # distance of the features to those of the photograph in blocks of colour
    content: float = 0.1  # distance of the features to the photograph's
    style: float = 0.0  # distance of the grey pictures' Gram matrices to anime's
    colour: float = 0.0  # distance of lightness and hue to the photograph's
    sight: str = GREY  # or "colour": what the image discriminator sees pictures in
    grain: float = 0.1  # deviation of the noise, in [0, 1] as pictures are, under which both do
    layers: tuple[str, ...] = ("conv1_2", "conv2_2")  # whose features content and colour blocks compare
    block_scale: float = 50.0  # of the blocks of colour: the higher, the fewer and larger
    width: int = 32  # channels of the generator's first convolution
    blocks: int = 3  # its residual blocks
    judge_width: int = 32  # channels of the discriminators' first convolution
    upsampling: str = "bilinear"  # or "nearest"
    crop: int = 64  # px, the side of what is learnt from
    batch_size: int = 4
    warm_up: int = 1500  # steps with what compares with the photograph alone
    steps: int = 4000  # in all
    learning_rate: float = 1e-3  # of the generator, by Adam
    judge_learning_rate: float = 5e-4  # of the discriminators
    averaging: float = 0.998  # the weights that are kept are a mean that forgets by this factor a step
    precision: str = FULL  # "bfloat16" learns in mixed precision, quicker where the CPU knows it
    seed: int = 0
    threads: int = 1  # the last digits depend on it: never taken from the machine

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        for name in (*TERMS, "grain"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value < float("inf")):
                raise AnimeError(f"{name} is {value!r}; give a number of 0 or more")
        least = {
            "width": 4, "blocks": 0, "judge_width": 4, "crop": SMALLEST, "batch_size": 1,
            "warm_up": 0, "steps": 1, "threads": 1,
        }  # fmt: skip
        for name, smallest in least.items():
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= smallest):
                raise AnimeError(f"{name} is {value!r}; give a whole number of {smallest} or more")
        for name in ("learning_rate", "judge_learning_rate", "block_scale"):
            if not getattr(self, name) > 0:
                raise AnimeError(f"{name} is {getattr(self, name)!r}; give a number above 0")
        if not 0 <= self.averaging < 1:
            raise AnimeError(f"averaging is {self.averaging!r}; give a factor in [0, 1)")
        for name, known in {"upsampling": UPSAMPLINGS, "sight": SIGHTS, "precision": PRECISIONS}.items():
            if getattr(self, name) not in known:
                raise AnimeError(f"{name} is {getattr(self, name)!r}; give one of {', '.join(known)}")
        if self.grey and self.sight == GREY:
            raise AnimeError(
                f"grey is {self.grey}, but the discriminator sees nothing else: give sight={COLOUR!r}"
            )
        if self.crop % 4:
            raise AnimeError(f"crop is {self.crop}; give a multiple of 4")
        keeps = self.content or self.colour_block or self.colour
        if not (keeps or self.judged or self.style):
            raise AnimeError("there is nothing to learn by: give a term a weight above 0")
        if self.warm_up and not keeps:
            raise AnimeError(
                f"warm_up is {self.warm_up}, but nothing compares with the photograph: give content, "
                "colour_block or colour a weight, or warm_up=0"
            )
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
OLDER = dict.fromkeys(TERMS, 0.0) | {"sight": COLOUR, "adversarial": FSGAN.adversarial}
OBJECTIVES: Mapping[str, AnimeConfig] = {
    "fsgan": FSGAN,
    "without spectral": replace(FSGAN, spectral=0.0),
    "without boundary": replace(FSGAN, boundary=0.0),
    "without colour block": replace(FSGAN, colour_block=0.0, content=1.0),
    "cartoongan": replace(FSGAN, **OLDER | {"boundary": 1.0, "content": 1.0}),
    "animegan": replace(
        FSGAN,
        **OLDER | {"grey": 1.0, "boundary": 0.1, "content": 1.5, "style": 3.0, "colour": 10.0},
    ),
}
"""FSGAN, each of its style losses left out, and the older two. Without colour blocks the content has as much
weight as CartoonGAN's, or nothing would hold to the photograph. AnimeGAN's weights are its paper's, but for
the adversarial one of 300: features here have other units."""


def objective(name: str, **changes: object) -> AnimeConfig:
    """The objective `name` with `changes`; raises AnimeError where there is none."""
    if name not in OBJECTIVES:
        raise AnimeError(f"no objective {name!r}: there are {', '.join(OBJECTIVES)}")
    return replace(OBJECTIVES[name], **changes)
