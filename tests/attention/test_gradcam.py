"""Grad-CAM against values computed by hand, against its formula, and the state it leaves behind."""

import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor, nn
from torch.nn import functional as F

from artnb.attention import grad_cam, positive
from artnb.errors import ModelError
from artnb.models import create, names

SATO = [name for name in names() if name.startswith("artistry")]  # tests/models asks all others


class Tiny(nn.Module):
    """Two channels A1 and A2, the red and green of every `stride`-th pixel, and a dense layer on them."""

    def __init__(self, stride: int, weight: list[list[float]]):
        super().__init__()
        self.convolution = nn.Conv2d(3, 2, 1, stride=stride, bias=False)
        self.dense = nn.Linear(8, len(weight), bias=False)
        self.convolution.weight.data = torch.eye(2, 3).reshape(2, 3, 1, 1)
        self.dense.weight.data = torch.tensor(weight)

    def forward(self, images: Tensor, task: str) -> Tensor:
        return self.dense(self.convolution(images).flatten(1))

    def attention_layers(self, task: str) -> dict[str, nn.Module]:
        return {"individual": self.convolution}


# Class 1: the gradients of A1 are 0.5 everywhere, their mean 0.5; those of A2 are 4, 0, 0, -8, their mean -1.
# Class 0: means of -1 and 0.
WEIGHT = [[-1.0, -1, -1, -1, 3, -3, 0, 0], [0.5, 0.5, 0.5, 0.5, 4, 0, 0, -8]]
A1 = torch.tensor([[1.0, 2], [3, 4]])
A2 = torch.tensor([[0.0, 1], [1, 0]])


def test_hand_computed_maps():
    image = torch.stack([A1, A2, torch.full((2, 2), 9.0)])[None]
    model = Tiny(1, WEIGHT)
    assert grad_cam(model, image, 1, "painting")["individual"].tolist() == [[[0.5, 0], [0.5, 2]]]
    both = grad_cam(model, torch.cat([image, image]), torch.tensor([0, 1]), "painting")["individual"]
    assert both.tolist() == [[[-1, -2], [-3, -4]], [[0.5, 0], [0.5, 2]]]
    assert positive(both).tolist() == [[[0, 0], [0, 0]], [[0.5, 0], [0.5, 2]]]


def test_maps_are_enlarged_bilinearly():
    """From pixels at 0 and 1 to pixels at -0.25, 0.25, 0.75, 1.25: the outer ones keep the edge's value."""
    image = torch.zeros(1, 3, 4, 4)
    image[0, 0, ::2, ::2], image[0, 1, ::2, ::2] = A1, A2
    enlarge = torch.tensor([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    expected = enlarge @ torch.tensor([[0.5, 0], [0.5, 2]]) @ enlarge.T
    torch.testing.assert_close(grad_cam(Tiny(2, WEIGHT), image, 1, "painting")["individual"][0], expected)


@pytest.fixture
def images() -> Tensor:
    return torch.randn(7, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def network(name: str = "artistry-multi-2") -> nn.Module:
    """One with running statistics of its own, as after some training."""
    torch.manual_seed(0)
    model = create(name, ("painting", "garden"), 64)
    for field in model.tasks:
        model(2 + 3 * torch.randn(8, 3, 64, 64), field)
    return model


@pytest.mark.parametrize("name", SATO)
def test_maps_follow_the_formula(name, images):
    """Selvaraju et al. (2017), Eqs. (1) and (2) without the ReLU, in double precision."""
    model, images, targets = network(name).double(), images.double(), torch.tensor([0, 1, 1, 0, 1, 0, 0])
    maps = grad_cam(model, images, targets, "garden")
    assert list(maps) == list(model.attention_layers("garden"))
    model.eval()
    for layer, module in model.attention_layers("garden").items():
        activations = []
        hook = module.register_forward_hook(lambda _, __, out, kept=activations: kept.append(out))
        logits = model(images, "garden")
        hook.remove()
        (gradients,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), activations)
        alpha = gradients.sum((2, 3)) / gradients[0, 0].numel()
        expected = torch.einsum("bk,bkij->bij", alpha, activations[0])
        expected = F.interpolate(expected[:, None], (64, 64), mode="bilinear", align_corners=False)[:, 0]
        torch.testing.assert_close(maps[layer], expected)
        assert maps[layer].min() < 0 < maps[layer].max()


@pytest.mark.parametrize("name", SATO)
def test_captum_has_the_same_maps(name, images):
    """To the bit, though it asks once for each layer."""
    model, targets = network(name), torch.tensor([0, 1, 1, 0, 1, 0, 0])
    maps = grad_cam(model, images, targets, "garden")
    model.eval()
    for layer, module in model.attention_layers("garden").items():
        expected = LayerGradCam(model, module).attribute(images, targets, additional_forward_args="garden")
        expected = LayerAttribution.interpolate(expected, (64, 64), "bilinear").squeeze(1)
        assert torch.equal(maps[layer], expected)


class InPlace(Tiny):
    """What follows the layer changes its output where it lies."""

    def forward(self, images: Tensor, task: str) -> Tensor:
        return self.dense(self.convolution(images).sub_(100).relu_().flatten(1))


def test_layers_are_seen_before_their_output_is_changed_in_place():
    """The ReLU stops the gradients of A2 where A2 is 0, which are the only ones."""
    image = 100 + torch.stack([A1, A2, torch.full((2, 2), 9.0)])[None]
    maps = grad_cam(InPlace(1, WEIGHT), image, 1, "painting")["individual"]
    assert maps.tolist() == [[[50.5, 51], [51.5, 52]]]


def test_layers_in_a_row_are_explained_in_one_pass(images):
    """Also the earlier one, whose gradients come through the later."""
    model, passes = network(), []
    chain = {"last": model.common[1][3], "first": model.common[0][0]}
    with model.register_forward_hook(lambda *_: passes.append(1)):
        both = grad_cam(model, images, 1, "garden", chain)
    assert len(passes) == 1
    assert list(both) == list(chain)
    for name, layer in chain.items():
        assert torch.equal(both[name], grad_cam(model, images, 1, "garden", {name: layer})[name])


def test_layers_must_take_part(images):
    model = network()
    with pytest.raises(ModelError, match="other one takes no part in what the model says of garden"):
        grad_cam(model, images, 1, "garden", {"other": model.stems["field_painting"][0][0]})


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batch_size_changes_nothing(batch_size, images):
    model, targets = network(), torch.tensor([0, 1, 1, 0, 1, 0, 0])
    whole = grad_cam(model, images, targets, "garden")
    parts = grad_cam(model, images, targets, "garden", batch_size=batch_size)
    for layer in whole:
        torch.testing.assert_close(parts[layer], whole[layer], rtol=1e-4, atol=1e-6)


def test_no_images_have_no_maps(images):
    assert grad_cam(network(), images[:0], 1, "garden")["common"].shape == (0, 64, 64)


def test_maps_are_those_of_the_task(images):
    model = network()
    assert not torch.allclose(
        grad_cam(model, images, 1, "garden")["common"], grad_cam(model, images, 1, "painting")["common"]
    )
    with pytest.raises(ModelError, match="no field 'gardens'"):
        grad_cam(model, images, 1, "gardens")


def test_layers_are_chosen_by_name(images):
    model = network()
    chosen = grad_cam(model, images, 1, "garden", layers=["common"])
    assert list(chosen) == ["common"]
    assert torch.equal(chosen["common"], grad_cam(model, images, 1, "garden")["common"])
    with pytest.raises(ModelError, match="known are individual, common"):
        grad_cam(model, images, 1, "garden", layers=["comon"])


@pytest.mark.parametrize("targets", [torch.zeros(6), torch.zeros(7, 2), [1]])
def test_targets_must_match_the_images(targets, images):
    with pytest.raises(ModelError, match="one class or 7"):
        grad_cam(network(), images, targets, "garden")


class Broken(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        raise RuntimeError("broken on purpose")


@pytest.mark.parametrize("broken", [False, True])
def test_the_model_is_left_as_it_was(broken, images):
    model = network()
    model.common.eval()
    model.common[0][1].train()
    model(images, "garden").sum().backward()
    model.heads["field_garden"][0].bias.requires_grad_(False)
    if broken:
        model.heads["field_garden"][4] = Broken()
    before = state(model)
    assert len(set(before["modes"])) == 2
    if broken:
        with pytest.raises(RuntimeError, match="on purpose"):
            grad_cam(model, images, 1, "garden", batch_size=3)
    else:
        assert not any(maps.requires_grad for maps in grad_cam(model, images, 1, "garden").values())
    after = state(model)
    assert after["modes"] == before["modes"]
    assert after["hooks"] == before["hooks"] == 0
    assert after["requires_grad"] == before["requires_grad"]
    for kind in ("tensors", "gradients"):
        assert after[kind].keys() == before[kind].keys()
        assert all(torch.equal(after[kind][name], tensor) for name, tensor in before[kind].items())
    assert not images.requires_grad


def state(model: nn.Module) -> dict:
    return {
        "modes": [module.training for module in model.modules()],
        "hooks": sum(
            len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
            for m in model.modules()
        ),
        "requires_grad": [parameter.requires_grad for parameter in model.parameters()],
        "tensors": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "gradients": {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None},
    }


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_callers_may_have_switched_gradients_off(mode, images):
    model = network()
    expected = grad_cam(model, images, 1, "garden")
    with mode():
        maps = grad_cam(model, images.clone(), torch.ones(7, dtype=torch.long), "garden")
    assert all(torch.equal(maps[layer], expected[layer]) for layer in expected)


def test_frozen_networks_have_the_same_maps(images):
    model = network()
    expected = grad_cam(model, images, 1, "garden")
    maps = grad_cam(model.requires_grad_(False), images, 1, "garden")
    assert all(torch.equal(maps[layer], expected[layer]) for layer in expected)
