import hashlib
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from artnb.catalogue import Catalogue, schema
from artnb.errors import LeakageError, TrainingError
from artnb.images import decode_square
from artnb.training import load


def changed(painted, **columns) -> Catalogue:
    """The painted catalogue with other values in some columns."""
    return Catalogue(painted.folder, painted.table.assign(**columns))


def rows_of(painted, field, label, split):
    table = painted.table
    return table.index[(table["field"] == field) & (table["label"] == label) & (table["split"] == split)]


def training_table(painted, data, field):
    return painted.table.set_index("id").loc[data.splits["train"][field].ids]


def test_every_image_is_there_with_its_pixels_and_target(painted, data):
    assert data.fields == ("painting", "architecture", "sculpture", "garden")
    assert data.classes == ("non_artistic", "artistic")
    assert data.image_size == 32
    for split, of_field in data.splits.items():
        for field, images in of_field.items():
            rows = painted.table[(painted.table["split"] == split) & (painted.table["field"] == field)]
            assert sorted(images.ids) == sorted(rows["id"])
            known = rows.set_index("id").loc[images.ids]
            assert images.groups.tolist() == known["group"].tolist()
            assert [data.classes[target] for target in images.targets] == known["label"].tolist()
            pixels, targets = images.batch(np.arange(len(images)))
            assert pixels.is_contiguous(memory_format=torch.channels_last)
            assert torch.equal(targets, images.targets)
            for id, image in zip(images.ids, pixels, strict=True):
                expected = decode_square(painted.image_path(id), 32)
                np.testing.assert_array_equal(image.permute(1, 2, 0), expected)


def test_fields_are_those_asked_for_in_that_order(painted, data):
    two = load(painted, 32, ("garden", "painting", "garden"))
    assert two.fields == ("garden", "painting")
    assert two.fingerprint == data.only("garden", "painting").fingerprint


def test_an_unknown_field_is_named_with_the_known_ones(painted):
    with pytest.raises(TrainingError, match="no field music here: known are painting, arch"):
        load(painted, 32, ("painting", "music"))


def test_a_field_that_lacks_a_label_cannot_be_learnt(painted):
    table = painted.table[(painted.table["field"] != "garden") | (painted.table["label"] == "artistic")]
    one_sided = Catalogue(painted.folder, table)
    with pytest.raises(TrainingError, match="garden has no non_artistic image in the train split"):
        load(one_sided, 32)
    assert load(one_sided, 32, ("painting",)).fields == ("painting",)


@pytest.mark.parametrize("column", ["group", "phash"])
def test_a_leaking_catalogue_is_refused(painted, column):
    first = rows_of(painted, "garden", "artistic", "train")[0]
    second = rows_of(painted, "garden", "artistic", "test")[0]
    values = painted.table[column].copy()
    values[second] = values[first]
    with pytest.raises(LeakageError, match="train") as error:
        load(changed(painted, **{column: values}), 32)
    assert painted.table.loc[second, "path"] in str(error.value)


def test_few_works_are_as_many_of_each_label(painted, data):
    few = load(painted, 32, works_per_field=4, seed=1)
    for field in few.fields:
        assert training_table(painted, few, field)["label"].value_counts().to_dict() == {
            "artistic": 2,
            "non_artistic": 2,
        }
        assert set(few.splits["train"][field].ids) < set(data.splits["train"][field].ids)
    for split in ("validation", "test"):
        for field in few.fields:
            assert few.splits[split][field].ids.tolist() == data.splits[split][field].ids.tolist()


def test_few_works_follow_the_seed_alone_and_more_of_them_hold_the_fewer(painted):
    def works(count, seed, fields=()):
        few = load(painted, 32, fields, count, seed)
        return {field: set(few.splits["train"][field].ids) for field in few.fields}

    assert works(4, 1) == works(4, 1)
    assert len({str(sorted(works(2, seed)["garden"])) for seed in range(6)}) > 1
    assert works(4, 1, ("garden",))["garden"] == works(4, 1)["garden"]
    for field, few in works(2, 1).items():
        assert few < works(4, 1)[field] < works(8, 1)[field]


def test_of_few_works_no_two_share_a_group(painted):
    twins = rows_of(painted, "garden", "artistic", "train")[:2]
    group = painted.table["group"].copy()
    group[twins] = group[twins[0]]
    grouped = changed(painted, group=group)
    for seed in range(4):
        assert training_table(grouped, load(grouped, 32, (), 6, seed), "garden")["group"].is_unique
    with pytest.raises(
        TrainingError, match=r"works_per_field is 8, but garden has only 3 artistic .* at most 6"
    ):
        load(grouped, 32, works_per_field=8)


def test_too_many_works_are_refused_with_the_most_that_every_field_has(painted):
    table = painted.table.drop(rows_of(painted, "sculpture", "non_artistic", "train")[:3])
    with pytest.raises(TrainingError, match=r"sculpture has only 1 non_artistic .* give at most 2$") as error:
        load(Catalogue(painted.folder, table), 32, works_per_field=10)
    most = int(re.search(r"at most (\d+)", str(error.value))[1])
    assert len(load(Catalogue(painted.folder, table), 32, (), most).splits["train"]["garden"]) == most


@pytest.mark.parametrize("works", [3, -2])
def test_works_that_labels_cannot_share_are_refused(painted, works):
    with pytest.raises(TrainingError, match=f"works_per_field is {works}; give a multiple of 2"):
        load(painted, 32, works_per_field=works)


def test_the_fingerprint_is_that_of_what_training_and_selection_see(painted, data):
    shuffled = Catalogue(painted.folder, painted.table.sample(frac=1, random_state=0))
    assert load(shuffled, 32).fingerprint == data.fingerprint

    test_images = [
        rows_of(painted, field, label, "test")[0] for field in data.fields for label in data.classes
    ]
    fewer_tests = Catalogue(painted.folder, painted.table.drop(test_images))
    assert load(fewer_tests, 32).fingerprint == data.fingerprint
    fewer_groups = changed(painted, group=painted.table["group"].str[::-1])
    assert load(fewer_groups, 32).fingerprint == data.fingerprint

    one = rows_of(painted, "garden", "artistic", "train")[0]
    label, split = painted.table["label"].copy(), painted.table["split"].copy()
    label[one], split[one] = "non_artistic", "validation"
    renamed = painted.table["label"].replace("artistic", "beautiful")
    others = [
        load(painted, 64),
        load(changed(painted, label=label), 32),
        load(changed(painted, split=split), 32),
        load(changed(painted, label=renamed), 32),
        load(Catalogue(painted.folder, painted.table.drop(one)), 32),
        load(painted, 32, works_per_field=4),
        data.only("painting"),
        data.only(*reversed(data.fields)),
        replace(data, splits=data.splits | {"validation": data.splits["train"]}),
    ]
    fingerprints = {data.fingerprint, *(other.fingerprint for other in others)}
    assert len(fingerprints) == 1 + len(others)


def test_the_fingerprint_is_that_of_runs_made_before_it_was_computed_in_portions(data, monkeypatch):
    text = f"{data.image_size} {data.classes}"
    for split in ("train", "validation"):
        for field, images in data.splits[split].items():
            text += f"{split} {field} {images.targets.tolist()} {list(map(str, images.ids))}"
    for portion in (1, 3, 4, 1000):
        monkeypatch.setattr(schema, "PORTION", portion)
        assert replace(data).fingerprint == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_the_splits_of_a_catalogue_are_proved_once(painted, monkeypatch):
    proofs = []
    monkeypatch.setattr(schema, "check_splits", lambda table: proofs.append(len(table)))
    catalogue = changed(painted)
    for seed in range(3):
        load(catalogue, 32, works_per_field=4, seed=seed)
    assert proofs == [64]


def test_data_travel_without_their_pixels(painted, data):
    packed, larger = pickle.dumps(data), pickle.dumps(load(painted, 64))
    assert len(packed) == pytest.approx(len(larger), abs=100)  # though the pixels are four times as many
    arrived = pickle.loads(packed)
    assert arrived.fingerprint == data.fingerprint
    first, second = (part.splits["train"]["garden"].batch(slice(0, 4)) for part in (arrived, data))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
