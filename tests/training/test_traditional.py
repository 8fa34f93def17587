"""Traditional classifiers learn what is there to learn, from training images, and speak as networks do."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from artnb.errors import TrainingError
from artnb.images import Store
from artnb.training import predictions, traditional
from artnb.training.data import FieldImages, TrainingData

SIZE = 32


def images(number: int, classes: int, cue: str, seed: int) -> FieldImages:
    """Noise of which the colour or the direction of the stripes tells the class."""
    rng = np.random.default_rng(seed)
    targets = np.arange(number) % classes
    pixels = rng.integers(0, 60, (number, SIZE, SIZE, 3))
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for image, target in zip(pixels, targets, strict=True):
        if cue == "colour":
            image[..., target] += 150
        else:
            turn = np.pi * target / classes
            waves = np.cos((rows * np.cos(turn) + columns * np.sin(turn)) * 1.5 + rng.uniform(0, 6))
            image += (90 * (1 + waves)).astype(int)[..., None]
    ids = np.array([f"{seed}-{place}" for place in range(number)])
    store = Store(SIZE, pixels.astype(np.uint8), pd.Index(ids, dtype="str"))
    return FieldImages(store, np.arange(number), torch.from_numpy(targets), ids, ids)


def made(classes: int, cue: str) -> TrainingData:
    sizes = {"train": 24, "validation": 12, "test": 24}
    splits = {
        split: {"art": images(n, classes, cue, place)} for place, (split, n) in enumerate(sizes.items())
    }
    return TrainingData(tuple("abc"[:classes]), splits)


def asked(monkeypatch, data: TrainingData, **options) -> pd.DataFrame:
    monkeypatch.setattr(traditional, "load", lambda *arguments: data)
    monkeypatch.setattr(traditional, "TREES", 50)
    return traditional.traditional_predictions(None, SIZE, seeds=(3,), **options)


@pytest.mark.parametrize("cue", ["colour", "stripes"])
@pytest.mark.parametrize("classes", [2, 3])
def test_both_see_colours_and_directions(monkeypatch, cue, classes):
    table = asked(monkeypatch, made(classes, cue))
    assert (table.groupby("method")["correct"].mean() > 0.9).all()
    assert table["probability"].between(0, 1).all()


def test_labels_of_the_split_that_is_asked_about_teach_nothing(monkeypatch):
    honest = made(2, "stripes")
    test = honest.splits["test"]["art"]
    turned = replace(
        honest, splits=honest.splits | {"test": {"art": replace(test, targets=1 - test.targets)}}
    )
    first, second = asked(monkeypatch, honest), asked(monkeypatch, turned)
    assert first["probability"].equals(second["probability"])
    assert (first["correct"] != second["correct"]).all()


def test_the_table_is_that_of_networks(painted, data_of_run, run):
    of_networks = predictions(run, data_of_run, "test")
    table = traditional.traditional_predictions(
        painted, 32, ("svm",), seeds=(run.config.seed,), fields=run.fields
    )
    columns = ["seed", "field", "id", "group", "target"]
    assert table.dtypes.to_dict() == of_networks.dtypes.to_dict()
    pd.testing.assert_frame_equal(table[columns], of_networks[columns])
    assert list(pd.concat([of_networks, table])["method"].unique()) == ["multi-2", "svm"]


@pytest.fixture
def data_of_run(data, run):
    return data.only(*run.fields)


def test_descriptions_are_of_known_length_and_one_norm():
    grey = np.full((SIZE, SIZE, 3), 7, np.uint8)
    found = traditional.description(grey)
    gradients, colours = np.split(found, [7 * 7 * 4 * 9])
    assert not gradients.any()
    assert len(colours) == 8 * 4 * 4
    assert colours.max() == pytest.approx(np.linalg.norm(colours)) == pytest.approx(1)


def test_wrong_methods_and_too_few_images_are_named(monkeypatch):
    with pytest.raises(TrainingError, match="'boost'; there are svm, forest"):
        asked(monkeypatch, made(2, "colour"), methods=("boost",))
    few = made(2, "colour")
    part = few.splits["validation"]["art"]
    few.splits["validation"]["art"] = replace(
        part, rows=part.rows[:3], targets=part.targets[:3], ids=part.ids[:3], groups=part.groups[:3]
    )
    with pytest.raises(TrainingError, match="art has a label of fewer than 2 validation images"):
        asked(monkeypatch, few)
