"""How much of a map lies where it should, on images whose true cue is known.

The energy-based pointing game of Wang et al., "Score-CAM" (2020), Eq. (5), with a mask in place of a box.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import bootstrap
from torch import Tensor

from artnb.attention.gradcam import positive

DRAWS = 2000


def cue_share(maps: Tensor, masks: np.ndarray) -> np.ndarray:
    """The share of each map's positive part that lies on its mask.

    Args:
        maps: signed, N H W.
        masks: bool, N H W.

    Returns:
        N shares in [0, 1]; NaN where a map is nowhere positive.
    """
    heat = positive(maps).cpu().numpy()
    total = heat.sum(axis=(1, 2))
    on_cue = np.where(masks, heat, 0).sum(axis=(1, 2))
    return np.divide(on_cue, total, out=np.full(len(total), np.nan), where=total > 0)


def overlaps(maps: Mapping[str, Tensor], masks: np.ndarray) -> pd.DataFrame:
    """The mean `cue_share` of maps of the same images, by the name of the map.

    Returns:
        One row per name: map, overlap with its 95 % bootstrap interval over images (low, high), images
        (that have a positive part), empty (images that have none), chance (the masks' mean share of the
        area, which a map without preference would reach). Of fewer than two images overlap is NaN.
    """
    rows = []
    for name, of_images in maps.items():
        shares = cue_share(of_images, masks)
        known = shares[~np.isnan(shares)]
        row = {"map": name, "overlap": np.nan, "low": np.nan, "high": np.nan}
        row |= {"images": len(known), "empty": len(shares) - len(known), "chance": masks.mean()}
        if len(known) > 1:
            interval = bootstrap(
                (known,), np.mean, n_resamples=DRAWS, method="percentile", rng=0
            ).confidence_interval
            row |= {"overlap": known.mean(), "low": interval.low, "high": interval.high}
        rows.append(row)
    return pd.DataFrame(rows)
