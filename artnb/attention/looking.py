"""One image, looked at by the networks of one seed: what the explorer shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from artnb.attention.occlusion import Answer, Occlusion, answer, blurred
from artnb.errors import RelevanceError
from artnb.models.artistry import Artistry, last_convolution
from artnb.training import Run, TrainingData

KEPT = 64  # looks, of 0.2 MB each at 64 px
SINGLE = "single"


@dataclass(frozen=True)
class Look:
    """What is seen in one image.

    `answers` has one `Answer` (with N = 1) per network, by method; `blurred` and `elsewhere` the image, H W 3
    uint8, with the deciding region of each kind of map blurred, and with the same area at a random place.
    """

    image: np.ndarray  # H W 3, uint8
    label: str
    answers: Mapping[str, Answer]
    blurred: Mapping[str, np.ndarray]
    elsewhere: Mapping[str, np.ndarray]

    @property
    def occlusions(self) -> dict[str, Occlusion]:
        """Of all networks, by kind of map."""
        return joined(self.answers)


class Looker:
    """Runs and the images of one split, of which it computes a `Look` when it is first asked for.

    Args:
        runs: of any seeds and models, at most one of each for a field.
        data: whose images of `split` are looked at, ordered by id within a label.

    Raises:
        RelevanceError: there are no runs, a field of theirs is not in `data`, or two runs of one model and
            seed know a field.
    """

    def __init__(self, runs: Iterable[Run], data: TrainingData, split: str = "test") -> None:
        self.data, self.part = data, data.splits[split]
        self.runs: dict[tuple[str, int, str], Run] = {}
        for run in runs:
            for field in run.fields:
                key = run.method, run.config.seed, field
                if field not in self.part:
                    raise RelevanceError(f"{run.method} knows {field}, the data do not: give its own data")
                if self.runs.setdefault(key, run) is not run:
                    raise RelevanceError(
                        f"two runs of {run.method}, seed {key[1]} know {field}: give those of one design"
                    )
        if not self.runs:
            raise RelevanceError("there are no runs to look with: train some, or give those of a design")
        self.look = lru_cache(KEPT)(self.look)
        self.network = lru_cache(8)(Run.network)

    @property
    def fields(self) -> list[str]:
        """Those that some run knows, in the data's order."""
        return [field for field in self.data.fields if any(key[2] == field for key in self.runs)]

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(method for method, _, _ in self.runs))

    @property
    def seeds(self) -> list[int]:
        return sorted({seed for _, seed, _ in self.runs})

    @property
    def depth(self) -> int:
        """The number of blocks of the longest branch of any network: how far back maps may be taken."""
        return max(
            len(branch)
            for (_, _, field), run in self.runs.items()
            for branch in branches(self.network(run), field).values()
        )

    def images(self, field: str, label: str) -> int:
        return int((self.part[field].targets == self.data.classes.index(label)).sum())

    def look(
        self, field: str, label: str, place: int, method: str, seed: int, back: int = 0, own: bool = False
    ) -> Look:
        """What the single-task network and that of `method` say of one image, and why.

        Args:
            place: of the image among those of `field` and `label`, from 0.
            back: maps are taken so many blocks before the last of each branch (see `layers`).
            own: explain the image's own label; else what each network predicts.

        Raises:
            RelevanceError: there is no such image, or neither network knows `field` with `seed`.
        """
        part, target = self.part[field], self.data.classes.index(label)
        rows = np.flatnonzero(part.targets == target)
        if not 0 <= place < len(rows):
            raise RelevanceError(f"{field} has {len(rows)} images that are {label}: there is no {place + 1}.")
        asked = {name: self.runs.get((name, seed, field)) for name in dict.fromkeys((SINGLE, method))}
        if not any(asked.values()):
            raise RelevanceError(
                f"no network of seed {seed} knows {field}: choose another seed, or train {method} with it"
            )
        images, targets = part.batch(rows[[place]])
        answers = {}
        for name, run in asked.items():
            if run is not None:
                network = self.network(run)
                answers[name] = answer(
                    run, network, images, part.ids[rows[[place]]], field,
                    targets if own else None, layers(network, field, back),
                )  # fmt: skip
        seen = joined(answers)
        return Look(
            picture(images),
            label,
            answers,
            {kind: picture(blurred(images, item.regions)) for kind, item in seen.items()},
            {kind: picture(blurred(images, item.elsewhere)) for kind, item in seen.items()},
        )


def joined(answers: Mapping[str, Answer]) -> dict[str, Occlusion]:
    return {kind: item for said in answers.values() for kind, item in said.occlusions.items()}


def branches(network: nn.Module, field: str) -> dict[str, list[nn.Module]]:
    """Of each branch the layers that may explain it, in order: of Sato's the last convolution of each block;
    other networks' layers have none before them."""
    if isinstance(network, Artistry):
        _, of_blocks, _ = network.path(field)
        return {name: [last_convolution(block) for block in blocks] for name, blocks in of_blocks.items()}
    return {name: [layer] for name, layer in network.attention_layers(field).items()}


def layers(network: nn.Module, field: str, back: int) -> dict[str, nn.Module]:
    """Of each branch the layer `back` before its last, or else its first.

    The further back, the finer the map and the less it knows of what the image is of.
    """
    return {name: branch[max(0, len(branch) - 1 - back)] for name, branch in branches(network, field).items()}


def picture(images: torch.Tensor) -> np.ndarray:
    """The only one of images 1 3 H W, as figures take it: H W 3."""
    return images[0].permute(1, 2, 0).numpy()
