"""What an audit finds, where shortcuts and duplicates were planted and where they were not."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from sklearn.metrics import recall_score

from artnb.atelier import Plan, paint
from artnb.catalogue import Catalogue, perceptual_hash
from artnb.collect import audit as auditing
from artnb.collect import shortcuts
from artnb.collect.audit import as_text, audit, thumbnails
from artnb.collect.features import (
    BINS,
    EDGES,
    File,
    border,
    colour_histograms,
    colour_name,
    features,
    in_words,
    measured,
)
from artnb.collect.folders import import_folder
from artnb.collect.shortcuts import balanced_accuracy, find_shortcuts, tried
from artnb.errors import CatalogueError, ImageError

LABELS = ["artistic", "non_artistic"] * 20


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Enough for what is planted here."""
    monkeypatch.setattr(shortcuts, "TREES", 15)


def noise(seed: int, size: tuple[int, int] = (60, 48)) -> Image.Image:
    """Soft noise, of another look for each seed."""
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)


def framed(image: Image.Image, colour: str, width: int = 2) -> Image.Image:
    whole = Image.new("RGB", image.size, colour)
    whole.paste(image.resize((image.width - 2 * width, image.height - 2 * width)), (width, width))
    return whole


def catalogue_of(folder, images, labels, form="PNG", **columns) -> Catalogue:
    """A catalogue of `images` and their `labels`: one field, groups of one, all for training unless told."""
    ids = [f"{index:064x}" for index in range(len(images))]
    (folder / "images").mkdir(parents=True)
    for id, image in zip(ids, images, strict=True):
        image.save(folder / "images" / id, form)
    table = {"id": ids, "path": [f"images/{id}" for id in ids], "field": "garden", "label": labels}
    table |= {"group": ids, "split": "train", "source": "", "licence": ""}
    table |= {"width": [image.width for image in images], "height": [image.height for image in images]}
    table |= {"phash": [perceptual_hash(image) for image in images]}
    return Catalogue(folder, pd.DataFrame(table | columns))


def rows_of(labels, groups=None) -> pd.DataFrame:
    groups = [f"{place:04}" for place in range(len(labels))] if groups is None else groups
    return pd.DataFrame({"label": labels, "group": groups})


def files_of(table: pd.DataFrame, borders: np.ndarray) -> dict[str, File]:
    """Files that differ in their borders, N 4 4, only."""
    return {id: File(1000, "PNG", edges, np.ones(8)) for id, edges in zip(table["id"], borders, strict=True)}


# Features


def test_a_border_is_measured_edge_by_edge():
    image = np.full((200, 300, 3), 90, np.uint8)  # 1 % of 200: two pixels
    image[:2] = 10
    image[-2:] = 250
    image[2:-2, -2:, 0] = 200
    found = border(image)
    assert EDGES == ("top", "right", "bottom", "left")
    np.testing.assert_allclose(found[0], [10, 10, 10, 0])
    np.testing.assert_allclose(found[2], [250, 250, 250, 0])
    red = np.concatenate([np.full(4, 10), np.full(392, 200), np.full(4, 250)])
    rest = np.concatenate([np.full(4, 10), np.full(392, 90), np.full(4, 250)])
    expected = [red.mean(), rest.mean(), rest.mean(), (red.std() + 2 * rest.std()) / 3]
    np.testing.assert_allclose(found[1], expected, rtol=1e-5)


@given(arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30), st.just(3))))
def test_a_turned_image_has_its_edges_turned(image):
    found = border(image)
    assert (found >= 0).all()
    assert (found <= 255).all()
    np.testing.assert_allclose(border(np.rot90(image)), found[[1, 2, 3, 0]], atol=1e-3)


def test_histograms_count_the_pixels_of_each_box():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    counted = np.zeros((3, BINS, BINS, BINS))
    for image in range(3):
        for red, green, blue in pixels[image].reshape(-1, 3).tolist():
            counted[image, red * BINS // 256, green * BINS // 256, blue * BINS // 256] += 1 / 64
    np.testing.assert_allclose(colour_histograms(pixels), counted.reshape(3, -1))
    extremes = np.full((1, 8, 8, 3), 255, np.uint8)
    extremes[:, :4] = 0
    assert np.flatnonzero(colour_histograms(extremes)[0]).tolist() == [0, BINS**3 - 1]


def test_a_file_is_of_the_type_its_bytes_say(tmp_path):
    noise(0).save(tmp_path / "a.jpg", "PNG")
    found = measured(tmp_path / "a.jpg")
    assert (found.type, found.bytes) == ("PNG", (tmp_path / "a.jpg").stat().st_size)


def test_a_border_is_seen_in_a_photograph_decoded_small(tmp_path):
    framed(noise(0, (4000, 3000)), "white", width=60).save(tmp_path / "a.jpg", quality=90)
    found = measured(tmp_path / "a.jpg").border
    assert (found[:, :3] > 250).all()
    assert (found[:, 3] < 8).all()


@pytest.mark.parametrize("fault", ["missing", "empty", "truncated"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, fault):
    catalogue = catalogue_of(tmp_path / "c", [noise(seed) for seed in range(3)], ["a", "a", "b"])
    file = tmp_path / "c" / catalogue.table["path"][1]
    data = file.read_bytes()
    file.unlink()
    if fault != "missing":
        file.write_bytes(data[: 0 if fault == "empty" else len(data) // 2])
    with pytest.raises(ImageError, match=f"{file}: .*put the file back"):
        audit(catalogue)


def test_features_in_words():
    even, uneven = [250, 252, 251, 1.0], [100, 60, 40, 50.0]
    row = {"source": "", "width": 843, "height": 600}
    pixels = np.full((1, 8, 8, 3), (60, 110, 190), np.uint8)
    pixels[:, :2] = 255
    colour = colour_histograms(pixels)[0]
    found = in_words(row, File(50_580, "JPEG", np.array([even] * 4), colour))
    assert found == {
        "source": "unknown source",
        "resolution": "843 × 600 px",
        "border": "even white border",
        "file": "JPEG, 51 kB, 0.10 bytes a pixel",
        "colour": "75 % blue",
        "all together": ", ".join(list(found.values())[:-1]),
    }
    black = [3, 3, 3, 0.5]
    letterbox = File(1, "PNG", np.array([black, uneven, black, uneven]), colour)
    assert in_words(row, letterbox)["border"] == "even black top and bottom"
    assert (
        in_words(row, File(1, "PNG", np.array([uneven] * 4), colour))["border"]
        == "uneven border, about brown"
    )
    assert colour_name(np.array([40, 75, 45])) == "dark green"


# The test of a shortcut


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=3, max_size=40))
def test_balanced_accuracy_is_that_of_scikit_learn(answers):
    labels = pd.Series([label for label, _ in answers])
    right = np.array([right for _, right in answers])
    guessed = labels.where(right, labels.map({"a": "b", "b": "c", "c": "a"}))
    expected = recall_score(labels, guessed, labels=labels.unique(), average="macro")
    found, low, high = balanced_accuracy(right, labels, rows_of(labels)["group"])
    assert found == pytest.approx(expected)
    assert 0 <= low <= high <= 1


def test_an_interval_respects_groups():
    rng = np.random.default_rng(0)
    labels = pd.Series(LABELS * 10)  # 200 of each
    right = rng.random(400) < 0.7
    shares = [right[::2].mean(), right[1::2].mean()]
    error = np.sqrt(sum(share * (1 - share) / 200 for share in shares)) / 2
    _, low, high = balanced_accuracy(right, labels, rows_of(labels)["group"])
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)
    copied = np.repeat(np.arange(400), 9)  # nine copies of each image tell no more
    grouped = balanced_accuracy(right[copied], labels[copied].reset_index(drop=True), pd.Series(copied))
    assert grouped[2] - grouped[1] == pytest.approx(high - low, rel=0.15)


def test_what_tells_the_label_is_found_also_where_it_lies_on_both_sides():
    values = np.where(np.arange(40) % 2, 0.0, np.where(np.arange(40) % 4, 1.0, -1.0))[:, None]
    found, probability = tried(rows_of(LABELS), values)
    assert (found["accuracy"], found["low"], found["high"], found["warned"]) == (1, 1, 1, True)
    assert (found["chance"], found["limit"], found["images"], found["groups"]) == (0.5, 0.6, 40, 40)
    assert (probability > 0.9).all()


def test_what_tells_little_is_no_cause_for_a_warning():
    agrees = np.arange(400) % 100 < 57  # in 57 of 100
    found, _ = tried(rows_of(LABELS * 10), ((np.arange(400) % 2 == 0) == agrees)[:, None].astype(float))
    assert found["accuracy"] == pytest.approx(0.57, abs=0.02)
    assert found["low"] > 0.5
    assert not found["warned"]


def test_where_there_is_nothing_to_find_a_warning_is_rare():
    found = [
        tried(rows_of(LABELS * 2), np.random.default_rng(seed).normal(size=(80, 3)))[0] for seed in range(20)
    ]
    assert abs(np.mean([row["accuracy"] for row in found]) - 0.5) < 0.06  # four standard errors
    assert sum(row["warned"] for row in found) <= 3
    assert sum(row["low"] <= 0.5 <= row["high"] for row in found) >= 14


def test_chance_follows_the_number_of_labels():
    found, _ = tried(rows_of(["a", "b", "c"] * 6), np.zeros((18, 4)))
    assert found["accuracy"] == found["low"] == found["high"] == found["chance"] == pytest.approx(1 / 3)
    assert found["limit"] == pytest.approx(1 / 3 + 0.2 * 2 / 3)
    assert not found["warned"]
    assert found["reason"] == "the same for all images"


def test_a_larger_label_is_no_success():
    """Always to guess the larger of two labels is right for 80 % of the images, and has accuracy 0.5."""
    rows = rows_of(["a"] * 80 + ["b"] * 20)
    found = [tried(rows, np.random.default_rng(seed).normal(size=(100, 2)))[0] for seed in range(6)]
    assert np.mean([row["accuracy"] for row in found]) < 0.58


def test_a_smaller_label_counts_as_much():
    rows = rows_of(["a"] * 160 + ["b"] * 30)
    values = np.random.default_rng(0).normal(size=(190, 1))
    values[160:] += 1.5  # guessed as the larger label mostly, were every image to count alike
    assert tried(rows, values)[0]["accuracy"] > 0.7


@pytest.mark.parametrize(
    ("labels", "groups", "reason"),
    [
        (["a"] * 9, range(9), "all are a"),
        (["a"] * 9 + ["b"] * 9, [*range(9), *[10, 11, 12, 13] * 2, 13], "b has 4 of the 5 groups"),
    ],
)
def test_what_cannot_be_tested_says_why(labels, groups, reason):
    found, probability = tried(rows_of(labels, list(groups)), np.arange(len(labels))[:, None])
    assert np.isnan([found["accuracy"], found["low"], found["high"], *probability]).all()
    assert reason in found["reason"]
    assert not found["warned"]


def test_a_group_is_not_recognised_by_its_other_images():
    """Each group has a value of its own that says nothing of other groups: alone it must not help."""
    group = np.arange(120) // 6
    values = np.random.default_rng(1).normal(size=(20, 2))[group]
    labels = np.array(LABELS)[group]
    assert tried(rows_of(labels), values)[0]["accuracy"] > 0.8
    assert tried(rows_of(labels, group), values)[0]["accuracy"] < 0.7


# All features of a table


def table_of(labels, **columns) -> pd.DataFrame:
    ids = [f"{place:064x}" for place in range(len(labels))]
    table = {"id": ids, "field": "garden", "label": labels, "group": ids, "split": "train", "source": "here"}
    return pd.DataFrame(table | {"width": 60, "height": 48} | columns)


def test_each_feature_is_what_it_is_named_after():
    table = table_of(LABELS[:3], source=["x", "y", "x"], width=[100, 200, 50])
    files = files_of(table, np.zeros((3, 4, 4)))
    found = features(table, files)
    assert found["source"].tolist() == [[1, 0], [0, 1], [1, 0]]
    np.testing.assert_allclose(found["resolution"][1], [200, 48, 200 / 48])
    np.testing.assert_allclose(found["file"][1], [1000, 1000 / 9600, 1])
    assert found["border"].shape == (3, 16)
    assert found["all together"].shape == (3, sum(found[name].shape[1] for name in list(found)[:-1]))


def test_a_source_of_one_label_is_a_shortcut_and_only_it():
    sources = ["museum", "garage"] * 18 + ["museum"] * 4  # two images go against it
    table = table_of(LABELS, source=sources)
    found, suspects = find_shortcuts(table, files_of(table, np.zeros((40, 4, 4))))
    found = found.set_index("feature")
    assert found.loc["source", "accuracy"] == pytest.approx(0.95)
    assert found.index[found["warned"]].tolist() == ["source", "all together"]
    assert (found.loc[["resolution", "border", "file", "colour"], "accuracy"] == 0.5).all()
    shown = suspects[suspects["feature"] == "source"]
    assert shown.groupby("label")["words"].unique().map(list).to_dict() == {
        "artistic": ["museum"],
        "non_artistic": ["garage"],
    }


def test_suspects_are_of_different_groups_and_the_surest():
    groups = [f"{place // 8} {place % 2}" for place in range(40)]  # ten of four, each of one label
    table = table_of(LABELS, group=groups)
    borders = np.zeros((40, 4, 4))
    borders[::2] = 200
    _, suspects = find_shortcuts(table, files_of(table, borders))
    shown = suspects[suspects["feature"] == "border"].merge(table[["id", "group"]], on="id")
    assert shown.groupby("label")["group"].nunique().tolist() == [3, 3]
    assert (shown["probability"] > 0.9).all()


def test_test_images_are_not_looked_at():
    table = table_of(LABELS, split=["train", "validation", "train", "test"] * 10)
    known = table[table["split"] != "test"]
    found, _ = find_shortcuts(table, files_of(known, np.zeros((30, 4, 4))))
    assert (found["images"] == 30).all()


def test_the_order_of_the_rows_plays_no_part():
    table = table_of(LABELS)
    files = files_of(table, np.random.default_rng(0).uniform(0, 255, (40, 4, 4)))
    for one, other in zip(
        find_shortcuts(table, files), find_shortcuts(table.sample(frac=1, random_state=0), files), strict=True
    ):
        pd.testing.assert_frame_equal(one, other)


def test_each_field_has_labels_of_its_own():
    table = pd.concat(
        [table_of(LABELS[:20]), table_of(["x", "y", "z"] * 6, field="types"), table_of(["x"], field="few")]
    )
    files = files_of(table_of(LABELS), np.zeros((40, 4, 4)))
    found, suspects = find_shortcuts(table, files)
    chances = found.groupby("field", sort=False)["chance"].first()
    assert chances.to_dict() == pytest.approx({"garden": 1 / 2, "types": 1 / 3, "few": 1})
    assert found.loc[found["field"] == "few", "reason"].unique() == ["all are x"]
    assert suspects.empty


# The audit of files on the disk


def test_a_white_border_is_found_and_shown(tmp_path):
    images = [noise(seed) for seed in range(40)]
    images[::2] = [framed(image, "white") for image in images[::2]]
    found = audit(catalogue_of(tmp_path / "c", images, LABELS))
    of = found.shortcuts.set_index("feature")
    assert of.loc["border", "accuracy"] == 1
    assert of.loc["border", "warned"]
    assert not of.loc[["source", "resolution"], "warned"].any()
    shown = found.suspects[found.suspects["feature"] == "border"]
    assert shown["label"].tolist() == ["artistic"] * 3 + ["non_artistic"] * 3
    assert (shown["words"][shown["label"] == "artistic"] == "even white border").all()
    text = as_text(found)
    assert "garden, border: predicts the label with 1.00 (1.00 to 1.00; chance 0.50), as in" in text
    assert f"artistic: even white border ({shown['id'].iloc[0][:8]}); even white border" in text


def test_a_copy_under_another_label_is_found(tmp_path):
    images = [noise(seed) for seed in range(20)]
    images[3] = images[0].resize((120, 96))
    images[6] = images[4].copy()
    sources = ["here"] * 20
    sources[6] = "there"
    found = audit(catalogue_of(tmp_path / "c", images, LABELS[:20], source=sources))
    flags = found.duplicates.set_index("id")[["across_labels", "across_sources"]]
    flags.index = [int(id, 16) for id in flags.index]
    assert flags.T.to_dict("list") == {0: [True, False], 3: [True, False], 4: [False, True], 6: [False, True]}
    text = as_text(found)
    assert "2 sets of near-duplicates (4 images), 1 across labels, 1 across sources." in text
    assert "garden non_artistic images/" + f"{3:064x}" in text


def test_of_many_images_a_sample_is_looked_at_and_said_to_be(tmp_path, monkeypatch):
    monkeypatch.setattr(auditing, "LOOKED_AT", 7)
    catalogue = catalogue_of(tmp_path / "c", [noise(seed) for seed in range(24)], ["a", "b", "b", "b"] * 6)
    found = audit(catalogue)
    assert found.sizes["label"].value_counts().to_dict() == {"a": 6, "b": 7}
    assert (found.shortcuts["images"] == 13).all()
    assert found.counts["images"].sum() == 24
    text = as_text(found)
    assert text.count("of 13 images drawn from 24, at most 7 of each field and label") == 2
    for row in catalogue.table[~catalogue.table["id"].isin(found.sizes["id"])]["path"]:
        (catalogue.folder / row).unlink()
    turned = Catalogue(catalogue.folder, catalogue.table.iloc[::-1])
    pd.testing.assert_frame_equal(audit(turned).sizes, found.sizes)


def test_a_long_list_of_contradictions_is_cut_off_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(auditing, "SHOWN", 3)
    images = [noise(0, (60 + place, 48)) for place in range(10)]
    text = as_text(audit(catalogue_of(tmp_path / "c", images, LABELS[:10])))
    assert len(re.findall("garden +(?:non_)?artistic +images/", text)) == 3
    assert "and 7 more, all in" in text


def test_an_image_of_two_fields_is_no_duplicate_of_itself(tmp_path):
    catalogue = catalogue_of(tmp_path / "c", [noise(seed) for seed in range(12)], LABELS[:12])
    twice = pd.concat([catalogue.table, catalogue.table.head(3).assign(field="painting")], ignore_index=True)
    found = audit(Catalogue(catalogue.folder, twice))
    assert found.duplicates.empty
    assert found.sizes["field"].tolist() == ["painting"] * 3 + ["garden"] * 12


def test_an_imported_folder_is_counted_and_measured(tmp_path):
    for place, label in enumerate(LABELS[:16]):
        folder = tmp_path / "images" / "garden" / label
        folder.mkdir(parents=True, exist_ok=True)
        form = "jpg" if label == "artistic" else "png"
        noise(place, (60, 48 + place)).save(folder / f"{place}.{form}")
    copy = (tmp_path / "images/garden/artistic/0.jpg").read_bytes()
    (tmp_path / "images/garden/artistic/copy.jpg").write_bytes(copy)
    catalogue = import_folder(tmp_path / "images", tmp_path / "c")
    found = audit(catalogue)
    assert found.counts.to_dict("list") == {
        "field": ["garden"] * 2,
        "label": ["artistic", "non_artistic"],
        "source": ["", ""],
        "licence": ["", ""],
        "images": [8, 8],
        "groups": [8, 8],
    }
    types = found.sizes.groupby("label")["type"].unique().map(list).to_dict()
    assert types == {"artistic": ["JPEG"], "non_artistic": ["PNG"]}
    one = found.sizes.merge(catalogue.table[["id", "path"]], on="id").iloc[5]
    assert one["bytes"] == (tmp_path / "c" / one["path"]).stat().st_size
    with Image.open(tmp_path / "c" / one["path"]) as image:
        assert (one["width"], one["height"]) == image.size
        assert one["aspect"] == pytest.approx(image.width / image.height)
        assert one["bytes_per_pixel"] == pytest.approx(one["bytes"] / (image.width * image.height))
    text = as_text(found)
    assert "JPEG 8" in text
    assert "1 files set aside, 1 of them for the same bytes as another." in text


def test_thumbnails_show_the_whole_image(tmp_path):
    catalogue = catalogue_of(tmp_path / "c", [framed(noise(0, (400, 200)), "red", 20)], ["a"])
    [(id, image)] = thumbnails(catalogue, catalogue.table["id"], side=80).items()
    assert (id, image.shape) == (catalogue.table["id"][0], (40, 80, 3))
    assert (border(image)[:, :3].round() == [255, 0, 0]).all()


def test_an_empty_catalogue_is_refused(tmp_path):
    catalogue = catalogue_of(tmp_path / "c", [], [])
    with pytest.raises(CatalogueError, match="no images to audit"):
        audit(catalogue)


def test_the_painted_benchmark_gives_nothing_away(tmp_path):
    catalogue = paint(Plan(train=60, validation=20, test=2, size=48), tmp_path / "painted")
    found = audit(catalogue)
    assert found.shortcuts["field"].unique().tolist() == ["painting", "architecture", "sculpture", "garden"]
    assert (found.shortcuts["images"] == 80).all()
    assert found.shortcuts["warned"].sum() <= 2  # of 24, 5 % each
    assert found.counts["images"].sum() == len(found.sizes) == len(catalogue.table)
