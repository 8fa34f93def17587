"""Squares from libraries, folders and catalogues: which, how large, and what is refused."""

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from artnb.atelier import Gallery, paint
from artnb.errors import StyleError
from artnb.images import decode_square
from artnb.style import samples


def test_photographs_are_the_middle_squares_of_what_libraries_ship():
    found = samples.photographs(6, 427)
    assert list(found)[:2] == ["temple", "cat"]
    assert all(picture.shape == (1, 3, 427, 427) for picture in found.values())
    shown = pixels(found["temple"]).astype(float)
    whole = load_sample_image("china.jpg")  # 427 x 640
    apart = [np.abs(shown - whole[:, left : left + 427]).mean() for left in (0, 106, 213)]
    assert apart[1] < 12 < min(apart[0], apart[2])
    assert np.array_equal(pixels(samples.photographs(6, 512)["astronaut"]), skimage.data.astronaut())


def pixels(picture: torch.Tensor) -> np.ndarray:
    return (picture[0] * 255).round().byte().permute(1, 2, 0).numpy()


def test_all_photographs_can_be_had():
    found = samples.photographs(len(samples.SHIPPED), 16)
    assert len({picture.numpy().tobytes() for picture in found.values()}) == len(samples.SHIPPED)
    with pytest.raises(StyleError, match="7 wanted of 6 photographs"):
        samples.photographs(7, 16)


def test_a_folder_is_read_by_name_and_what_is_no_picture_passed_over(tmp_path):
    for name, colour in (("b", "red"), ("a", "blue"), ("d", "green")):
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "a1.txt").write_text("no picture")
    (tmp_path / "c").mkdir()
    found = samples.of_folder(tmp_path, 2, 16)
    assert list(found) == ["a", "b"]
    assert torch.equal(found["a"][0, :, 3, 3], torch.tensor([0.0, 0.0, 1.0]))
    with pytest.raises(StyleError, match="4 wanted of 3 pictures"):
        samples.of_folder(tmp_path, 4, 16)
    with pytest.raises(StyleError, match="1 wanted of 0 pictures"):
        samples.of_folder(tmp_path / "nowhere", 1, 16)


def test_styles_are_test_images_of_every_label(tmp_path):
    catalogue = paint(Gallery("types", train=8, validation=4, test=8, size=32), tmp_path / "types")
    pictures, labels = samples.of_catalogue(catalogue, "art", 16, 2)
    assert list(pictures)[:2] == ["chinese painting 1", "chinese painting 2"]
    assert set(labels.values()) == {"chinese_painting", "comic", "sketch", "watercolour"}
    table = catalogue.table
    ids = table[(table["split"] == "test") & (table["label"] == "comic")].sort_values("id")["id"]
    expected = decode_square(catalogue.image_path(ids.iloc[1]), 16)
    assert np.array_equal(pixels(pictures["comic 2"]), expected)
    with pytest.raises(StyleError, match="3 wanted of 2 pictures of"):
        samples.of_catalogue(catalogue, "art", 16, 3)
