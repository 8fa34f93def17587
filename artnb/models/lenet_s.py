"""LeNet-s, one of three networks compared by Wu: "Heritage and Innovation of Art Creation in the Context of
Big Data and Public Health Events", Section 3.2.

The paper says that it has seven layers and no more. They are read as those of LeNet-5 (LeCun et al.:
"Gradient-Based Learning Applied to Document Recognition", 1998) on images of three channels and any size;
this project's are ReLU for the scaled tanh, a full second convolution and a plain last layer.
"""

from collections.abc import Iterable

from torch import nn

from artnb.models.backbone import SharedBackbone

WIDTHS = (6, 16)
HIDDEN = (120, 84)


def lenet_s(fields: Iterable[str], image_size: int, num_classes: int) -> SharedBackbone:
    """Two convolutions 5 x 5, each pooled, three dense layers: 5,406,776 parameters at 224 px, 4 classes."""
    first, second = WIDTHS
    backbone = nn.Sequential(
        nn.Conv2d(3, first, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(first, second, 5), nn.ReLU()
    )

    def head() -> nn.Sequential:
        side = ((image_size - 4) // 2 - 4) // 2
        layers = [nn.AvgPool2d(2), nn.Flatten()]
        for inputs, outputs in zip((second * side**2, *HIDDEN), HIDDEN, strict=False):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(HIDDEN[-1], num_classes))

    return SharedBackbone(fields, image_size, num_classes, backbone, head)
