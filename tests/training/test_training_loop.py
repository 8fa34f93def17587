"""Batches, steps and losses, against arithmetic written out by hand."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from artnb.images import Store
from artnb.images.augmentation import MEAN, NO_AUGMENTATION, STD, Augmentation, standardise
from artnb.training import TrainingConfig
from artnb.training.data import FieldImages
from artnb.training.loop import epoch, logits_of, train_one_epoch
from artnb.training.objectives import WeightedSum

CPU = torch.device("cpu")


class Linear(nn.Module):
    """One linear layer for all fields; a field named "ill" gets NaN."""

    def __init__(self, features: int = 3):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, features))
        self.bias = nn.Parameter(torch.zeros(2))

    def forward(self, images, task):
        logits = images.flatten(1) @ self.weight.T + self.bias
        return logits * float("nan") if task == "ill" else logits


def batch_of(rng, count):
    return torch.tensor(rng.normal(size=(count, 3))), torch.tensor(rng.integers(0, 2, count))


def adam_by_hand(batches, weights, learning_rate, steps):
    """Kingma & Ba (2015), Algorithm 1, on softmax regression whose gradient is (p - y) x / B."""
    theta, m, v, losses = np.zeros((2, 4)), 0.0, 0.0, []
    for step, batch in enumerate(batches):
        gradient, loss_of = np.zeros((2, 4)), {}
        for task, (images, targets) in batch.items():
            x = np.column_stack([images.numpy(), np.ones(len(images))])
            p = np.exp(x @ theta.T)
            p /= p.sum(1, keepdims=True)
            y = np.eye(2)[targets.numpy()]
            loss_of[task] = -np.log((p * y).sum(1)).mean()
            gradient += weights[task] * (p - y).T @ x / len(x)
        losses.append(loss_of)
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        m_hat, v_hat = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
        rate = learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
        theta = theta - rate * m_hat / (np.sqrt(v_hat) + 1e-8)
    return theta, losses


def test_an_epoch_is_adam_on_the_weighted_sum_of_cross_entropies():
    rng = np.random.default_rng(0)
    batches = [{"painting": batch_of(rng, 5), "garden": batch_of(rng, 3)} for _ in range(3)]
    batches.append({"painting": batch_of(rng, 4)})  # garden has no batch in every step
    weights = {"painting": 0.5, "garden": 2.0}
    model = Linear().double()
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(batches))
    means = train_one_epoch(model, batches, WeightedSum(model, weights), optimizer, scheduler)

    theta, losses = adam_by_hand(batches, weights, 0.1, len(batches))
    np.testing.assert_allclose(model.weight.detach(), theta[:, :3], atol=1e-9)
    np.testing.assert_allclose(model.bias.detach(), theta[:, 3], atol=1e-9)
    assert model.training
    for task in weights:
        assert means[task] == pytest.approx(np.mean([loss[task] for loss in losses if task in loss]))


def test_a_loss_that_is_not_finite_names_its_field_alone():
    model = Linear().double()
    optimizer = torch.optim.Adam(model.parameters())
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
    rng = np.random.default_rng(0)
    batches = [{"well": batch_of(rng, 2), "ill": batch_of(rng, 2)}]
    with pytest.raises(FloatingPointError, match="the loss of ill is not finite"):
        train_one_epoch(model, batches, WeightedSum(model, {"ill": 0.0}), optimizer, scheduler)


def field_images(count: int, side: int = 8, offset: int = 0) -> FieldImages:
    """Image i is a gradient of rows whose upper left pixel is i."""
    pixels = np.zeros((count + offset, side, side, 3), np.uint8)
    pixels += np.arange(-offset, count, dtype=np.int64)[:, None, None, None].astype(np.uint8)
    pixels[:, 1:, 1:] += np.arange(1, side, dtype=np.uint8)[:, None, None]
    ids = np.array([f"{i:064x}" for i in range(count)])
    targets = torch.arange(count) % 2
    rows = np.arange(offset, offset + count)
    return FieldImages(Store(side, pixels, pd.Index(ids)), rows, targets, ids, ids)


def indices(images) -> list[int]:
    """Which images of `field_images` these are, not varied."""
    red = images[:, 0, 0, 0] * STD[0] + MEAN[0]
    return (red * 255).round().int().tolist()


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    batch_size=st.integers(1, 9),
    number=st.integers(1, 5),
)
def test_every_image_of_every_field_comes_once_and_small_fields_are_spread(sizes, batch_size, number):
    fields = {f"field {i}": field_images(size, offset=i) for i, size in enumerate(sizes)}
    config = TrainingConfig(batch_size=batch_size, augmentation=NO_AUGMENTATION)
    batches = list(epoch(fields, config, number, CPU))
    assert len(batches) == math.ceil(max(sizes) / batch_size)
    for field, size in zip(fields, sizes, strict=True):
        present = [field in batch for batch in batches]
        seen = [batch[field] for batch in batches if field in batch]
        drawn = [index for images, _ in seen for index in indices(images)]
        assert sorted(drawn) == list(range(size))
        assert torch.cat([targets for _, targets in seen]).tolist() == [index % 2 for index in drawn]
        lengths = [len(targets) for _, targets in seen]
        assert max(lengths) <= batch_size
        assert max(lengths) - min(lengths) <= 1
        for step in range(len(batches) + 1):  # never ahead of an even pace, never a batch behind it
            assert sum(present[:step]) == step * len(seen) // len(batches)


def test_a_field_alone_sees_the_very_batches_it_sees_among_others():
    fields = {"painting": field_images(23), "garden": field_images(9), "sculpture": field_images(14)}
    config = TrainingConfig(batch_size=4, augmentation=Augmentation(jitter=0.3, crop=0.3), seed=5)
    together = list(epoch(fields, config, 3, CPU))
    for field, images in fields.items():
        alone = [batch[field] for batch in epoch({field: images}, config, 3, CPU)]
        among = [batch[field] for batch in together if field in batch]
        for (first, first_targets), (second, second_targets) in zip(alone, among, strict=True):
            assert torch.equal(first, second)
            assert torch.equal(first_targets, second_targets)


def test_epochs_seeds_and_fields_are_shuffled_and_varied_anew():
    fields = {"painting": field_images(24), "garden": field_images(24)}

    def first_batch(seed, number, field="painting", augmentation=NO_AUGMENTATION):
        config = TrainingConfig(batch_size=24, augmentation=augmentation, seed=seed)
        return next(epoch(fields, config, number, CPU))[field][0]

    orders = [
        indices(first_batch(*which))
        for which in [(0, 1, "painting"), (0, 2, "painting"), (1, 1, "painting"), (0, 1, "garden")]
    ]
    assert all(first != second for first, second in pairwise(sorted(orders)))
    assert torch.equal(
        first_batch(0, 1, augmentation=Augmentation()), first_batch(0, 1, augmentation=Augmentation())
    )
    assert not torch.equal(first_batch(0, 1, augmentation=Augmentation()), first_batch(0, 1))


def test_networks_are_given_standardised_images_in_channels_last():
    images = field_images(4)
    config = TrainingConfig(batch_size=4, augmentation=Augmentation(crop=0.2))
    [batch] = epoch({"garden": images}, config, 1, CPU)
    assert batch["garden"][0].dtype == torch.float32
    assert batch["garden"][0].is_contiguous(memory_format=torch.channels_last)
    plain = TrainingConfig(batch_size=4, augmentation=NO_AUGMENTATION)
    [batch] = epoch({"garden": images}, plain, 1, CPU)
    order = indices(batch["garden"][0])
    by_hand = (images.store.pixels[order] / 255 - np.array(MEAN)) / np.array(STD)
    np.testing.assert_allclose(batch["garden"][0].permute(0, 2, 3, 1), by_hand, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_logits_are_those_of_all_images_in_order_in_evaluation_mode(batch_size):
    torch.manual_seed(0)
    flat = Linear(8 * 8 * 3)
    nn.init.normal_(flat.weight)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.dropout = flat, nn.Dropout(0.9)

        def forward(self, images, task):
            return self.dropout(self.linear(images, task))

    images, model = field_images(7), Model().train()
    logits, targets = logits_of(model, images, "garden", batch_size)
    pixels = torch.from_numpy(images.store.pixels).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = flat(standardise(pixels), "garden")
    torch.testing.assert_close(logits, expected)
    assert targets.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert not model.training
