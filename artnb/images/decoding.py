"""Any image file to upright RGB, or a reason why not. Files come from strangers and are not trusted."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from artnb.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")  # none runs a program
MAX_PIXELS = 80_000_000  # 240 MB of RGB; below the size at which Pillow itself warns of a bomb
SRGB = ImageCms.createProfile("sRGB")


def decode(path: str | Path, side: int | None = None) -> Image.Image:
    """The first frame of `path`: mode RGB in sRGB, upright by its EXIF orientation, transparency on white.

    With `side`, a large JPEG may come at a half, a quarter or an eighth of its size, its shorter side still
    at least twice `side` px: four times faster for 12 megapixels, and within 4 of 255 once resized to `side`.

    Raises:
        ImageError: the file cannot be opened, is empty, truncated or no image, has more than MAX_PIXELS,
            or has floating-point pixels. The message is the reason, without the path.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be opened: {error.strerror}") from None
    return decode_bytes(data, side)


def decode_square(path: str | Path, size: int) -> np.ndarray:
    """The image as networks take it, H W 3 uint8, H = W = `size`: the shorter side resized to `size`
    (bicubic, antialiased), the middle square kept. Raises as `decode` does."""
    return np.asarray(ImageOps.fit(decode(path, side=size), (size, size)))


def decode_bytes(data: bytes, side: int | None = None) -> Image.Image:
    """As `decode`, from the bytes of a file."""
    if not data:
        raise ImageError("zero bytes")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ImageError(f"{image.width} x {image.height} pixels; at most {MAX_PIXELS:,} are decoded")
            if side is not None:
                image.draft(None, (2 * side, 2 * side))
            image.load()
            return on_white(in_srgb(in_8_bits(ImageOps.exif_transpose(image))))
    except Image.UnidentifiedImageError:
        raise ImageError(f"not an image, or not of a known format ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise ImageError(f"a decompression bomb; at most {MAX_PIXELS:,} pixels are decoded") from None
    except ImageError:
        raise
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise ImageError(f"damaged or truncated: {error}") from None


def in_8_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits (or of 32 that hold 16) scaled to L; `convert` would clip it to white."""
    if image.mode == "F":
        raise ImageError("floating-point pixels have no agreed white: save it with 8 or 16 bits")
    if image.mode != "I" and not image.mode.startswith("I;16"):
        return image
    grey = np.asarray(image).astype(np.int64)
    if grey.min() < 0 or grey.max() > 0xFFFF:
        raise ImageError("32-bit pixels have no agreed white: save it with 8 or 16 bits")
    return Image.fromarray((grey >> 8).astype(np.uint8))


def in_srgb(image: Image.Image) -> Image.Image:
    """Grey, RGB and CMYK through the file's own ICC profile, where it has a usable one that is not sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("L", "RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        return image


def on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
