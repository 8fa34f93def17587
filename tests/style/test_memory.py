"""The memory of a transfer is known before it starts, and one that cannot fit is refused."""

from dataclasses import replace

import pytest
import torch

from artnb.errors import StyleError
from artnb.style import StyleConfig, Transfer, random_vgg19
from artnb.style.memory import check_memory, peak_bytes


@pytest.fixture(scope="module")
def five():
    return random_vgg19()


def test_the_estimate_is_what_a_hand_counts(five):
    """256 x 256 px. Maps of 64 channels at full size: conv1_1, relu, conv1_2, relu; of 64, then 128, at
    half: pooled, conv2_1, relu, conv2_2, relu; pooled and conv3_1 at a quarter. A pooling keeps 8 bytes a
    place."""
    full, half, quarter = 256**2, 128**2, 64**2
    floats = full * (3 + 4 * 64) + half * (64 + 4 * 128) + quarter * (128 + 256)
    places = 8 * (half * 64 + quarter * 128)
    gradients = 2 * full * 64
    content = half * 128
    pictures = 52 * full * 3
    by_hand = 4 * (floats + gradients + content + pictures) + places
    assert peak_bytes(five, StyleConfig(size=256), (9, 9)) == pytest.approx(by_hand, rel=0.01)


def test_tiles_take_less_and_it_grows_with_the_picture(five):
    sizes = [peak_bytes(five, StyleConfig(size=size), (3, 4)) for size in (256, 512, 1024)]
    assert sizes[0] < sizes[1] < sizes[2] < 2e9
    assert peak_bytes(five, StyleConfig(size=1024, tile=1024), (3, 4)) > 1.8 * sizes[2]


def test_what_cannot_fit_is_refused_with_a_size_that_does(five, monkeypatch):
    content = torch.rand(1, 3, 60, 80)
    monkeypatch.setattr("artnb.style.memory.free_bytes", lambda device: int(1e8))
    with pytest.raises(
        StyleError, match=r"size is 900: a picture of 900 x 675 px takes about .* GB"
    ) as refused:
        Transfer(content, content, five, StyleConfig(size=900))
    fits = int(str(refused.value).split("a size of ")[1].split(" px")[0])
    assert 64 < fits < 256
    check_memory(five, StyleConfig(size=fits), content)
    with pytest.raises(StyleError):
        check_memory(five, StyleConfig(size=fits + 32), content)


def test_half_precision_comes_to_the_same(five, content, style):
    config = StyleConfig(size=32, evaluations=10, beta=1e4)
    ends = []
    for precision in ("float32", "bfloat16"):
        transfer = Transfer(content, style, five, replace(config, precision=precision))
        totals = [row["total"] for row in transfer]
        ends.append(totals[-1])
        assert totals[-1] < totals[0] / 2
    assert ends[1] == pytest.approx(ends[0], rel=0.1)
