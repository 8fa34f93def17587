"""What colour gives away, where it was planted and where it was not."""

import numpy as np
import pandas as pd
import pytest

from artnb.atelier import Plan, paint
from artnb.catalogue import Catalogue
from artnb.collect.audit import BINS, colour_histograms, colour_shortcut
from artnb.images import Store, open_store


def catalogue_of(labels, splits=None, groups=None) -> Catalogue:
    ids = [f"{index:064x}" for index in range(len(labels))]
    return Catalogue(
        None,
        pd.DataFrame(
            {
                "id": ids,
                "field": "garden",
                "label": labels,
                "split": splits or "train",
                "group": groups or ids,
            }
        ),
    )


def store_of(catalogue: Catalogue, pixels: np.ndarray) -> Store:
    return Store(8, pixels, pd.Index(catalogue.table["id"]))


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)


LABELS = ["artistic", "non_artistic"] * 30


def test_histograms_count_the_pixels_of_each_box():
    pixels = noise(3)
    counted = np.zeros((3, BINS, BINS, BINS))
    for image in range(3):
        for red, green, blue in pixels[image].reshape(-1, 3).tolist():
            counted[image, red * BINS // 256, green * BINS // 256, blue * BINS // 256] += 1 / 64
    found = colour_histograms(pixels)
    np.testing.assert_allclose(found, counted.reshape(3, -1))
    np.testing.assert_allclose(found.sum(1), 1)
    extremes = np.full((1, 8, 8, 3), 255, np.uint8)
    extremes[:, :4] = 0
    assert np.flatnonzero(colour_histograms(extremes)[0]).tolist() == [0, BINS**3 - 1]


def test_a_planted_colour_is_found():
    catalogue = catalogue_of(LABELS)
    pixels = noise(60)
    pixels[::2, :, :, 0] = np.maximum(pixels[::2, :, :, 0], 170)  # what is artistic is red
    [row] = colour_shortcut(catalogue, store_of(catalogue, pixels)).to_dict("records")
    assert row == pytest.approx(
        {"field": "garden", "accuracy": 1.0, "low": 0.940, "high": 1.0, "chance": 0.5, "images": 60}, abs=1e-3
    )


def test_where_colour_says_nothing_the_interval_holds_chance():
    catalogue = catalogue_of(LABELS)
    found = [colour_shortcut(catalogue, store_of(catalogue, noise(60, seed))).iloc[0] for seed in range(5)]
    assert abs(np.mean([row["accuracy"] for row in found]) - 0.5) < 0.12  # four standard errors
    assert sum(row["low"] <= 0.5 <= row["high"] for row in found) >= 4


def test_chance_is_the_larger_label():
    catalogue = catalogue_of(["artistic"] * 30 + ["non_artistic"] * 10)
    [row] = colour_shortcut(catalogue, store_of(catalogue, noise(40))).to_dict("records")
    assert row["chance"] == 0.75


def test_a_group_is_not_recognised_by_its_other_images():
    """Each group has a colour of its own that says nothing of other groups: alone it must not help."""
    groups = [f"group {index // 6}" for index in range(60)]
    labels = [LABELS[index // 6] for index in range(60)]
    tones = np.random.default_rng(1).integers(0, 256, (10, 3), dtype=np.uint8)
    pixels = np.repeat(tones[np.arange(60) // 6][:, None, None], 8, 1).repeat(8, 2)
    parted, whole = catalogue_of(labels), catalogue_of(labels, groups=groups)
    store = store_of(whole, pixels)
    assert colour_shortcut(parted, store).loc[0, "accuracy"] == 1
    assert colour_shortcut(whole, store).loc[0, "accuracy"] < 0.8


def test_test_images_are_not_looked_at():
    splits = ["train", "train", "validation", "validation", "test", "test"] * 10
    catalogue = catalogue_of(LABELS, splits)
    known = catalogue.table["split"] != "test"
    store = Store(8, noise(40), pd.Index(catalogue.table.loc[known, "id"]))
    assert colour_shortcut(catalogue, store).loc[0, "images"] == 40


def test_a_few_groups_of_a_label_are_enough():
    catalogue = catalogue_of(["artistic"] * 8 + ["non_artistic"] * 2)
    pixels = noise(10)
    pixels[:8] //= 4
    assert colour_shortcut(catalogue, store_of(catalogue, pixels)).loc[0, "images"] == 10


def test_the_rows_order_plays_no_part():
    catalogue = catalogue_of(LABELS)
    store = store_of(catalogue, noise(60))
    shuffled = Catalogue(None, catalogue.table.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(colour_shortcut(catalogue, store), colour_shortcut(shuffled, store))


def test_the_painted_benchmark_has_no_colour_shortcut(tmp_path):
    catalogue = paint(Plan(train=60, validation=20, test=2, size=48), tmp_path / "painted")
    found = colour_shortcut(catalogue, open_store(catalogue, 48))
    assert found["field"].tolist() == ["painting", "architecture", "sculpture", "garden"]
    assert (found["images"] == 80).all()
    assert found["accuracy"].mean() < 0.6
