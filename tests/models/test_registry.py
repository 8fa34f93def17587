"""One test over every model there is, what each costs, and names that are wrong."""

import pytest
import torch
from safetensors.torch import load, save

from artnb.errors import ModelError
from artnb.models import create, describe, names

TASKS = ("painting", "landscape.garden", "庭園")


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("name", names())
def test_every_model(name, size):
    torch.manual_seed(0)
    model = create(name, TASKS, size)
    images = torch.randn(4, 3, size, size)
    logits = model(images, "landscape.garden")
    assert logits.shape == (4, 2)
    assert logits.isfinite().all()

    logits.logsumexp(1).sum().backward()
    path = model.path_parameters("landscape.garden")
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in path)
    elsewhere = {id(p) for p in model.parameters()} - {id(p) for p in path}
    assert elsewhere
    assert all(p.grad is None for p in model.parameters() if id(p) in elsewhere)

    model.eval()
    with torch.no_grad():
        contiguous = model(images, "庭園")
        torch.testing.assert_close(model(images[1:3], "庭園"), contiguous[1:3])
        twin = create(name, TASKS, size).eval()
        twin.load_state_dict(load(save(model.state_dict())))
        assert torch.equal(twin(images, "庭園"), contiguous)
        channels_last = model.to(memory_format=torch.channels_last)(
            images.contiguous(memory_format=torch.channels_last), "庭園"
        )
        torch.testing.assert_close(channels_last, contiguous)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("size", [96, 160, 256, 512])
def test_every_multiple_of_32(name, size):
    with torch.device("meta"):
        assert create(name, TASKS, size)(torch.empty(2, 3, size, size), "painting").shape == (2, 2)


def test_macs_are_those_computed_by_hand():
    """A 3 x 3 convolution costs 9 c c' per output pixel; a block has c c' + c' c' of them."""

    def block(side, c_in, c):
        return side**2 * 9 * (c_in * c + c * c)

    def head(features):
        return features * 512 + 512 * 256 + 256 * 2

    stem = block(256, 3, 16) + block(128, 16, 32) + block(64, 32, 64)
    long = block(32, 64, 128) + block(16, 128, 256)
    assert (stem, long, head(16_384)) == (632_291_328, 452_984_832, 8_520_192)
    assert {row["name"]: row["macs"] for row in describe()} == {
        "artistry-single": stem + long + head(16_384),
        "artistry-multi-1": stem + long + block(32, 64, 128) + head(16_384 + 32_768),
        "artistry-multi-2": stem + 2 * (block(32, 64, 64) + block(16, 64, 128)) + head(16_384),
        "artistry-multi-3": stem + 2 * (block(32, 64, 64) + block(16, 64, 64)) + head(8_192),
    }


def test_description_has_the_published_counts():
    rows = describe()
    assert [row["name"] for row in rows] == names()
    assert [row["path_parameters"] for row in rows] == [9_700_722, 26_699_634, 9_184_626, 4_694_898]
    assert [row["total_parameters"] for row in rows] == [38_802_888, 106_133_448, 35_851_464, 18_335_688]
    assert all(row["image_size"] == 256 and row["paper"].startswith("Sato") for row in rows)


def test_initialisation_follows_torchs_seed():
    first, second, third = (seeded(seed) for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


def seeded(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return create("artistry-multi-3", ("a", "b"), 32).state_dict()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("artistry-mutli-2", {}, "did you mean 'artistry-multi-2'"),
        ("vgg", {}, "known are artistry-single, artistry-multi-1"),
        ("artistry-multi-1", {"longer_brunch": "common"}, "did you mean 'longer_branch'"),
        ("artistry-multi-1", {"longer_branch": "shared"}, "'individual' or 'common', not 'shared'"),
        ("artistry-multi-2", {"longer_branch": "common"}, "it takes none"),
    ],
)
def test_wrong_names_meet_the_nearest_right_one(name, options, message):
    with pytest.raises(ModelError, match=message):
        create(name, TASKS, 32, **options)
