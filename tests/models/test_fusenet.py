"""FuseNet against the sizes proposed for it, and its attention against torch's."""

import pytest
import torch
from torch import nn

from artnb.errors import ModelError
from artnb.models import create
from artnb.models.fusenet import RelativeAttention, distances
from artnb.models.registry import macs


def on_meta(image_size: int = 224, num_classes: int = 4) -> nn.Module:
    with torch.device("meta"):
        return create("fusenet", ("art",), image_size, num_classes)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parts_are_as_large_as_proposed():
    model = on_meta()
    maps = torch.empty(1, 3, 224, 224, device="meta")
    found = []
    for part in model.backbone:
        maps = part(maps)
        found.append((count(part), *maps.shape[1:]))
    assert found == [
        (10_208, 32, 112, 112),
        (41_668, 48, 56, 56),
        (137_700, 96, 28, 28),
        (646_135, 160, 14, 14),
        (1_098_128, 256, 7, 7),
    ]
    assert count(model.heads) == 1_540
    assert count(model) == 1_935_379
    assert count(on_meta(num_classes=5)) == 1_935_636


def test_multiply_accumulates_are_those_proposed_and_the_products_of_attention():
    """In attention each of N places meets each other in C channels twice."""
    products = 3 * 2 * 196**2 * 160 + 2 * 2 * 49**2 * 256
    assert macs(
        on_meta().eval(), torch.empty(1, 3, 224, 224, device="meta"), "art"
    ) - products == pytest.approx(554e6, abs=0.5e6)


def test_attention_is_torchs_with_a_bias_for_each_distance():
    torch.manual_seed(0)
    side, width, heads = 3, 8, 2
    ours = RelativeAttention(width, side, width // heads).double()
    nn.init.normal_(ours.bias)
    theirs = nn.MultiheadAttention(width, heads, batch_first=True).double()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.project.weight)
        theirs.in_proj_bias.copy_(ours.project.bias)
        theirs.out_proj.load_state_dict(ours.merge.state_dict())
    bias = torch.empty(heads, side**2, side**2).double()
    for first in range(side**2):
        for second in range(side**2):
            down = first // side - second // side + side - 1
            across = first % side - second % side + side - 1
            bias[:, first, second] = ours.bias[:, down * (2 * side - 1) + across]
    tokens = torch.randn(2, side**2, width).double()
    expected, _ = theirs(tokens, tokens, tokens, attn_mask=bias.repeat(2, 1, 1))
    torch.testing.assert_close(ours(tokens), expected)


@pytest.mark.parametrize("side", [1, 2, 7])
def test_every_distance_has_a_number(side):
    numbers = distances(side, torch.device("cpu"))
    assert set(numbers.flatten().tolist()) == set(range((2 * side - 1) ** 2))
    assert (numbers + numbers.T == numbers[0, 0] * 2).all()  # there and back


@pytest.mark.parametrize("size", [16, 48, 100])
def test_sizes_that_are_no_multiple_of_32_are_refused(size):
    with pytest.raises(ModelError, match="multiple of 32"):
        on_meta(size)
