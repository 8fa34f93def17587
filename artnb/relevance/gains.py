"""What fields share: accuracies and gains, each with a 95 % interval.

Sato et al., Section 3: where the artistry of fields has something in common, learning them together
raises the accuracy of each. The gain of a field is multi-task minus single-task accuracy.

The intervals are percentile intervals of the pigeonhole bootstrap (Owen, "The pigeonhole bootstrap",
Annals of Applied Statistics 1, 2007): every draw takes seeds and groups of test images with replacement,
independently of each other, and weighs the images of a group g under a seed s by w_s * v_g. So an
interval tells what other seeds *and* other test images might have given, and images of one work do not
pass for independent evidence. Seeds are drawn once for all fields, groups within each field.

It is cautious where seeds differ little: it covers the truth in 97 to 99 of 100 simulated studies. It is
too narrow where seeds are few and differ much: where the accuracies of seeds have a standard deviation of
0.05, in about 92 of 100 with three seeds, in 89 with two. It has no width where all answers are right.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from artnb.errors import RelevanceError
from artnb.seeding import generator

COLUMNS = ("method", "seed", "field", "id", "group", "correct")
DRAWS = 10_000
LEVEL = 0.95
MEAN = "mean"


def accuracy(predictions: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of every method on every field, and on their mean.

    Args:
        predictions: one row per method, seed and test image, with the columns `COLUMNS`; `correct` is
            boolean. All methods and seeds answer for the same images.

    Returns:
        One row per method and field in their order of appearance, then `mean`, the unweighted mean over
        fields: method, field, accuracy, low, high (shares of images in [0, 1]), seeds, images, groups.
        With one seed the interval is over groups only; with one group there is none (NaN).

    Raises:
        RelevanceError: a column is missing, an image is missing or answered twice, or has two groups.
    """
    right, sizes = by_group(predictions)
    return estimates_of("accuracy", {method: right[method] for method in _methods(predictions)}, sizes)


def gain(predictions: pd.DataFrame, baseline: str = "single") -> pd.DataFrame:
    """What every other method gains over `baseline`, paired by image and seed.

    Args:
        predictions: as for `accuracy`; every method has the seeds of `baseline`.
        baseline: the method that the others are measured against.

    Returns:
        As for `accuracy`, with the column gain (a difference of accuracies in [-1, 1]) in its place.

    Raises:
        RelevanceError: as for `accuracy`; there is no `baseline`, nothing beside it, or seeds differ.
    """
    right, sizes = by_group(predictions)
    others = [method for method in _methods(predictions) if method != baseline]
    if baseline not in right or not others:
        raise RelevanceError(
            f"a gain needs the baseline {baseline!r} and another method; the predictions have "
            f"{', '.join(_methods(predictions))}: train both, or name another baseline"
        )
    seeds = sorted(right[baseline])
    for method in others:
        if sorted(right[method]) != seeds:
            raise RelevanceError(
                f"{method} has the seeds {sorted(right[method])}, {baseline} has {seeds}: "
                "gains are paired by seed, so train both with the same seeds"
            )
    return estimates_of("gain", {method: right[method] - right[baseline] for method in others}, sizes)


def pigeonhole(
    sums: np.ndarray, sizes: np.ndarray, seed_weights: np.ndarray, group_weights: np.ndarray
) -> np.ndarray:
    """The weighted mean score per image in every draw: sum_sg w_s v_g x_sg / sum_sg w_s v_g n_g.

    Args:
        sums: the summed scores x of each group's images under each seed, S G.
        sizes: the number of images n in each group, G.
        seed_weights: how often each draw takes each seed, w, draws S.
        group_weights: how often each draw takes each group, v, draws G.

    Returns:
        The draws.
    """
    totals = ((seed_weights @ sums) * group_weights).sum(axis=1)
    return totals / (seed_weights.sum(axis=1) * (group_weights @ sizes))


def weights(count: int, *names: object) -> np.ndarray:
    """How often each of `count` things is taken, in `DRAWS` draws of `count`: draws count.

    The stream is fixed by `names`: the same table has the same interval, always.
    """
    rng = generator(0, "pigeonhole", *names)
    return rng.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float64)


def estimates_of(name: str, scores: Mapping[str, pd.DataFrame], sizes: pd.Series) -> pd.DataFrame:
    """`scores`: each method's summed scores, (field, group) x seed; `sizes`: images per (field, group)."""
    fields = sizes.index.unique("field")
    group_weights = {field: weights(sizes[field].size, "groups", field) for field in fields}
    tables = []
    for method, table in scores.items():
        seed_weights = weights(table.shape[1], "seeds")
        points, draws = [], []
        for field in fields:
            sums, images = table.loc[field].to_numpy(float).T, sizes[field].to_numpy(float)
            drawn = pigeonhole(sums, images, seed_weights, group_weights[field])
            points.append(sums.sum() / (len(sums) * images.sum()))
            draws.append(drawn if images.size > 1 else np.full(DRAWS, np.nan))
        points.append(np.mean(points))
        draws.append(np.mean(draws, axis=0))
        low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
        columns = {"method": method, "field": [*fields, MEAN], name: points, "low": low, "high": high}
        tables.append(pd.DataFrame(columns | {"seeds": table.shape[1]}))
    estimates = pd.concat(tables, ignore_index=True)
    per_field = sizes.groupby("field").agg(images="sum", groups="size")
    per_field.loc[MEAN] = per_field.sum()
    return estimates.join(per_field, on="field")


def _methods(predictions: pd.DataFrame) -> list[str]:
    return predictions["method"].unique().tolist()


def by_group(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Right answers, (field, group) x (method, seed), and images per (field, group); fields in order."""
    _check(predictions)
    right = predictions.pivot_table("correct", ["field", "group"], ["method", "seed"], aggfunc="sum")
    sizes = predictions.drop_duplicates(["field", "id"]).groupby(["field", "group"]).size()
    fields = predictions["field"].unique()
    return right.loc[fields], sizes.loc[fields]


def _check(predictions: pd.DataFrame) -> None:
    if missing := [column for column in COLUMNS if column not in predictions]:
        raise RelevanceError(f"the predictions have no column {missing[0]!r}: they need {', '.join(COLUMNS)}")
    if predictions.empty:
        raise RelevanceError("the predictions have no rows: predict the test images of a run first")
    if predictions["correct"].dtype != bool or predictions[list(COLUMNS)].isna().any(axis=None):
        raise RelevanceError(
            "the predictions have gaps: `correct` must be boolean and no column may be empty"
        )
    twice = predictions.duplicated(["method", "seed", "field", "id"])
    if twice.any():
        raise RelevanceError(f"{_answer(predictions[twice].iloc[0])} is there twice: keep one row of each")
    groups = predictions.drop_duplicates(["field", "id", "group"])
    torn = groups.duplicated(["field", "id"])
    if torn.any():
        raise RelevanceError(
            f"{_answer(groups[torn].iloc[0])} has another group than in other rows: "
            "predict with one version of the catalogue"
        )
    answers = predictions.groupby(["method", "seed"])["id"].size()
    if (answers != len(groups)).any():
        method, seed = answers[answers != len(groups)].index[0]
        of_run = predictions.query("method == @method and seed == @seed")
        answered = pd.MultiIndex.from_frame(of_run[["field", "id"]])
        field, image = groups.set_index(["field", "id"]).index.difference(answered)[0]
        raise RelevanceError(
            f"{method}, seed {seed} leaves {len(groups) - len(of_run)} of {len(groups)} images unanswered, "
            f"among them image {image} of {field}: compare runs on the same test images"
        )


def _answer(row: pd.Series) -> str:
    return f"image {row['id']} of {row['field']} ({row['method']}, seed {row['seed']})"
