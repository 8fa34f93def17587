"""What a design gives its networks, counted by hand on 8 painted training images a field."""

from dataclasses import replace

import pytest

from artnb import models
from artnb.training import Design, TrainingConfig
from artnb.training.budget import budget
from artnb.training.data import TrainingData

CONFIG = TrainingConfig(epochs=3, batch_size=4)


@pytest.fixture
def design(painted) -> Design:
    return Design(painted, 32, CONFIG, seeds=(0, 1), fields=("garden", "painting"))


def numbers(table, method, field):
    row = table.set_index(["method", "field"]).loc[(method, field)]
    return row.drop(["path_parameters", "parameters"]).to_dict()


def test_equal_fields_by_hand(design):
    """8 images of a field are 2 batches of 4; a network of two fields has both in each step."""
    table = budget(design)
    assert list(zip(table["method"], table["field"], strict=True)) == [
        ("single", "garden"),
        ("single", "painting"),
        ("multi-2", "garden"),
        ("multi-2", "painting"),
    ]
    shared = {"networks": 2, "epochs": 3, "steps": 6, "field_images": 24, "epochs_for_steps": 3}
    assert numbers(table, "single", "garden") == shared | {"images": 24, "epochs_for_images": 6}
    assert numbers(table, "multi-2", "garden") == shared | {"images": 48, "epochs_for_images": 3}


def test_a_field_with_fewer_images_takes_fewer_steps_alone_than_among_others(design, monkeypatch):
    whole = Design.data

    def fewer(asked: Design, seed: int) -> TrainingData:
        """3 garden images: a single batch."""
        data = whole(asked, seed)
        garden = data.splits["train"]["garden"]
        few = {"rows": garden.rows[:3], "targets": garden.targets[:3], "ids": garden.ids[:3]}
        train = data.splits["train"] | {"garden": replace(garden, groups=garden.groups[:3], **few)}
        return replace(data, splits={**data.splits, "train": train})

    monkeypatch.setattr(Design, "data", fewer)
    table = budget(design)
    assert numbers(table, "single", "garden") == {
        "networks": 2,
        "epochs": 3,
        "steps": 3,
        "field_images": 9,
        "images": 9,
        "epochs_for_steps": 6,
        "epochs_for_images": 11,  # 33 images, 3 an epoch
    }
    assert numbers(table, "multi-2", "garden")["steps"] == 6
    assert numbers(table, "multi-2", "garden")["images"] == 33
    assert numbers(table, "single", "painting")["epochs_for_steps"] == 3


def test_parameters_are_those_of_the_networks(design):
    table = budget(replace(design, image_size=64)).set_index(["method", "field"])
    multi = models.create("artistry-multi-2", ("garden", "painting"), 64)
    assert table.loc[("multi-2", "garden"), "parameters"] == sum(p.numel() for p in multi.parameters())
    alone = table.loc[("single", "garden")]
    assert alone["parameters"] == alone["path_parameters"]
    shared = sum(p.numel() for p in multi.shared_parameters())
    both = table.loc[("multi-2", "garden")]
    assert 2 * (both["path_parameters"] - shared) + shared == both["parameters"]


def test_a_control_has_the_budget_of_its_model_and_a_row_for_its_target_alone(design):
    table = budget(replace(design, controls=("permuted",)))
    for field in ("garden", "painting"):
        assert numbers(table, "multi-2 permuted", field) == numbers(table, "multi-2", field)
    assert len(table) == 6


def test_sets_of_fields_are_methods(design):
    sets = (("garden",), ("painting",), ("garden", "painting"))
    table = budget(replace(design, models=("artistry-multi-2",), subsets=sets))
    rows = table[["method", "field", "images", "epochs_for_images"]].to_numpy().tolist()
    assert rows == [
        ["garden", "garden", 24, 6],
        ["painting", "painting", 24, 6],
        ["garden+painting", "garden", 48, 3],
        ["garden+painting", "painting", 48, 3],
    ]
