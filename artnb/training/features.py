"""What a network that was trained on other images sees in ours: computed once, then read from the disk.

`features/<fingerprint>.npy` in the catalogue's folder holds a row an image, in the order of the ids. It is
named by the network, its weights, the images and their size, so other weights or images have another file.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from filelock import FileLock
from torch import nn
from tqdm.auto import tqdm

from artnb.catalogue import Catalogue
from artnb.errors import ModelError, TrainingError
from artnb.images import Store, open_store
from artnb.images.augmentation import standardise
from artnb.paths import written_whole
from artnb.weights import load_weights, torchvision_network

FORMAT = 1  # raised whenever the same images would have other features
IMAGE_SIZE = 224  # px: what torchvision's networks were trained on
IMAGES_A_BATCH = 32
LAST = {
    "mobilenet_v2": "features",
    "squeezenet1_0": "features",
    "squeezenet1_1": "features",
    "efficientnet_b0": "features",
    "resnet18": "layer4",
    "resnet50": "layer4",
}
"""The child of torchvision's network that gives its last feature maps."""


@dataclass(frozen=True, eq=False)
class Features:
    """The features of every image of a catalogue."""

    file: Path
    backbone: str
    weights: str  # 16 hex digits of their numbers
    image_size: int
    ids: pd.Index  # of each row

    @cached_property
    def vectors(self) -> np.ndarray:
        """N D, float32, memory-mapped, read-only."""
        return np.load(self.file, mmap_mode="r")

    def of(self, ids: Iterable[str]) -> torch.Tensor:
        """B D, a row for each of `ids`; raises TrainingError where one has none."""
        wanted = pd.Index(ids, dtype="str")
        rows = self.ids.get_indexer(wanted)
        if (rows < 0).any():
            raise TrainingError(f"{self.file} has no image {wanted[rows < 0][0]}: extract the features again")
        return torch.from_numpy(self.vectors[rows])


def extract(
    catalogue: Catalogue, backbone: str, weights: str | Path | None = None, image_size: int = IMAGE_SIZE
) -> Features:
    """The features that the frozen network `backbone` has of all images of `catalogue`.

    They are the means of its last feature maps over the image. Where two processes ask at once, one computes
    and the other waits.

    Departure: the shorter side is resized to `image_size` and the middle square kept, where torchvision
    resizes to 256 px and keeps 224.

    Args:
        backbone: one of `LAST`, under torchvision's name.
        weights: a file of them (see `artnb.weights.load_weights`); without it torchvision's hub is asked.

    Raises:
        ModelError: no such backbone, or weights that cannot be had or do not fit.
        ImageError: an image cannot be decoded.
    """
    network = trunk(backbone)
    weights_hash = load_weights(network, backbone, weights)
    ids = sorted(catalogue.paths.index)
    text = repr((FORMAT, backbone, weights_hash, image_size, ids))
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = catalogue.folder / "features" / f"{name}.npy"
    features = Features(file, backbone, weights_hash, image_size, pd.Index(ids, dtype="str"))
    if not features.file.exists():
        store = open_store(catalogue, image_size)
        features.file.parent.mkdir(exist_ok=True)
        with FileLock(features.file.parent / f".{name}.lock"):
            if not features.file.exists():
                write(features, network, store)
    return features


def trunk(backbone: str) -> nn.Sequential:
    """torchvision's network up to its last feature maps, under its own keys, in evaluation mode."""
    if backbone not in LAST:
        raise ModelError(f"no features are taken from {backbone!r}: known are {', '.join(LAST)}")
    children = OrderedDict(torchvision_network(backbone).named_children())
    while next(reversed(children)) != LAST[backbone]:
        children.popitem()
    return nn.Sequential(children).eval()


@torch.inference_mode()
def write(features: Features, network: nn.Module, store: Store) -> None:
    """Computes a batch at a time; the file is there once it is whole."""
    network.to(memory_format=torch.channels_last)
    rows = store.rows(features.ids)
    width = network(torch.zeros(1, 3, store.size, store.size)).shape[1]
    with written_whole(features.file) as path, tqdm(total=len(rows), desc="features", unit="image") as bar:
        values = np.lib.format.open_memmap(path, "w+", np.float32, (len(rows), width))
        for start in range(0, len(rows), IMAGES_A_BATCH):
            batch = slice(start, start + IMAGES_A_BATCH)
            pixels = torch.from_numpy(store.pixels[rows[batch]]).permute(0, 3, 1, 2)
            values[batch] = network(standardise(pixels)).mean((2, 3))
            bar.update(len(pixels))
        values.flush()
