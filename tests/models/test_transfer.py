"""What is frozen stays as it was, what is unfrozen learns, and published weights are taken as they are."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from artnb import weights as published
from artnb.errors import ModelError
from artnb.models import create, named, origin
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
    model = create("transfer", ("art",), 64, backbone=backbone, unfreeze_at=3)
    frozen, head = states(model), model.heads.of("art")[-1].weight.clone()
    for epoch in (1, 2):
        model.begin_epoch(epoch)
        steps(model)
    assert all(torch.equal(tensor, frozen[name]) for name, tensor in states(model).items())
    assert not torch.equal(model.heads.of("art")[-1].weight, head)

    for epoch in (3, 4):
        model.begin_epoch(epoch)
        steps(model)
    changed = {name for name, tensor in states(model).items() if not torch.equal(tensor, frozen[name])}
    last = {name for name in frozen if name.startswith(tuple(STAGES[backbone]))}
    assert changed == last
    assert last < set(frozen)


def test_the_last_stage_of_resnet50_is_its_fourth():
    with torch.device("meta"):
        model = create("transfer", ("art",), 224, 4)
    assert not any(p.requires_grad for p in model.backbone.parameters())
    model.begin_epoch(12)  # as a training that is gone on with
    learning = {name.partition(".")[0] for name, p in model.backbone.named_parameters() if p.requires_grad}
    assert learning == {"layer4"}
    assert model.backbone.layer4.training
    assert not model.backbone.layer3.training


@pytest.mark.parametrize("backbone", STAGES)
def test_weights_are_those_of_the_file(backbone, weights):
    model = create("transfer", ("art",), 32, backbone=backbone)
    whole = load_file(weights / f"{backbone}.safetensors")
    assert all(torch.equal(tensor, whole[name]) for name, tensor in model.backbone.state_dict().items())


def test_without_numbers_no_weights_are_looked_for(monkeypatch):
    """A run is read back by way of the meta device, where its own weights follow."""
    monkeypatch.setenv(VARIABLE, "absent")
    with torch.device("meta"):
        assert create("transfer", ("art",), 32).tasks == ("art",)
    with pytest.raises(ModelError, match="absent cannot be read"):
        create("transfer", ("art",), 32)


def test_without_published_weights_none_are_looked_for(monkeypatch):
    monkeypatch.setenv(VARIABLE, "absent")
    name = named("transfer", backbone="squeezenet1_0", pretrained=False)
    model = create(name, ("art",), 32)
    assert not any(parameter.requires_grad for parameter in model.backbone.parameters())
    assert origin(name) == ""

    before = states(model)
    model.train()(torch.randn(4, 3, 32, 32), "art")
    assert all(torch.equal(before[key], tensor) for key, tensor in states(model).items())


def test_a_random_backbone_gathers_the_images_statistics():
    model = create("transfer", ("art",), 32, backbone="mobilenet_v2", pretrained=False)
    before = states(model)
    model.train()(torch.randn(4, 3, 32, 32), "art")
    changed = {key for key, tensor in states(model).items() if not torch.equal(before[key], tensor)}
    assert {key.rpartition(".")[2] for key in changed} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }


def test_a_models_origin_is_that_of_its_weights(weights, tmp_path, monkeypatch):
    name = named("transfer", backbone="squeezenet1_0")
    before = origin(name)
    assert before == published.origin("squeezenet1_0")
    assert len(before) == 16
    torch.save(load_file(weights / "squeezenet1_0.safetensors"), tmp_path / "squeezenet1_0.pth")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert origin(name) != before
    assert origin("artistry-single") == ""


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"backbone": "vgg16"}, "one of resnet18, resnet50, mobilenet_v2, squeezenet1_0, not 'vgg16'"),
        ({"unfreeze_at": -1}, "unfreeze_at must be an epoch, or 0 for none, not -1"),
        ({"unfreeze_at": 2.0}, "unfreeze_at must be an epoch"),
    ],
)
def test_unusable_options_are_named(option, said):
    with pytest.raises(ModelError, match=said):
        create("transfer", ("art",), 32, **option)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs real weights in ../shared/data/weights")
@pytest.mark.parametrize("backbone", STAGES)
@torch.no_grad()
def test_real_weights_give_torchvisions_features(backbone, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(SHARED))
    model = create("transfer", ("art",), 64, backbone=backbone).eval()
    whole = torchvision_network(backbone).eval()
    published.load_weights(whole, backbone, SHARED / f"{backbone}.safetensors")
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(model.backbone(images), whole.features(images))
