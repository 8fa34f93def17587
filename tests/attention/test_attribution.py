"""Attributions against numbers worked by hand, their completeness, and the networks they are read beside."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artnb.attention import attribution
from artnb.attention.attribution import (
    OTHER_HEADS,
    START,
    TRAINED,
    ChannelUse,
    attributions,
    channel_use,
    networks,
    of_each_label,
)
from artnb.errors import ModelError, RelevanceError
from artnb.images.augmentation import standardise
from artnb.models import create
from artnb.training import TrainingConfig, fit


class Linear(nn.Module):
    """Red is the individual branch's channel, green and blue are the common branch's; 1 x 2 pixels."""

    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleDict({"individual": nn.Conv2d(3, 1, 1), "common": nn.Conv2d(3, 2, 1)})
        self.branches["individual"].weight.data = torch.eye(3)[:1, :, None, None]
        self.branches["common"].weight.data = torch.eye(3)[1:, :, None, None]
        self.head = nn.Linear(6, 3)
        self.head.weight.data = torch.tensor(
            [[1.0, 2, 0, 0, 4, 0], [3, 0, 0, 0, 0, 0], [-1, 0, 2, -2, 0, 0]]
        )  # red, green and blue, two pixels each

    def path(self, task: str) -> tuple[nn.Module, dict[str, nn.Module], nn.Module]:
        return nn.Identity(), dict(self.branches), self.head


def test_a_linear_network_by_hand():
    """The margin's weights are the own class's minus half of those of the two others."""
    reference = torch.tensor(
        [[[[0.0, 2]], [[0, 0]], [[5, 5]]], [[[2.0, 2]], [[2, 0]], [[5, 5]]]]
    )  # means 1 2 1 0 5 5
    image = torch.tensor([[[3.0, 5]], [[4, 1]], [[5, 9]]])  # from the means: 2 3, 3 1, 0 4
    found = attributions(Linear(), torch.stack([image] * 2), torch.tensor([0, 2]), "any", reference)
    assert list(found) == ["individual", "common"]
    # class 0: row 0 minus half of the rows 1 and 2: 0 2 | -1 1 | 4 0
    # class 2: row 2 minus half of the rows 0 and 1: -3 -1 | 2 -2 | -2 0
    torch.testing.assert_close(found["individual"], torch.tensor([[6.0], [-9]]))
    torch.testing.assert_close(found["common"], torch.tensor([[-2.0, 0], [4, 0]]))


@pytest.fixture
def images() -> Tensor:
    return torch.randn(5, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def network(name: str = "artistry-multi-2", classes: int = 2) -> nn.Module:
    """One whose running statistics are those of pictures like these, as after training."""
    torch.manual_seed(0)
    model = create(name, ("painting", "garden"), 64, classes)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    for field in model.tasks:
        model(torch.randn(8, 3, 64, 64), field)
    return model


@pytest.mark.parametrize(
    ("name", "classes", "steps", "error"),
    [
        ("artistry-multi-1", 3, 50, 0.02),
        ("artistry-multi-2", 2, 50, 0.02),
        ("artistry-multi-2", 2, 800, 0.002),
    ],
)
def test_they_add_up_to_the_margin(name, classes, steps, error, images, monkeypatch):
    """Sundararajan et al. (2017), Proposition 1; of one reference the baseline's margin is its own."""
    monkeypatch.setattr(attribution, "STEPS", steps)
    model, targets = network(name, classes).eval(), torch.tensor([0, 1, classes - 1, 0, 1])
    found = attributions(model, 3 * images, targets, "garden", images[:1])
    assert [values.shape for values in found.values()] == [
        (5, module.out_channels) for module in model.attention_layers("garden").values()
    ]
    with torch.no_grad():
        logits = model(3 * images, "garden") - model(images[:1], "garden")
    margins = torch.stack(
        [
            row[own] - row[torch.arange(classes) != own].mean()
            for row, own in zip(logits, targets, strict=True)
        ]
    )
    scale = float(margins.abs().max())
    assert scale > 0.1
    together = sum(values.sum(1) for values in found.values())
    torch.testing.assert_close(together, margins, rtol=0, atol=error * scale)


def test_what_is_the_same_in_every_picture_gets_nothing(images):
    model = network().eval()
    last = model.common[-1][-3]  # the normalisation before the last ReLU
    last.weight.data[7], last.bias.data[7] = 0, 100.0
    found = attributions(model, images, 1, "garden", images)["common"]
    assert (found[:, 7].abs() < 1e-5).all()
    assert (found.abs().mean(0) > 1e-5).sum() > 100


def test_neither_batches_nor_their_order_matter(images):
    model, many = network(), torch.cat([images] * 8)
    whole = attributions(model, many, torch.tensor([0, 1] * 20), "garden", images)
    for place in (3, 39):
        alone = attributions(model, many[place : place + 1], place % 2, "garden", images)
        for branch, values in alone.items():
            torch.testing.assert_close(values[0], whole[branch][place], rtol=1e-3, atol=1e-5)


def test_it_works_without_gradients_and_leaves_the_model_as_it_was(images):
    model = network()
    model.common.eval()
    model(images, "garden").sum().backward()
    model.heads["field_garden"][0].bias.requires_grad_(False)
    before = copy.deepcopy(model)
    gradients = [None if one.grad is None else one.grad.clone() for one in model.parameters()]
    with torch.inference_mode():
        found = attributions(model, images.clone(), torch.zeros(5), "garden", images.clone())
    assert not any(values.requires_grad for values in found.values())
    for (name, one), (_, two) in zip(model.named_modules(), before.named_modules(), strict=True):
        assert one.training == two.training, name
        assert not one._forward_hooks
        assert not one._backward_hooks
    for one, two, gradient in zip(model.parameters(), before.parameters(), gradients, strict=True):
        assert one.requires_grad == two.requires_grad
        assert one.grad is gradient is None or torch.equal(one.grad, gradient)
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in model.state_dict().items())


def test_what_cannot_be_attributed_is_refused(images):
    model = network()
    with pytest.raises(ModelError, match="one class or 5"):
        attributions(model, images, torch.zeros(4), "garden", images)
    with pytest.raises(ModelError, match="one image or more"):
        attributions(model, images, 0, "garden", images[:0])
    with pytest.raises(ModelError, match="one image or more"):
        attributions(model, images[:0], 0, "garden", images)
    with pytest.raises(ModelError, match="no field 'sea'"):
        attributions(model, images, 0, "sea", images)


@pytest.fixture(scope="module")
def single(data, tmp_path_factory):
    config = TrainingConfig(epochs=1, batch_size=4)
    return fit("artistry-single", data.only("garden"), config, tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def uses(single, run, data):
    return channel_use([single, run], data, each=2)


def test_every_network_and_field_is_asked(uses, run, data):
    assert [(use.network, use.field) for use in uses] == [
        (network, field) for network in (TRAINED, START, OTHER_HEADS) for field in ("painting", "garden")
    ]
    use, part = uses[1], data.splits["test"]["garden"]
    assert (use.method, use.seed) == ("multi-2", 0)
    rows = np.sort(np.concatenate([np.flatnonzero(part.targets == target)[:2] for target in (0, 1)]))
    assert sorted(use.groups) == sorted(part.groups[rows])
    pixels, targets = part.batch(of_each_label(part, 2))
    reference, _ = data.splits["train"]["garden"].batch(slice(None))  # eight, fewer than are asked for
    found = attributions(run.network(), standardise(pixels), targets, "garden", standardise(reference))
    for branch, values in found.items():
        np.testing.assert_allclose(use.attributions[branch], values, rtol=1e-3, atol=1e-6)


def test_the_networks_that_cannot_know(run, data):
    state = torch.get_rng_state()
    trained, start, other = networks(run).values()
    assert torch.equal(torch.get_rng_state(), state)
    one, two = (network.state_dict() for network in (trained, other))
    assert {name for name in one if not torch.equal(one[name], two[name])} == {
        name for name, _ in trained.named_parameters() if name.startswith("heads")
    }
    for network, alike in ((start, True), (other, False)):
        heads = [head.state_dict()["0.weight"] for head in network.heads.values()]
        assert torch.equal(*heads) == alike


def test_the_start_is_where_the_run_began(run, data, tmp_path):
    """A step of 1e-12 leads nowhere."""
    config = TrainingConfig(epochs=1, batch_size=4, learning_rate=1e-12, seed=5)
    still = fit("artistry-multi-2", data.only("painting", "garden"), config, tmp_path)
    trained, start, _ = networks(still).values()
    for (name, one), (_, two) in zip(trained.named_parameters(), start.named_parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-8, msg=name)


def test_profile_and_shares_by_hand():
    values = {"individual": np.array([[1.0], [-2], [0]]), "common": np.array([[2.0, -1], [0, 2], [0, 0]])}
    use = ChannelUse("multi-2", 0, TRAINED, "garden", np.arange(3), values)
    np.testing.assert_allclose(use.profile, [2 / 3, 1])
    np.testing.assert_allclose(use.shares, [0.75, 0.5, np.nan])


def test_runs_that_do_not_belong_together_are_refused(single, run, data, tmp_path):
    with pytest.raises(RelevanceError, match="no run has a common branch"):
        channel_use([single], data, 1)
    with pytest.raises(RelevanceError, match="two runs of seed 0"):
        channel_use([run, run], data, 1)
    config = TrainingConfig(epochs=1, batch_size=8, seed=1)
    other = fit("artistry-multi-2", data.only("painting", "sculpture"), config, tmp_path)
    with pytest.raises(RelevanceError, match="of painting, garden and of painting, sculpture"):
        channel_use([run, other], data, 1)
