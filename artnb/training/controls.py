"""Null controls: what learning together gains where the other fields' labels say nothing.

A gain of multi-task learning may come from what the fields share, but also from more pixels or from
regularisation. Each control has the network, the images, the batches and the steps of multi-task learning,
and takes from the other fields what their labels teach:

permuted      their training labels change places within each field, and fit no picture (the randomisation
              of Zhang et al., "Understanding deep learning requires rethinking generalization", 2017);
unlabelled    their labels give way to a self-supervised task: does the picture stand on its head? (Gidaris,
              Singh & Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", 2018).

A third is a matter of the catalogue: fields that are unrelated, as the atelier paints them at commonality 0.

The target field keeps its labels, so a control is trained once for each target. It alone chooses the epoch,
as in single-task learning; a multi-task network chooses by the mean over fields, so that any advantage is
the control's. What a permuted label asks for can only be learnt by heart, which may do harm: a control that
loses is no proof that the true labels help, one that gains as much as multi-task learning proves that they
do not.

Departure from Gidaris et al.: two of their four turns, for every head has as many outputs as there are
labels; and an image keeps its turn in all epochs, for it is to be seen as often as in multi-task learning.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from artnb.seeding import generator
from artnb.training.data import FieldImages, TrainingData


@dataclass(frozen=True)
class TurnedImages(FieldImages):
    """Images that stand on their heads where the target is 1."""

    def batch(self, chosen: np.ndarray | slice) -> tuple[Tensor, Tensor]:
        images, targets = super().batch(chosen)
        return torch.where(targets.bool()[:, None, None, None], images.flip(2, 3), images), targets


def permuted(data: TrainingData, target: str, seed: int) -> TrainingData:
    """`data` with the training labels of all fields but `target` shuffled within each field."""

    def shuffled(field: str, images: FieldImages) -> FieldImages:
        order = generator(seed, "permuted", field).permutation(len(images))
        return replace(images, targets=images.targets[order])

    return for_target(data, target, shuffled)


def unlabelled(data: TrainingData, target: str, seed: int) -> TrainingData:
    """`data` with every other image of all fields but `target` turned by 180 degrees, which is its label."""

    def turned(field: str, images: FieldImages) -> FieldImages:
        targets = generator(seed, "unlabelled", field).permutation(len(images)) % 2
        ids = np.where(targets == 1, images.ids + "-turned", images.ids)
        return TurnedImages(images.store, images.rows, torch.from_numpy(targets), ids, images.groups)

    return for_target(data, target, turned)


def for_target(
    data: TrainingData, target: str, change: Callable[[str, FieldImages], FieldImages]
) -> TrainingData:
    """`data` with the training images of the other fields changed, validated and tested on `target` alone."""
    train = {
        field: images if field == target else change(field, images)
        for field, images in data.splits["train"].items()
    }
    judged = {split: {target: data.splits[split][target]} for split in ("validation", "test")}
    return replace(data, splits={"train": train, **judged})


CONTROLS = {"permuted": permuted, "unlabelled": unlabelled}
