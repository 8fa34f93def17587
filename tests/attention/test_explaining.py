"""Several networks asked about the same images: what comes back is what each says for itself."""

import numpy as np
import pytest
import torch

from artnb.attention import Explained, empty_maps, explain, grad_cam, randomisation_check
from artnb.images.augmentation import standardise
from artnb.training import TrainingConfig, fit


@pytest.fixture(scope="module")
def single(data, tmp_path_factory):
    config = TrainingConfig(epochs=1, batch_size=4)
    return fit("artistry-single", data.only("garden"), config, tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def explained(single, run, data):
    return explain([single, run], data, "garden", each=2)


def test_the_first_images_of_each_label_are_asked_for_their_own_label(explained, data):
    part = data.splits["test"]["garden"]
    assert explained.targets.tolist() == [0, 0, 1, 1]
    for target in (0, 1):
        ids = part.ids[(part.targets == target).numpy()]
        assert (
            explained.ids[explained.targets.numpy() == target].tolist() == ids[:2].tolist() == sorted(ids)[:2]
        )


def test_maps_and_probabilities_are_those_of_each_network(explained, run):
    assert set(explained.maps) == {"single", "multi-2 individual", "multi-2 common"}
    assert set(explained.probabilities) == {"single", "multi-2"}
    batch = standardise(torch.from_numpy(explained.images).permute(0, 3, 1, 2))
    network = run.network()
    maps = grad_cam(network, batch, explained.targets, "garden")
    torch.testing.assert_close(explained.maps["multi-2 common"], maps["common"])
    with torch.no_grad():
        probabilities = network(batch, "garden").softmax(1)
    expected = torch.stack(
        [row[target] for row, target in zip(probabilities, explained.targets, strict=True)]
    )
    torch.testing.assert_close(explained.probabilities["multi-2"], expected)


def test_a_network_that_does_not_know_the_field_is_not_asked(single, run, data):
    assert set(explain([single], data, "painting", each=1).maps) == set()
    assert set(explain([single, run], data, "painting", each=1).probabilities) == {"multi-2"}


def test_empty_maps_are_counted():
    maps = torch.stack([torch.full((2, 2), -1.0), torch.zeros(2, 2), torch.eye(2), -torch.eye(2)])
    item = Explained(
        "garden", np.arange(4), np.zeros((4, 2, 2, 3), np.uint8), torch.zeros(4), {"single": maps}, {}
    )
    (row,) = empty_maps([item]).to_dict("records")
    assert row == {"field": "garden", "map": "single", "empty": 0.75, "images": 4}


def test_the_randomisation_check_has_a_row_for_each_map(single, run, explained):
    table = randomisation_check([single, run], [explained])
    assert table["map"].tolist() == ["single", "multi-2 individual", "multi-2 common"]
    assert table["correlation"].between(-1, 1).all()
    assert (table["images"] == 4).all()
