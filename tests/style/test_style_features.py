"""Features against torchvision's own network, and what scaling the filters may and may not change."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn
from torchvision.models import vgg19 as torchvision_vgg19
from torchvision.models.feature_extraction import create_feature_extractor

from artnb import models
from artnb.errors import ModelError, StyleError
from artnb.images.augmentation import MEAN, STD
from artnb.style import Features, of_run, published_or_random, random_vgg19, vgg19
from artnb.style.features import LI, photographs
from artnb.weights import VARIABLE

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "weights"
PLACES = {"conv1_1": "0", "conv1_2": "2", "conv2_1": "5", "conv2_2": "7", "conv3_1": "10"}


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(0))


def standardised(images: torch.Tensor) -> torch.Tensor:
    return (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def test_maps_are_torchvisions_over_their_mean_activation(images):
    torch.manual_seed(0)
    theirs = torchvision_vgg19(weights=None).features[:11].eval()
    for layer in theirs:
        layer.inplace = False  # else the maps before ReLU are gone
    ours = Features(deepcopy(theirs), "as drawn")
    extract = create_feature_extractor(theirs, {place: name for name, place in PLACES.items()})
    with torch.no_grad():
        wanted, activations = extract(standardised(images)), extract(standardised(photographs()))
        found = ours(images, PLACES)
    assert list(found) == list(PLACES)
    for name in PLACES:
        means = activations[name].relu().mean((0, 2, 3))
        speaks = means > 0.02 * activations[name].abs().mean((0, 2, 3))
        assert speaks.sum() > 0.75 * len(speaks)
        expected = wanted[name] / means.view(-1, 1, 1)
        torch.testing.assert_close(found[name][:, speaks], expected[:, speaks], rtol=1e-3, atol=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=28, max_size=28))
def test_the_scale_that_weights_come_in_changes_nothing(exponents):
    """Gatys' scaled VGG and one that is not are the same features."""
    torch.manual_seed(1)
    chain = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
    )  # fmt: skip
    other, scales = deepcopy(chain), torch.tensor(exponents).exp()
    with torch.no_grad():
        for layer, factors in zip((other[0], other[2], other[5]), scales.split([8, 8, 12]), strict=True):
            layer.weight *= factors.view(-1, 1, 1, 1)
            layer.bias *= factors
        other[2].weight /= scales[:8].view(1, -1, 1, 1)
        other[5].weight /= scales[8:16].view(1, -1, 1, 1)
    image = torch.rand(1, 3, 16, 16)
    layers = ("conv1_1", "relu1_2", "conv2_1")
    for mine, theirs in zip(
        Features(chain, "")(image, layers).values(), Features(other, "")(image, layers).values(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-3)


def test_a_silent_filter_stays_silent(tiny_chain):
    tiny_chain[0].weight.data[2], tiny_chain[0].bias.data[2] = 0, -1
    maps = Features(tiny_chain, "")(torch.rand(1, 3, 8, 8), ["relu1_1", "conv2_1"])
    assert maps["relu1_1"][:, 2].eq(0).all()
    assert maps["conv2_1"].isfinite().all()


def test_what_lies_deeper_is_not_computed(tiny, images):
    ran = []
    hooks = [layer.register_forward_hook(lambda *_: ran.append(1)) for layer in tiny.chain]
    tiny(images, ["conv1_2"])
    for hook in hooks:
        hook.remove()
    assert len(ran) == 3


def test_reach_is_as_far_as_gradients_go():
    features = random_vgg19(0)
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    for layer in LI:
        maps = features(image, [layer])[layer]
        middle = maps.shape[-1] // 2
        (gradient,) = torch.autograd.grad(maps[..., middle, middle].sum(), image)
        columns = gradient.abs().sum((0, 1, 2)).nonzero()
        first = middle * features.strides()[layer]
        assert 0 <= features.reach(layer) - (first - columns.min()) <= 3, layer
        assert columns.max() - first <= features.reach(layer), layer


def test_a_part_in_a_folder_is_found(tmp_path, monkeypatch):
    torch.manual_seed(0)
    part = {
        f"features.{key}": value
        for key, value in torchvision_vgg19(weights=None).features[:11].state_dict().items()
    }
    save_file(part, tmp_path / "vgg19_conv1_1_to_conv3_1.safetensors")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    features, notice = published_or_random()
    assert not notice
    assert features.layers[-1] == "conv3_1"
    assert features.weights == vgg19(tmp_path).weights
    with pytest.raises(ModelError, match=r"lacks features\.12\.bias"):
        vgg19(deepest="conv3_2")


def test_without_weights_random_ones_and_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    features, notice = published_or_random(seed=5)
    assert features.weights == random_vgg19(5).weights != random_vgg19(6).weights
    assert notice.startswith("Features are those of random weights, for ")
    assert str(tmp_path) in notice
    assert notice.count("\n") == 0


def test_a_trained_network_gives_its_convolutions(monkeypatch, images):
    class Trained:
        method, folder = "s-cnn", Path("0123")

        def network(self):
            torch.manual_seed(0)
            return models.create("s-cnn", ("art",), 32)

    features = of_run(Trained())
    assert [layer for layer in features.layers if layer.startswith("conv")] == [
        "conv1_1", "conv2_1", "conv3_1", "conv4_1"
    ]  # fmt: skip
    assert features(images, ["conv4_1"])["conv4_1"].shape == (2, 128, 4, 5)


def test_other_networks_are_refused():
    with pytest.raises(ModelError, match="no features from BatchNorm2d"):
        Features([nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)], "")
    with pytest.raises(StyleError, match=r"no layer conv4_1 in features that end with conv3_1"):
        random_vgg19().check(["conv4_1"])


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/weights")
def test_the_published_weights_are_gatys_scaled_ones(monkeypatch):
    """Before scaling, the file's mean activation on photographs is already about 1."""
    monkeypatch.setattr("artnb.style.features.scale_filters", lambda features: None)
    with torch.no_grad():
        for name, maps in vgg19(SHARED)(photographs(), LI).items():
            assert 0.7 < maps.relu().mean() < 1.3, name
