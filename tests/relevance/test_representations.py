"""CKA against its other form and its invariances, transfer on pictures whose answer is known."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from artnb import models
from artnb.errors import RelevanceError
from artnb.images.augmentation import standardise
from artnb.relevance.representations import (
    branch_outputs,
    branch_similarity,
    linear_cka,
    network_similarity,
    probe,
    transfer,
)
from artnb.training import TrainingData

seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int, images: int = 12, width: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(images, width))


@settings(deadline=None)
@given(seeds, st.integers(2, 30), st.integers(1, 8))
def test_cka_of_gram_matrices_is_that_of_features(seed, images, width):
    """Kornblith et al.: |Y'X|^2 / (|X'X| |Y'Y|), on centred features; HSIC in the other."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(2, 3, (images, width)), rng.normal(-1, 1, (images, 3))
    x0, y0 = x - x.mean(0), y - y.mean(0)
    features = np.linalg.norm(y0.T @ x0) ** 2 / np.linalg.norm(x0.T @ x0) / np.linalg.norm(y0.T @ y0)
    assert linear_cka(x, y) == pytest.approx(features)
    centring = np.eye(images) - 1 / images

    def hsic(a, b):
        return np.trace(a @ a.T @ centring @ b @ b.T @ centring)

    assert linear_cka(x, y) == pytest.approx(hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y)))
    assert 0 <= linear_cka(x, y) <= 1 + 1e-12


@settings(deadline=None)
@given(seeds, st.floats(0.01, 100), st.floats(-10, 10))
def test_cka_knows_neither_rotation_nor_scale_nor_place_nor_order(seed, scale, shift):
    x, y = drawn(seed), drawn(seed + 1, width=4)
    rotation = np.linalg.qr(drawn(seed + 2, 5, 5))[0]
    order = np.random.default_rng(seed).permutation(len(x))
    expected = linear_cka(x, y)
    assert linear_cka(scale * x @ rotation + shift, y) == pytest.approx(expected)
    assert linear_cka(y, x) == pytest.approx(expected)
    assert linear_cka(x[order], y[order]) == pytest.approx(expected)
    assert linear_cka(x, x @ rotation) == pytest.approx(1)
    assert linear_cka(x, x * [10, 1, 1, 1, 1]) < 1 - 1e-6


def test_what_is_constant_has_no_similarity_and_other_images_are_refused():
    assert np.isnan(linear_cka(np.ones((4, 2)), drawn(0, 4)))
    with pytest.raises(RelevanceError, match="of 4 and 12 images"):
        linear_cka(drawn(0, 4), drawn(1))


@dataclass(frozen=True)
class Coloured:
    """Flat pictures: one channel shows the target, the others are noise; each is a work of its own."""

    channel: int
    seed: int
    count: int = 60

    def __len__(self) -> int:
        return self.count

    @property
    def targets(self):
        return torch.arange(self.count) % 2

    def batch(self, chosen):
        rng = np.random.default_rng(self.seed)
        values = rng.integers(0, 256, (self.count, 3))
        values[:, self.channel] = 60 + 120 * self.targets.numpy() + rng.integers(0, 40, self.count)
        images = torch.tensor(values, dtype=torch.uint8)[:, :, None, None].expand(-1, -1, 4, 4)
        return images[chosen], self.targets[chosen]


class Eye(nn.Module):
    """Sees one channel, or none; of one field."""

    def __init__(self, field: str, channel: int | None):
        super().__init__()
        self.tasks, self.channel = (field,), channel

    def path(self, task):
        assert task in self.tasks
        return self, {"individual": nn.Identity()}, None

    def forward(self, images):
        return images[:, [self.channel]] if self.channel is not None else torch.zeros(len(images), 1)


@pytest.fixture
def coloured() -> TrainingData:
    """The labels of painting and sculpture show in red, that of garden in green."""
    channels = {"painting": 0, "sculpture": 0, "garden": 1}
    splits = {
        split: {field: Coloured(channel, 100 * place + len(field)) for field, channel in channels.items()}
        for place, split in enumerate(("train", "validation"))
    }
    return TrainingData(("artistic", "non_artistic"), splits)


@pytest.fixture
def eyes() -> dict[str, Eye]:
    return {"painting": Eye("painting", 0), "sculpture": Eye("sculpture", 0), "garden": Eye("garden", 1)}


def test_what_transfers_is_what_the_partner_sees_and_the_untrained_does_not(coloured, eyes):
    table = transfer(eyes, Eye("painting", None), coloured).set_index(["field", "partner"])["transfer"]
    assert len(table) == 6
    assert table["painting", "sculpture"] == table["sculpture", "painting"] == 0.5
    for field, partner in (("painting", "garden"), ("garden", "painting"), ("garden", "sculpture")):
        assert abs(table[field, partner]) < 0.2
    spoilt = transfer(eyes, Eye("painting", 0), coloured).set_index(["field", "partner"])["transfer"]
    assert spoilt["painting", "sculpture"] == 0


def test_a_probe_is_judged_on_other_images_than_it_learns_from(coloured):
    class Ids(Eye):
        """Sees how the picture is numbered, from which the training labels can be learnt by heart."""

        def forward(self, images):
            return torch.eye(60)[: len(images)]

    learnt = coloured.splits["train"]["painting"]
    assert probe(Ids("painting", 0), learnt, learnt) == 1
    assert probe(Eye("painting", 2), learnt, coloured.splits["validation"]["painting"]) < 0.7


def test_networks_that_see_the_same_are_alike(coloured, eyes):
    table = network_similarity(eyes, coloured).set_index(["field", "partner"])["CKA of networks"]
    assert table["painting", "sculpture"] == pytest.approx(1)
    assert table["painting", "garden"] < 0.2
    assert table["painting", "garden"] != table["garden", "painting"]  # on the images of each


def test_branches_are_what_the_head_is_given(data):
    network = models.create("artistry-multi-2", data.fields, 32).eval()
    images = data.splits["validation"]["garden"]
    outputs = branch_outputs(network.train(), images, "garden")
    assert not network.training
    pixels = standardise(images.batch(slice(None))[0])
    head = network.path("garden")[2]
    with torch.no_grad():
        given = torch.from_numpy(np.concatenate([outputs["individual"], outputs["common"]], axis=1))
        torch.testing.assert_close(head(given), network(pixels, "garden"))


def test_alike_branches_are_found_alike(data):
    network = models.create("artistry-multi-2", ("painting", "garden"), 32)
    network.common.load_state_dict(network.path("garden")[1]["individual"].state_dict())
    table = branch_similarity(network, data).set_index("field")
    assert set(table["partner"]) == {"together"}
    assert table.loc["garden", "CKA of branches"] == pytest.approx(1)
    for block in network.common[:1]:
        block[0].reset_parameters()
    assert (branch_similarity(network, data)["CKA of branches"] < 0.999).all()
    with pytest.raises(RelevanceError, match="no common branch"):
        branch_similarity(models.create("artistry-single", ("garden",), 32), data)
