"""How much memory a transfer takes, known before it starts."""

from copy import deepcopy
from dataclasses import replace

import psutil
import torch
from torch import Tensor

from artnb.errors import StyleError
from artnb.style.config import FULL, SMALLEST, StyleConfig
from artnb.style.features import Features
from artnb.style.lbfgs import PAIRS
from artnb.style.losses import Objective
from artnb.style.tiles import Tile

FLOAT = 4  # bytes
PICTURES = 2 * PAIRS + 12  # what L-BFGS and the transfer hold, each as large as the picture


def shape_at(size: int, sides: tuple[int, int]) -> tuple[int, int]:
    """The sides, px, when the longer one is `size`."""
    return tuple(max(1, round(side * size / max(sides))) for side in sides)


def peak_bytes(features: Features, config: StyleConfig, sides: tuple[int, int]) -> int:
    """An estimate of the most memory that a transfer takes at once, besides what the process had before.

    One evaluation of the largest tile is gone through without numbers: what is kept of it for the way back,
    two gradients of the largest map, the content's maps, and the steps that L-BFGS remembers.

    Args:
        sides: height and width of the content, in any unit.
    """
    height, width = shape_at(config.size, sides)
    with torch.device("meta"):
        picture = torch.empty(1, 3, height, width)
    bare = deepcopy(features).to("meta")
    objective = Objective(bare, replace(config, precision=FULL), picture, picture)
    held = sum(map_.numel() for maps in objective.wanted for map_ in maps.values()) * FLOAT
    number = max(range(len(objective.tiles)), key=lambda number: area(objective.tiles[number]))
    return held + PICTURES * picture.numel() * FLOAT + kept(objective, picture, number)


def kept(objective: Objective, picture: Tensor, number: int) -> int:
    """Bytes of one tile's evaluation, without what is there before it."""
    there = [*objective.features.parameters(), *objective.wanted[number].values()]
    known = {tensor.untyped_storage()._cdata for tensor in there}
    storages = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in known:
            storages[storage._cdata] = storage
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        parts = objective.tiles[number], {}, objective.wanted[number]
        objective.sums(picture.clone().requires_grad_(), *parts)
    sizes = [storage.nbytes() for storage in storages.values()]
    return sum(sizes) + 2 * max(sizes)


def area(tile: Tile) -> int:
    return (tile.rows.last - tile.rows.first) * (tile.columns.last - tile.columns.first)


def check_memory(features: Features, config: StyleConfig, content: Tensor) -> None:
    """Raises StyleError where the transfer would need more memory than is free; names the size that fits."""
    sides, free = tuple(content.shape[-2:]), free_bytes(content.device)
    needed = peak_bytes(features, config, sides)
    if needed <= free:
        return
    fits, too_large = 0, config.size
    while too_large - fits > 16:
        size = (fits + too_large) // 2
        smaller = replace(config, size=size, scales=1) if size >= SMALLEST else None
        if smaller and peak_bytes(features, smaller, sides) <= free:
            fits = size
        else:
            too_large = size
    advice = f"a size of {fits} px fits" if fits else "free some memory"
    height, width = shape_at(config.size, sides)
    raise StyleError(
        f"size is {config.size}: a picture of {width} x {height} px takes about {needed / 1e9:.1f} GB of "
        f"memory, and {free / 1e9:.1f} GB are free; {advice}"
    )


def free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return psutil.virtual_memory().available
