"""How far annotators agree beyond chance.

Cohen, "A coefficient of agreement for nominal scales" (1960), for two annotators, and Fleiss, "Measuring
nominal scale agreement among many raters" (1971), for more. Both are (observed - expected) / (1 - expected)
agreement; observed is the share of pairs of annotators that agree on an image, and what is expected by
chance comes from each annotator's own shares of labels (Cohen) or from those of all together (Fleiss).

The intervals are 95 % percentile intervals of a bootstrap over groups: images of one group are drawn
together. They cover the truth in 94 to 96 of 100 simulated studies of 30 to 300 groups. There is no width
where all agree on every image.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from artnb.catalogue import Catalogue
from artnb.collect.labels import IMAGE, given
from artnb.seeding import generator

DRAWS = 2000
LEVEL = 0.95
COLUMNS = (
    "field", "annotators", "measure", "kappa", "low", "high", "agreement", "images", "groups", "reason",
)  # fmt: skip


def agreement(words: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The agreement of each pair of annotators, and of all where there are more than two.

    Each counts the images to which all annotators of the row gave a label; skips and adjudications are no
    labels.

    Args:
        words: as `labels.read_words` returns them.
        catalogue: tells the group of each image; an image that it no longer has is a group of its own.

    Returns:
        A row per field and set of annotators: field, annotators ("ana, ben"), measure ("Cohen's kappa" or
        "Fleiss' kappa"), kappa in [-1, 1], low, high, agreement (the share of pairs of annotators that agree
        on an image), images, groups, reason (why kappa or its interval is NaN; else "").
    """
    group_of = catalogue.table.set_index(IMAGE)["group"]
    words, rows = given(words), []
    for field in sorted(words["field"].unique(), key=[*catalogue.fields, *words["field"]].index):
        labels = words[words["field"] == field].pivot_table("label", IMAGE, "by", aggfunc="first")
        people = list(labels)
        sets = [list(pair) for pair in combinations(people, 2)] + [people] * (len(people) != 2)
        for some in sets:
            shared = labels[some].dropna()
            ids = shared.index.get_level_values("id")
            groups = group_of.reindex(shared.index).fillna(pd.Series(ids, shared.index))
            measured = estimate(shared, groups)
            measure = "Cohen's kappa" if len(some) < 3 else "Fleiss' kappa"
            rows.append({"field": field, "annotators": ", ".join(some), "measure": measure} | measured)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def confusions(words: pd.DataFrame) -> pd.DataFrame:
    """How often a pair of annotators gave an image this and that label: a row per field, pair and labels.

    Returns:
        field, first, second (annotators by name), label_first, label_second, images; labels that only one of
        a field's annotators used are there too, with 0 images.
    """
    tables = []
    for field, of_field in given(words).groupby("field"):
        labels = of_field.pivot_table("label", IMAGE, "by", aggfunc="first")
        names = sorted(of_field["label"].unique())
        every = pd.MultiIndex.from_product([names, names], names=["label_first", "label_second"])
        for first, second in combinations(labels, 2):
            images = labels.groupby([first, second]).size().reindex(every, fill_value=0)
            tables.append(
                images.rename("images").reset_index().assign(field=field, first=first, second=second)
            )
    columns = ["field", "first", "second", "label_first", "label_second", "images"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def estimate(labels: pd.DataFrame, groups: pd.Series) -> dict[str, object]:
    """Kappa and what stands beside it, from the label of every annotator: images x annotators."""
    unknown = dict.fromkeys(("kappa", "low", "high", "agreement"), np.nan)
    row = unknown | {"images": len(labels), "groups": groups.nunique(), "reason": ""}
    if labels.shape[1] < 2:
        return row | {"reason": f"only {labels.columns[0]} has given labels"}
    if labels.empty:
        return row | {"reason": "no image has a label of each"}
    names = np.unique(labels.to_numpy(str))
    chosen = labels.to_numpy(str)[:, :, None] == names  # images annotators labels
    agree = agreeing(chosen)
    row["agreement"] = agree.mean()
    if len(names) == 1:
        return row | {"reason": f"all labels are {names[0]}: chance alone would agree as well"}
    row["kappa"] = kappa(agree.mean(), chosen.mean(axis=0))
    if row["groups"] == 1:
        return row | {"reason": "all images are one group: no interval can be drawn from it"}
    row["low"], row["high"] = interval(agree, chosen, pd.factorize(groups)[0])
    return row


def agreeing(chosen: np.ndarray) -> np.ndarray:
    """The share of pairs of annotators that agree on each image, N; `chosen` is N annotators labels, bool."""
    annotators = chosen.shape[1]
    votes = chosen.sum(axis=1)
    return (votes * (votes - 1)).sum(axis=1) / (annotators * (annotators - 1))


def kappa(observed: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Agreement beyond chance; NaN where only one label occurs.

    Args:
        observed: the observed agreement, any shape.
        shares: how often each annotator gave each label, the same shape, then annotators labels. Two are
            Cohen's, more are Fleiss'.
    """
    each = shares.prod(axis=-2) if shares.shape[-2] == 2 else shares.mean(axis=-2) ** 2
    expected = each.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)[()]


def interval(agree: np.ndarray, chosen: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """Low and high of kappa over draws of groups; draws in which only one label occurs are left out.

    Args:
        agree: the agreement on each image, N.
        chosen: N annotators labels, bool.
        codes: the group of each image, 0 to G - 1.
    """
    numbers = np.column_stack([np.ones(len(agree)), agree, chosen.reshape(len(agree), -1)])
    sums = np.zeros((codes.max() + 1, numbers.shape[1]))  # of each group
    np.add.at(sums, codes, numbers)
    rng = generator(0, "agreement")
    draws = np.stack([sums[rng.integers(len(sums), size=len(sums))].sum(axis=0) for _ in range(DRAWS)])
    images, observed, shares = draws[:, 0], draws[:, 1], draws[:, 2:].reshape(DRAWS, *chosen.shape[1:])
    kappas = kappa(observed / images, shares / images[:, None, None])
    low, high = np.nanquantile(kappas, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
