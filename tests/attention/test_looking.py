"""A look is what both networks of a seed say of one image; what cannot be looked at is said."""

import numpy as np
import pytest
import torch

from artnb.attention.gradcam import grad_cam
from artnb.attention.looking import Looker, layers
from artnb.attention.occlusion import blurred
from artnb.errors import RelevanceError
from artnb.images.augmentation import standardise
from artnb.training import TrainingConfig, fit


@pytest.fixture(scope="module")
def runs(run, data, tmp_path_factory):
    """multi-2 knows painting and garden from seed 0; single knows garden from seeds 0 and 1."""
    folder = tmp_path_factory.mktemp("looked")
    singles = [
        fit("artistry-single", data.only("garden"), TrainingConfig(1, 4, seed=seed), folder)
        for seed in (0, 1)
    ]
    return [*singles, run]


@pytest.fixture(scope="module")
def looker(runs, data):
    return Looker(runs, data)


def test_what_there_is_to_choose(looker):
    assert looker.fields == ["painting", "garden"]
    assert looker.methods == ["single", "multi-2"]
    assert looker.seeds == [0, 1]
    assert looker.depth == 2
    assert looker.images("garden", "artistic") == 2


def test_a_look_is_of_the_image_that_was_asked_for(looker, runs, data):
    part = data.splits["test"]["garden"]
    row = np.flatnonzero(part.targets == data.classes.index("artistic"))[[1]]
    images, targets = part.batch(row)
    look = looker.look("garden", "artistic", 1, "multi-2", 0, own=True)
    assert look.label == "artistic"
    np.testing.assert_array_equal(look.image, part.store.pixels[part.rows[row[0]]])
    assert list(look.answers) == ["single", "multi-2"]
    assert list(look.occlusions) == ["single", "multi-2 individual", "multi-2 common"]
    network = runs[2].network()
    maps = grad_cam(network, standardise(images), targets, "garden")
    torch.testing.assert_close(look.occlusions["multi-2 common"].maps, maps["common"])
    for kind, item in look.occlusions.items():
        for masks, shown in ((item.regions, look.blurred), (item.elsewhere, look.elsewhere)):
            expected = blurred(images, masks)[0].permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(shown[kind], expected)


def test_a_network_that_is_not_satos_is_looked_at_too(data, tmp_path):
    run = fit("dkse", data.only("garden"), TrainingConfig(1, 4), tmp_path)
    looker = Looker([run], data)
    assert looker.depth == 1
    look = looker.look("garden", "artistic", 0, "dkse", 0, back=3)
    assert set(look.occlusions) == {f"dkse {name}" for name in run.network().attention_layers("garden")}


def test_the_prediction_or_the_label_is_explained(looker):
    look = looker.look("garden", "artistic", 0, "multi-2", 0)
    for said in look.answers.values():
        assert said.targets == said.probabilities.argmax(1)
    for label, target in (("non_artistic", 0), ("artistic", 1)):
        own = looker.look("garden", label, 0, "multi-2", 0, own=True)
        assert [said.targets.tolist() for said in own.answers.values()] == [[target]] * 2


def test_what_was_seen_is_kept(looker):
    asked = ("painting", "artistic", 0, "multi-2", 0)
    assert looker.look(*asked) is looker.look(*asked)


def test_a_network_that_does_not_know_the_field_or_seed_is_left_out(looker):
    assert list(looker.look("painting", "artistic", 0, "multi-2", 0).answers) == ["multi-2"]
    assert list(looker.look("garden", "artistic", 0, "multi-2", 1).answers) == ["single"]


def test_layers_further_back_are_finer_and_the_first_is_the_last_to_be_had(runs):
    for run in runs[1:]:
        network = run.network()
        for back, side in ((0, 2), (1, 4), (5, 4)):
            for layer in layers(network, "garden", back).values():
                sizes = []
                handle = layer.register_forward_hook(
                    lambda _, __, out, sizes=sizes: sizes.append(out.shape[-1])
                )
                network(torch.zeros(1, 3, 32, 32), "garden")
                handle.remove()
                assert sizes == [side]
        assert layers(network, "garden", 0) == network.attention_layers("garden")


def test_what_cannot_be_looked_at_is_said(looker, runs, data):
    with pytest.raises(RelevanceError, match="has 2 images that are artistic: there is no 3"):
        looker.look("garden", "artistic", 2, "multi-2", 0)
    with pytest.raises(RelevanceError, match="no network of seed 1 knows painting"):
        looker.look("painting", "artistic", 0, "multi-2", 1)
    with pytest.raises(RelevanceError, match="there are no runs"):
        Looker([], data)
    with pytest.raises(RelevanceError, match="multi-2 knows painting, the data do not"):
        Looker(runs, data.only("garden"))


def test_two_runs_that_cannot_be_told_apart_are_refused(runs, data, tmp_path):
    other = fit("artistry-multi-2", data.only("garden"), TrainingConfig(1, 4), tmp_path)
    with pytest.raises(RelevanceError, match="two runs of multi-2, seed 0 know garden"):
        Looker([*runs, other], data)
