"""The terms, by hand, by the tutorial whose numbers Li took, and in tiles."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from artnb.errors import StyleError
from artnb.style import StyleConfig, random_vgg19
from artnb.style.losses import Objective, differences, gram
from artnb.style.tiles import tiles


def test_gram_by_hand():
    maps = torch.tensor([[1.0, 2], [3, 4]]).view(1, 2, 1, 2)  # two channels, two positions
    assert torch.equal(gram(maps), torch.tensor([[[5.0, 11], [11, 25]]]) / 4)
    second = torch.tensor([0.0, 1]).view(1, 1, 1, 2)
    assert torch.equal(gram(maps, second), torch.tensor([[[4.0, 8], [8, 16]]]) / 2)


def test_differences_by_hand():
    maps, wanted = torch.tensor([1.0, -2]).view(1, 2, 1, 1), torch.zeros(1, 2, 1, 1)
    assert differences(maps, wanted, "mse") == 5
    assert differences(maps, wanted, "l1") == 3
    assert differences(maps, wanted, "mse", torch.tensor(0.5).view(1, 1, 1, 1)) == 2.5


def tutorial_gram(maps):
    """As https://pytorch.org/tutorials/advanced/neural_style_tutorial.html has it."""
    a, b, c, d = maps.size()
    features = maps.reshape(a * b, c * d)
    return torch.mm(features, features.t()).div(a * b * c * d)


@pytest.mark.parametrize("kind", ["mse", "l1"])
def test_terms_are_the_tutorials(tiny, config, content, style, kind):
    config = replace(config, content_loss=kind, perceptual_layers=("relu1_2", "conv2_1"), gamma=3.0)
    image = style[..., :24, :].flip(3)
    objective = Objective(tiny, config, content, style)
    terms = objective(image)

    layers = ("conv1_1", "conv1_2", "relu1_2", "conv2_1", "relu2_1")
    of_image, of_content, of_style = (tiny(picture, layers) for picture in (image, content, style))
    loss = F.mse_loss if kind == "mse" else F.l1_loss
    wanted = {
        "content": loss(of_image["conv1_2"], of_content["conv1_2"]),
        "style": sum(
            F.mse_loss(tutorial_gram(of_image[layer]), tutorial_gram(of_style[layer]))
            for layer in ("conv1_1", "relu2_1")
        ),
        "perceptual": sum(F.mse_loss(of_image[layer], of_content[layer]) for layer in ("relu1_2", "conv2_1")),
    }
    assert terms.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(terms[name], value, rtol=1e-4, atol=1e-7)
    total = wanted["content"] + 1e3 * wanted["style"] + 3 * wanted["perceptual"]
    torch.testing.assert_close(objective.total(terms), total, rtol=1e-4, atol=1e-7)


def test_content_is_nil_at_the_content_and_style_at_the_style(tiny, config, content, style):
    terms = Objective(tiny, config, content, style)(content)
    assert terms["content"] == 0
    assert terms["style"] > 0
    assert Objective(tiny, config, style, style)(style)["style"] < 1e-12


@pytest.fixture(scope="module")
def five():
    return random_vgg19(0)


@settings(max_examples=6, deadline=None)
@given(height=st.integers(65, 150), width=st.integers(16, 140), masked=st.booleans())
def test_tiles_have_no_seam(five, height, width, masked):
    """Neither the terms nor the gradient anywhere tell that the picture was parted."""
    drawn = torch.Generator().manual_seed(height * width)
    content, style, image = (torch.rand(1, 3, height, width, generator=drawn) for _ in range(3))
    mask = (torch.rand(1, 1, height, width, generator=drawn) > 0.3).float() if masked else None
    found = []
    for side in (64, 1000):
        objective = Objective(five, StyleConfig(tile=side), content, style, mask)
        pixels = image.clone().requires_grad_()
        terms = objective(pixels)
        found.append((terms, torch.autograd.grad(objective.total(terms), pixels)[0], len(objective.tiles)))
    (parted, its_gradient, many), (whole, gradient, one) = found
    assert many > one == 1
    for name in whole:
        torch.testing.assert_close(parted[name], whole[name], rtol=1e-4, atol=0)
    torch.testing.assert_close(its_gradient, gradient, rtol=1e-3, atol=1e-4 * gradient.abs().max().item())


@settings(deadline=None)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(8, 90),
    st.integers(0, 20),
    st.sampled_from([1, 2, 4]),
)
def test_tiles_cover_every_pixel_once(height, width, side, margin, stride):
    covered = torch.zeros(height, width, dtype=torch.int)
    for tile in tiles(height, width, side, margin, stride):
        covered[tile.rows.start : tile.rows.stop, tile.columns.start : tile.columns.stop] += 1
        assert tile.rows.first <= max(tile.rows.start - margin, 0)
        assert tile.columns.last >= min(tile.columns.stop + margin, width)
        assert tile.rows.first % stride == tile.columns.start % stride == 0
    assert (covered == 1).all()


def test_too_little_to_look_at(five, content, style):
    with pytest.raises(StyleError, match="content is 2 x 9 px, too small"):
        Objective(five, StyleConfig(), content[..., :9, :2], style)
    with pytest.raises(StyleError, match="the mask is 0 everywhere"):
        Objective(five, StyleConfig(), content, style, torch.zeros(1, 1, 24, 32))
    with pytest.raises(StyleError, match=r"no layer relu4_2 .* random weights of seed 0"):
        Objective(five, StyleConfig(content_layers=("relu4_2",)), content, style)
