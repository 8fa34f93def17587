"""Small tables and arrays of the forms that figures take."""

import numpy as np
import pandas as pd
import pytest

FIELDS = ("painting", "architecture", "sculpture", "garden")
METHODS = ("single", "multi-2")


@pytest.fixture
def estimates():
    """Accuracies of two methods on four fields and their mean; serves as gains too."""
    rows = [
        {"method": method, "field": field, "accuracy": 0.6 + 0.03 * i + 0.05 * j}
        for i, method in enumerate(METHODS)
        for j, field in enumerate((*FIELDS, "mean"))
    ]
    table = pd.DataFrame(rows)
    table["low"], table["high"] = table["accuracy"] - 0.07, table["accuracy"] + 0.05
    return table.assign(gain=table["accuracy"] - 0.7, seeds=3, images=80, groups=60)


@pytest.fixture
def history():
    rng = np.random.default_rng(0)
    keys = [
        (method, seed, field, epoch, split)
        for method in METHODS
        for seed in range(3)
        for field in FIELDS
        for epoch in range(1, 6)
        for split in ("train", "validation")
    ]
    table = pd.DataFrame(keys, columns=["method", "seed", "field", "epoch", "split"])
    return table.assign(accuracy=rng.uniform(0.5, 0.9, len(table)), loss=rng.uniform(0.3, 0.7, len(table)))


@pytest.fixture
def predictions():
    rng = np.random.default_rng(1)
    keys = [
        (method, seed, field, i)
        for method in METHODS
        for seed in (0, 1)
        for field in FIELDS
        for i in range(40)
    ]
    table = pd.DataFrame(keys, columns=["method", "seed", "field", "id"])
    probability = rng.uniform(0, 1, len(table))
    return table.assign(
        probability=probability, target=(rng.uniform(0, 1, len(table)) < probability).astype(int)
    )


@pytest.fixture
def catalogue():
    """Of each field 3, 2 and 1 artistic and 5, 2 and 1 non-artistic images, the first two in one group."""
    numbers = {"artistic": (3, 2, 1), "non_artistic": (5, 2, 1)}
    rows = [
        {"field": field, "label": label, "split": split, "group": f"{field}-{label}-{split}-{max(i, 1)}"}
        for field in FIELDS
        for label, of_label in numbers.items()
        for split, number in zip(("train", "validation", "test"), of_label, strict=True)
        for i in range(number)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def images():
    return np.random.default_rng(2).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def masks():
    masks = np.zeros((8, 16, 16), dtype=bool)
    masks[::2, 4:9, 10:] = True
    return masks


@pytest.fixture
def maps():
    rng = np.random.default_rng(3)
    return {
        name: rng.normal(size=(8, 16, 16)) for name in ("single", "multi-2, individual", "multi-2, common")
    }


@pytest.fixture
def overlap(maps):
    rows = [{"field": field, "map": name} for field in FIELDS for name in maps]
    table = pd.DataFrame(rows).assign(overlap=np.linspace(0.2, 0.6, 12), images=20, chance=0.1)
    return table.assign(low=table["overlap"] - 0.1, high=table["overlap"] + 0.1)
