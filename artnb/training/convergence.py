"""How fast networks learn: the epochs until validation has nearly all it will ever have."""

import numpy as np
import pandas as pd
from scipy import stats

NEAR = 0.02  # of the best accuracy
ROUNDING = 1e-6  # accuracies are float32


def convergence(history: pd.DataFrame) -> pd.DataFrame:
    """The epoch in which a run first comes within `NEAR` of its best validation accuracy.

    Wu ("Heritage and Innovation of Art Creation in the Context of Big Data and Public Health Events")
    compares how fast networks converge and does not say what that is; this definition is this project's. It
    counts passes over the images, which take a large network longer than a small one.

    Args:
        history: as `training.history` gives it.

    Returns:
        One row per method and field, in their order of appearance: method, field, epochs (mean over seeds),
        low, high (95 % interval by Student's t over seeds; NaN of one seed), best (mean of the best
        validation accuracies, in [0, 1]), near (`NEAR`), seeds.
    """
    judged = history[history["split"] == "validation"]
    keys = ["method", "field", "seed"]
    best = judged.groupby(keys)["accuracy"].transform("max")
    first = judged[judged["accuracy"] >= best - NEAR - ROUNDING].groupby(keys, sort=False)["epoch"].min()
    table = pd.DataFrame({"epochs": first, "best": judged.groupby(keys, sort=False)["accuracy"].max()})
    of_method = table.groupby(["method", "field"], sort=False)
    found = of_method.agg(epochs=("epochs", "mean"), best=("best", "mean"), seeds=("epochs", "size"))
    reach = of_method["epochs"].std() * stats.t.ppf(0.975, found["seeds"] - 1) / np.sqrt(found["seeds"])
    found = found.assign(low=(found["epochs"] - reach).clip(lower=1), high=found["epochs"] + reach, near=NEAR)
    return found.reset_index()[["method", "field", "epochs", "low", "high", "best", "near", "seeds"]]
