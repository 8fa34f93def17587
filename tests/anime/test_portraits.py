"""AFGAN: its layers by hand, its mask, its training, its warnings."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from torch import nn
from torch.nn import functional as F

from artnb import anime
from artnb.anime.afgan import Afgan, told_apart
from artnb.anime.faces import faces as found_faces
from artnb.anime.faces import heads as found_heads
from artnb.anime.faces import warning
from artnb.anime.portraits import AdaLIN, Attention, PortraitGenerator
from artnb.errors import AnimeError

SMALL = anime.PortraitConfig(width=4, blocks=1, judge_width=4, crop=32, batch_size=2, steps=4)


def test_adalin_lies_between_instance_and_layer_normalisation():
    maps, one, nothing = torch.randn(2, 4, 6, 5), torch.ones(2, 4, 1, 1), torch.zeros(2, 4, 1, 1)
    instance, layer = AdaLIN(4, rho=1.0)(maps, one, nothing), AdaLIN(4, rho=0.0)(maps, one, nothing)
    torch.testing.assert_close(instance, F.instance_norm(maps), atol=0.03, rtol=0.03)
    torch.testing.assert_close(layer, F.layer_norm(maps, maps.shape[1:]), atol=0.01, rtol=0.01)
    half = AdaLIN(4, rho=0.5)(maps, 2 * one, one)
    torch.testing.assert_close(half, instance + layer + 1)
    torch.testing.assert_close(AdaLIN(4, rho=7.0)(maps, one, nothing), instance)


def test_attention_is_a_class_activation_map():
    """The logit of the averaged activation is the mean of the map that its weights make."""
    attention = Attention(5)
    maps = torch.randn(2, 5, 7, 6)
    _, logits = attention(maps)
    activation = attention.average(maps)
    torch.testing.assert_close(logits[:, 0], activation.mean((1, 2, 3)))
    expected = (maps.amax((2, 3)) * attention.highest.weight.flatten()).sum(1)
    torch.testing.assert_close(logits[:, 1], expected)
    assert not any(isinstance(part, nn.Linear) for part in PortraitGenerator().modules())


@pytest.mark.parametrize("size", [(32, 32), (33, 46), (50, 35)])
def test_pictures_of_any_size_are_blended_by_the_mask(size):
    network = PortraitGenerator(4, 1).eval()
    images = torch.rand(2, 3, *size)
    made, mask, logits = network.parts(images)
    assert made.shape == images.shape
    assert mask.shape == (2, 1, *size)
    assert logits.shape == (2, 2)
    network.blend = False
    drawn = network(images)
    torch.testing.assert_close(made, mask * drawn + (1 - mask) * images)


def test_where_the_mask_is_closed_the_photograph_stays_to_the_bit():
    network = PortraitGenerator(4, 1).eval()
    with torch.no_grad():
        network.last[-1].bias[3] = -200
    images = torch.rand(1, 3, 40, 40)
    assert torch.equal(network(images), images)


def test_every_parameter_learns():
    network = PortraitGenerator(4, 1)
    made, mask, logits = network.parts(torch.rand(2, 3, 32, 32))
    (made.square().sum() + mask.sum() + logits.sum()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_the_attention_tells_source_from_target():
    sure = torch.full((2, 2), 20.0)
    assert told_apart(sure, -sure).item() == pytest.approx(0, abs=1e-6)
    assert told_apart(torch.zeros(1, 2), torch.zeros(1, 2)).item() == pytest.approx(2 * np.log(2))


def test_a_run_converts_and_keeps_its_terms(faces, tmp_path):
    photos, drawn, heads = faces
    run = anime.train_portraits(photos, drawn, SMALL, tmp_path, heads=heads)
    terms = {"adversarial", "cycle", "identity", "attention", "mask", "judge"}
    assert set(run.history) == {"step"} | terms
    assert run.history.notna().all(axis=None)
    images = photos.float() / 255
    made = anime.load(run.folder)(images)
    assert made.shape == images.shape
    other = anime.train_portraits(photos, drawn, SMALL, tmp_path, heads=heads, anime_heads=heads)
    assert other.folder != run.folder
    with pytest.raises(AnimeError, match="heads are"):
        anime.train_portraits(photos, drawn, SMALL, tmp_path, heads=heads[:2])
    with pytest.raises(AnimeError, match="cycle is -1"):
        replace(SMALL, cycle=-1)


def test_discriminators_see_heads_alone_where_both_domains_have_them(faces):
    """What lies around a head is the photograph's on purpose, and would give it away."""
    photos, drawn, heads = faces
    with_heads = [torch.cat([images, 255 * heads[:, None].byte()], 1) for images in (photos, drawn)]
    without = torch.cat([drawn, torch.full_like(drawn[:, :1], 255)], 1)
    images, mask = photos.float() / 255, heads[:, None].float()
    around = images * mask + torch.rand_like(images) * (1 - mask)
    for anime_pictures, alike in ((with_heads[1], True), (without, False)):
        learner = Afgan(with_heads[0], anime_pictures, replace(SMALL, grain=0.0))
        assert torch.allclose(learner.seen(images, mask), learner.seen(around, mask)) == alike


def test_a_taught_mask_leaves_the_background(faces, tmp_path):
    photos, drawn, heads = faces
    config = replace(SMALL, steps=200, learning_rate=3e-3, mask=30.0)
    images = photos.float() / 255
    changes = {}
    for blend in (True, False):
        of_one = replace(config, blend=blend)
        run = anime.train_portraits(photos, drawn, of_one, tmp_path, heads=heads)
        changes[blend] = anime.background_change(anime.load(run.folder)(images), images, heads).mean()
    assert changes[True] < 0.5 * changes[False]


def test_change_of_the_background_by_hand():
    photos = torch.zeros(1, 3, 4, 4)
    made = photos.clone()
    made[..., 0] = 0.8
    made[..., 3] = 1.0
    heads = torch.zeros(1, 4, 4, dtype=torch.bool)
    heads[..., 3] = True
    assert anime.background_change(made, photos, heads).item() == pytest.approx(0.8 / 3)


def test_what_is_kept_is_told_by_head_and_background():
    photos = torch.zeros(2, 3, 4, 4)
    heads = torch.zeros(2, 4, 4, dtype=torch.bool)
    heads[:, :2] = True
    made = photos.clone()
    made[0, :, :2], made[1, :, :2], made[:, :, 2:] = 0.4, 0.6, 0.1
    found = anime.kept(made, photos, heads).set_index("measure")
    assert found["change"].to_dict() == pytest.approx(
        {"head": 0.5, "background": 0.1, "head minus background": 0.4}
    )
    assert found.loc["background", "high"] == pytest.approx(0.1)
    assert found.loc["head minus background", "high"] == pytest.approx(0.4 + 12.706 * 0.1, rel=1e-3)


def test_a_mask_is_had_of_portrait_runs(faces, tmp_path, domains, features):
    photos, drawn, heads = faces
    run = anime.train_portraits(photos, drawn, SMALL, tmp_path, heads=heads)
    images = photos.float() / 255
    mask = anime.mask_of(run, images)
    assert mask.shape == (8, 1, 40, 40)
    assert 0 <= mask.min() < mask.max() <= 1
    small = anime.AnimeConfig(width=4, blocks=0, judge_width=4, crop=32, batch_size=2, warm_up=1, steps=2)
    other = anime.train(*domains, replace(small, layers=("conv2_1",)), tmp_path, features)
    with pytest.raises(AnimeError, match="has no mask"):
        anime.mask_of(other, images)


# Warnings


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


def test_a_frontal_face_is_found_and_needs_no_warning(astronaut):
    (face, *_) = faces_of(astronaut)
    assert 150 < face.left + face.width / 2 < 290
    assert 60 < face.top + face.height / 2 < 190
    assert warning(astronaut[20:240, 120:340]) == ""


def faces_of(image):
    found = found_faces(image)
    assert found
    return found


def test_a_face_that_is_small_or_turned_is_warned_of(astronaut):
    assert "covers" in warning(astronaut)
    assert warning(np.rot90(astronaut[20:240, 120:340]).copy()).startswith("No frontal face was found")
    assert warning(np.zeros((20, 20, 3), np.uint8)).startswith("No frontal face was found")


def test_a_mask_takes_the_place_of_the_detector(astronaut):
    head = np.zeros(astronaut.shape[:2], bool)
    head[50:200, 150:300] = True
    assert warning(astronaut, head) == ""
    head[:] = False
    head[50:60, 50:60] = True
    assert warning(astronaut, head).startswith("The face covers 0.0%")
    with pytest.raises(AnimeError, match="the head is"):
        warning(astronaut, head[:10])
    with pytest.raises(AnimeError, match="give H W 3 uint8"):
        warning(astronaut[..., 0])


def test_heads_are_where_faces_are_and_nowhere_else(astronaut):
    portrait = astronaut[20:240, 120:340]
    masks = found_heads(np.stack([portrait, np.zeros_like(portrait)]))
    assert masks.shape == (2, 220, 220)
    assert 0.1 < masks[0].mean() < 0.4
    rows, columns = masks[0].nonzero()
    assert 70 < rows.mean() < 120
    assert 80 < columns.mean() < 130
    assert not masks[1].any()
