"""What a network that was trained on other images sees in ours: computed once, then read from the disk.

`features/<fingerprint>.npy` in the catalogue's folder holds a row an image, in the order of the ids. It is
named by the network, its weights, the images and their size, so other weights or images have another file.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm.auto import tqdm

from artnb.catalogue import Catalogue
from artnb.errors import TrainingError
from artnb.images import Store, open_store
from artnb.images.augmentation import standardise
from artnb.images.store import append
from artnb.models.torchvision_networks import IMAGE_SIZE, trunk
from artnb.training.saving import alone, writing
from artnb.weights import load_weights

FORMAT = 1  # raised whenever the same images would have other features
IMAGES_A_BATCH = 32
KIND, BYTES = "<f4", 4  # of a number in the file


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
        backbone: one of `torchvision_networks.PRETRAINED`, under torchvision's name.
        weights: a file or folder of them, or torchvision's hub (see `artnb.weights.load_weights`).

    Raises:
        ModelError: no such backbone, or weights that cannot be had or do not fit.
        ImageError: an image cannot be decoded.
        TrainingError: the features cannot be written, for want of space or of rights.
    """
    network = trunk(backbone).eval()
    weights_hash = load_weights(network, backbone, weights)
    ids = sorted(catalogue.paths.index)
    text = repr((FORMAT, backbone, weights_hash, image_size, ids))
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    file = catalogue.folder / "features" / f"{name}.npy"
    features = Features(file, backbone, weights_hash, image_size, pd.Index(ids, dtype="str"))
    if not features.file.exists():
        store = open_store(catalogue, image_size)
        with alone(features.file.parent / f".{name}.lock"):
            if not features.file.exists():
                write(features, network, store)
    return features


@torch.inference_mode()
def write(features: Features, network: nn.Module, store: Store) -> None:
    """Computes a batch at a time, after those that a stopped process has left; the file is there once it is
    whole."""
    network.to(memory_format=torch.channels_last)
    rows = store.rows(features.ids)
    width = network(torch.zeros(1, 3, store.size, store.size)).shape[1]
    head = header(len(rows), width)
    growing = features.file.with_suffix(".part")
    with writing(features.file), growing.open("ab") as file:
        batches = max(file.tell() - len(head), 0) // (IMAGES_A_BATCH * width * BYTES)
        done = batches * IMAGES_A_BATCH
        file.truncate(len(head) + done * width * BYTES if done else 0)
        if not done:
            append(file, head)
        with tqdm(total=len(rows), initial=done, desc="features", unit="image") as bar:
            for start in range(done, len(rows), IMAGES_A_BATCH):
                pixels = torch.from_numpy(store.pixels[rows[start : start + IMAGES_A_BATCH]])
                values = network(standardise(pixels.permute(0, 3, 1, 2))).mean((2, 3))
                append(file, values.numpy().astype(KIND).tobytes())
                bar.update(len(pixels))
    growing.replace(features.file)


def header(images: int, width: int) -> bytes:
    """What an .npy file of so many rows begins with."""
    head = BytesIO()
    form = {"descr": KIND, "fortran_order": False, "shape": (images, width)}
    np.lib.format.write_array_header_1_0(head, form)
    return head.getvalue()
