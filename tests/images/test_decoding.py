import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from artnb.errors import ImageError
from artnb.images import decode
from artnb.images.decoding import MAX_PIXELS, decode_bytes

RED, GREEN, WHITE = (255, 0, 0), (0, 128, 0), (255, 255, 255)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def picture(width: int = 200, height: int = 140) -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def pixels(data: bytes) -> np.ndarray:
    image = decode_bytes(data)
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def near(data: bytes, expected, tolerance: int = 2) -> bool:
    return bool((np.abs(pixels(data) - np.asarray(expected)) <= tolerance).all())


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "JPEG2000"])
def test_lossless_formats_give_the_pixels(format):
    options = {"WEBP": {"lossless": True}, "JPEG2000": {"irreversible": False}}.get(format, {})
    assert near(encoded(picture(), format, **options), picture(), 0)


def test_palettes_with_and_without_transparency():
    image = Image.new("P", (4, 2), 1)
    image.putpalette([*GREEN, *RED, 0, 0, 255])
    image.putpixel((0, 0), 0)
    assert near(encoded(image, "PNG"), [[GREEN, RED, RED, RED], [RED] * 4], 0)
    assert near(encoded(image, "PNG", transparency=0), [[WHITE, RED, RED, RED], [RED] * 4], 0)
    assert near(encoded(image, "GIF", transparency=0), [[WHITE, RED, RED, RED], [RED] * 4], 0)


def test_transparency_lies_on_white():
    assert near(encoded(Image.new("RGBA", (3, 3), (255, 0, 0, 0)), "PNG"), WHITE, 0)
    assert near(encoded(Image.new("RGBA", (3, 3), (255, 0, 0, 128)), "PNG"), (255, 127, 127), 1)
    assert near(encoded(Image.new("LA", (3, 3), (0, 51)), "PNG"), (204, 204, 204), 1)
    assert near(encoded(Image.new("RGB", (3, 3), RED), "PNG", transparency=RED), WHITE, 0)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_and_not_clipped(format):
    grey = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    data = encoded(Image.fromarray(grey), format)
    assert near(data, np.repeat((grey >> 8)[..., None], 3, axis=-1), 0)


def test_16_bit_colour_and_one_bit():
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\0" + struct.pack(">6H", 65535, 32768, 0, 0, 256, 65535)  # two pixels of three samples
    colour = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 2, 1, 16, 2, 0, 0, 0))
    colour += chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    assert near(colour, [[(255, 128, 0), (0, 1, 255)]], 0)
    assert near(encoded(Image.new("1", (3, 3), 1), "PNG"), WHITE, 0)


def test_cmyk_is_read_as_ink():
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    assert near(encoded(cyan, "JPEG", quality=95), (0, 255, 255), 3)
    assert near(encoded(cyan, "TIFF"), (0, 255, 255), 0)


def test_a_colour_profile_is_applied_as_littlecms_does():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    assert near(encoded(Image.new("RGB", (8, 8), RED), "PNG", icc_profile=lab.tobytes()), RED, 0)  # unusable
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    assert near(encoded(Image.new("RGB", (8, 8), GREEN), "PNG", icc_profile=srgb.tobytes()), GREEN, 0)
    assert near(encoded(Image.new("RGB", (8, 8), GREEN), "PNG", icc_profile=b"nonsense"), GREEN, 0)
    linear = encoded(Image.new("RGB", (8, 8), (55, 55, 55)), "PNG", icc_profile=linear_profile())
    assert near(linear, (128, 128, 128), 2)  # sRGB's curve: 0.2140 in light is 0.5 in sRGB


def linear_profile() -> bytes:
    """sRGB's own profile with its three tone curves replaced by the identity, under another name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for entry in range(128 + 4, 128 + 4 + 12 * struct.unpack(">I", data[128:132])[0], 12):
        name, offset, size = struct.unpack(">4s2I", data[entry : entry + 12])
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            data[offset : offset + 12] = b"curv" + bytes(8)
        if name == b"desc":
            data[offset : offset + size] = data[offset : offset + size].replace(
                "sRGB".encode("utf-16-be"), "flat".encode("utf-16-be")
            )
    return bytes(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = np.asarray(picture(48, 32))
    undo = {  # how a camera that writes this orientation stored the upright picture
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(undo(upright))), "PNG", exif=exif)
    assert near(data, upright, 0)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken(format):
    frames = [Image.new("RGB", (20, 10), colour) for colour in (RED, GREEN)]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:])
    assert near(data, RED)


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("GIF", {}),
        ("TIFF", {}),
        ("BMP", {}),
    ],
)
@pytest.mark.parametrize("left", [0.02, 0.5, 0.99])
def test_truncated_files_are_refused(format, options, left):
    data = encoded(picture(), format, **options)
    with pytest.raises(ImageError, match=r"damaged or truncated|not an image"):
        decode_bytes(data[: int(len(data) * left)])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF"]), st.data())
def test_damage_ends_in_an_image_or_in_an_image_error(format, data):
    damaged = bytearray(encoded(picture(40, 30), format))
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    with suppress(ImageError):
        assert decode_bytes(bytes(damaged)).mode == "RGB"


def test_what_is_no_image_is_refused_with_the_reason(tmp_path):
    for data, reason in {
        b"": "zero bytes",
        b"<html>404</html>": "not an image",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n": "not an image",  # would run Ghostscript
        encoded(Image.new("F", (4, 4), 0.5), "TIFF"): "no agreed white",
    }.items():
        (tmp_path / "a file, ünïcode.jpg").write_bytes(data)
        with pytest.raises(ImageError, match=reason):
            decode(tmp_path / "a file, ünïcode.jpg")
    with pytest.raises(ImageError, match="cannot be opened: No such file"):
        decode(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="cannot be opened: Is a directory"):
        decode(tmp_path)


@pytest.mark.parametrize("side", [9000, 60_000])  # above our limit, and above that of Pillow
def test_bombs_are_refused_before_they_are_decoded(side):
    assert side**2 > MAX_PIXELS
    header = struct.pack(">2I5B", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header
    bomb += struct.pack(">I", zlib.crc32(b"IHDR" + header)) + struct.pack(">I", 0) + b"IDAT"
    bomb += struct.pack(">I", zlib.crc32(b"IDAT"))
    with pytest.raises(ImageError, match=r"at most 80,000,000 (pixels )?are decoded"):
        decode_bytes(bomb)


def test_a_large_jpeg_may_come_small_but_not_too_small():
    data = encoded(picture(1600, 1200), "JPEG", quality=95)
    small = decode_bytes(data, side=64)
    assert small.size == (200, 150)
    exact = decode_bytes(data).resize((80, 60))
    assert np.abs(np.asarray(small.resize((80, 60))).astype(int) - np.asarray(exact)).max() <= 4
