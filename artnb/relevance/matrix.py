"""The relevance matrix: what learning with field B adds to the accuracy on field A.

A network is trained on every set of fields, as by Standley et al., "Which Tasks Should Be Learned Together in
Multi-task Learning?" (ICML 2020). With v(T) the accuracy on A's test images of the network that learnt A
with the partners T, of n other fields in all, what B adds to A is its Shapley value ("A Value for n-Person
Games", 1953):

    sum over sets T of the others without B of  |T|! (n - |T| - 1)! / n!  (v(T and B) - v(T)),

the mean over all orders in which the partners may join. So what the partners add sums to what learning with
all of them adds, whether or not their shares are independent of each other; and the matrix need not be
symmetric. All networks have one architecture, also those of one field alone, so that nothing differs but the
partners; Sato compares with a single-task network of another architecture.

Each is a weighted sum of accuracies on the same images, from the same seeds: its interval is that of
`relevance.gains`, of that sum over seeds and groups. No correction is made for the number of intervals: of
twelve at the 95 % level, one misses the truth in about every second matrix.
"""

from collections.abc import Iterator
from itertools import chain, combinations
from math import comb

import pandas as pd

from artnb.errors import RelevanceError
from artnb.relevance.gains import MEAN, by_group, estimates_of, gain
from artnb.training.design import JOIN

TOGETHER = "together"  # with all the others


def set_gains(predictions: pd.DataFrame) -> pd.DataFrame:
    """What each field gains in each set of fields over being learnt alone, paired by image and seed.

    Args:
        predictions: as for `gain`, with methods named by the fields that a network learnt, "garden" or
            "garden+painting" (see `training.Design`, subsets); they answer for these fields alone.

    Returns:
        As for `gain`, of each field in the sets that hold it; without means and p_holm.

    Raises:
        RelevanceError: as for `gain`; a method is no set of fields, or answers for another field.
    """
    tables = [gain(of_field, baseline=field) for field, of_field in _of_fields(predictions)]
    table = pd.concat(tables, ignore_index=True)
    return table[table["field"] != MEAN].drop(columns="p_holm").reset_index(drop=True)


def matrix(predictions: pd.DataFrame) -> pd.DataFrame:
    """What learning with each partner adds to each field, and what learning with all of them adds.

    Args:
        predictions: as for `set_gains`, of every set of two fields or more.

    Returns:
        One row per field and partner in their order of appearance, the partner `together` last: field,
        partner, gain (a difference of accuracies in [-1, 1]), low, high, p, seeds, images, groups.

    Raises:
        RelevanceError: as for `set_gains`; a set was not learnt from one of the seeds.
    """
    tables = []
    fields = predictions["field"].unique().tolist()
    for field, of_field in _of_fields(predictions):
        right, sizes = by_group(of_field)
        others = [other for other in fields if other != field]
        with_partners = {
            frozenset(method.split(JOIN)) - {field}: method for method in right.columns.unique(0)
        }
        _check_complete(field, others, with_partners, right.columns)
        alone, whole = (right[with_partners[frozenset(partners)]] for partners in ((), others))
        scores = {
            partner: sum(
                weight * (right[with_partners[before | {partner}]] - right[with_partners[before]])
                for before, weight in shapley(partner, others)
            )
            for partner in others
        } | {TOGETHER: whole - alone}
        tables.append(estimates_of("gain", scores, sizes))
    table = pd.concat(tables, ignore_index=True).rename(columns={"method": "partner"})
    table = table[table["field"] != MEAN].reset_index(drop=True)
    return table[["field", "partner", *table.columns.drop(["field", "partner"])]]


def shapley(player: str, players: list[str]) -> Iterator[tuple[frozenset[str], float]]:
    """Every set of the other players, and the share of all orders in which exactly they come before."""
    rest = [other for other in players if other != player]
    for size in range(len(players)):
        for before in combinations(rest, size):
            yield frozenset(before), 1 / (len(players) * comb(len(rest), size))


def _of_fields(predictions: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each field's rows, once it is sure that its methods are sets of fields that hold it."""
    fields = predictions["field"].unique()
    for field, of_field in predictions.groupby("field", sort=False):
        for method in of_field["method"].unique():
            learnt = method.split(JOIN)
            if field not in learnt or not set(learnt) <= set(fields):
                raise RelevanceError(
                    f"{method!r} answers for {field} and is no set of {', '.join(fields)} that holds it, "
                    f"joined by {JOIN!r}: give the predictions of a design with subsets, and no others"
                )
        yield field, of_field


def _check_complete(
    field: str, others: list[str], with_partners: dict[frozenset, str], columns: pd.MultiIndex
) -> None:
    """The field has been learnt with every set of the others from every seed."""
    sizes = range(len(others) + 1)
    for partners in chain.from_iterable(combinations(others, size) for size in sizes):
        method = with_partners.get(frozenset(partners))
        if missing := [seed for seed in columns.unique("seed") if (method, seed) not in columns]:
            raise RelevanceError(
                f"{JOIN.join((field, *partners))} was not learnt from seed {missing[0]}: the matrix needs "
                "all sets of the fields from the same seeds (see training.design.all_subsets)"
            )
