"""Uploads are known by what is in them; what nobody can use is refused in words, and leaves nothing."""

import io

import numpy as np
import pytest
from PIL import Image
from rude import RUDE, jpeg, mp4, polyglot

from artnb.errors import ServiceError
from artnb.service.limits import Limits
from artnb.service.uploads import examine, find_upload, shown

USER, ID = "a" * 32, "b" * 32


@pytest.fixture
def take(tmp_path):
    def take(data: bytes, name: str = "x.jpg", **limits):
        raw, folder = tmp_path / "raw", tmp_path / USER / "uploads" / ID
        raw.write_bytes(data)
        try:
            return examine(raw, folder, name, Limits(**limits))
        finally:
            assert not raw.exists()

    return take


@pytest.mark.parametrize("what", RUDE)
def test_rude_files_are_refused(take, tmp_path, what):
    name, data, says = RUDE[what]
    with pytest.raises(ServiceError, match=says) as refused:
        take(data, name)
    assert str(tmp_path) not in str(refused.value)
    assert find_upload(tmp_path, USER, ID) is None


def test_a_picture_is_kept_upright_without_its_metadata(take, tmp_path):
    image, data, secret = Image.open(io.BytesIO(jpeg())), io.BytesIO(), "taken at home"
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, secret  # turned by a quarter; a description
    image.save(data, "JPEG", exif=exif)
    assert secret.encode() in data.getvalue()
    upload = take(data.getvalue(), "me.tiff")
    assert (upload.medium, upload.name, upload.width, upload.height) == ("picture", "me.tiff", 64, 96)
    kept = upload.path.read_bytes()
    assert kept.startswith(b"\x89PNG")
    assert secret.encode() not in kept
    turned = np.asarray(image.rotate(-90, expand=True), float)
    assert np.abs(np.asarray(Image.open(upload.path), float) - turned).mean() < 6
    assert find_upload(tmp_path, USER, ID) == upload
    assert find_upload(tmp_path, "c" * 32, ID) is None


def test_of_a_polyglot_only_the_picture_is_kept(take):
    upload = take(polyglot(), "both.jpg")
    assert upload.medium == "picture"
    for file in upload.path.parent.iterdir():
        assert b"PK\x03\x04" not in file.read_bytes()


def test_a_large_picture_is_kept_smaller(take):
    upload = take(jpeg(size=(5000, 1000)))
    assert (upload.width, upload.height) == (5000, 1000)
    assert Image.open(upload.path).size == (2048, 410)
    assert max(Image.open(upload.preview).size) == 512


def test_a_film_is_known_whatever_it_is_called(take, tmp_path):
    data = mp4(tmp_path / "a.mp4", 50, sound=True)
    upload = take(data, "picture.jpg")
    assert (upload.medium, upload.width, upload.height) == ("film", 64, 48)
    assert upload.seconds == pytest.approx(49 / 25, abs=0.01)
    assert upload.path.read_bytes() == data
    assert Image.open(upload.preview).size == (64, 48)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"film_seconds": 1.5}, "too long"),
        ({"film_frames": 20}, "too long"),
        ({"film_pixels": 3000}, "pixels"),
    ],
)
def test_films_beyond_the_limits_are_refused(take, tmp_path, limits, says):
    with pytest.raises(ServiceError, match=says):
        take(mp4(tmp_path / "a.mp4", 50), "a.mp4", **limits)


def test_a_film_that_lies_about_its_length_is_measured(take, tmp_path):
    """Its header says that it has no length at all."""
    data = mp4(tmp_path / "a.mp4", 50)
    for box, place in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = data.index(box) + place
        data = data[:at] + bytes(4) + data[at + 4 :]
    with pytest.raises(ServiceError, match="too long"):
        take(data, "a.mp4", film_seconds=1.5)


def test_a_film_without_its_end_is_refused(take, tmp_path):
    with pytest.raises(ServiceError, match="no picture and no film"):
        take(mp4(tmp_path / "a.mp4", 50)[:800], "a.mp4")


def test_names_are_shown_without_folders_and_tricks():
    assert shown("../../etc/passwd") == "passwd"
    assert shown("C:\\secret\\me.jpg") == "me.jpg"
    assert shown("a\u202egpj.exe\n\x00") == "agpj.exe"
    assert shown("") == shown("\n") == "The file"
    assert len(shown("n" * 5000)) == 80
