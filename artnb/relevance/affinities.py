"""Cheaper ways to the relevance matrix: affinities of fields, and how far each agrees with it.

Where the matrix trains a network on every set of fields, an affinity needs one network of all fields, or one
of each:

lookahead, gradient cosine       one network of all fields, trained once more (see `lookahead`)
CKA of branches                  one network of all fields; says what `together` may add, no single partner
CKA of networks, transfer        one network of each field (see `representations`)
exchange                         the same, asked about the other field (see `exchange`)
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from scipy.stats import ConstantInputWarning, norm, spearmanr
from tqdm.auto import tqdm

from artnb import models
from artnb.errors import RelevanceError
from artnb.relevance.gains import LEVEL
from artnb.relevance.lookahead import BATCHES, gradient_affinities
from artnb.relevance.representations import (
    branch_similarity,
    exchange_affinity,
    network_similarity,
    transfer,
)
from artnb.training.design import Design, Trial
from artnb.training.fitting import reproducible


def affinities(design: Design, batches: int = BATCHES) -> pd.DataFrame:
    """All affinities between the fields of `design`, from each of its seeds.

    Args:
        design: which has been run, and learns each field alone and all together: by two models, or by one
            on `all_subsets`. Other subsets and controls are not looked at.
        batches: see `gradient_affinities`.

    Returns:
        One row per seed, method, field and partner: seed, method, field, partner, affinity (see the
        methods; the larger the more is shared), seconds (that the method took from this seed, the
        trainings that it needs included; lookahead and cosine are measured, and paid for, together).

    Raises:
        RelevanceError: the design does not learn each field alone and all together, once.
        RunError: a network has not been trained: `design.run` does it.
    """
    tables = []
    for seed in tqdm(design.seeds, desc="affinities", unit="seed"):
        alone, together = networks_of(design, seed)
        data, first = together.data, next(iter(alone.values()))
        singles = {field: trial.run.network() for field, trial in alone.items()}
        with reproducible(first.config):
            untrained = models.create(first.model, first.data.fields, data.image_size, len(data.classes))
        measures = (
            (gradient_affinities, (together.model, data, together.config, batches), ()),
            (branch_similarity, (together.run.network(), data), (together,)),
            (network_similarity, (singles, data), alone.values()),
            (transfer, (singles, untrained, data), alone.values()),
            (exchange_affinity, (singles, data), alone.values()),
        )
        for measure, arguments, needed in measures:
            started = time.monotonic()
            with reproducible(together.config):
                means = measure(*arguments).groupby(["field", "partner"], sort=False).mean()
            seconds = time.monotonic() - started + sum(trial.run.description["seconds"] for trial in needed)
            table = means.drop(columns="epoch", errors="ignore").melt(
                var_name="method", value_name="affinity", ignore_index=False
            )
            tables.append(table.reset_index().assign(seed=seed, seconds=seconds))
    table = pd.concat(tables, ignore_index=True)
    return table[["seed", "method", "field", "partner", "affinity", "seconds"]]


def networks_of(design: Design, seed: int) -> tuple[Mapping[str, Trial], Trial]:
    """What learns each field alone from `seed`, by field, and what learns them all."""
    trials = replace(design, seeds=(seed,), controls=()).trials
    fields = max((trial.data.fields for trial in trials), key=len)
    alone = {trial.data.fields[0]: trial for trial in trials if len(trial.data.fields) == 1}
    whole = [trial for trial in trials if trial.data.fields == fields]
    singles = sum(len(trial.data.fields) == 1 for trial in trials)
    if len(fields) < 2 or not len(alone) == singles == len(fields) or len(whole) != 1:
        raise RelevanceError(
            "affinities need one network of each field alone and one of all fields, from every seed: give a "
            "design of one model on all_subsets, or of artistry-single and one multi-task model"
        )
    return alone, whole[0]


def compare(matrix: pd.DataFrame, affinities: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """How far each affinity, its mean over seeds, ranks the pairs of fields as the matrix does.

    The interval is over pairs of fields, as if others had been drawn (Bonett & Wright, "Sample size
    requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65, 2000). It takes
    the pairs for independent, although each field is in several, and leaves out that the gains themselves
    are uncertain, which draws the correlation towards 0.

    Args:
        matrix: see `relevance.matrix`; pairs that it lacks are left out.
        affinities: see `affinities`.
        seconds: that the matrix took: of all its trainings.

    Returns:
        One row per method: method, correlation (Spearman's, in [-1, 1]), low, high (its 95 % interval; NaN of
        fewer than four pairs, or where the correlation is 1, -1 or not defined), pairs, seconds (of all
        seeds), cost (that of the method by that of the matrix).

    Raises:
        RelevanceError: a method has no pair in common with the matrix.
    """
    gains = matrix.set_index(["field", "partner"])["gain"]
    rows = []
    for method, table in affinities.groupby("method", sort=False):
        means = table.groupby(["field", "partner"])["affinity"].mean()
        both = pd.concat([means, gains], axis=1, join="inner")
        if both.empty:
            raise RelevanceError(f"{method} has no pair of fields that the matrix has: take the same fields")
        with catch_warnings():
            simplefilter("ignore", ConstantInputWarning)
            correlation = float(spearmanr(both["affinity"], both["gain"]).statistic)
        low, high = interval(correlation, len(both))
        took = table.drop_duplicates("seed")["seconds"].sum()
        rows.append(
            {"method": method, "correlation": correlation, "low": low, "high": high}
            | {"pairs": len(both), "seconds": took, "cost": took / seconds}
        )
    return pd.DataFrame(rows)


def interval(correlation: float, pairs: int) -> tuple[float, float]:
    """Of a rank correlation, by Fisher's z with Bonett and Wright's standard error."""
    if pairs < 4 or not abs(correlation) < 1:
        return np.nan, np.nan
    half = norm.ppf((1 + LEVEL) / 2) * np.sqrt((1 + correlation**2 / 2) / (pairs - 3))
    low, high = np.tanh(np.arctanh(correlation) + np.array([-half, half]))
    return float(low), float(high)
