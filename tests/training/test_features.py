"""Features are what torchvision's own network hands to its classifier; computed once, whole or not at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from artnb.errors import ModelError, TrainingError
from artnb.images import decode_square
from artnb.images.augmentation import standardise
from artnb.models.torchvision_networks import PRETRAINED, trunk
from artnb.training import features
from artnb.training.features import extract

BACKBONE = "squeezenet1_1"


@pytest.fixture
def network() -> nn.Module:
    return models.get_model(BACKBONE, weights=None).eval()


@pytest.fixture
def weights(network, tmp_path):
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


@pytest.fixture
def catalogue(painted, tmp_path):
    """The painted one with nothing computed: its files stay where they are."""
    (tmp_path / "images").symlink_to(painted.folder / "images")
    return replace(painted, folder=tmp_path)


@torch.inference_mode()
def handed_to_the_classifier(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """What torchvision's network itself pools, or maps that are still to be pooled."""
    seen = []
    last = network.fc if hasattr(network, "fc") else network.classifier
    last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(images)
    return seen[0].flatten(2).mean(2) if seen[0].ndim == 4 else seen[0]


@pytest.mark.parametrize("backbone", [name for name in PRETRAINED if name != "resnet152"])  # as resnet50
def test_each_trunk_ends_where_torchvisions_classifier_begins(backbone):
    whole = models.get_model(backbone, weights=None).eval()
    part = trunk(backbone).eval()
    part.load_state_dict({key: whole.state_dict()[key] for key in part.state_dict()})
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        pooled = part(images).mean((2, 3))
    torch.testing.assert_close(pooled, handed_to_the_classifier(whole, images))


def test_every_image_has_its_own_features(catalogue, network, weights):
    found = extract(catalogue, BACKBONE, weights, image_size=32)
    ids = catalogue.table["id"].sample(5, random_state=1).tolist()
    pixels = np.stack([decode_square(catalogue.image_path(id), 32) for id in ids])
    images = standardise(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    torch.testing.assert_close(found.of(ids), handed_to_the_classifier(network, images))
    assert found.vectors.shape == (catalogue.table["id"].nunique(), 512)
    with pytest.raises(TrainingError, match="has no image absent"):
        found.of(["absent"])


def test_they_are_computed_once_for_each_network_size_and_set_of_images(
    catalogue, network, weights, tmp_path, monkeypatch
):
    computed = []
    write = features.write
    monkeypatch.setattr(features, "write", lambda *job: (computed.append(job), write(*job)))
    first = extract(catalogue, BACKBONE, weights, image_size=32)
    assert extract(catalogue, BACKBONE, weights, image_size=32).file == first.file
    assert len(computed) == 1

    network.features[0].bias.data += 1
    save_file(network.state_dict(), tmp_path / "other.safetensors")
    fewer = replace(catalogue, table=catalogue.table.head(3))
    others = [
        extract(catalogue, BACKBONE, tmp_path / "other.safetensors", image_size=32),
        extract(catalogue, BACKBONE, weights, image_size=64),
        extract(fewer, BACKBONE, weights, image_size=32),
    ]
    assert others[0].weights != first.weights == others[1].weights
    assert len({first.file, *(other.file for other in others)}) == 4
    assert len(others[-1].vectors) == 3


def test_after_a_stop_there_is_no_file(catalogue, weights, monkeypatch):
    done = []

    def stop(images: torch.Tensor) -> torch.Tensor:
        if done:
            raise KeyboardInterrupt
        done.append(images)
        return standardise(images)

    with monkeypatch.context() as patch:
        patch.setattr(features, "standardise", stop)
        with pytest.raises(KeyboardInterrupt):
            extract(catalogue, BACKBONE, weights, image_size=32)
    assert len(done) == 1
    assert not list((catalogue.folder / "features").glob("*.npy"))
    assert np.isfinite(extract(catalogue, BACKBONE, weights, image_size=32).vectors).all()


def test_a_backbone_without_known_features_is_refused(catalogue):
    with pytest.raises(ModelError, match=r"'vgg16'.*mobilenet_v2"):
        extract(catalogue, "vgg16")
