"""The two domains: painted, from folders, from catalogues."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from artnb.anime import pictures
from artnb.atelier import Gallery, paint
from artnb.errors import AnimeError


@pytest.fixture
def folder(tmp_path):
    for place in range(6):
        Image.new("RGB", (60, 40), (place, 2 * place, 3)).save(tmp_path / f"{place}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_the_atelier_paints_both(tmp_path):
    found = pictures.domains("atelier", {}, 4, 32, 1)
    assert {name: tuple(images.shape) for name, images in found.items()} == {
        "photo": (4, 3, 32, 32), "anime": (4, 3, 32, 32),
    }  # fmt: skip
    other = paint(Gallery("types", train=4, validation=4, test=4, size=32), tmp_path)
    same = pictures.domains(str(other.folder), {}, 4, 32, 1)
    assert all(torch.equal(found[name], same[name]) for name in found)


def test_a_folder_takes_the_place_of_a_domain_and_what_is_no_picture_is_passed_over(folder):
    found = pictures.domains("atelier", {"photo": folder, "anime": ""}, 10, 32)
    assert found["photo"].shape == (6, 3, 32, 32)
    assert sorted(found["photo"][:, 0, 0, 0].tolist()) == [0, 1, 2, 3, 4, 5]
    assert found["anime"].shape == (10, 3, 32, 32)
    assert len(pictures.of_folder(folder, 4, 32)) == 4
    with pytest.raises(AnimeError, match="has 0 pictures: give four or more"):
        pictures.of_folder(folder / "nothing", 4, 32)


def test_what_is_judged_is_not_learnt():
    images = torch.arange(10).view(10, 1, 1, 1)
    learnt, judged = pictures.parted(images, 0.3)
    assert learnt.flatten().tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert judged.flatten().tolist() == [7, 8, 9]


def test_pixels_and_tensors_are_each_others_inverse():
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.stack(pictures.pixels(pictures.floats(images))), images)
    mask = pictures.pixels(torch.ones(1, 1, 4, 4))
    assert mask[0].shape == (4, 4, 3)
    assert (mask[0] == 255).all()


def test_a_moving_image_has_its_frames():
    frames = [np.full((8, 8, 3), 60 * place, np.uint8) for place in range(4)]
    image = Image.open(io.BytesIO(pictures.moving_image(frames, 0.1)))
    assert image.n_frames == 4
    assert image.info["duration"] == 100
    image.seek(2)
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), frames[2])
