"""Objectives compared in the same budget: the same networks, pictures, steps and seeds.

Each seed draws the networks and the batches anew, and pairs the objectives. An interval is over seeds: it
says what other trainings on these pictures might have given, and nothing of other pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import stdtrit
from torch import Tensor

from artnb.anime.config import AnimeConfig
from artnb.anime.convert import Converter
from artnb.anime.fsgan import train
from artnb.anime.metrics import content_distance, kernel_distance
from artnb.anime.runs import FOLDER, Run
from artnb.anime.spectra import distance
from artnb.errors import AnimeError
from artnb.processes import side_by_side
from artnb.significance import holm, p_of
from artnb.style.features import Features

LEVEL = 0.95
PHOTOGRAPH = "photograph"
METRICS = ("kernel distance", "spectrum distance", "content distance")
"""To anime, by features; to anime, by spectra; to the photographs. Of each, lower is nearer."""


def trained(
    photos: Tensor,
    anime: Tensor,
    objectives: Mapping[str, AnimeConfig],
    seeds: Sequence[int],
    features: Features,
    folder: str | Path = FOLDER,
    workers: int = 1,
) -> dict[tuple[str, int], Run]:
    """A run for each objective and seed, `workers` at a time in processes of their own.

    Args:
        photos, anime: as `train` takes them.

    Returns:
        (objective, seed) -> its run.
    """
    keys = [(name, seed) for seed in seeds for name in objectives]
    jobs = [
        (photos, anime, replace(objectives[name], seed=seed), str(folder), features) for name, seed in keys
    ]
    found = side_by_side(train, jobs, workers, desc="objectives", unit="training")
    return dict(zip(keys, found, strict=True))


def measured(
    runs: Mapping[tuple[str, int], Run],
    photos: Tensor,
    anime: Tensor,
    features: Features,
    layers: Sequence[str],
) -> pd.DataFrame:
    """What each run makes of photographs that it has not learnt, beside those as they are.

    Args:
        photos, anime: N 3 H W in [0, 1], from neither training set.

    Returns:
        objective ("photograph" too), seed, metric, value, images.
    """
    rows = []
    untouched = judge(photos, photos, anime, features, layers)
    for (name, seed), run in runs.items():
        convert = Converter(run)
        made = torch.cat([convert(few) for few in photos.split(8)])
        for metric, value in judge(made, photos, anime, features, layers).items():
            rows.append({"objective": name, "seed": seed, "metric": metric, "value": value})
    for seed in dict.fromkeys(seed for _, seed in runs):
        rows += [
            {"objective": PHOTOGRAPH, "seed": seed, "metric": metric, "value": value}
            for metric, value in untouched.items()
        ]
    return pd.DataFrame(rows).assign(images=len(photos))


def judge(
    made: Tensor, photos: Tensor, anime: Tensor, features: Features, layers: Sequence[str]
) -> dict[str, float]:
    values = (
        kernel_distance(made, anime, features, layers),
        distance(made, anime),
        content_distance(made, photos, features, layers),
    )
    return dict(zip(METRICS, values, strict=True))


def means(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over seeds: objective, metric, value, low, high (95 %, Student's t), seeds, images."""
    rows = []
    for (name, metric), of_one in table.groupby(["objective", "metric"], sort=False):
        rows.append(
            {"objective": name, "metric": metric} | estimate("value", of_one["value"], of_one["images"])
        )
    return pd.DataFrame(rows)


def gains(table: pd.DataFrame, objective: str) -> pd.DataFrame:
    """How much nearer `objective` comes than each other one, paired by seed: above 0 is nearer.

    Args:
        table: objective, seed, metric, value (a distance), images; each objective has every seed.

    Returns:
        objective, over, metric, gain, low, high, p (two-sided, of no gain), seeds, images, p_holm (p
        corrected for all rows of the metric).

    Raises:
        AnimeError: there is no such objective, nothing beside it, or an objective lacks a seed.
    """
    wide = table.pivot_table("value", ["metric", "seed"], "objective", sort=False)
    others = [name for name in table["objective"].unique() if name != objective]
    if objective not in wide or not others:
        raise AnimeError(f"a gain needs {objective!r} and another objective; there are {', '.join(wide)}")
    if wide.isna().any(axis=None):
        lacking = wide.columns[wide.isna().any()][0]
        raise AnimeError(f"{lacking} lacks a seed: compare objectives from the same seeds")
    rows = []
    for metric in table["metric"].unique():
        of_metric = wide.loc[metric]
        for other in others:
            nearer = of_metric[other] - of_metric[objective]
            row = {"objective": objective, "over": other, "metric": metric}
            rows.append(row | estimate("gain", nearer, table["images"]) | {"p": p(nearer)})
    found = pd.DataFrame(rows)
    return found.assign(p_holm=found["p"].groupby(found["metric"]).transform(holm))


def half_width(values: pd.Series, level: float = 1 - LEVEL) -> float:
    """Of Student's interval of level 1 - `level`; NaN of one value."""
    if len(values) < 2:
        return np.nan
    return float(-stdtrit(len(values) - 1, level / 2) * values.std(ddof=1) / np.sqrt(len(values)))


def p(values: pd.Series) -> float:
    return p_of(float(values.mean()), lambda level: half_width(values, level))


def estimate(name: str, values: pd.Series, images: pd.Series) -> dict[str, float]:
    value, half = float(values.mean()), half_width(values)
    return {
        name: value, "low": value - half, "high": value + half, "seeds": len(values), "images": images.max(),
    }  # fmt: skip
