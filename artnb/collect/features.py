"""What an image file tells without showing any art: its source, resolution, border, file and colours.

Each of these is a feature: numbers for the shortcut test, and words for whoever looks at its samples.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from PIL import Image, ImageOps
from tqdm.auto import tqdm

from artnb.catalogue import Catalogue
from artnb.errors import ImageError
from artnb.images.decoding import FORMATS, decode_bytes

ALL = "all together"
SIDE = 256  # px: a JPEG may come smaller, its shorter side still twice as long
BORDER = 0.01  # of the shorter side, and no less than a pixel
EDGES = ("top", "right", "bottom", "left")
EVEN = 8.0  # levels of 255: the standard deviation below which an edge is called even
SQUARE = 64  # px: the middle of the image, as a network sees it, whose colours are counted
BINS = 6  # of each of red, green and blue
COLOURS = {
    "black": (0, 0, 0), "dark grey": (70, 70, 70), "grey": (128, 128, 128), "light grey": (195, 195, 195),
    "white": (255, 255, 255), "red": (190, 40, 40), "dark red": (90, 25, 25), "pink": (235, 170, 175),
    "orange": (230, 130, 50), "brown": (120, 75, 45), "beige": (220, 200, 165), "yellow": (235, 215, 70),
    "olive": (115, 110, 50), "green": (70, 150, 70), "dark green": (35, 70, 40), "purple": (120, 60, 140),
    "turquoise": (70, 170, 170), "light blue": (165, 200, 230), "blue": (60, 110, 190),
    "dark blue": (30, 40, 95),
}  # fmt: skip


@dataclass(frozen=True)
class File:
    """What is measured on one image file."""

    bytes: int
    type: str  # Pillow's name of the format that the bytes are of, whatever the suffix says
    border: np.ndarray  # 4 4, of EDGES: mean red, green and blue, and their standard deviation; 0 to 255
    colour: np.ndarray  # BINS³: see `colour_histograms`


def examine(catalogue: Catalogue, ids: Iterable[str]) -> dict[str, File]:
    """What is measured on the file of each of `ids`; raises ImageError naming one that cannot be read."""
    paths = catalogue.paths[list(dict.fromkeys(ids))]
    threads = Parallel(cpu_count(), backend="threading", return_as="generator")  # queues few files
    files = threads(delayed(measured)(catalogue.folder / path) for path in paths)
    return dict(zip(paths.index, tqdm(files, "examine", len(paths), unit="image"), strict=True))


def measured(path: Path) -> File:
    try:
        data = path.read_bytes()
        image = decode_bytes(data, side=SIDE)
    except (OSError, ImageError) as error:
        reason = f"cannot be opened: {error.strerror}" if isinstance(error, OSError) else error
        raise ImageError(f"{path}: {reason}; put the file back, or import its folder again") from None
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        type = opened.format
    middle = np.asarray(ImageOps.fit(image, (SQUARE, SQUARE)))
    return File(len(data), type, border(np.asarray(image)), colour_histograms(middle[None])[0])


def border(image: np.ndarray) -> np.ndarray:
    """Image H W 3 uint8 -> 4 4, a row for each of EDGES: the mean red, green and blue of its outermost
    pixels, and their standard deviation (of the three channels, averaged)."""
    width = max(1, round(BORDER * min(image.shape[:2])))
    edges = image[:width], image[:, -width:], image[-width:], image[:, :width]
    pixels = [edge.reshape(-1, 3).astype(np.float32) for edge in edges]
    return np.stack([[*of_edge.mean(axis=0), of_edge.std(axis=0).mean()] for of_edge in pixels])


def colour_histograms(pixels: np.ndarray) -> np.ndarray:
    """Images N H W 3 uint8 -> the share of each one's pixels in BINS³ boxes of RGB, N BINS³."""
    boxes = (pixels.astype(np.uint16) * BINS // 256).reshape(len(pixels), -1, 3)
    codes = (boxes[..., 0] * BINS + boxes[..., 1]) * BINS + boxes[..., 2]
    return np.stack([np.bincount(code, minlength=BINS**3) for code in codes]) / codes.shape[1]


def features(rows: pd.DataFrame, files: Mapping[str, File]) -> dict[str, np.ndarray]:
    """The numbers of each feature, and of ALL: N D of every one, N the rows of a catalogue."""
    of_rows = [files[id] for id in rows["id"]]
    width, height = rows["width"].to_numpy(float), rows["height"].to_numpy(float)
    size = np.array([file.bytes for file in of_rows], float)
    types = one_hot(pd.Series([file.type for file in of_rows]))
    numbers = {
        "source": one_hot(rows["source"]),
        "resolution": np.stack([width, height, width / height], axis=1),
        "border": np.stack([file.border.ravel() for file in of_rows]),
        "file": np.column_stack([size, size / (width * height), types]),
        "colour": np.stack([file.colour for file in of_rows]),
    }
    return numbers | {ALL: np.column_stack(list(numbers.values()))}


def one_hot(values: pd.Series) -> np.ndarray:
    return pd.get_dummies(values, dtype=float).to_numpy()


def in_words(row: Mapping[str, object], file: File) -> dict[str, str]:
    """What each feature, and ALL, is for one row of a catalogue: "843 × 600 px", "even white border"."""
    per_pixel = file.bytes / (row["width"] * row["height"])
    fullest = int(file.colour.argmax())
    middle = (np.array(np.unravel_index(fullest, (BINS,) * 3)) + 0.5) * 256 / BINS
    words = {
        "source": row["source"] or "unknown source",
        "resolution": f"{row['width']} × {row['height']} px",
        "border": border_in_words(file.border),
        "file": f"{file.type}, {file.bytes / 1000:.0f} kB, {per_pixel:.2f} bytes a pixel",
        "colour": f"{100 * file.colour[fullest]:.0f} % {colour_name(middle)}",
    }
    return words | {ALL: ", ".join(words.values())}


def border_in_words(border: np.ndarray) -> str:
    """`border` as the function of that name returns it."""
    even = border[:, 3] < EVEN
    if not even.any():
        return f"uneven border, about {colour_name(border[:, :3].mean(axis=0))}"
    where = "border" if even.all() else " and ".join(np.array(EDGES)[even])
    return f"even {colour_name(border[even, :3].mean(axis=0))} {where}"


def colour_name(rgb: np.ndarray) -> str:
    """The nearest of COLOURS."""
    return min(COLOURS, key=lambda name: float(np.square(rgb - np.array(COLOURS[name])).sum()))
