"""The two domains as tensors: painted, from a folder, or from a catalogue."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from artnb.atelier.domains import pictures
from artnb.catalogue import Catalogue, read
from artnb.errors import AnimeError, ImageError
from artnb.images import decode_square
from artnb.paths import resolve
from artnb.seeding import generator

DOMAINS = ("photo", "anime")


def domains(
    catalogue: str, folders: Mapping[str, str | Path], number: int, size: int, seed: int = 0
) -> dict[str, Tensor]:
    """Up to `number` pictures of "photo" and of "anime", each N 3 `size` `size`, uint8.

    Args:
        catalogue: the folder of one whose images are labelled so; "atelier", or one that lacks either label:
            both are painted.
        folders: domain -> a folder that takes its place, or "".

    Raises:
        CatalogueError: the folder holds no valid catalogue.
        AnimeError: there are fewer than four pictures.
    """
    own = None if catalogue == "atelier" else read(resolve(catalogue))
    if own and not set(DOMAINS) <= set(own.table["label"].astype(str)):
        own = None
    found = {}
    for domain in DOMAINS:
        if folders.get(domain):
            found[domain] = of_folder(folders[domain], number, size, seed)
        elif own:
            found[domain] = of_catalogue(own, domain, number, size, seed)
        else:
            found[domain] = painted(domain, number, size, seed)
    return found


def painted(domain: str, number: int, size: int, seed: int = 0) -> Tensor:
    """`number` pictures of the domain "photo" or "anime": N 3 `size` `size`, uint8."""
    return tensor_of(pictures(number, size, domain, seed))


def of_folder(folder: str | Path, number: int, size: int, seed: int = 0) -> Tensor:
    """Up to `number` pictures of a folder in an order drawn from `seed`: the middle square of each, uint8.

    A relative folder is looked for below `paths.home()`. Files that are no pictures are passed over.

    Raises:
        AnimeError: it has fewer than four.
    """
    paths = sorted(path for path in resolve(folder).glob("*") if path.is_file())
    return decoded(paths, number, size, seed, str(folder))


def of_catalogue(catalogue: Catalogue, label: str, number: int, size: int, seed: int = 0) -> Tensor:
    """As `of_folder`, of a catalogue's images with `label`."""
    ids = sorted(catalogue.table.query("label == @label")["id"])
    return decoded([catalogue.image_path(id) for id in ids], number, size, seed, f"the label {label}")


def decoded(paths: Sequence[Path], number: int, size: int, seed: int, source: str) -> Tensor:
    found = []
    for place in generator(seed, "order").permutation(len(paths)):
        if len(found) == number:
            break
        try:
            found.append(decode_square(paths[place], size))
        except ImageError:
            continue
    if len(found) < 4:
        raise AnimeError(f"{source} has {len(found)} pictures: give four or more")
    return tensor_of(np.stack(found))


def parted(images: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """What is learnt from, and the last `share` of it, two or more, by which the learning is judged."""
    judged = max(2, round(share * len(images)))
    return images[:-judged], images[-judged:]


def tensor_of(images: np.ndarray | Sequence[np.ndarray]) -> Tensor:
    """N H W 3 -> N 3 H W."""
    return torch.from_numpy(np.asarray(images)).permute(0, 3, 1, 2).contiguous()


def floats(images: np.ndarray | Sequence[np.ndarray]) -> Tensor:
    """N H W 3 uint8 -> N 3 H W in [0, 1]."""
    return tensor_of(images).float() / 255


def pixels(images: Tensor) -> list[np.ndarray]:
    """N 3 H W, uint8 or in [0, 1], or N 1 H W -> N of H W 3 uint8."""
    images = images if images.dtype == torch.uint8 else (images * 255).round().byte()
    images = images.expand(-1, 3, -1, -1)
    return list(images.permute(0, 2, 3, 1).numpy())


def moving_image(frames: Sequence[np.ndarray], seconds: float = 0.12) -> bytes:
    """A PNG that shows frames H W 3 uint8 in turn, for a notebook's cell."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    data = io.BytesIO()
    first.save(data, "PNG", save_all=True, append_images=others, duration=round(1000 * seconds), loop=0)
    return data.getvalue()
