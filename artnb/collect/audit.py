"""What gives a label away although it has nothing to do with art."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from artnb.catalogue import Catalogue
from artnb.images import Store

BINS = 6  # of each of red, green and blue
FOLDS = 5


def colour_shortcut(catalogue: Catalogue, store: Store) -> pd.DataFrame:
    """How well colour alone predicts the label: a logistic regression on joint RGB histograms.

    Cross-validated over the training and validation images, groups kept whole; test images are not looked at.

    Returns:
        One row per field: field, accuracy (share of images), low, high (95 %, Wilson), chance (the share of
        the larger label), images.
    """
    rows = []
    known = catalogue.table[catalogue.table["split"] != "test"].sort_values("id")
    for field in catalogue.fields:
        table = known[known["field"] == field]
        histograms = colour_histograms(store.pixels[store.rows(table["id"])])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
        groups = table.groupby("label")["group"].nunique().min()
        folds = StratifiedGroupKFold(min(FOLDS, groups), shuffle=True, random_state=0)
        guessed = cross_val_predict(model, histograms, table["label"], groups=table["group"], cv=folds)
        right = int((guessed == table["label"]).sum())
        interval = binomtest(right, len(table)).proportion_ci(method="wilson")
        rows.append(
            {
                "field": field,
                "accuracy": right / len(table),
                "low": interval.low,
                "high": interval.high,
                "chance": table["label"].value_counts(normalize=True).max(),
                "images": len(table),
            }
        )
    return pd.DataFrame(rows)


def colour_histograms(pixels: np.ndarray) -> np.ndarray:
    """Images N H W 3 uint8 -> the share of each one's pixels in BINS³ boxes of RGB, N BINS³."""
    boxes = (pixels.astype(np.uint16) * BINS // 256).reshape(len(pixels), -1, 3)
    codes = (boxes[..., 0] * BINS + boxes[..., 1]) * BINS + boxes[..., 2]
    return np.stack([np.bincount(code, minlength=BINS**3) for code in codes]) / codes.shape[1]
