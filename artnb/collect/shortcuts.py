"""The shortcut test: how well a feature that has nothing to do with art predicts the label all by itself.

What such a feature can do, a network can do that has learned nothing of art (Torralba and Efros, "Unbiased
look at dataset bias", 2011; Geirhos et al., "Shortcut learning in deep neural networks", 2020).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from tqdm.auto import tqdm

from artnb.collect.features import File, features, in_words
from artnb.seeding import generator

FOLDS = 5
TREES = 50
DRAWS = 1_000
LEVEL = 0.95
MARGIN = 0.2  # of the way from chance to certainty: a warning above 0.6 for two labels
SAMPLES = 3  # of each label
SUSPECTS = ("field", "feature", "label", "id", "probability", "words")


def find_shortcuts(table: pd.DataFrame, files: Mapping[str, File]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How well each feature predicts the label of each field, and the images that show it.

    Test images are not looked at. The order of the rows plays no part but for that of the fields.

    Args:
        table: the rows of a catalogue.
        files: what was measured on the file of each id.

    Returns:
        The shortcuts, a row per field and feature: field, and the columns of `tried`.
        The suspects, for each feature that is warned of the SAMPLES images of each label that it predicts
        best, one of a group: field, feature, label, id, probability (of that label), words (of the feature).
    """
    known, tests = table[table["split"] != "test"], []
    for field in known["field"].unique():
        rows = known[known["field"] == field].sort_values("id").reset_index(drop=True)
        tests += [(field, rows, *feature) for feature in features(rows, files).items()]
    shortcuts, suspects = [], [pd.DataFrame(columns=list(SUSPECTS))]
    for field, rows, feature, numbers in tqdm(tests, desc="look for shortcuts", unit="test"):
        found, probability = tried(rows, numbers)
        shortcuts.append({"field": field, "feature": feature, **found})
        if found["warned"]:
            best = samples(rows.assign(probability=probability))
            words = [in_words(row, files[row["id"]])[feature] for row in best.to_dict("records")]
            suspects.append(best.assign(feature=feature, words=words))
    return pd.DataFrame(shortcuts), pd.concat(suspects, ignore_index=True)[list(SUSPECTS)]


def tried(rows: pd.DataFrame, numbers: np.ndarray) -> tuple[dict[str, object], np.ndarray]:
    """How well `numbers`, N D, predict the labels of N rows of one field: label, group.

    Extremely randomised trees, cross-validated in FOLDS folds that part no group, each label weighted alike.

    The interval is of the images that were guessed, not of the trees that were grown: in 240 simulations with
    nothing to find `low` lay above chance in 7 % of them, not in 2.5 %. A warning was given in 7 % of those
    with 40 images and in 3 % of those with 120; the limit alone would have given it in 23 % and 3 %.

    Returns:
        accuracy: balanced, the mean over the labels of the share guessed right; low, high: 95 %, bootstrap
        over groups; chance: 1 / labels; limit: MARGIN of the way from chance to 1; images, groups; warned:
        the accuracy lies above the limit, and `low` above chance; reason: why accuracy is NaN, or why it is
        chance without a test.
        And the probability of its own label that each image got from the folds it was not in, N.
    """
    labels, groups = rows["label"], rows.groupby("label")["group"].nunique()
    chance = 1 / len(groups)
    limit = chance + MARGIN * (1 - chance)
    own, reason = np.full(len(rows), np.nan), ""
    if len(groups) == 1:
        estimate, reason = (np.nan,) * 3, f"all are {groups.index[0]}"
    elif groups.min() < FOLDS:
        estimate = (np.nan,) * 3
        reason = f"{groups.idxmin()} has {groups.min()} of the {FOLDS} groups that are needed"
    elif (numbers == numbers[0]).all():
        estimate, reason = (chance,) * 3, "the same for all images"
    else:
        trees = ExtraTreesClassifier(TREES, min_samples_leaf=4, class_weight="balanced", random_state=0)
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
        probabilities = cross_val_predict(
            trees, numbers, labels, groups=rows["group"], cv=folds, method="predict_proba"
        )
        targets = groups.index.get_indexer(labels)
        own = probabilities[np.arange(len(rows)), targets]
        estimate = balanced_accuracy(probabilities.argmax(axis=1) == targets, labels, rows["group"])
    accuracy, low, high = estimate
    found = {"accuracy": accuracy, "low": low, "high": high, "chance": chance, "limit": limit}
    found |= {"images": len(rows), "groups": rows["group"].nunique()}
    return found | {"warned": bool(accuracy > limit and low > chance), "reason": reason}, own


def balanced_accuracy(right: np.ndarray, labels: pd.Series, groups: pd.Series) -> tuple[float, float, float]:
    """The mean over labels of the share that is `right`, and its 95 % interval: bootstrap over groups."""
    images = pd.crosstab(groups, labels).to_numpy(float)  # groups x labels
    hits = pd.crosstab(groups, labels, values=right, aggfunc="sum").fillna(0).to_numpy(float)
    rng, count = generator(0, "shortcuts"), len(images)
    draws = [np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(DRAWS)]
    with np.errstate(invalid="ignore"):  # a draw may hold no group of some label: it says nothing
        drawn = [((draw @ hits) / (draw @ images)).mean() for draw in draws]
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float((hits.sum(axis=0) / images.sum(axis=0)).mean()), float(low), float(high)


def samples(rows: pd.DataFrame) -> pd.DataFrame:
    """The SAMPLES rows of each label with the highest probability, one of a group."""
    best = rows.sort_values(["label", "probability", "id"], ascending=[True, False, True])
    return best.drop_duplicates(["label", "group"]).groupby("label").head(SAMPLES)
