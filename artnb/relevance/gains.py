"""What fields share: accuracies and gains, each with a 95 % interval.

Sato et al., Section 3: where the artistry of fields has something in common, learning them together
raises the accuracy of each. The gain of a field is multi-task minus single-task accuracy.

The interval tells what other seeds *and* other test images might have given, and images of one work do not
pass for independent evidence. V_s, the variance of the mean over seeds, comes from the scores of the S seeds;
V_g from the G groups' mean scores over seeds; both count V_sg, the noise of seed and group together, so that
V_s + V_g - V_sg is the variance of the mean (Cameron, Gelbach & Miller, "Robust Inference With Multiway
Clustering", Journal of Business & Economic Statistics 29, 2011). As few seeds say little of V_s, each
variance is given the quantile t of its own degrees of freedom, after Banerjee ("Approximate confidence
interval for linear functions of means of k populations when the population variances are not equal",
Sankhya 22, 1960), whose intervals keep their level whatever the variances are:

    half width^2 = t(S - 1)^2 V_s + t(G - 1)^2 max(V_g - V_sg, 0), and at least t(G - 1)^2 V_g.

For the mean over fields, which have the seeds in common and no group, V_s is that of the mean and the groups'
terms are summed over fields. The p of a gain is the level at which its interval ends at 0; Holm's correction
(Scandinavian Journal of Statistics 6, 1979) is for the fields of a method. Their mean is the one question
asked before them, and no member of that family.

How often intervals exclude the truth, and their mean half width, where 5 in 100 are meant to
(tests/benchmarks/coverage.py; a gain over groups of 1 to 3 images, with a standard deviation between seeds):

    seeds  groups  seed sd   this module    Satterthwaite's t   pigeonhole     BCa over groups
      2      300    0       0.004 ± 0.144    0.023 ± 0.077     0.015 ± 0.042    0.060 ± 0.032
      2      300    0.05    0.033 ± 0.397    0.086 ± 0.321     0.160 ± 0.058    0.415 ± 0.032
      3      300    0       0.018 ± 0.048    0.025 ± 0.039     0.015 ± 0.038    0.050 ± 0.028
      3      300    0.05    0.034 ± 0.120    0.066 ± 0.107     0.105 ± 0.056    0.400 ± 0.028
      5       50    0       0.018 ± 0.073    0.022 ± 0.069     0.005 ± 0.079    0.075 ± 0.058
      5      300    0.05    0.040 ± 0.066    0.068 ± 0.062     0.075 ± 0.048    0.315 ± 0.024
     10      300    0.05    0.044 ± 0.041    0.048 ± 0.040     0.045 ± 0.039    0.255 ± 0.021

Two seeds can hardly show anything, for their t is 12.7: take three, better five. One seed has an interval
over groups alone, which says nothing of other seeds. Near the ceiling normal theory fails: at accuracies of
0.95 on 50 groups 7 in 100 intervals of an accuracy miss the truth, at 0.99 more than 13; where all answers
are right they have no width. The gain of one such network over another is spared that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from artnb.errors import RelevanceError
from artnb.significance import holm, p_of

COLUMNS = ("method", "seed", "field", "id", "group", "correct")
LEVEL = 0.95
RANGES = {"accuracy": (0, 1), "auroc": (0, 1), "gain": (-1, 1)}
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
        As for `accuracy`, with the column gain (a difference of accuracies in [-1, 1]) in its place, and with
        p (two-sided, of no gain; NaN with one group) and p_holm (corrected for the number of the method's
        fields; NaN for `mean`).

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
    table = estimates_of("gain", {method: right[method] - right[baseline] for method in others}, sizes)
    of_fields = table[(table["field"] != MEAN) & table["p"].notna()].groupby("method")["p"]
    table.insert(table.columns.get_loc("p") + 1, "p_holm", of_fields.transform(holm))
    return table


def compared(predictions: pd.DataFrame, pairs: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """What the model of each pair gains over its reference, paired by image and seed.

    Args:
        predictions: as for `accuracy`.
        pairs: with the methods `model` and `reference`, and whatever else a row shall say.

    Returns:
        The rows of `gain` for every pair and field, without their mean, beside what the pair says.

    Raises:
        RelevanceError: as for `gain`.
    """
    tables = []
    for pair in pairs:
        both = predictions[predictions["method"].isin([pair["model"], pair["reference"]])]
        gains = gain(both, pair["reference"]).drop(columns="method")
        tables.append(gains[gains["field"] != MEAN].assign(**pair))
    table = pd.concat(tables, ignore_index=True)
    said = [*dict.fromkeys(name for pair in pairs for name in pair)]
    return table[[*said, *(name for name in table if name not in said)]]


def overfitting(training: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """What every method knows of the images it learnt, beyond what it knows of others.

    Args:
        training, test: as for `accuracy`, of the same methods and seeds.

    Returns:
        One row per method and field in their order of appearance: method, field, training (accuracy on the
        training images), accuracy, low, high (on the test images), gap, gap_low, gap_high (their difference,
        training minus test, in [-1, 1]), seeds, images, groups (of the test).

    Raises:
        RelevanceError: as for `accuracy`; or methods or seeds differ.
    """
    (learnt, learnt_sizes), (asked, asked_sizes) = by_group(training), by_group(test)
    if set(learnt) != set(asked):
        raise RelevanceError("the training images were judged by other methods or seeds than the test images")
    rows = []
    for method in _methods(test):
        ours, theirs = estimates(learnt[method], learnt_sizes), estimates(asked[method], asked_sizes)
        for field in asked_sizes.index.unique("field"):
            gap = difference(ours[field], theirs[field])
            reach = gap.half_width()
            rows.append(
                {
                    "method": method,
                    "field": field,
                    "training": ours[field].value,
                    "gap": gap.value,
                    "gap_low": max(gap.value - reach, -1),
                    "gap_high": min(gap.value + reach, 1),
                }
            )
    return accuracy(test).merge(pd.DataFrame(rows), on=["method", "field"])


@dataclass(frozen=True)
class Estimate:
    """A mean score per image, and how it varies with the seeds and with the groups of each field."""

    by_seed: np.ndarray  # the score under each seed, S
    groups: np.ndarray  # how many groups each field has, F
    between: np.ndarray  # the score's variance where the groups of a field are drawn anew, F
    noise: np.ndarray  # the part of it that is noise of each seed's answers, F; NaN with one seed

    @property
    def value(self) -> float:
        return self.by_seed.mean()

    def half_width(self, p: float = 1 - LEVEL) -> float:
        """Of the interval of level 1 - `p`; NaN where a field has one group."""
        quantiles = stats.t.isf(p / 2, self.groups - 1) ** 2
        of_groups = (quantiles * self.between).sum()
        seeds = len(self.by_seed)
        if seeds == 1:
            return np.sqrt(of_groups)
        of_seeds = stats.t.isf(p / 2, seeds - 1) ** 2 * self.by_seed.var(ddof=1) / seeds
        of_both = of_seeds + (quantiles * np.maximum(self.between - self.noise, 0)).sum()
        return np.sqrt(np.maximum(of_groups, of_both))

    @property
    def p(self) -> float:
        """Two-sided, of the mean being 0 (see `artnb.significance`)."""
        return p_of(self.value, self.half_width)


def estimate(sums: np.ndarray, sizes: np.ndarray) -> Estimate:
    """The mean score per image of one field.

    Args:
        sums: the summed scores of each group's images under each seed, S G.
        sizes: the number of images in each group, G.
    """
    seeds, groups = sums.shape
    by_seed = sums.sum(axis=1) / sizes.sum()
    if groups == 1:
        return Estimate(by_seed, np.array([1]), np.array([np.nan]), np.array([np.nan]))
    apart = (sums - sizes * by_seed.mean()) / sizes.sum()  # what each group adds to each seed's score
    of_groups = apart.mean(axis=0)
    between = groups / (groups - 1) * (of_groups**2).sum()
    rest = (sums - sizes * by_seed[:, None]) / sizes.sum() - of_groups
    noise = groups / (groups - 1) * (rest**2).sum() / (seeds * (seeds - 1)) if seeds > 1 else np.nan
    return Estimate(by_seed, np.array([groups]), np.array([between]), np.array([noise]))


def mean(fields: Sequence[Estimate]) -> Estimate:
    """The unweighted mean over fields that were answered from the same seeds."""
    return Estimate(
        np.mean([field.by_seed for field in fields], axis=0),
        np.concatenate([field.groups for field in fields]),
        np.concatenate([field.between for field in fields]) / len(fields) ** 2,
        np.concatenate([field.noise for field in fields]) / len(fields) ** 2,
    )


def difference(first: Estimate, second: Estimate) -> Estimate:
    """`first` minus `second`, of other images from the same seeds."""
    return Estimate(
        first.by_seed - second.by_seed,
        np.concatenate([first.groups, second.groups]),
        np.concatenate([first.between, second.between]),
        np.concatenate([first.noise, second.noise]),
    )


def estimates(scores: pd.DataFrame, sizes: pd.Series) -> dict[str, Estimate]:
    """Of every field and of their mean; `scores`: summed, (field, group) x seed; `sizes`: images of each."""
    of_fields = {
        field: estimate(scores.loc[field].to_numpy(float).T, sizes[field].to_numpy(float))
        for field in sizes.index.unique("field")
    }
    return of_fields | {MEAN: mean(list(of_fields.values()))}


def estimates_of(name: str, scores: Mapping[str, pd.DataFrame], sizes: pd.Series) -> pd.DataFrame:
    """`name` is accuracy, auroc or gain; `scores`: each method's, as for `estimates`."""
    rows = []
    for method, table in scores.items():
        for field, found in estimates(table, sizes).items():
            low, high = np.clip(found.value + found.half_width() * np.array([-1, 1]), *RANGES[name])
            row = {"method": method, "field": field, name: found.value, "low": low, "high": high}
            tested = {"p": found.p} if name == "gain" else {}
            rows.append(row | tested | {"seeds": len(found.by_seed)})
    per_field = sizes.groupby("field").agg(images="sum", groups="size")
    per_field.loc[MEAN] = per_field.sum()
    return pd.DataFrame(rows).join(per_field, on="field")


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
