"""Each term on inputs where its value can be worked out."""

import pytest
import torch
from torch import nn

from artnb.anime import losses
from artnb.anime.blocks import colour_blocks, edge_blurred, means, superpixels
from artnb.style.features import Features


@pytest.fixture(scope="module")
def pixels():
    """Features that are the normalised pixels themselves, three channels in three filters, scaled."""
    layer = nn.Conv2d(3, 3, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(3).view(3, 3, 1, 1))
    return Features([layer], "the pixels")


def test_judgements_are_compared_by_squares():
    judgements = torch.tensor([0.0, 1.0, 3.0])
    assert losses.judged(judgements, 1).item() == pytest.approx((1 + 0 + 4) / 3)
    assert losses.judged(judgements, 0).item() == pytest.approx((0 + 1 + 9) / 3)


def test_a_discriminator_weighs_what_is_false_by_its_shares():
    true, made, smoothed = torch.tensor([0.5]), torch.tensor([0.5]), torch.tensor([1.0])
    assert losses.discriminated(true, [(1.0, made)]).item() == pytest.approx((0.25 + 0.25) / 2)
    both = losses.discriminated(true, [(1.0, made), (1.0, smoothed)])
    assert both.item() == pytest.approx((0.25 + (0.25 + 1) / 2) / 2)
    third = losses.discriminated(true, [(1.0, made), (0.5, smoothed)])
    assert third.item() == pytest.approx((0.25 + (0.25 * 2 + 1) / 3) / 2)
    without = losses.discriminated(true, [(1.0, made), (0.0, smoothed)])
    assert without.item() == pytest.approx((0.25 + 0.25) / 2)


def test_content_is_the_mean_difference_of_the_maps(pixels):
    grey, darker = torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 8, 8), 0.4)
    found, wanted = (pixels(images, ["conv1_1"]) for images in (grey, darker))
    scale = pixels.chain.conv1_1.weight.abs().sum((1, 2, 3)) / pixels.std.flatten()
    assert losses.apart(found, wanted).item() == pytest.approx(0.1 * scale.mean().item(), rel=1e-4)
    assert losses.apart(found, found).item() == 0


def test_pictures_are_apart_from_blocks_of_colour_by_their_noise(pixels):
    """Two flat halves are their own blocks; grain on them is what is left, and blocks have none."""
    flat = torch.full((1, 3, 32, 32), 0.25)
    flat[..., 16:] = 0.75
    grain = 0.02 * torch.sign(torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 0.5)
    scale = (pixels.chain.conv1_1.weight.abs().sum((1, 2, 3)) / pixels.std.flatten()).mean().item()
    for images, expected in ((flat, 0), (flat + grain, 0.02 * scale)):
        blocks = colour_blocks(images, 50.0)
        assert (blocks - flat).abs().mean() < 0.004
        found = pixels(images, ["conv1_1"])
        assert losses.apart_from(blocks, found, pixels).item() == pytest.approx(expected, rel=0.1, abs=1e-4)


def test_what_is_compared_with_has_no_gradient(pixels):
    images, photos = (torch.rand(1, 3, 16, 16, requires_grad=True) for _ in range(2))
    losses.apart_from(photos, pixels(images, ["conv1_1"]), pixels).backward()
    assert images.grad.abs().sum() > 0
    assert photos.grad is None


def test_superpixels_are_larger_by_a_higher_scale_and_smaller_where_there_is_detail():
    image = torch.full((1, 3, 48, 48), 0.5)
    squares = torch.rand(1, 3, 8, 4, generator=torch.Generator().manual_seed(0))
    image[..., 24:] = 0.4 * squares.repeat_interleave(6, 2).repeat_interleave(6, 3)
    few, many = superpixels(image, 200.0), superpixels(image, 5.0)
    assert few.max() < many.max()
    assert len(many[..., :20].unique()) == 1
    assert len(many[..., 24:].unique()) > 16


def test_means_are_those_of_the_labels():
    """Against scikit-image's own, and by hand."""
    color = pytest.importorskip("skimage.color")
    images = torch.rand(2, 3, 24, 20)
    labels = superpixels(images, 50.0)
    ours = means(images, labels)
    for place in range(2):
        theirs = color.label2rgb(
            labels[place].numpy(), images[place].permute(1, 2, 0).numpy(), kind="avg", bg_label=-1
        )
        torch.testing.assert_close(ours[place].permute(1, 2, 0), torch.from_numpy(theirs).float())
    two = torch.tensor([0.0, 0.5, 1.0, 0.0]).view(1, 1, 2, 2)
    halves = torch.tensor([[[0, 0], [1, 1]]])
    torch.testing.assert_close(means(two, halves).flatten(), torch.tensor([0.25, 0.25, 0.5, 0.5]))


def test_edges_alone_are_blurred():
    image = torch.zeros(1, 3, 32, 32)
    image[..., 16:] = 1.0
    soft = edge_blurred(image)
    torch.testing.assert_close(soft[..., :11], image[..., :11])
    torch.testing.assert_close(soft[..., 21:], image[..., 21:])
    step = soft[0, 0, 16].diff()
    assert step.max() < 0.5
    assert (step >= 0).all()
    assert torch.equal(edge_blurred(torch.full((1, 3, 16, 16), 0.3)), torch.full((1, 3, 16, 16), 0.3))


def test_colour_is_nothing_of_the_same_and_lightness_of_a_darker(pixels):
    images = torch.rand(2, 3, 8, 8) * 0.5 + 0.25
    assert losses.colour(images, images).item() == 0
    assert losses.colour(images - 0.2, images).item() == pytest.approx(0.2, abs=1e-4)
    red, grey = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.299)
    red[:, 0] = 1.0
    expected = 0.5 * 0.14713**2 + 0.5 * 0.615**2
    assert losses.colour(red, grey).item() == pytest.approx(expected, rel=1e-3)


def test_style_sees_neither_colour_nor_place(pixels):
    anime = torch.rand(2, 3, 8, 8)
    assert losses.style(anime, anime, pixels, "conv1_1").item() == pytest.approx(0, abs=1e-6)
    assert losses.style(anime.flip(-1), anime, pixels, "conv1_1").item() == pytest.approx(0, abs=1e-5)
    grey = anime.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    as_grey = (anime * grey).sum(1, keepdim=True).expand(-1, 3, -1, -1)
    assert losses.style(as_grey, anime, pixels, "conv1_1").item() == pytest.approx(0, abs=1e-5)
    assert losses.style(anime * 0.5, anime, pixels, "conv1_1").item() > 0.01
