"""Heads side by side are heads trained alone; what fields share is found where it was planted."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from artnb.errors import TrainingError
from artnb.relevance.matrix import matrix
from artnb.training.features import Features
from artnb.training.heads import HeadConfig, Heads, head_predictions, scores, trained

FIELDS = ("painting", "sculpture", "garden")


@pytest.fixture
def features(painted, tmp_path):
    """Random numbers in which each field's label shows a little."""
    ids = sorted(painted.paths.index)
    table = painted.table.drop_duplicates("id").set_index("id").loc[ids]
    values = np.random.default_rng(0).normal(size=(len(ids), 12)).astype(np.float32)
    values[:, 0] += table["label"] == "artistic"
    np.save(tmp_path / "features.npy", values)
    return Features(tmp_path / "features.npy", "random", "none", 32, pd.Index(ids, dtype="str"))


def drawn(rng: np.random.Generator, direction: np.ndarray, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features in which `direction` decides the target."""
    targets = rng.permutation(count) % 2
    values = rng.normal(size=(count, len(direction))) + 1.5 * np.outer(2 * targets - 1, direction)
    return torch.tensor(values, dtype=torch.float32), torch.tensor(targets)


def planted(seed: int, train: int = 12, judged: int = 400) -> dict[str, dict]:
    """painting and sculpture share the direction that decides; garden has another, at right angles."""
    rng = np.random.default_rng(seed)
    shared, other = np.linalg.qr(rng.normal(size=(100, 2)))[0].T
    directions = dict(zip(FIELDS, (shared, shared, other), strict=True))
    counts = {"train": train, "validation": judged, "test": judged}
    return {
        split: {field: drawn(rng, direction, count) for field, direction in directions.items()}
        for split, count in counts.items()
    }


class Alone(nn.Module):
    """The network of one subset, written out."""

    def __init__(self, heads: Heads, subset: tuple[str, ...]):
        super().__init__()
        network = heads.subsets.index(subset)

        def layer(layers: nn.Module) -> nn.Linear:
            place = layers.networks.tolist().index(network)
            outputs, inputs = layers.weight[place].shape
            linear = nn.Linear(inputs, outputs)
            linear.load_state_dict({"weight": layers.weight[place], "bias": layers.bias[place]})
            return linear

        self.common = layer(heads.common)
        self.individual = nn.ModuleDict({name: layer(heads.individual[heads.place[name]]) for name in subset})
        self.last = nn.ModuleDict({name: layer(heads.last[heads.place[name]]) for name in subset})

    def forward(self, features: torch.Tensor, field: str) -> torch.Tensor:
        branches = [self.individual[field](features).relu(), self.common(features).relu()]
        return self.last[field](torch.cat(branches, dim=1))


def trained_alone(network: Alone, samples: dict, config: HeadConfig) -> Alone:
    """As Sato's networks are: the sum of the fields' losses, the step with the best validation."""
    optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
    best, preferred = None, (0.0, -np.inf)
    for _ in range(config.steps):
        optimizer.zero_grad()
        fields = network.individual
        sum(
            F.cross_entropy(network(samples["train"][f][0], f), samples["train"][f][1]) for f in fields
        ).backward()
        optimizer.step()
        with torch.no_grad():
            logits = {
                f: (network(samples["validation"][f][0], f), samples["validation"][f][1]) for f in fields
            }
        accuracy = sum(
            (answer.argmax(1) == target).float().mean().item() for answer, target in logits.values()
        )
        loss = sum(F.cross_entropy(*pair).item() for pair in logits.values())
        if (accuracy, -loss) > preferred:
            best, preferred = deepcopy(network), (accuracy, -loss)
    return best


@pytest.mark.parametrize("subset", [("garden",), ("painting", "garden"), FIELDS])
def test_each_network_is_the_one_that_would_be_trained_alone(subset):
    samples = planted(0, train=9, judged=15)
    config = HeadConfig(width=3, steps=25, learning_rate=0.01)
    torch.manual_seed(1)
    start = Heads(FIELDS, 100, 3, 2)
    torch.manual_seed(1)
    together = trained(samples["train"], samples["validation"], 2, config)
    alone = trained_alone(Alone(start, subset), samples, config)
    for field in subset:
        place = together.networks(field).tolist().index(together.subsets.index(subset))
        images = samples["test"][field][0]
        with torch.no_grad():
            torch.testing.assert_close(
                together(images, field)[:, place], alone(images, field), rtol=1e-3, atol=1e-4
            )


def test_what_is_shared_helps_and_what_is_not_does_not():
    gains = []
    for seed in range(6):
        samples = planted(seed)
        torch.manual_seed(seed)
        heads = trained(samples["train"], samples["validation"], 2, HeadConfig(steps=40, learning_rate=3e-3))
        with torch.no_grad():
            painting = {"painting": samples["test"]["painting"]}
            accuracy, _ = scores(heads, painting)
        accuracy = dict(zip(heads.subsets, accuracy.tolist(), strict=True))
        alone = accuracy["painting",]
        gains.append([accuracy["painting", other] - alone for other in ("sculpture", "garden")])
    related, unrelated = np.mean(gains, axis=0)
    assert related > 0.03
    assert unrelated < 0.01


def test_predictions_make_a_matrix(painted, features):
    config = HeadConfig(width=4, steps=5)
    table = head_predictions(painted, features, config, seeds=(0, 3), fields=FIELDS)
    test = painted.table.query("split == 'test' and field in @FIELDS")
    assert set(table["id"]) == set(test["id"])
    assert len(table) == 2 * 4 * len(test)  # a field is in four of the seven subsets
    assert table["probability"].between(0, 1).all()
    assert (table["correct"] == (table["target"] == table["prediction"])).all()
    labels = test.set_index("id")["label"] == "artistic"
    assert (table["target"].to_numpy() == labels.loc[table["id"]].to_numpy()).all()
    found = matrix(table)
    assert len(found) == 9
    assert set(found["seeds"]) == {2}


def test_a_table_is_that_of_its_seed_alone(painted, features):
    config = HeadConfig(width=4, steps=5)
    torch.manual_seed(1)
    both = head_predictions(painted, features, config, seeds=(7, 3), fields=FIELDS)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    one = head_predictions(painted, features, config, seeds=(3,), fields=FIELDS)
    pd.testing.assert_frame_equal(both[both["seed"] == 3].reset_index(drop=True), one)
    assert torch.equal(torch.random.get_rng_state(), before)
    first, second = (part["probability"].to_numpy() for _, part in both.groupby("seed"))
    assert not np.array_equal(first, second)


def test_where_features_lie_and_how_they_are_scaled_does_not_matter(painted, features, tmp_path):
    config = HeadConfig(width=4, steps=10)
    np.save(tmp_path / "moved.npy", 8 * features.vectors + 40)
    moved = Features(tmp_path / "moved.npy", "random", "none", 32, features.ids)
    tables = [head_predictions(painted, each, config, (0,), fields=FIELDS) for each in (features, moved)]
    np.testing.assert_allclose(*(table["probability"] for table in tables), atol=1e-3)
    assert tables[0]["probability"].std() > 0.01


def test_few_works_are_those_of_a_training_run(painted, features, monkeypatch):
    asked = []
    of = Features.of
    monkeypatch.setattr(Features, "of", lambda self, ids: (asked.append(len(ids)), of(self, ids))[1])
    head_predictions(painted, features, HeadConfig(steps=1), (0,), works_per_field=4, fields=("garden",))
    assert min(asked) == 4 == max(asked)  # of 8 training images 4; of validation and of test images 4 each


def test_what_cannot_be_trained_is_named(painted, features):
    with pytest.raises(TrainingError, match="width is 0; give a number above 0"):
        HeadConfig(width=0)
    with pytest.raises(TrainingError, match=r"step 1: a loss is not finite; .* than 1e\+30"):
        head_predictions(painted, features, HeadConfig(learning_rate=1e30), (0,))
    with pytest.raises(TrainingError, match="no field kitchen"):
        head_predictions(painted, features, fields=("kitchen",))
