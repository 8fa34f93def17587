"""Blocks of colour and edges: superpixels filled with their mean colour, anime with blurred edges."""

import numpy as np
import torch
from scipy.ndimage import binary_dilation, gaussian_filter
from skimage.feature import canny
from skimage.segmentation import slic
from torch import Tensor

COMPACTNESS = 10.0  # of superpixels: how far their form counts beside their colour
EDGE_REACH = 2  # px around an edge that are blurred
EDGE_BLUR = 1.5  # px


def superpixels(images: Tensor, segments: int) -> Tensor:
    """B 3 H W in [0, 1] -> B H W, int64: which superpixel a pixel belongs to, from 0 in each picture.

    SLIC (Achanta et al.: "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", 2012).
    """
    pixels = images.detach().cpu().permute(0, 2, 3, 1).numpy()
    found = [
        slic(each, segments, COMPACTNESS, max_num_iter=4, start_label=0, enforce_connectivity=False)
        for each in pixels
    ]
    return torch.from_numpy(np.stack(found)).long().to(images.device)


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


def colour_blocks(images: Tensor, segments: int) -> Tensor:
    """The pictures in flat blocks of colour, without a gradient."""
    images = images.detach()
    return means(images, superpixels(images, segments))


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
