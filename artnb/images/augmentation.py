"""Images on their way from the store to the network: varied, then standardised, a batch at a time.

The papers say "flip, rotate, crop, colour" and no more (PAPERS.md §1): the transforms are torchvision's v2,
the amounts are this project's.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from artnb.errors import TrainingError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB in [0, 1]


@dataclass(frozen=True)
class Augmentation:
    """Random variants of a batch: B 3 H W uint8 -> B 3 H W uint8, H = W, in the memory format it came in.

    A v2 transform draws its parameters once a call, so it is called on `images_per_draw` images at a time:
    two share a draw, and shuffled batches pair them anew each epoch. Flip and translation of 32 images of
    64 px then take 1.6 ms of a training step's 85 on one core (2.8 at one image a draw, 1.0 at four).
    """

    flip: bool = True  # left and right, one time in two
    quarter_turns: bool = False  # by 0, 90, 180 or 270 degrees
    translation: float = 0.1  # the longest shift, as a share of the side; the border is mirrored
    crop: float = 0.0  # of a random resized crop: 1 - its smallest share of the area
    jitter: float = 0.0  # the largest change of brightness, contrast and saturation, as a share
    images_per_draw: int = 2

    def __post_init__(self) -> None:
        for name in ("translation", "crop", "jitter"):
            if not 0 <= getattr(self, name) < 1:
                raise TrainingError(f"augmentation: {name} is {getattr(self, name)}; give a share in [0, 1)")
        if self.images_per_draw < 1:
            raise TrainingError(f"augmentation: images_per_draw is {self.images_per_draw}; give 1 or more")

    @cached_property
    def transforms(self) -> list[v2.Transform]:
        """Those that do not depend on the size of the images."""
        chosen = []
        if self.flip:
            chosen.append(v2.RandomHorizontalFlip())
        if self.quarter_turns:
            chosen.append(v2.RandomChoice([v2.RandomRotation((turn, turn)) for turn in (0, 90, 180, 270)]))
        if self.jitter:
            chosen.append(v2.ColorJitter(self.jitter, self.jitter, self.jitter))
        return chosen

    def framing(self, side: int) -> list[v2.Transform]:
        """Those that move the frame over images of `side` px."""
        chosen = []
        if shift := min(round(self.translation * side), side - 1):
            chosen += [v2.Lambda(partial(mirrored, width=shift)), v2.RandomCrop(side)]
        if self.crop:
            chosen.append(v2.RandomResizedCrop(side, scale=(1 - self.crop, 1), antialias=True))
        return chosen

    def __call__(self, images: Tensor, seed: int) -> Tensor:
        """All randomness comes from `seed`, on any device; the global generators stay as they were."""
        side = images.shape[-1]
        if images.shape[-2] != side:
            raise TrainingError(f"augmentation takes square images; these are {tuple(images.shape)}")
        transforms = [*self.transforms, *self.framing(side)]
        if not transforms:
            return images
        vary = v2.Compose(transforms)
        varied = torch.empty_like(images)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            for before, after in zip(
                images.split(self.images_per_draw), varied.split(self.images_per_draw), strict=True
            ):
                after.copy_(vary(before))
        return varied


def mirrored(images: Tensor, width: int) -> Tensor:
    """B C H W with a border of `width` px in which the image is mirrored, its edge not repeated.

    As torchvision's `pad` makes it, which goes through float32 and takes twice as long.
    """
    for side in (-2, -1):
        end = images.shape[side] - 1
        before, after = images.narrow(side, 1, width), images.narrow(side, end - width, width)
        images = torch.cat([before.flip(side), images, after.flip(side)], side)
    return images


NO_AUGMENTATION = Augmentation(flip=False, translation=0.0)


def standardise(images: Tensor) -> Tensor:
    """B 3 H W uint8 -> B 3 H W float32 with ImageNet's mean and standard deviation; keeps channels_last."""
    return F.normalize(F.to_dtype(images, torch.float32, scale=True), MEAN, STD, inplace=True)
