"""torchvision's networks, parted, answer as they do whole; the small networks have the layers of the text."""

import pytest
import torch
from torch import nn
from torchvision import models

from artnb.errors import ModelError
from artnb.models import create
from artnb.models.torchvision_networks import trunk
from artnb.weights import torchvision_network

NAMES = ["resnet18", "resnet50", "efficientnet_b0", "mobilenet_v3_small", "shufflenet_v2_x1_0", "googlenet"]


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_answers_are_torchvisions_own(name):
    torch.manual_seed(0)
    ours = create(name, ("art",), 64, 7).eval()
    theirs = torchvision_network(name, 7).eval()
    kept = {key: value for key, value in theirs.state_dict().items() if not key.startswith("aux")}
    assert len(kept) == len(ours.state_dict())
    renamed = zip(ours.state_dict(), kept.values(), strict=True)  # both are in the order of the layers
    ours.load_state_dict(dict(renamed))
    assert set(ours.backbone.state_dict()) < set(kept)
    images = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(ours(images, "art"), theirs(images))


def test_statistics_follow_within_a_small_training():
    """A hundred steps on shifted inputs: in evaluation mode the network then answers as in training mode."""
    torch.manual_seed(0)
    network = create("mobilenet_v3_small", ("art",), 32, 4)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    images = torch.randn(32, 3, 32, 32) * 3 + 2
    with torch.no_grad():
        for _ in range(100):
            trained = network(images, "art")
        torch.testing.assert_close(network.eval()(images, "art"), trained, rtol=0.05, atol=0.05)


def test_resnet152_is_torchvisions():
    with torch.device("meta"):
        ours, theirs = create("resnet152", ("art",), 64, 7), models.resnet152(num_classes=7)
    assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]


def test_trunks_are_for_networks_whose_weights_fit():
    for name in ("googlenet", "vgg16"):
        with pytest.raises(ModelError, match=f"no weights are taken for '{name}': known are efficientnet_b0"):
            trunk(name)


@pytest.mark.parametrize(
    ("name", "convolutions", "layers"), [("s-cnn", 4, 4 + 4 + 2), ("lenet-s", 2, 2 + 2 + 3)]
)
def test_the_small_networks_have_the_layers_of_the_text(name, convolutions, layers):
    """Wu: "only four convolutional layers"; LeNet-s has seven, poolings among them."""
    with torch.device("meta"):
        modules = list(create(name, ("art",), 224, 4).modules())
    assert sum(isinstance(m, nn.Conv2d) for m in modules) == convolutions
    kinds = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d)
    assert sum(isinstance(m, kinds) for m in modules) == layers


@pytest.mark.parametrize("size", [0, 31, "64", 64.0, True, None])
@pytest.mark.parametrize("name", ["resnet18", "s-cnn", "lenet-s", "dkse"])
def test_sizes_below_32_are_refused(name, size):
    with torch.device("meta"), pytest.raises(ModelError, match="32 or more"):
        create(name, ("art",), size)


@pytest.mark.parametrize(
    ("fields", "classes", "message"),
    [
        (("a", "a"), 2, "named once"),
        ("art", 2, "not one text"),
        ((), 2, "one or more"),
        (("a",), 1, "num_"),
    ],
)
def test_unusable_fields_and_classes_are_refused(fields, classes, message):
    with torch.device("meta"), pytest.raises(ModelError, match=message):
        create("lenet-s", fields, 64, classes)
