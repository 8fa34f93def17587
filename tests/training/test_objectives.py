"""Every objective against its paper's formula, on numbers worked by hand; then in whole trainings."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from artnb import models
from artnb.errors import TrainingError
from artnb.training import Run, TrainingConfig, TrainingData, fit, fitting
from artnb.training.objectives import (
    OBJECTIVES,
    DynamicWeightAverage,
    PCGrad,
    Uncertainty,
    WeightedSum,
    objective_of,
)
from artnb.training.runs import find


class Linear(nn.Module):
    """Each field's loss is its row of `slopes` times the shared parameters, plus 3 times its own one."""

    def __init__(self, slopes: dict[str, list[float]]):
        super().__init__()
        self.tasks = tuple(slopes)
        self.slopes = {task: torch.tensor(row, dtype=torch.float64) for task, row in slopes.items()}
        width = len(next(iter(slopes.values())))
        self.first = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.rest = nn.Parameter(torch.zeros(width - 1, dtype=torch.float64))
        self.own = nn.ParameterList(torch.zeros((), dtype=torch.float64) for _ in slopes)

    def shared_parameters(self) -> list[nn.Parameter]:
        return [self.first, self.rest]

    def losses(self) -> dict[str, torch.Tensor]:
        return {
            task: self.slopes[task] @ torch.cat(self.shared_parameters()) + 3 * own
            for task, own in zip(self.tasks, self.own, strict=True)
        }

    def gradient(self) -> list[float]:
        return torch.cat([parameter.grad for parameter in self.shared_parameters()]).tolist()


def losses(**values: float) -> dict[str, torch.Tensor]:
    return {task: torch.tensor(value, requires_grad=True) for task, value in values.items()}


def values(terms: dict[str, torch.Tensor]) -> dict[str, float]:
    return {task: term.item() for task, term in terms.items()}


# Sato


def test_the_weighted_sum_is_satos_equation_3():
    given = losses(painting=0.7, architecture=0.2, garden=1.1)
    objective = WeightedSum(nn.Module(), {"painting": 3.0, "garden": 0.0})
    assert values(objective.terms(given)) == pytest.approx(
        {"painting": 2.1, "architecture": 0.2, "garden": 0}
    )
    objective.backward(given)
    assert [loss.grad.item() for loss in given.values()] == [3.0, 1.0, 0.0]


# Kendall, Gal and Cipolla

TWO = Linear({"painting": [1.0, 0.0], "garden": [0.0, 1.0]})


def test_uncertainty_begins_as_the_weighted_sum():
    given = losses(painting=0.7, garden=1.1)
    assert values(Uncertainty(TWO, {"garden": 2.0}).terms(given)) == pytest.approx(
        {"painting": 0.7, "garden": 2.2}
    )


def test_uncertainty_is_kendalls_equation_10():
    objective = Uncertainty(TWO, {"garden": 2.0})
    with torch.no_grad():  # sigma = 2 and 1/2, variances 4 and 1/4
        for parameter, variance in zip(objective.parameters(), (4.0, 0.25), strict=True):
            parameter.fill_(math.log(variance))
    given = losses(painting=0.8, garden=0.3)
    assert values(objective.terms(given)) == pytest.approx(
        {"painting": 0.8 / 4 + math.log(2), "garden": 4 * 2 * 0.3 + math.log(0.5)}
    )
    objective.backward(given)
    assert [loss.grad.item() for loss in given.values()] == pytest.approx([1 / 4, 8])
    slopes = [parameter.grad.item() for parameter in objective.parameters()]
    assert slopes == pytest.approx([-0.8 / 4 + 1 / 2, -8 * 0.3 + 1 / 2])


def test_the_best_variance_is_twice_the_loss():
    objective = Uncertainty(TWO, {})
    optimizer = torch.optim.SGD(objective.parameters(), 0.5)
    for _ in range(200):
        optimizer.zero_grad()
        objective.backward(losses(painting=0.2, garden=1.5))
        optimizer.step()
    variances = [parameter.exp().item() for parameter in objective.parameters()]
    assert variances == pytest.approx([0.4, 3.0], rel=1e-4)


def test_a_field_that_sits_out_a_step_keeps_its_variance():
    objective = Uncertainty(TWO, {})
    objective.backward(losses(garden=0.4))
    painting, garden = objective.parameters()
    assert painting.grad is None
    assert garden.grad.item() == pytest.approx(0.1)


# Liu, Johns and Davison


def test_the_dynamic_weights_are_lius_equation_7():
    objective = DynamicWeightAverage(TWO, {"garden": 3.0})
    plain = pytest.approx({"painting": 1.0, "garden": 3.0})
    ones = losses(painting=1.0, garden=1.0)
    assert values(objective.terms(ones)) == plain  # epoch 1
    objective.end_epoch({"garden": 1.0, "painting": 2.0})
    assert values(objective.terms(ones)) == plain  # epoch 2
    objective.end_epoch({"garden": 1.0, "painting": 1.0})  # ratios 1 and 1/2, T = 2
    fast, slow = math.exp(0.25), math.exp(0.5)
    assert values(objective.terms(ones)) == pytest.approx(
        {"painting": 2 * fast / (fast + slow), "garden": 3 * 2 * slow / (fast + slow)}
    )
    objective.end_epoch({"garden": 0.5, "painting": 1.0})  # ratios 1/2 and 1: of the last two epochs alone
    assert values(objective.terms(ones)) == pytest.approx(
        {"painting": 2 * slow / (fast + slow), "garden": 3 * 2 * fast / (fast + slow)}
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[st.floats(0, 1e6)] * 3), max_size=5))
def test_dynamic_weights_add_up_to_the_number_of_fields_whatever_the_losses(epochs):
    model = Linear({"painting": [1.0], "garden": [1.0], "sculpture": [1.0]})
    objective = DynamicWeightAverage(model, {})
    for means in epochs:
        objective.end_epoch(dict(zip(model.tasks, means, strict=True)))
    terms = values(objective.terms(losses(painting=1.0, garden=1.0, sculpture=1.0)))
    assert sum(terms.values()) == pytest.approx(3, rel=1e-5)
    assert min(terms.values()) >= 0


# Yu and others


def test_conflicting_gradients_are_projected_on_each_others_normal_planes():
    """g = (1, 0) and h = (-1, 1), g h = -1: g + h/2 = (1/2, 1/2) and h + g = (0, 1), in sum (1/2, 3/2)."""
    model = Linear({"painting": [1.0, 0.0], "garden": [-1.0, 1.0]})
    PCGrad(model, {}).backward(model.losses())
    assert model.gradient() == pytest.approx([0.5, 1.5])
    assert [own.grad.item() for own in model.own] == [3.0, 3.0]


def test_weights_come_before_the_projection():
    """2 g = (2, 0), h = (-1, 1), their product -2: 2 g + h = (1, 1) and h + g = (0, 1)."""
    model = Linear({"painting": [1.0, 0.0], "garden": [-1.0, 1.0]})
    PCGrad(model, {"painting": 2.0}).backward(model.losses())
    assert model.gradient() == pytest.approx([1.0, 2.0])
    assert [own.grad.item() for own in model.own] == [6.0, 3.0]


@pytest.mark.parametrize(
    ("slopes", "expected"),
    [
        ({"painting": [1.0, 0.0], "garden": [0.5, 1.0]}, [1.5, 1.0]),
        ({"painting": [1.0, 0.0], "garden": [0.0, 2.0]}, [1.0, 2.0]),
        ({"painting": [1.0, 2.0], "garden": [0.0, 0.0]}, [1.0, 2.0]),
        ({"painting": [1.0, 2.0], "garden": [-2.0, -4.0]}, [0.0, 0.0]),
    ],
    ids=["at peace", "at right angles", "one at rest", "opposed"],
)
def test_gradients_at_peace_are_summed_and_opposed_ones_cancel(slopes, expected):
    model = Linear(slopes)
    PCGrad(model, {}).backward(model.losses())
    assert model.gradient() == pytest.approx(expected, abs=1e-12)


def algorithm_1(gradients: np.ndarray, orders: list[list[int]]) -> np.ndarray:
    """Yu et al., literally: each gradient in turn, projected vector by vector, then summed."""
    total = np.zeros(gradients.shape[1])
    for own, order in enumerate(orders):
        projected = gradients[own].copy()
        for other in order:
            if other != own and (overlap := projected @ gradients[other]) < 0:
                projected -= overlap / (gradients[other] @ gradients[other]) * gradients[other]
        total += projected
    return total


@settings(deadline=None, max_examples=50)
@given(fields=st.integers(2, 5), seed=st.integers(0, 10_000))
def test_many_gradients_are_projected_in_the_orders_drawn(fields, seed):
    gradients = np.random.default_rng(seed).normal(size=(fields, 6))
    model = Linear({f"field {i}": row for i, row in enumerate(gradients.tolist())})
    torch.manual_seed(seed)
    PCGrad(model, {}).backward(model.losses())
    torch.manual_seed(seed)
    orders = [torch.randperm(fields).tolist() for _ in range(fields)]
    np.testing.assert_allclose(model.gradient(), algorithm_1(gradients, orders), atol=1e-9)
    if fields == 2:  # a step helps both, or harms neither
        assert (gradients @ model.gradient() >= -1e-9).all()


def test_orders_differ_from_step_to_step():
    gradients = np.random.default_rng(0).normal(size=(4, 3)).tolist()
    model = Linear(dict(zip("abcd", gradients, strict=True)))
    objective = PCGrad(model, {})
    torch.manual_seed(0)
    steps = set()
    for _ in range(10):
        model.zero_grad()
        objective.backward(model.losses())
        steps.add(tuple(np.round(model.gradient(), 6)))
    assert len(steps) > 1


def test_of_a_network_only_the_common_branch_is_operated_on():
    """Two fields give the same images opposite labels."""
    torch.manual_seed(0)
    network = models.create("artistry-multi-2", ("painting", "garden"), 32)
    network.to(memory_format=torch.channels_last)
    images = torch.randn(4, 3, 32, 32)
    labels = {"painting": torch.tensor([0, 1, 1, 1]), "garden": torch.tensor([1, 0, 0, 0])}
    given = {task: F.cross_entropy(network(images, task), targets) for task, targets in labels.items()}
    shared = network.shared_parameters()
    gradients = np.stack(
        [
            torch.cat([g.flatten() for g in torch.autograd.grad(loss, shared, retain_graph=True)]).numpy()
            for loss in given.values()
        ]
    )
    assert gradients[0] @ gradients[1] < 0
    own = [p for p in network.parameters() if all(p is not common for common in shared)]
    plain = torch.autograd.grad(sum(given.values()), own, retain_graph=True)

    PCGrad(network, {}).backward(given)
    operated = torch.cat([parameter.grad.flatten() for parameter in shared])
    np.testing.assert_allclose(operated, algorithm_1(gradients, [[0, 1], [1, 0]]), atol=1e-6)
    for parameter, expected in zip(own, plain, strict=True):
        torch.testing.assert_close(parameter.grad, expected)


def test_without_shared_parameters_nothing_is_projected():
    network = models.create("artistry-single", ("painting", "garden"), 32)
    objective = PCGrad(network, {})
    objective.backward({task: network(torch.randn(2, 3, 32, 32), task).mean() for task in network.tasks})
    assert all(parameter.grad is not None for parameter in network.parameters())


# In whole trainings

MODEL = "artistry-multi-2"
CONFIG = TrainingConfig(epochs=4, batch_size=4)


@pytest.fixture(scope="module")
def three(data) -> TrainingData:
    return data.only("painting", "garden", "sculpture")


@pytest.fixture(scope="module")
def runs(three, tmp_path_factory) -> dict[str, Run]:
    """Of every objective one, trained in one go."""
    folder = tmp_path_factory.mktemp("objectives")
    return {name: fit(MODEL, three, replace(CONFIG, objective=name), folder) for name in OBJECTIVES}


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.folder / "weights.safetensors")


def assert_same(first: Run, second: Run) -> None:
    """Bit for bit."""
    one, other = weights(first), weights(second)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    losses = [run.history.drop(columns="method") for run in (first, second)]
    pd.testing.assert_frame_equal(*losses, check_exact=True)


def test_every_objective_has_a_run_and_a_name_of_its_own(runs):
    assert len({run.folder for run in runs.values()}) == len(OBJECTIVES)
    assert [run.method for run in runs.values()] == [
        "multi-2",
        "multi-2 uncertainty",
        "multi-2 dwa",
        "multi-2 pcgrad",
    ]
    for name, run in runs.items():
        assert run.config.objective == name


def test_every_objective_learns_otherwise_and_dwa_from_its_third_epoch_on(runs):
    def train_losses(name: str, epochs: str) -> list[float]:
        return runs[name].history.query(f"split == 'train' and {epochs}")["loss"].tolist()

    assert train_losses("dwa", "epoch <= 2") == train_losses("sum", "epoch <= 2")
    for epochs, others in {"epoch <= 2": ("uncertainty", "pcgrad"), "epoch == 3": ("dwa",)}.items():
        for other in others:
            assert train_losses(other, epochs) != train_losses("sum", epochs)


@pytest.mark.parametrize("name", ["uncertainty", "dwa", "pcgrad"])
def test_a_stopped_run_ends_with_the_numbers_it_would_have_had(three, runs, tmp_path, monkeypatch, name):
    original = fitting.checkpoint

    def stop(run, parts, selection, number):
        original(run, parts, selection, number)
        if number == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1)
    config = replace(CONFIG, objective=name)
    with monkeypatch.context() as patched:
        patched.setattr(fitting, "checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(MODEL, three, config, tmp_path)
    assert_same(fit(MODEL, three, config, tmp_path), runs[name])


def test_of_one_field_every_objective_is_the_plain_sum(data, tmp_path):
    garden = data.only("garden")
    network = models.create(MODEL, garden.fields, 32)
    config = replace(CONFIG, epochs=1)
    plain = find(MODEL, garden, config, tmp_path)
    for name in OBJECTIVES:
        assert type(objective_of(name, network, {})) is WeightedSum
        assert find(MODEL, garden, replace(config, objective=name), tmp_path) == plain
    assert fit(MODEL, garden, replace(config, objective="uncertainty"), tmp_path).method == "multi-2"


def test_a_loss_that_is_not_finite_is_named_in_spite_of_operations(three, tmp_path):
    config = replace(CONFIG, epochs=1, learning_rate=1e30, objective="pcgrad")
    with pytest.raises(TrainingError, match=r"epoch 1: the loss of painting, .* is not finite"):
        fit(MODEL, three, config, tmp_path)
