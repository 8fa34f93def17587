"""Several networks asked about the same images: the maps that figures and measures compare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from artnb.attention.gradcam import grad_cam_and_logits
from artnb.attention.randomisation import rank_correlations
from artnb.images.augmentation import standardise
from artnb.training import Run, TrainingData


@dataclass(frozen=True)
class Explained:
    """Images of one field, and what each network says of them and why.

    The keys of `maps` name network and layer ("single", "multi-2 individual", "multi-2 common"), those of
    `probabilities` the network.
    """

    field: str
    ids: np.ndarray
    images: np.ndarray  # N H W 3, uint8
    targets: Tensor  # N, the index of each image's label
    maps: Mapping[str, Tensor]  # N H W, signed and unscaled: what speaks for the image's own label
    probabilities: Mapping[str, Tensor]  # N, of the image's own label


def explain(runs: Iterable[Run], data: TrainingData, field: str, each: int, split: str = "test") -> Explained:
    """Asks those of `runs` that know `field` about the first `each` images of each label, ordered by id."""
    part = data.splits[split][field]
    rows = np.concatenate(
        [np.flatnonzero(part.targets == target)[:each] for target in range(len(data.classes))]
    )
    images, targets = part.batch(rows)
    maps, probabilities = {}, {}
    for run in runs:
        if field in run.fields:
            of_layers, logits = grad_cam_and_logits(run.network(), standardise(images), targets, field)
            maps |= named(run, of_layers)
            probabilities[run.method] = logits.softmax(1).gather(1, targets[:, None])[:, 0]
    return Explained(
        field, part.ids[rows].to_numpy(str), images.permute(0, 2, 3, 1).numpy(), targets, maps, probabilities
    )


def empty_maps(explained: Iterable[Explained]) -> pd.DataFrame:
    """How many maps have no positive part, by field and map: field, map, empty (share of images), images."""
    return pd.DataFrame(
        {
            "field": item.field,
            "map": name,
            "empty": float((maps <= 0).flatten(1).all(1).double().mean()),
            "images": len(maps),
        }
        for item in explained
        for name, maps in item.maps.items()
    )


def randomisation_check(runs: Iterable[Run], explained: Iterable[Explained]) -> pd.DataFrame:
    """The mean rank correlation of each map with those of networks that have learnt nothing.

    Returns:
        One row per field and map: field, map, correlation (mean over images and five fresh copies, in
        [-1, 1]; near 0 is what a map that shows what was learnt must have), images.
    """
    rows = []
    for item in explained:
        for run in runs:
            if item.field in run.fields:
                batch = standardise(torch.from_numpy(item.images).permute(0, 3, 1, 2))
                of_layers = rank_correlations(run.network(), batch, item.targets, item.field)
                for name, correlations in named(run, of_layers).items():
                    rows.append(
                        {
                            "field": item.field,
                            "map": name,
                            "correlation": float(np.nanmean(correlations)),
                            "images": len(item.ids),
                        }
                    )
    return pd.DataFrame(rows)


def named(run: Run, of_layers: Mapping[str, object]) -> dict[str, object]:
    """By network, and by layer where the network has several."""
    if len(of_layers) == 1:
        return dict.fromkeys([run.method], *of_layers.values())
    return {f"{run.method} {layer}": value for layer, value in of_layers.items()}
