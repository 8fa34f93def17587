"""Photographs that ship with scikit-learn and scikit-image."""

from collections.abc import Callable, Mapping

import numpy as np
import skimage.data
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

SHIPPED: Mapping[str, Callable[[], np.ndarray]] = {
    "temple": lambda: load_sample_image("china.jpg"),
    "cat": skimage.data.chelsea,
    "cup": skimage.data.coffee,
    "flower": lambda: load_sample_image("flower.jpg"),
    "rocket": skimage.data.rocket,
    "astronaut": skimage.data.astronaut,
}
"""Each H W 3 uint8."""


def photograph(name: str, side: int) -> Image.Image:
    """The middle square of a photograph of `SHIPPED`, in mode RGB."""
    return ImageOps.fit(Image.fromarray(SHIPPED[name]()), (side, side))
