"""The maps of a picture on its way through a network are those that its layers give."""

import numpy as np
import pytest
import torch

from artnb.attention import layer_features
from artnb.images.augmentation import standardise
from artnb.training import TrainingConfig, fit


@pytest.fixture(scope="module")
def lenet(data, tmp_path_factory):
    config = TrainingConfig(epochs=1, batch_size=4)
    return fit("lenet-s", data.only("garden"), config, tmp_path_factory.mktemp("lenet"))


def test_the_last_maps_of_each_size_are_kept_in_order(lenet, data):
    image, maps = layer_features(lenet, data, "garden", place=1)
    images, _ = data.splits["test"]["garden"].batch(np.array([1]))
    assert (image == images[0].permute(1, 2, 0).numpy()).all()

    features, sizes = standardise(images), {}
    with torch.no_grad():
        for name, part in lenet.network().backbone.named_children():
            features = part(features)
            sizes[features.shape[1:]] = name, features[0].numpy()
    by_size = {shape[1:]: last for shape, last in sizes.items()}
    assert list(maps) == [name for name, _ in by_size.values()]
    assert len(maps) > 1
    for name, expected in by_size.values():
        np.testing.assert_allclose(maps[name], expected, rtol=1e-5, atol=1e-6)
