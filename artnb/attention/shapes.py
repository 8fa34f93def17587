"""The shape of a map in numbers: how wide, where, in how many places; does its peak meet the cue?

Only the positive part counts (Grad-CAM as published), unscaled: every number is the same for a map and its
double. A map without a positive part has none of them.
"""

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import label
from torch import Tensor

from artnb.attention.gradcam import positive
from artnb.errors import ModelError

HALF = 0.5  # of a map's largest value: from there on a place is bright
SMALLEST = 0.001  # share of the image that a focus must have: less than a peak of one cell of 16 x 16


def shape(maps: Tensor) -> pd.DataFrame:
    """The shape of signed maps N H W, a row per map; NaN where a map is nowhere positive.

    Returns:
        spread: the entropy of the positive part over that of an even map, from 0 (one pixel) to 1;
        area: the share of the image that is bright, at or above half of the map's largest value;
        foci: of how many connected places that area consists (diagonal neighbours belong together; places
        below 0.1 % of the image are not counted);
        y, x: the centre of mass, from 0 (top, left) to 1.

    Raises:
        ModelError: a map is not finite.
    """
    if not maps.isfinite().all():
        raise ModelError("the maps are not finite: look at the network's weights and inputs")
    heat = positive(maps).double().cpu().numpy()
    shown = heat.any(axis=(1, 2))
    heat = heat[shown] / heat[shown].max(axis=(1, 2), keepdims=True)
    share = heat / heat.sum(axis=(1, 2), keepdims=True)
    rows, columns = ((np.arange(side) + 0.5) / side for side in maps.shape[1:])
    table = pd.DataFrame(
        {
            "spread": spread(share),
            "area": (heat >= HALF).mean(axis=(1, 2)),
            "foci": foci(heat >= HALF),
            "y": share.sum(axis=2) @ rows,
            "x": share.sum(axis=1) @ columns,
        },
        index=np.flatnonzero(shown),
    )
    return table.reindex(range(len(maps)))


def spread(share: np.ndarray) -> np.ndarray:
    """The entropy of maps N H W, each of sum 1, over its largest value, the logarithm of H W."""
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return -(share * logs).sum(axis=(1, 2)) / np.log(share.shape[1] * share.shape[2])


def foci(bright: np.ndarray) -> np.ndarray:
    """How many connected places of at least `SMALLEST` each of N H W, bool, has."""
    sizes = [np.bincount(label(places, np.ones((3, 3)))[0].ravel())[1:] for places in bright]
    return np.array([(of_map >= SMALLEST * bright[0].size).sum() for of_map in sizes], dtype=float)


def bright(maps: Tensor) -> Tensor:
    """Where signed maps N H W are positive and at least half of their largest value: N H W, bool."""
    return (maps > 0) & (maps >= HALF * maps.amax((1, 2), keepdim=True))


def bright_overlap(first: Tensor, second: Tensor) -> np.ndarray:
    """Intersection over union of the bright areas of signed maps N H W.

    Of the places, then, that a reader sees, and of the area that `shape` measures. (The cosine of two maps
    that are enlarged from a few cells is high whatever they show.)

    Returns:
        N values in [0, 1]; NaN where one of the two maps is nowhere positive.
    """
    one, two = bright(first), bright(second)
    met, together = ((part.flatten(1).sum(1).double()) for part in (one & two, one | two))
    both = one.flatten(1).any(1) & two.flatten(1).any(1)
    return torch.where(both, met / together, torch.nan).cpu().numpy()


def pointing(maps: Tensor, masks: np.ndarray) -> np.ndarray:
    """The pointing game: does the largest value of a map lie on its mask?

    Zhang et al.: "Top-down Neural Attention by Excitation Backprop" (2018), with a mask in place of a box and
    without their margin of 15 pixels.

    Args:
        maps: signed, N H W.
        masks: bool, N H W.

    Returns:
        N: 1 where it does, 0 where not, NaN where a map is nowhere positive.
    """
    flat = maps.flatten(1).cpu().numpy()
    hits = np.take_along_axis(masks.reshape(flat.shape), flat.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where((flat > 0).any(axis=1), hits, np.nan)
