"""The epochs until a network has nearly learned what it will, by hand and against SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from artnb.training import convergence

CURVES = {
    0: (0.50, 0.79, 0.78, 0.80, 0.60),
    1: (0.50, 0.60, 0.90, 0.89, 0.85),
    2: (0.70, 0.40, 0.40, 0.40, 0.40),
}


@pytest.fixture
def history() -> pd.DataFrame:
    rows = [
        {
            "method": "lenet-s",
            "seed": seed,
            "field": "art",
            "epoch": epoch,
            "split": split,
            "accuracy": accuracy,
        }
        for seed, curve in CURVES.items()
        for epoch, of_validation in enumerate(curve, start=1)
        for split, accuracy in (("train", np.nan), ("validation", of_validation))
    ]
    return pd.DataFrame(rows)


def test_the_first_epoch_near_the_best_by_hand(history):
    (row,) = convergence(history).to_dict("records")
    assert (row["method"], row["field"], row["seeds"]) == ("lenet-s", "art", 3)
    epochs = [2, 3, 1]  # 0.79 is near 0.80, 0.60 is not near 0.90, the first is the best
    assert row["epochs"] == np.mean(epochs)
    assert row["best"] == pytest.approx((0.80 + 0.90 + 0.70) / 3)
    low, high = stats.t.interval(0.95, 2, np.mean(epochs), stats.sem(epochs))
    assert (row["low"], row["high"]) == pytest.approx((max(low, 1), high))


def test_an_accuracy_of_float32_at_the_very_edge_is_near(history):
    curve = np.array([0.5, 0.89, 0.91, 0.91, 0.91]).astype("float32").astype(float)
    edge = history[history["seed"] == 0].assign(accuracy=np.repeat(curve, 2))
    (row,) = convergence(edge).to_dict("records")
    assert (row["epochs"], row["near"]) == (2, 0.02)


def test_one_seed_has_no_interval(history):
    (row,) = convergence(history[history["seed"] == 1]).to_dict("records")
    assert row["epochs"] == 3
    assert np.isnan([row["low"], row["high"]]).all()
