import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F

from artnb.errors import TrainingError
from artnb.images.augmentation import NO_AUGMENTATION, Augmentation, mirrored, standardise

NOTHING = {"flip": False, "translation": 0.0}
ALL = Augmentation(True, True, 0.1, 0.5, 0.3)


def batch(count: int = 32, side: int = 24) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)).permute(0, 3, 1, 2)


def variants(image: torch.Tensor) -> list[torch.Tensor]:
    return [image, *(torch.rot90(image, turns, (1, 2)) for turns in (1, 2, 3))]


@pytest.mark.parametrize("augmentation", [Augmentation(), ALL, NO_AUGMENTATION])
def test_form_and_memory_format_stay_and_the_input_too(augmentation):
    images = batch()
    varied = augmentation(images, 0)
    assert varied.shape == images.shape
    assert varied.dtype == torch.uint8
    assert varied.is_contiguous(memory_format=torch.channels_last)
    assert augmentation(images.contiguous(), 0).is_contiguous()
    assert torch.equal(images, batch())


def test_all_randomness_comes_from_the_seed_and_the_global_generators_stay():
    torch.manual_seed(1)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = ALL(batch(), 7)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert torch.equal(ALL(batch(), 7), first)
    assert not torch.equal(ALL(batch(), 8), first)


def test_nothing_asked_nothing_done():
    images = batch()
    assert NO_AUGMENTATION(images, 0) is images
    assert Augmentation(**NOTHING) == NO_AUGMENTATION


def test_flips_mirror_about_half_of_the_images():
    images = batch(400)
    varied = Augmentation(translation=0, images_per_draw=1)(images, 0)
    flipped = [torch.equal(a, b.flip(-1)) for a, b in zip(varied, images, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(varied, images, strict=True)]
    assert sum(flipped) + sum(same) == 400
    assert 160 < sum(flipped) < 240


def test_quarter_turns_are_exact_and_all_four_occur():
    images = batch(80)
    varied = Augmentation(quarter_turns=True, images_per_draw=1, **NOTHING)(images, 0)
    turns = [
        [torch.equal(after, variant) for variant in variants(before)].index(True)
        for before, after in zip(images, varied, strict=True)
    ]
    assert set(turns) == {0, 1, 2, 3}


def test_translations_shift_whole_pixels_by_no_more_than_their_share_and_mirror_the_border():
    images = batch(60, side=20)
    varied = Augmentation(flip=False, translation=0.1, images_per_draw=1)(images, 0)
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), "reflect")
    shifts = set()
    for after, before in zip(varied.numpy(), padded, strict=True):
        found = [
            (y, x) for y in range(5) for x in range(5) if (before[:, y : y + 20, x : x + 20] == after).all()
        ]
        assert len(found) == 1
        shifts.update(found)
    assert {y for y, _ in shifts} == {x for _, x in shifts} == set(range(5))


def test_crops_zoom_in_by_no_more_than_asked():
    side = 64
    ramp = torch.arange(side, dtype=torch.uint8).expand(40, 3, side, side)  # the value is the column
    varied = Augmentation(crop=0.5, images_per_draw=1, **NOTHING)(ramp, 0)
    widths = (varied[:, 0, 0, -1].int() - varied[:, 0, 0, 0].int() + 1).float() / side
    assert widths.min() > np.sqrt(0.5 * 3 / 4) - 0.05  # the smallest area at the narrowest aspect ratio
    assert widths.min() < 0.75
    assert (varied[:, 0, 0].int().diff() >= 0).all()


def test_jitter_changes_brightness_no_more_than_asked_and_moves_no_pixel():
    grey = torch.full((60, 3, 8, 8), 100, dtype=torch.uint8)
    varied = Augmentation(jitter=0.2, images_per_draw=1, **NOTHING)(grey, 0)
    assert varied.min() >= 79
    assert varied.max() <= 121
    assert (varied == varied[:, :1, :1, :1]).all()
    assert varied[:, 0, 0, 0].unique().numel() > 10


def test_images_of_one_draw_share_it_and_draws_differ():
    same = batch(1).expand(40, -1, -1, -1)
    varied = Augmentation(translation=0.3, images_per_draw=4)(same, 0)
    draws = varied.reshape(10, 4, -1)
    assert (draws == draws[:, :1]).all()
    assert draws[:, 0].unique(dim=0).shape[0] >= 9


def test_what_makes_no_sense_is_refused():
    for wrong in ({"translation": 1.0}, {"crop": -0.1}, {"jitter": 2}, {"images_per_draw": 0}):
        with pytest.raises(TrainingError, match=next(iter(wrong))):
            Augmentation(**wrong)
    with pytest.raises(TrainingError, match="square"):
        Augmentation()(batch()[..., :10], 0)


def test_standardise_is_imagenets_formula_and_keeps_the_memory_format():
    images = batch(4)
    done = standardise(images)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    by_hand = (images.permute(0, 2, 3, 1).numpy() / 255 - mean) / std
    np.testing.assert_allclose(done.permute(0, 2, 3, 1).numpy(), by_hand, atol=1e-5)
    assert done.dtype == torch.float32
    assert done.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, batch(4))


@pytest.mark.parametrize("width", [1, 5, 23])
def test_borders_are_mirrored_as_torchvision_pads(width):
    images = batch(3)
    assert torch.equal(mirrored(images, width), F.pad(images, [width], padding_mode="reflect"))


def test_no_shift_is_longer_than_the_border_that_the_image_can_mirror():
    assert Augmentation(flip=False, translation=0.99)(batch(), 0).shape == batch().shape
