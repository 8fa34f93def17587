"""Blocks of colour and edges: superpixels filled with their mean colour, anime with blurred edges."""

import numpy as np
import torch
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.feature import canny
from skimage.segmentation import felzenszwalb
from torch import Tensor

SMOOTHING = 0.5  # px, of a picture before it is parted into superpixels
SMALLEST_BLOCK = 16  # px of a superpixel
EDGE_REACH = 2  # px around an edge that are blurred
EDGE_BLUR = 1.5  # px


def superpixels(images: Tensor, scale: float) -> Tensor:
    """B 3 H W in [0, 1] -> B H W, int64: which superpixel a pixel belongs to, from 0 in each picture.

    Large ones where a picture is calm, small ones where it is not (Felzenszwalb and Huttenlocher: "Efficient
    Graph-Based Image Segmentation", 2004); of one size everywhere they would make a mosaic of a sky.

    Args:
        scale: the higher, the fewer and larger: how far colours in one may lie apart, times its size.
    """
    pixels = images.permute(0, 2, 3, 1).numpy()
    found = [felzenszwalb(each, scale, SMOOTHING, SMALLEST_BLOCK) for each in pixels]
    return torch.from_numpy(np.stack(found)).long()


def means(images: Tensor, labels: Tensor) -> Tensor:
    """B 3 H W, every pixel the mean colour of its superpixel.

    Args:
        labels: B H W, int64, 0 or more.
    """
    index = labels.flatten(1)[:, None].expand(-1, images.shape[1], -1)
    pixels, number = images.flatten(2), int(labels.max()) + 1
    sums = pixels.new_zeros(*images.shape[:2], number).scatter_add(2, index, pixels)
    counts = pixels.new_zeros(*images.shape[:2], number).scatter_add(2, index, torch.ones_like(pixels))
    return (sums / counts.clamp(min=1)).gather(2, index).view_as(images)


def colour_blocks(images: Tensor, scale: float) -> Tensor:
    """The pictures in flat blocks of colour."""
    return means(images, superpixels(images, scale))


def edge_blurred(images: Tensor) -> Tensor:
    """N 3 H W in [0, 1] -> the same, blurred along edges and nowhere else: anime that has lost its lines.

    CartoonGAN, Section 3.2: edges by Canny's detector, dilated, and there a Gaussian blur.
    """
    blurred = []
    for image in images.numpy():
        edges = binary_dilation(canny(image.mean(0), sigma=1), iterations=EDGE_REACH)
        soft = gaussian_filter(image, (0, EDGE_BLUR, EDGE_BLUR))
        blurred.append(np.where(edges, soft, image))
    return torch.from_numpy(np.stack(blurred)).to(images.dtype)
