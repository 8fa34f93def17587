"""How fast duplicates are found among many images, and which copies of a picture are found at all.

    python tests/benchmarks/duplicates.py [FOLDER]

The pictures are those of FOLDER, or painted ones. First made-up hashes in growing numbers: drawn evenly, and
crossed from two of the pictures', which keeps what real hashes have in common. One in five is a copy, 2, 4 or
6 bits from its original. Then the pictures themselves and copies of each kind. The peak is of the whole
process, several hundred MB of libraries with it.
"""

import hashlib
import io
import resource
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageOps
from tqdm.auto import tqdm

from artnb.atelier import Plan, paint_one
from artnb.catalogue import FIELDS, group_images, perceptual_hash
from artnb.errors import ImageError
from artnb.images import decode
from artnb.seeding import generator

NUMBERS = (10_000, 100_000, 1_000_000)
BITS_APART = (2, 4, 6)
PAINTED = Plan(train=60, validation=20, test=40, size=256)


def encoded(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def cropped(image: Image.Image, share: float) -> Image.Image:
    """Without `share` of its sides at every edge."""
    across, down = (round(share * side) for side in image.size)
    return image.crop((across, down, image.width - across, image.height - down))


def tinted(image: Image.Image) -> Image.Image:
    return Image.merge(
        "RGB", [band.point(lambda v, f=f: v * f) for band, f in zip(image.split(), TINT, strict=True)]
    )


TINT = (1.0, 0.9, 0.7)
COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG at quality 75": partial(encoded, quality=75),
    "JPEG at quality 30": partial(encoded, quality=30),
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "96 px": lambda image: ImageOps.contain(image, (96, 96)),
    "cropped by 1 %": partial(cropped, share=0.01),
    "cropped by 3 %": partial(cropped, share=0.03),
    "cropped by 10 %": partial(cropped, share=0.1),
    "white frame of 3 %": lambda image: ImageOps.expand(image, round(0.03 * max(image.size)), "white"),
    "grey": lambda image: image.convert("L"),
    "yellowed": tinted,
    "half as saturated": lambda image: ImageEnhance.Color(image).enhance(0.5),
    "brighter by 30 %": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "contrast up by 30 %": lambda image: ImageEnhance.Contrast(image).enhance(1.3),
    "turned by 2 degrees": lambda image: image.rotate(2, Image.Resampling.BICUBIC),
    "mirrored": ImageOps.mirror,
}


def main(folder: str | None = None) -> None:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as executor:
        rows = executor.map(hashes_of, chosen := pictures(folder), chunksize=20)
        hashes = pd.DataFrame(tqdm(rows, "hashing", len(chosen))).dropna()
    real = hashes["original"].map(partial(int, base=16)).to_numpy(np.uint64)
    jobs = [(number, drawn) for number in NUMBERS for drawn in (None, real)]
    rows = []
    for job in tqdm(jobs, "grouping"):  # a process each, so that each has its own peak of memory
        with ProcessPoolExecutor(1, get_context("spawn")) as executor:
            rows.append(executor.submit(scale, *job).result())
    print(f"\n{pd.DataFrame(rows).to_string(index=False)}\n\n{recall(hashes).to_string(index=False)}")


def pictures(folder: str | None) -> list[Path | tuple[str, int]]:
    if folder is None:
        return [(field, index) for field in FIELDS for index in range(PAINTED.pictures)]
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def hashes_of(picture: Path | tuple[str, int]) -> dict[str, str]:
    """The perceptual hash of a picture and of each kind of copy; nothing where it is no picture."""
    try:
        image = decode(picture) if isinstance(picture, Path) else paint_one(PAINTED, *picture).image
    except ImageError:
        return {}
    return {"original": perceptual_hash(image)} | {
        kind: perceptual_hash(copy(image)) for kind, copy in COPIES.items()
    }


def scale(number: int, real: np.ndarray | None) -> dict[str, object]:
    """Groups `number` made-up hashes; `real` are the hashes to cross, or None to draw evenly."""
    rng = generator(0, "duplicates", number)
    originals = number * 4 // 5
    made = even(rng, originals) if real is None else crossed(rng, real, originals)
    origin = np.concatenate([np.arange(originals), rng.choice(originals, number - originals, replace=False)])
    apart = np.resize(BITS_APART, number - originals)
    table = pd.DataFrame(
        {
            "id": [hashlib.sha256(b"%d" % row).hexdigest() for row in range(number)],
            "phash": [
                f"{value:016x}"
                for value in np.concatenate([made, swapped(rng, made[origin[originals:]], apart)])
            ],
            "work": "",
        }
    )
    before = time.perf_counter()
    group = pd.factorize(group_images(table))[0]
    seconds = time.perf_counter() - before
    found = group[originals:] == group[origin[originals:]]
    return {
        "hashes": "even" if real is None else "crossed",
        "n": number,
        "seconds": round(seconds, 2),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "groups": len(np.unique(group)),
        **{f"recall at {bits} bits": found[apart == bits].mean() for bits in BITS_APART},
        "merged originals": originals - len(np.unique(group[:originals])),
    }


def even(rng: np.random.Generator, number: int) -> np.ndarray:
    """Hashes with 32 of 64 bits set, as pictures have them."""
    return np.concatenate([packed(portion.argsort(axis=1) < 32) for portion in portions(rng, number)])


def crossed(rng: np.random.Generator, real: np.ndarray, number: int) -> np.ndarray:
    """What two of the hashes `real` both set, and as many of the bits that one sets as make 32."""
    made = []
    for portion in portions(rng, number):
        pairs = real[rng.integers(0, len(real), (2, len(portion)))]
        order = (portion - bits_of(pairs).sum(axis=0)).argsort(axis=1).argsort(axis=1)
        made.append(packed(order < 32))
    return np.concatenate(made)


def swapped(rng: np.random.Generator, hashes: np.ndarray, number: np.ndarray) -> np.ndarray:
    """`hashes` with so many bits changed in each, one half of them set and one half cleared."""
    made, start = [], 0
    for portion in portions(rng, len(hashes)):
        rows = slice(start, start := start + len(portion))
        bits = bits_of(hashes[rows])
        change = np.zeros_like(bits)
        for side in (bits, ~bits):
            order = np.where(side, portion, 2).argsort(axis=1).argsort(axis=1)
            change |= order < number[rows, None] // 2
        made.append(packed(bits ^ change))
    return np.concatenate(made)


def portions(rng: np.random.Generator, number: int, most: int = 50_000) -> Iterable[np.ndarray]:
    """Uniform numbers, `number` x 64, in portions of rows."""
    return (rng.random((min(most, number - start), 64)) for start in range(0, number, most))


def bits_of(hashes: np.ndarray) -> np.ndarray:
    """... uint64 -> ... 64 bool, the lowest bit first."""
    return (hashes[..., None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).astype(bool)


def packed(bits: np.ndarray) -> np.ndarray:
    """N 64 bool -> N uint64, the first bit the lowest."""
    return np.packbits(bits, axis=1, bitorder="little").view("<u8")[:, 0]


def recall(hashes: pd.DataFrame) -> pd.DataFrame:
    """How many copies of each kind are grouped with their originals, and what their coming wrongly joins."""
    number = len(hashes)
    alone = grouped(hashes["original"]).nunique()
    rows = []
    for kind in COPIES:
        group = grouped(pd.concat([hashes["original"], hashes[kind]], ignore_index=True)).to_numpy()
        found = (group[:number] == group[number:]).mean()
        rows.append((kind, number, round(found, 3), alone - len(set(group[:number]))))
    return pd.DataFrame(rows, columns=["copies", "n", "recall", f"false merges of {alone} groups"])


def grouped(phash: pd.Series) -> pd.Series:
    return group_images(
        pd.DataFrame({"id": [f"{row:08x}" for row in range(len(phash))], "phash": phash}), by=()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
