"""Gradients of two fields against derivatives by hand; a training takes no notice of being measured."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from artnb.errors import RelevanceError, TrainingError
from artnb.relevance.lookahead import affinities_on, gradient_affinities, learning
from artnb.training import TrainingConfig

MODEL = "artistry-multi-2"
CONFIG = TrainingConfig(epochs=2, batch_size=4, device="cpu")
FIELDS = ("painting", "garden")


class Lines(nn.Module):
    """logits = (sign_t w.x, 0) for a shared w: the loss of target 0 is log(1 + exp(-sign_t w.x))."""

    def __init__(self, **signs: float):
        super().__init__()
        self.signs, self.tasks = signs, tuple(signs)
        self.weight = nn.Parameter(torch.tensor([0.5, -1.0]))

    def forward(self, images, task):
        score = self.signs[task] * images @ self.weight
        return torch.stack([score, torch.zeros_like(score)], dim=1)

    def shared_parameters(self):
        return [self.weight]


def by_hand(network: Lines, points: dict, rate: float):
    """Lookahead and cosine, with NumPy, of one point a field, all of target 0."""
    weight = network.weight.detach().double().numpy()

    def loss(at, task):
        return np.log1p(np.exp(-network.signs[task] * points[task] @ at))

    def gradient(task):
        score = network.signs[task] * points[task] @ weight
        return -network.signs[task] * points[task] / (1 + np.exp(score))

    lookahead = {
        (field, partner): 1 - loss(weight - rate * gradient(partner), field) / loss(weight, field)
        for field in points
        for partner in points
    }
    gradients = {task: gradient(task) for task in points}
    cosine = {
        (a, b): gradients[a] @ gradients[b] / np.linalg.norm(gradients[a]) / np.linalg.norm(gradients[b])
        for a in points
        for b in points
    }
    return lookahead, cosine


def test_lookahead_and_cosine_are_those_worked_by_hand():
    points = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 0.5]), "c": np.array([-2.0, 1.0])}
    network = Lines(a=1.0, b=1.0, c=-0.5)
    batch = {
        task: (torch.tensor(point, dtype=torch.float32)[None], torch.tensor([0]))
        for task, point in points.items()
    }
    lookahead, cosine = affinities_on(network, batch, learning_rate=0.3)
    expected = by_hand(network, points, 0.3)
    for measured, of_pairs in zip((lookahead, cosine), expected, strict=True):
        for (field, partner), value in of_pairs.items():
            place = network.tasks.index(field), network.tasks.index(partner)
            assert measured[place] == pytest.approx(value, rel=1e-4, abs=1e-6), (field, partner)
    assert not torch.allclose(lookahead, lookahead.T)


def test_fields_that_want_the_same_help_and_opposed_fields_harm_each_other():
    image = torch.tensor([[1.0, 2.0]]), torch.tensor([0])
    alike = affinities_on(Lines(a=1.0, b=1.0), {"a": image, "b": image}, 0.1)
    opposed = affinities_on(Lines(a=1.0, b=-1.0), {"a": image, "b": image}, 0.1)
    assert alike[0][0, 1] > 0 > opposed[0][0, 1]
    torch.testing.assert_close(torch.stack([alike[1][0, 1], opposed[1][0, 1]]), torch.tensor([1.0, -1.0]))


def test_a_field_that_makes_no_error_neither_gains_nor_loses():
    image = torch.tensor([[1.0, 2.0]]), torch.tensor([0])
    sure = torch.tensor([[200.0, -200.0]]), torch.tensor([0])
    lookahead, cosine = affinities_on(Lines(a=1.0, b=1.0), {"a": sure, "b": image}, 0.1)
    assert lookahead[0, 1] == lookahead[1, 0] == cosine[0, 1] == 0


def test_the_network_is_left_as_it_was(data):
    network = next(network for _, network in learning(MODEL, data.only(*FIELDS), CONFIG)).eval()
    before, gradients = deepcopy(network.state_dict()), [p.grad.clone() for p in network.parameters()]
    generator = torch.Generator().manual_seed(0)
    batch = {
        task: (torch.randn(4, 3, 32, 32, generator=generator), torch.tensor([0, 1, 0, 1])) for task in FIELDS
    }
    affinities_on(network, batch, 0.1)
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    for parameter, gradient in zip(network.parameters(), gradients, strict=True):
        assert parameter.requires_grad
        assert torch.equal(parameter.grad, gradient)


@pytest.mark.parametrize("measured", [False, True])
def test_the_weights_are_those_of_plain_training(data, run, measured):
    part = data.only(*FIELDS)
    expected = load_file(run.folder / "weights.safetensors")
    for number, network in learning(MODEL, part, run.config):
        if number == run.description["selected_epoch"]:
            weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        if measured:
            torch.rand(1)
            batch = {task: (torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 0, 1])) for task in FIELDS}
            affinities_on(network, batch, 0.1)
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name].cpu(), expected[name]) for name in expected)


def test_every_pair_is_measured_after_every_epoch_and_the_same_again(data):
    part = data.only("painting", "garden", "sculpture")
    table, again = (gradient_affinities(MODEL, part, CONFIG, batches=2) for _ in range(2))
    assert len(table) == 2 * 6
    assert set(table["epoch"]) == {1, 2}
    assert (table["field"] != table["partner"]).all()
    assert table["lookahead"].lt(1).all()
    assert table["gradient cosine"].abs().le(1).all()
    assert table["gradient cosine"].abs().gt(1e-6).all()
    there = table.set_index(["epoch", "field", "partner"])["gradient cosine"]
    back = table.set_index(["epoch", "partner", "field"])["gradient cosine"]
    np.testing.assert_allclose(there, back.loc[there.index], atol=1e-6)
    assert again.equals(table)


def test_networks_that_share_nothing_and_single_fields_are_refused(data):
    for model, fields in (("artistry-single", FIELDS), (MODEL, FIELDS[:1])):
        with pytest.raises(RelevanceError, match="give a multi-task model"):
            gradient_affinities(model, data.only(*fields), CONFIG)


def test_a_training_that_breaks_down_is_named(data):
    wild = TrainingConfig(epochs=2, batch_size=4, learning_rate=1e30, device="cpu")
    with pytest.raises(TrainingError, match=r"epoch \d: the loss of .* is not finite; try a lower"):
        gradient_affinities(MODEL, data.only(*FIELDS), wild)
