"""S-CNN, the small network of Wu: "Heritage and Innovation of Art Creation in the Context of Big Data and
Public Health Events", Section 3.2.

The paper says that it has four convolutional layers and no more. Widths, kernels, poolings, ReLU and the
two dense layers are this project's.
"""

from collections.abc import Iterable

from torch import nn

from artnb.models.backbone import SharedBackbone

WIDTHS = (32, 64, 128, 128)
HIDDEN = 128


def s_cnn(fields: Iterable[str], image_size: int, num_classes: int) -> SharedBackbone:
    """Four convolutions, each pooled, and two dense layers: 3,452,740 parameters at 224 px with 4 classes."""
    layers = []
    for channels, width in zip((3, *WIDTHS[:-1]), WIDTHS, strict=True):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    *backbone, pooling = layers

    def head() -> nn.Sequential:
        features = WIDTHS[-1] * (image_size // 2 ** len(WIDTHS)) ** 2
        dense = nn.Linear(features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, num_classes)
        return nn.Sequential(pooling, nn.Flatten(), *dense)

    return SharedBackbone(fields, image_size, num_classes, nn.Sequential(*backbone), head)
