import json
from dataclasses import asdict, fields, replace
from types import SimpleNamespace

import pytest

from artnb.errors import TrainingError
from artnb.images.augmentation import Augmentation
from artnb.training import TrainingConfig
from artnb.training.runs import fingerprint

OTHER = TrainingConfig(
    7, 5, 0.01, 0.1, {"garden": 2.0}, Augmentation(jitter=0.2), 3, 2, "cpu", "dwa", "bfloat16", 4
)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"precision": "int8"}, "precision is .int8.; give one of float32, bfloat16"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"threads": 0}, "threads is 0"),
        ({"patience": -1}, "patience is -1"),
        ({"objective": "pcgard"}, "objective is 'pcgard'; give one of sum, uncertainty, dwa, pcgrad"),
        ({"task_weights": {"painting": 1.0, "garden": -1.0}}, "garden has -1.0"),
    ],
)
def test_what_cannot_start_is_named(values, named):
    with pytest.raises(TrainingError, match=named):
        TrainingConfig(**values)


def test_json_gives_the_config_back():
    assert TrainingConfig.from_json(json.loads(json.dumps(asdict(OTHER)))) == OTHER


@pytest.mark.parametrize("name", [item.name for item in fields(TrainingConfig)])
def test_every_setting_is_part_of_the_runs_name(data, name):
    config = TrainingConfig()
    other = replace(config, **{name: getattr(OTHER, name)})
    assert getattr(config, name) != getattr(OTHER, name)
    assert fingerprint("artistry-single", data, config) != fingerprint("artistry-single", data, other)


def test_runs_older_than_a_choice_are_found_again(data):
    older = asdict(OTHER)
    del older["objective"], older["precision"], older["patience"]
    assert TrainingConfig.from_json(older) == replace(OTHER, objective="sum", precision="float32", patience=0)
    known = SimpleNamespace(fields=("painting", "garden"), fingerprint="84c0d30d0770")
    assert fingerprint("artistry-multi-2", known, TrainingConfig(epochs=8)) == "9032f96c1fb3fe48"
