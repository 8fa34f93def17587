"""Single- and multi-task networks for artistry.

Sato, Sakaue, Sato: "Seeing the Differences in Artistry among Art Fields by using
Multi-task Learning", Figures 6 to 8. Widths and head are derived from the published
parameter counts, which one field's path meets to the unit at 256 x 256.

Departures: none in structure; any input size that is a multiple of 32 is accepted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from artnb.errors import ModelError
from artnb.models.fields import PerField, check_classes, check_images, check_size, checked_fields, parameters

PAPER = (
    "Sato, Sakaue & Sato: Seeing the Differences in Artistry among Art Fields by using Multi-task Learning"
)
FIELDS = ("painting", "architecture", "sculpture", "garden")
IMAGE_SIZE = 256
STEM = (16, 32, 64)


@dataclass(frozen=True)
class ArtistryConfig:
    """What an `Artistry` is built from.

    Raises:
        ModelError: no fields, a name that is blank or twice there, an image size that is no multiple
            of 32 or that the longer branch pools away, fewer than two classes.
    """

    fields: tuple[str, ...] = FIELDS
    image_size: int = IMAGE_SIZE
    individual: tuple[int, ...] = (64, 128)  # widths of each field's own branch
    common: tuple[int, ...] = (64, 128)  # widths of the shared branch; () for single-task
    num_classes: int = 2

    def __post_init__(self):
        object.__setattr__(self, "fields", checked_fields(self.fields))
        check_size(self.image_size, step=32)
        if not self.individual:
            raise ModelError("individual must name one width or more: every field has a branch of its own")
        if min(self.side(widths) for widths in self.branches) < 1:
            longest = max(map(len, self.branches))
            raise ModelError(
                f"{self.image_size} pixels vanish in the {len(STEM)} poolings of the stem and {longest} of a "
                f"branch: image_size must be {1 << (len(STEM) + longest)} or more"
            )
        check_classes(self.num_classes)

    @property
    def branches(self) -> list[tuple[int, ...]]:
        return [widths for widths in (self.individual, self.common) if widths]

    @property
    def features(self) -> int:
        """How many numbers the branches hand to the head."""
        return sum(widths[-1] * self.side(widths) ** 2 for widths in self.branches)

    def side(self, widths: Sequence[int]) -> int:
        """Side in pixels of the feature maps at the end of a branch: each block halves it."""
        return self.image_size >> (len(STEM) + len(widths))


class Artistry(nn.Module):
    """A stem and a branch per field beside one common branch (Figure 8; Figure 7 without it).

    All fields start from the same weights, on which the paper is silent: the common branch is then given
    comparable features from the first step, and a seed starts a field's stem alike in single- and
    multi-task networks.
    """

    def __init__(self, config: ArtistryConfig):
        super().__init__()
        self.config = config
        self.tasks = config.fields
        self.stems = PerField(self.tasks, lambda: blocks(3, STEM))
        self.individual = PerField(self.tasks, lambda: blocks(STEM[-1], config.individual))
        self.common = blocks(STEM[-1], config.common) if config.common else None
        self.heads = PerField(self.tasks, lambda: head(config.features, config.num_classes))

    def forward(self, images: Tensor, task: str) -> Tensor:
        """Standardised images, B 3 H W -> logits, B K.

        Raises:
            ModelError: an unknown `task`, or images of another size than the model was built for.
        """
        check_images(images, self.config.image_size)
        stem, branches, head = self.path(task)
        features = stem(images)
        return head(torch.cat([branch(features).flatten(1) for branch in branches.values()], dim=1))

    def path(self, task: str) -> tuple[nn.Module, dict[str, nn.Module], nn.Module]:
        """What an image of field `task` passes through: stem, branches by name, head."""
        branches = {"individual": self.individual.of(task)}
        if self.common is not None:
            branches["common"] = self.common
        return self.stems.of(task), branches, self.heads.of(task)

    def path_parameters(self, task: str) -> list[nn.Parameter]:
        """The parameters of `task`'s path, which the published counts are of."""
        stem, branches, head = self.path(task)
        return parameters(stem, *branches.values(), head)

    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters of the common branch; none in a single-task network."""
        return parameters(self.common) if self.common is not None else []

    def decayed_parameters(self) -> list[nn.Parameter]:
        """All of them: the paper is silent on weight decay."""
        return parameters(self)

    def begin_epoch(self, number: int) -> None:
        """Nothing changes."""

    def attention_layers(self, task: str) -> dict[str, nn.Conv2d]:
        """The last convolution of each branch, where the paper takes its maps (Figures 18 to 21)."""
        _, branches, _ = self.path(task)
        return {name: last_convolution(branch) for name, branch in branches.items()}


def block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two convolutions and a pooling: B C H W -> B C' H/2 W/2 (Figure 6)."""
    layers = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def blocks(in_channels: int, widths: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(*map(block, (in_channels, *widths), widths))


def head(features: int, num_classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(features, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, num_classes)
    )


def last_convolution(branch: nn.Module) -> nn.Conv2d:
    return [module for module in branch.modules() if isinstance(module, nn.Conv2d)][-1]


def single(fields: Iterable[str], image_size: int, num_classes: int) -> Artistry:
    """One network per field, nothing shared: 9,700,722 parameters each (Figure 7)."""
    return Artistry(ArtistryConfig(fields, image_size, (128, 256), (), num_classes))


def multi_1(
    fields: Iterable[str], image_size: int, num_classes: int, longer_branch: str = "individual"
) -> Artistry:
    """Branches of unequal length: 26,699,634 parameters on a path.

    The paper leaves open which branch has two blocks, and the count is the same either way. By default
    it is the individual one: a path is then the single-task network and one shared block. The paper's
    plural "common blocks" speaks for `longer_branch="common"`.
    """
    longer, shorter = (128, 256), (128,)
    if longer_branch == "individual":
        return Artistry(ArtistryConfig(fields, image_size, longer, shorter, num_classes))
    if longer_branch == "common":
        return Artistry(ArtistryConfig(fields, image_size, shorter, longer, num_classes))
    raise ModelError(f"longer_branch must be 'individual' or 'common', not {longer_branch!r}")


def multi_2(fields: Iterable[str], image_size: int, num_classes: int) -> Artistry:
    """Equal branches that widen: 9,184,626 parameters on a path."""
    return Artistry(ArtistryConfig(fields, image_size, (64, 128), (64, 128), num_classes))


def multi_3(fields: Iterable[str], image_size: int, num_classes: int) -> Artistry:
    """Equal, narrow branches: 4,694,898 parameters on a path."""
    return Artistry(ArtistryConfig(fields, image_size, (64, 64), (64, 64), num_classes))
