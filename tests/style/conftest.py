"""Tiny networks and pictures, so that a transfer takes milliseconds."""

import pytest
import torch
from torch import nn

from artnb.style import Features, StyleConfig


def chain(seed: int = 0) -> nn.Sequential:
    """A block and a half of VGG's kind, 8 and 12 channels."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.ReLU(),
    )


@pytest.fixture
def tiny_chain() -> nn.Sequential:
    return chain()


@pytest.fixture(scope="session")
def tiny() -> Features:
    return Features(chain(), "tiny")


@pytest.fixture(scope="session")
def config() -> StyleConfig:
    return StyleConfig(
        content_layers=("conv1_2",), style_layers=("conv1_1", "relu2_1"), size=32, evaluations=12, beta=1e3
    )


@pytest.fixture(scope="session")
def content() -> torch.Tensor:
    """1 3 24 32: two ramps and a disc."""
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 24), torch.linspace(0, 1, 32), indexing="ij")
    disc = ((rows - 0.5) ** 2 + (columns - 0.5) ** 2 < 0.1).float()
    return torch.stack([rows, columns, disc])[None]


@pytest.fixture(scope="session")
def style() -> torch.Tensor:
    """1 3 32 32: stripes of one colour, a little uneven."""
    stripes = (torch.arange(32) // 4 % 2).float().expand(32, 32)
    noise = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(1))
    colours = torch.tensor([0.9, 0.6, 0.1]).view(3, 1, 1)
    return (0.8 * stripes * colours + 0.2 * noise)[None]
