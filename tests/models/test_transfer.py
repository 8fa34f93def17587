"""What is frozen stays as it was, what is unfrozen learns, and published weights are taken as they are."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from artnb import weights as published
from artnb.errors import ModelError
from artnb.models import create
from artnb.weights import VARIABLE, torchvision_network

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "weights"
STAGES = {
    "mobilenet_v2": [f"features.{number}." for number in range(14, 19)],
    "squeezenet1_0": ["features.12."],
}


def states(model) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.backbone.state_dict().items()}


def steps(model) -> None:
    """Two steps of Adam, and a pass in evaluation mode between."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(2):
        model.train()
        loss = F.cross_entropy(model(torch.randn(4, 3, 64, 64), "art"), torch.tensor([0, 1, 0, 1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.eval()


@pytest.mark.parametrize("backbone", STAGES)
def test_first_the_head_learns_and_then_the_last_stage(backbone):
    torch.manual_seed(0)
    model = create("transfer", ("art",), 64, backbone=backbone)
    frozen, head = states(model), model.heads.of("art")[-1].weight.clone()
    steps(model)
    assert all(torch.equal(tensor, frozen[name]) for name, tensor in states(model).items())
    assert not torch.equal(model.heads.of("art")[-1].weight, head)

    model.unfreeze()
    model.unfreeze()  # twice is once
    steps(model)
    changed = {name for name, tensor in states(model).items() if not torch.equal(tensor, frozen[name])}
    last = {name for name in frozen if name.startswith(tuple(STAGES[backbone]))}
    assert changed == last
    assert last < set(frozen)


def test_the_last_stage_of_resnet50_is_its_fourth():
    with torch.device("meta"):
        model = create("transfer", ("art",), 224, 4)
    assert not any(p.requires_grad for p in model.backbone.parameters())
    model.unfreeze()
    learning = {name.partition(".")[0] for name, p in model.backbone.named_parameters() if p.requires_grad}
    assert learning == {"layer4"}
    assert model.backbone.layer4.training
    assert not model.backbone.layer3.training


@pytest.mark.parametrize("backbone", STAGES)
def test_weights_are_those_of_the_file(backbone, weights):
    model = create("transfer", ("art",), 32, backbone=backbone, weights=weights)
    whole = load_file(weights / f"{backbone}.safetensors")
    assert all(torch.equal(tensor, whole[name]) for name, tensor in model.backbone.state_dict().items())


def test_without_numbers_no_weights_are_looked_for(monkeypatch):
    """A run is read back by way of the meta device, where its own weights follow."""
    monkeypatch.setenv(VARIABLE, "absent")
    with torch.device("meta"):
        assert create("transfer", ("art",), 32).tasks == ("art",)
    with pytest.raises(ModelError, match="absent cannot be read"):
        create("transfer", ("art",), 32)


def test_unknown_backbones_are_refused():
    with pytest.raises(ModelError, match="one of resnet50, mobilenet_v2, squeezenet1_0, not 'vgg16'"):
        create("transfer", ("art",), 32, backbone="vgg16")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs real weights in ../shared/data/weights")
@pytest.mark.parametrize("backbone", STAGES)
@torch.no_grad()
def test_real_weights_give_torchvisions_features(backbone):
    model = create("transfer", ("art",), 64, backbone=backbone, weights=SHARED).eval()
    whole = torchvision_network(backbone).eval()
    published.load_weights(whole, backbone, SHARED / f"{backbone}.safetensors")
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model.backbone(images), whole.features(images))
