"""Ruan's network against its printed layers and sizes, and its blocks against their equations."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from artnb.errors import ModelError
from artnb.models import create
from artnb.models.dkse import DKSE, SK, DKSEConfig
from artnb.models.ruan_tables import QUESTIONS, ruan_comparisons, ruan_sizes

FIELD = ("art",)


def on_meta(name: str = "dkse", image_size: int = 299, **options) -> nn.Module:
    with torch.device("meta"):
        return create(name, FIELD, image_size, 5, **options)


def count(parameters) -> int:
    return sum(parameter.numel() for parameter in parameters)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"positions": ()}, 2_137_253),
        ({"positions": (6, 9, 12)}, 2_137_253 + 565_920 + 2_262_336 + 9_046_656),
        ({"branches": ("K3", "K7")}, 2_441_029),
        ({"attention": "sk"}, 2_703_173 + 128 * 32 + 128),  # one layer W2 more
    ],
)
def test_parameters_are_those_derived(options, expected):
    assert count(on_meta(**options).parameters()) == expected


def test_layers_are_those_of_figure_10():
    """ID, and the maps after it: side and channels."""
    maps = torch.empty(2, 3, 299, 299, device="meta")
    seen = {}
    for name, layer in on_meta(positions=(12, 6, 9)).backbone.named_children():
        maps = layer(maps)
        assert maps.shape[2] == maps.shape[3]
        seen[int(name)] = maps.shape[2], maps.shape[1]
    assert list(seen.items()) == [
        (1, (299, 32)),
        (2, (99, 32)),
        (3, (99, 64)),
        (4, (50, 128)),
        (5, (50, 128)),
        (6, (50, 128)),
        (7, (25, 256)),
        (8, (25, 256)),
        (9, (25, 256)),
        (10, (13, 512)),
        (11, (13, 512)),
        (12, (13, 512)),
        (13, (7, 1024)),
        (14, (7, 1024)),
    ]


def test_kernels_dilate_as_figure_9_and_table_3_say():
    model = on_meta(branches=("1x1", "3x3", "5x5", "K3", "K5", "K7"))
    convolutions = [branch[0] for branch in getattr(model.backbone, "6").branches]
    kernels = [(c.kernel_size[0], c.dilation[0], c.groups) for c in convolutions]
    assert kernels == [(1, 1, 1), (3, 1, 1), (5, 1, 1), (3, 1, 1), (3, 2, 1), (3, 3, 1)]
    stem = getattr(model.backbone, "1")[0]
    assert (stem.kernel_size, stem.dilation, stem.stride) == ((3, 3), (2, 2), (1, 1))


def test_dropout_surrounds_the_pooling():
    head = on_meta(dropout=0.3).heads.of("art")
    assert [type(layer) for layer in head] == [
        nn.Dropout,
        nn.AdaptiveAvgPool2d,
        nn.Flatten,
        nn.Dropout,
        nn.Linear,
    ]
    assert head[0].p == head[3].p == 0.3


def test_pointwise_convolutions_alone_are_decayed():
    model = on_meta(branches=("1x1", "5x5"))
    decayed = set(map(id, model.decayed_parameters()))
    shapes = [tuple(p.shape) for p in model.parameters() if id(p) in decayed]
    pairs = [(32, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512), (512, 1024)]
    assert shapes == [(after, before, 1, 1) for before, after in [*pairs, (1024, 1024)]]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    return ruan_sizes()


def test_fourteen_of_the_printed_sizes_are_met_and_all_with_the_other_reading(rows):
    assert len(rows) == 15
    assert [(row["table"], row["id"]) for row in rows if not row["agrees"]] == [(1, 12)]
    assert all(row["half_agrees"] for row in rows)
    assert [row["parameters"] for row in rows[:3]] == [2_703_173, 4_399_589, 11_183_909]
    assert [row["half_parameters"] for row in rows[:3]] == [2_699_061, 4_383_173, 11_118_309]
    assert [row["parameters"] for row in rows[-4:]] == [2_441_029] * 3 + [2_588_741]


def test_the_printed_gflops_cannot_all_be_right(rows):
    """Layers 6 and 9 cost the same, by Eq. (10) and as counted, and are printed as 0.75 and 1.77."""
    first, second, _ = rows[:3]
    assert first["branch_macs"] == second["branch_macs"] == (9 + 25) * 128**2 * 50**2 == 34 * 256**2 * 25**2
    excitations = [2 * channels * channels // 4 for channels in (128, 256)]
    assert second["macs"] - first["macs"] == excitations[1] - excitations[0] == 24_576
    assert first["macs"] == pytest.approx(1.770e9, rel=1e-3)
    assert (first["published_gflops"], second["published_gflops"]) == (0.75, 1.77)


def test_what_the_tables_compare():
    rows = ruan_comparisons()
    assert len(rows) == 2 + 3 + 4 + 4
    by_variant = {row["variant"]: row for row in rows}
    assert by_variant["layer 12"] == {
        "question": "layer",
        "variant": "layer 12",
        "model": "dkse(positions=(12,))",
        "reference": "dkse",
        "published": -0.0078,
    }
    assert by_variant["r = 16, 1x1+5x5"]["model"] == "dkse(branches=('1x1', '5x5'), r=16)"
    assert by_variant["r = 16, 1x1+5x5"]["reference"] == by_variant["1x1+3x3"]["reference"]
    assert all(row["published"] < 0 for row in rows)
    assert ruan_comparisons(["dilation"]) == [row for row in rows if row["question"] == "dilation"]
    assert list(dict.fromkeys(row["question"] for row in rows)) == list(QUESTIONS)
    with pytest.raises(ModelError, match="questions names 'depth'; there are layer, branches"):
        ruan_comparisons(["depth"])


def test_a_block_is_explained_by_itself_and_by_its_branches():
    layers = on_meta(positions=(6, 12), branches=("1x1", "5x5")).attention_layers("art")
    assert list(layers) == [
        "backbone",
        *("layer 6", "layer 6, 1x1", "layer 6, 5x5"),
        *("layer 12", "layer 12, 1x1", "layer 12, 5x5"),
    ]
    assert layers["layer 6, 5x5"][0].kernel_size == (5, 5)
    assert layers["layer 12, 1x1"][0].in_channels == 512


@pytest.fixture
def maps() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(3, 8, 6, 5)


def drawn(block: nn.Module) -> nn.Module:
    """In evaluation mode, with running statistics that change something."""
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return block.eval()


def by_hand(block: nn.Module, place: int, maps: torch.Tensor, padding: int, dilation: int) -> torch.Tensor:
    convolution, norm, _ = block.branches[place]
    out = F.conv2d(maps, convolution.weight, padding=padding, dilation=dilation, groups=convolution.groups)
    shape = (1, -1, 1, 1)
    out = (out - norm.running_mean.view(shape)) / (norm.running_var.view(shape) + norm.eps).sqrt()
    return out.clamp(min=0)


def test_shared_attention_is_equation_9(maps):
    block = drawn(DKSE(8, DKSEConfig(("3x3", "K5"), 2, "C/2r", "shared")))
    u = [by_hand(block, 0, maps, 1, 1), by_hand(block, 1, maps, 2, 2)]
    z = sum(u).sum((2, 3)) / 30  # Eq. (8)
    w1, w2 = (layer.weight[:, :, 0, 0] for layer in (block.fuse.fc1, block.fuse.fc2))
    assert w1.shape == (2, 8)
    s = torch.sigmoid((z @ w1.T + block.fuse.fc1.bias).relu() @ w2.T + block.fuse.fc2.bias)
    expected = sum(s[:, :, None, None] * u_i for u_i in u)
    torch.testing.assert_close(block(maps), expected)


@pytest.mark.parametrize("least", [False, True])
def test_selective_attention_adds_up_to_one_over_branches(maps, least):
    if least:  # Li et al.'s own block: in groups, never fewer than 32 hidden channels, normalised
        maps = maps.repeat(1, 8, 1, 1)
        block = drawn(SK(64, 16))
        assert [type(layer) for layer in block.fuse.reduce[1]] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
        assert (block.fuse.expand.in_channels, block.branches[0][0].groups) == (32, 32)
    else:
        block = drawn(DKSE(8, DKSEConfig(("3x3", "K5"), 2, "C/r", "sk")))
    u = [by_hand(block, 0, maps, 1, 1), by_hand(block, 1, maps, 2, 2)]
    hidden = sum(u).mean((2, 3), keepdim=True)
    for layer in block.fuse.reduce[1]:
        hidden = layer(hidden)
    a, b = block.fuse.expand(hidden).exp().chunk(2, dim=1)
    torch.testing.assert_close(block(maps), (a * u[0] + b * u[1]) / (a + b))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("dkse", {"positions": (6, 7)}, "positions names 7; there are 6, 9, 12"),
        ("dkse", {"positions": 6}, r"not one number: write \[6\]"),
        ("separable-se", {"dropout": 1.0}, r"share in \[0, 1\), not 1.0"),
        ("separable-sk", {"r": 4.0}, "power of 2"),
        ("dkse", {"branches": ("3x3", "7x7")}, "branches names '7x7'; there are 1x1"),
        ("dkse", {"branches": ("3x3",)}, "two or more"),
        ("dkse", {"branches": ("3x3", "3x3")}, "named once"),
        ("dkse", {"hidden": "C"}, "C/r or C/2r, not 'C'"),
        ("dkse", {"attention": "both"}, "shared or sk, not 'both'"),
        ("dkse", {"r": 3}, "power of 2 from 1 to 64, not 3"),
        ("separable-se", {"r": 0}, "power of 2"),
        ("separable-sk", {"r": "4"}, "power of 2"),
        ("separable-se", {"branches": ("3x3", "5x5")}, "no option 'branches'"),
    ],
)
def test_unusable_options_are_named(name, options, message):
    with pytest.raises(ModelError, match=message):
        on_meta(name, **options)
