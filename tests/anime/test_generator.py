"""The generator: light, of any size, local."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from artnb.anime.generator import Generator, PositionNorm


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return Generator(8, 1).eval()


@given(height=st.integers(32, 61), width=st.integers(32, 61))
@settings(max_examples=12, deadline=None)
def test_any_size_keeps_its_size_and_range(small, height, width):
    images = torch.rand(2, 3, height, width)
    with torch.inference_mode():
        made = small(images)
    assert made.shape == images.shape
    assert made.min() >= 0
    assert made.max() <= 1


def test_the_default_is_light_and_has_no_transposed_convolution_and_no_fully_connected_layer():
    network = Generator()
    assert sum(parameter.numel() for parameter in network.parameters()) < 2_500_000
    assert not any(isinstance(part, nn.ConvTranspose2d | nn.Linear) for part in network.modules())


@pytest.mark.parametrize("upsampling", ["bilinear", "nearest"])
def test_every_parameter_learns(upsampling):
    network = Generator(8, 1, upsampling)
    network(torch.rand(1, 3, 32, 32)).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_what_is_far_away_changes_nothing(small):
    """The right half of a picture replaced: pixels 60 px from it stay to the bit."""
    images = torch.rand(1, 3, 32, 192)
    others = images.clone()
    others[..., 96:] = torch.rand(1, 3, 32, 96)
    with torch.inference_mode():
        first, second = small(images), small(others)
    torch.testing.assert_close(first[..., :36], second[..., :36], rtol=0, atol=1e-6)
    assert (first[..., 96:] - second[..., 96:]).abs().max() > 0.01


def test_positions_are_normalised_by_themselves():
    norm = PositionNorm(2)
    nn.init.ones_(norm.scale.weight)
    nn.init.zeros_(norm.scale.bias)
    maps = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    expected = maps / 12.5**0.5
    torch.testing.assert_close(norm(maps), expected)
