"""The instrument held against what was planted: experiments on painted data whose answer is known.

In an atelier the fields have their canon in common in a known share of the pictures (see `atelier.Plan`). So
an experiment, a gain with its interval, can be held against the truth: gains must rise with the commonality,
intervals should lie clear of zero in no more than 5 of 100 experiments where nothing is shared, and the
matrix must tell the fields that share from those that do not.

Where an interval is over ateliers, it is that of Student's t over one number from each, such as the slope of
its own line: pictures, networks and canon of an atelier are shared by all its experiments, so that the
ateliers alone are independent. It is exact where the numbers are normal, and 95 of 100 simulated intervals
from five ateliers cover the truth; of the percentile intervals of a bootstrap over five ateliers, 83 do.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from artnb.errors import RelevanceError
from artnb.relevance.exchange import CHANCE
from artnb.relevance.gains import LEVEL, MEAN
from artnb.relevance.matrix import TOGETHER

OUTCOMES = ("planted", "atelier", "field", "gain", "low", "high", "p", "seeds", "images", "groups")
ALL_FIELDS = "all fields"


def fitted(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The straight line of the mean gain on the planted commonality, and the means that it runs through.

    The line of each atelier is fitted by least squares; the line is their mean. Ateliers with one commonality
    tell no slope and are left out of the line; the means are of all ateliers.

    Args:
        outcomes: one row per experiment and field, and one for the mean over fields (see
            `experiments.outcomes`), with the columns `OUTCOMES`: planted (commonality in [0, 1]), atelier
            (its seed), field, gain (a difference of accuracies in [-1, 1]) with low and high, p (may be
            NaN), seeds, images, groups.

    Returns:
        quantity, planted, estimate, low, high, n (ateliers): the rows slope (gain at commonality 1 less gain
        at 0) and intercept (gain at 0, where nothing is shared), then line and mean at each planted
        commonality. Of one atelier there is no interval (NaN).

    Raises:
        RelevanceError: a column is missing, or no atelier has experiments at two commonalities.
    """
    means = _checked(outcomes).query("field == @MEAN")
    lines = [
        np.polyfit(of_atelier["planted"], of_atelier["gain"], 1)
        for _, of_atelier in means.groupby("atelier")
        if len(np.unique(of_atelier["planted"])) > 1
    ]
    if not lines:
        raise RelevanceError(
            "no atelier has experiments at two commonalities: a line needs them, so measure one atelier at "
            "0 and at 1"
        )
    planted = np.unique(means["planted"])
    slopes, intercepts = np.transpose(lines)
    rows = [("slope", np.nan, slopes), ("intercept", 0, intercepts)]
    rows += [("line", share, slopes * share + intercepts) for share in planted]
    per_atelier = means.groupby(["planted", "atelier"])["gain"].mean()
    rows += [("mean", share, per_atelier[share].to_numpy()) for share in planted]
    return pd.DataFrame(
        [
            {"quantity": quantity, "planted": share, **_mean_with_interval(numbers)}
            for quantity, share, numbers in rows
        ]
    )


def false_alarms(outcomes: pd.DataFrame) -> pd.DataFrame:
    """How often an interval lies clear of zero where nothing is shared: it should in 5 of 100.

    Args:
        outcomes: as for `fitted`; the experiments planted at 0 that have an interval are counted.

    Returns:
        One row per field, then `all fields` and `mean`: field, experiments (intervals counted), above and
        below (how many lie wholly above or below zero), rate (of both, a share), low, high (its exact
        interval by Clopper and Pearson), tested (how many have p < 0.05), gain (the mean of their gains: a
        rate that is too high comes from gains about another value than 0, or from intervals that are too
        narrow). Intervals of one atelier count as one answer in low and high, since they may err together.

    Raises:
        RelevanceError: a column is missing, or no experiment was planted at 0.
    """
    nil = _checked(outcomes).query("planted == 0").dropna(subset=["low", "high"])
    if nil.empty:
        raise RelevanceError("no experiment was planted at commonality 0: false alarms are counted there")
    single = nil[nil["field"] != MEAN]
    parts = [*single.groupby("field", sort=False), (ALL_FIELDS, single), (MEAN, nil[nil["field"] == MEAN])]
    return pd.DataFrame([{"field": field, **_alarms(part)} for field, part in parts if len(part)])


def exchanged(exchanges: pd.DataFrame) -> pd.DataFrame:
    """How well networks understand each other's fields at each commonality, and how well by accident.

    Args:
        exchanges: planted, atelier, and the columns of `relevance.exchange`: what a network says of its own
            field is left out.

    Returns:
        One row per planted commonality: planted, auroc (mean of the ateliers' means), low, high (Student's t
        over ateliers; NaN of one), ateliers, pairs (ordered), above (share of them whose interval lies above
        0.5), reached (the 95 % quantile of the pairs: at commonality 0 what one unrelated pair in twenty
        exceeds, for canons may be alike by accident).
    """
    pairs = exchanges[exchanges["field"] != exchanges["partner"]]
    rows = []
    for planted, of_share in pairs.groupby("planted"):
        found = _mean_with_interval(of_share.groupby("atelier")["auroc"].mean().to_numpy())
        rows.append(
            {
                "planted": planted,
                "auroc": found["estimate"],
                "low": found["low"],
                "high": found["high"],
                "ateliers": found["n"],
                "pairs": len(of_share),
                "above": (of_share["low"] > CHANCE).mean(),
                "reached": of_share["auroc"].quantile(0.95),
            }
        )
    return pd.DataFrame(rows)


def recovered(matrix: pd.DataFrame, sharing: Collection[str], nil: float = 0) -> pd.DataFrame:
    """Whether a table finds which fields share a canon (see `atelier.Plan`, sharing).

    Args:
        matrix: field, partner, low, high (see `relevance.matrix.matrix` and `relevance.exchange`), of one
            atelier or several; the partner `together`, and the field itself, are left out.
        sharing: the fields that have a canon in common; each of the others has only its own.
        nil: what the intervals of pairs that share nothing hold.

    Returns:
        The rows of `matrix` with planted (both fields share) and found (the interval lies above `nil`).

    Raises:
        RelevanceError: `sharing` names a field that the matrix does not have.
    """
    if unknown := sorted(set(sharing).difference(matrix["field"])):
        raise RelevanceError(
            f"sharing names {unknown[0]}; the matrix has {', '.join(matrix['field'].unique())}"
        )
    single = (matrix["partner"] != TOGETHER) & (matrix["partner"] != matrix["field"])
    pairs = matrix[single].reset_index(drop=True)
    planted = pairs[["field", "partner"]].isin(set(sharing)).all(axis=1)
    return pairs.assign(planted=planted, found=pairs["low"] > nil)


def recovery(pairs: pd.DataFrame, value: str) -> dict[str, float]:
    """How well the pairs that share a canon are found, and told from the others.

    Args:
        pairs: as `recovered` gives them.
        value: see `auroc`.

    Returns:
        planted (pairs that share), found (of them), others, found_wrongly (of the others), ranked (see
        `auroc`).

    Raises:
        RelevanceError: see `auroc`.
    """
    planted, found = pairs["planted"], pairs["found"]
    return {
        "planted": planted.sum(),
        "found": (planted & found).sum(),
        "others": (~planted).sum(),
        "found_wrongly": (~planted & found).sum(),
        "ranked": auroc(pairs, value),
    }


def auroc(pairs: pd.DataFrame, value: str) -> float:
    """How probably a planted pair has a greater value than another (area under the ROC curve; 0.5: chance).

    Args:
        pairs: as `recovered` gives them.
        value: their column that tells them apart.

    Raises:
        RelevanceError: all pairs are planted, or none is.
    """
    if pairs["planted"].nunique() < 2:
        raise RelevanceError(
            "all pairs are planted, or none is: share a canon among two fields or more, but not among all"
        )
    return float(roc_auc_score(pairs["planted"], pairs[value]))


def _mean_with_interval(numbers: np.ndarray) -> dict[str, float]:
    """Student's t; of one number there is no interval."""
    n, mean = len(numbers), numbers.mean()
    reach = stats.t.ppf((1 + LEVEL) / 2, n - 1) * numbers.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return {"estimate": mean, "low": mean - reach, "high": mean + reach, "n": n}


def _alarms(part: pd.DataFrame) -> dict[str, float]:
    above, below = (part["low"] > 0).sum(), (part["high"] < 0).sum()
    rate, ateliers = (above + below) / len(part), part["atelier"].nunique()
    low, high = proportion_confint(rate * ateliers, ateliers, 1 - LEVEL, method="beta")
    return {
        "experiments": len(part), "above": above, "below": below, "rate": rate, "low": low, "high": high,
        "tested": (part["p"] < 1 - LEVEL).sum(), "gain": part["gain"].mean(),
    }  # fmt: skip


def _checked(outcomes: pd.DataFrame) -> pd.DataFrame:
    if missing := [column for column in OUTCOMES if column not in outcomes]:
        raise RelevanceError(f"the outcomes have no column {missing[0]!r}: they need {', '.join(OUTCOMES)}")
    return outcomes
