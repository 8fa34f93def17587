"""Which conversion of films flickers less, over several films.

Wu and Chen write that their networks, which convert each frame by itself, give steadier films than style
transfer does. Here any conversions are measured on the same films, and compared film by film.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import ttest_1samp
from torch import Tensor
from tqdm.auto import tqdm

from artnb.anime.film import Convert, checked, flicker
from artnb.errors import FilmError
from artnb.style.config import StyleConfig
from artnb.style.features import Features
from artnb.style.transfer import Transfer

MEASURES = ("plain", "warped")
LEVEL = 0.95


@torch.inference_mode()
def flickers(
    films: Mapping[str, Sequence[Tensor]], conversions: Mapping[str, Convert], batch: int = 8
) -> pd.DataFrame:
    """A row per film and conversion: film, conversion, the ratios of `flicker`, plain and warped, and change:
    the mean difference from the film itself, in [0, 1]. What changes little flickers little: read both.

    Args:
        films: name -> frames, each 3 H W in [0, 1].
        conversions: name -> a function as `convert_film` takes it.

    Raises:
        FilmError: a film has fewer than two frames, or a conversion changes their size.
    """
    rows = []
    for film, frames in tqdm(films.items(), desc="flicker", unit="film"):
        if len(frames) < 2:
            raise FilmError(f"{film} has {len(frames)} frames: flicker is what changes between two or more")
        groups = [torch.stack(list(frames[at : at + batch])) for at in range(0, len(frames), batch)]
        for conversion, convert in conversions.items():
            made = torch.cat([checked(convert(group), group) for group in groups])
            ratios = {name: flicker(frames, made, name == "warped").ratio for name in MEASURES}
            change = float((made - torch.cat(groups)).abs().mean())
            rows.append({"film": film, "conversion": conversion} | ratios | {"change": change})
    return pd.DataFrame(rows)


def by_gram(manner: Tensor, features: Features, config: StyleConfig | None = None) -> Convert:
    """Style transfer, each frame by itself: its pixels are changed until they have the style of `manner`.

    Args:
        manner: 1 3 h w in [0, 1].
    """

    @torch.inference_mode(False)
    @torch.enable_grad()
    def convert(images: Tensor) -> Tensor:
        transfers = [Transfer(image.clone(), manner.clone(), features, config) for image in images.split(1)]
        for transfer in transfers:
            for _ in transfer:
                pass
        return torch.cat([transfer.image for transfer in transfers])

    return convert


def compared(table: pd.DataFrame, against: str, measure: str = "warped") -> pd.DataFrame:
    """How many times as much each conversion flickers as `against` does on the same films.

    Returns:
        A row per other conversion: conversion, times (the geometric mean over the films; below 1 it is
        steadier), low, high (its 95 % interval by Student's t, of the logarithms), p, films.

    Raises:
        FilmError: `against` is no conversion of the table, or there are fewer than two films.
    """
    wide = np.log(table.pivot_table(index="film", columns="conversion", values=measure))
    if against not in wide or len(wide) < 2:
        raise FilmError(f"nothing to compare with {against}: give its flicker on two films or more")
    rows = []
    for conversion in wide.columns.drop(against):
        apart = wide[conversion] - wide[against]
        found = ttest_1samp(apart, 0)
        low, high = found.confidence_interval(LEVEL)
        times = {"times": apart.mean(), "low": low, "high": high}
        rows.append(
            {"conversion": conversion}
            | {name: float(np.exp(value)) for name, value in times.items()}
            | {"p": float(found.pvalue), "films": len(wide)}
        )
    return pd.DataFrame(rows)
