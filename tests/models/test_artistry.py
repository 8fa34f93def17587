"""The networks against the published numbers, and names and sizes that a user may bring."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from artnb.errors import ModelError
from artnb.models import create
from artnb.models.artistry import FIELDS, Artistry, ArtistryConfig
from artnb.models.fields import key

AWKWARD = (
    "keys",
    "forward",
    "training",
    "landscape.garden",
    "landscape%2Egarden",
    "庭園",
    "jardin à l'anglaise",
)


def count(parameters) -> int:
    return sum(parameter.numel() for parameter in parameters)


def on_meta(name: str, tasks=FIELDS, image_size=256, **options) -> Artistry:
    with torch.device("meta"):
        return create(name, tasks, image_size, **options)


@pytest.mark.parametrize(
    ("name", "options", "path", "whole"),
    [
        ("artistry-single", {}, 9_700_722, 38_802_888),
        ("artistry-multi-1", {}, 26_699_634, 106_133_448),
        ("artistry-multi-1", {"longer_branch": "common"}, 26_699_634, 103_476_168),
        ("artistry-multi-2", {}, 9_184_626, 35_851_464),
        ("artistry-multi-3", {}, 4_694_898, 18_335_688),
    ],
)
def test_parameters_are_the_published_ones(name, options, path, whole):
    model = on_meta(name, **options)
    assert {count(model.path_parameters(field)) for field in FIELDS} == {path}
    assert count(model.parameters()) == whole


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("artistry-single", 0),
        ("artistry-multi-1", 221_696),
        ("artistry-multi-2", 295_680),
        ("artistry-multi-3", 147_968),
    ],
)
def test_only_the_common_branch_is_shared(name, shared):
    model = on_meta(name)
    assert count(model.shared_parameters()) == shared
    paths = [set(map(id, model.path_parameters(field))) for field in FIELDS]
    assert set.intersection(*paths) == set(map(id, model.shared_parameters()))
    assert set.union(*paths) == set(map(id, model.parameters()))


@pytest.mark.parametrize(
    ("name", "widths"),
    [
        ("artistry-single", {"individual": (256, 16)}),
        ("artistry-multi-1", {"individual": (256, 16), "common": (128, 32)}),
        ("artistry-multi-2", {"individual": (128, 16), "common": (128, 16)}),
        ("artistry-multi-3", {"individual": (64, 16), "common": (64, 16)}),
    ],
)
def test_attention_layers_are_the_last_convolutions(name, widths):
    """Their channels and sides at 256 pixels; block 5 of the single-task network has 256 of 16 x 16."""
    model = on_meta(name)
    called = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, _, out: called.append((module, out.shape[1:3])))
    model(torch.empty(1, 3, 256, 256, device="meta"), "garden")
    last = {}
    for module, shape in called:  # in the order of the computation: the last of each branch remains
        branch = (
            "common" if any(module is m for m in (model.common or nn.Identity()).modules()) else "individual"
        )
        last[branch] = module, tuple(shape)
    layers = model.attention_layers("garden")
    assert {branch: shape for branch, (_, shape) in last.items()} == widths
    assert list(layers) == list(widths)
    assert all(layers[branch] is module for branch, (module, _) in last.items())


def test_single_task_is_the_stem_and_the_blocks_of_figure_7():
    """At default widths a path is conv(3, 16) ... conv(256, 256) and three dense layers, in this order."""
    stem, branches, head = on_meta("artistry-single").path("sculpture")
    layers = [
        m for part in (stem, *branches.values(), head) for m in part.modules() if not list(m.children())
    ]
    shapes = [tuple(m.weight.shape[:2][::-1]) for m in layers if isinstance(m, nn.Conv2d | nn.Linear)]
    convolutions = [
        (3, 16),
        (16, 16),
        (16, 32),
        (32, 32),
        (32, 64),
        (64, 64),
        (64, 128),
        (128, 128),
        (128, 256),
        (256, 256),
    ]
    assert shapes == [*convolutions, (16_384, 512), (512, 256), (256, 2)]
    assert sum(isinstance(m, nn.MaxPool2d) for m in layers) == 5


@pytest.mark.parametrize("fields", [("one",), AWKWARD, tuple("abcdefghijk")])
def test_any_number_and_names_of_fields(fields):
    model = create("artistry-multi-3", fields, 32)
    assert model.tasks == fields
    for field in fields:
        assert model(torch.zeros(2, 3, 32, 32), field).shape == (2, 2)


@given(st.lists(st.text(), unique=True, max_size=5))
def test_every_name_has_a_key_of_its_own(names):
    modules = nn.ModuleDict({key(name): nn.Identity() for name in [*AWKWARD, *dir(nn.ModuleDict), *names]})
    assert len(modules) == len({*AWKWARD, *dir(nn.ModuleDict), *names})


@pytest.mark.parametrize("size", [0, -32, 1, 31, 33, 48, 100, 224.0, "64", True, None])
def test_sizes_that_are_no_multiple_of_32_are_refused(size):
    with pytest.raises(ModelError, match="multiple of 32"):
        create("artistry-multi-1", FIELDS, size)


def test_a_branch_that_pools_the_image_away_is_refused():
    with pytest.raises(ModelError, match="must be 128 or more"):
        ArtistryConfig(image_size=64, individual=(8, 8, 8, 8))
    assert ArtistryConfig(image_size=128, individual=(8, 8, 8, 8)).side((8, 8, 8, 8)) == 1
    with pytest.raises(ModelError, match="individual"):
        ArtistryConfig(individual=())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((), "one or more"),
        (("a", "a"), "named once"),
        (("a", ""), "blank"),
        ((" ",), "blank"),
        ("garden", "not one text"),
        ((1, 2), "names"),
    ],
)
def test_unusable_fields_are_refused(fields, message):
    with pytest.raises(ModelError, match=message):
        create("artistry-single", fields, 32)


def test_one_class_is_refused_and_many_are_not():
    with pytest.raises(ModelError, match="num_classes"):
        create("artistry-single", FIELDS, 32, num_classes=1)
    assert create("artistry-single", ("a",), 32, num_classes=7)(torch.zeros(2, 3, 32, 32), "a").shape == (
        2,
        7,
    )


def test_wrong_images_and_fields_are_named():
    model = create("artistry-multi-2", FIELDS, 64)
    for shape in [(2, 3, 32, 32), (2, 1, 64, 64), (3, 64, 64), (2, 64, 64, 3)]:
        with pytest.raises(ModelError, match="B 3 64 64"):
            model(torch.zeros(shape), "garden")
    with pytest.raises(ModelError, match="knows painting, architecture, sculpture, garden"):
        model(torch.zeros(2, 3, 64, 64), "gardens")
