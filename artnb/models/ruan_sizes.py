"""What Ruan prints of the sizes of 15 networks (Tables 1 to 3), beside what they have.

Ruan: "The Cultural Value Validity of Digital Media Art Based on Deep Learning Network Model" (2022).

14 of the printed numbers of parameters are met, and all 15 where the excitation is half as wide as the text
has it. The printed GFLOPs of Table 1 cannot all be right, whatever an operation is counted as: by Eq. (10) a
convolution of h x w costs MN hw CC', which is 50² · 128² hw in layer 6 and 25² · 256² hw in layer 9, the
same. So are all other convolutions of the two networks; what is left, the excitation, makes 0.0014 %. Yet
0.75 and 1.77 are printed.
"""

import torch

from artnb.models.registry import macs
from artnb.models.separable import CLASSES, IMAGE_SIZE, dkse

FIELD = "art"
PUBLISHED = (
    (1, 6, ("3x3", "5x5"), 4, 2.7, 0.75),
    (1, 9, ("3x3", "5x5"), 4, 4.4, 1.77),
    (1, 12, ("3x3", "5x5"), 4, 11.1, 3.37),
    (2, 6, ("1x1", "3x3"), 4, 2.3, None),
    (2, 6, ("1x1", "5x5"), 4, 2.6, None),
    (2, 6, ("3x3", "5x5"), 4, 2.7, None),
    (2, 6, ("1x1", "3x3", "5x5"), 4, 2.7, None),
    (2, 6, ("1x1", "3x3"), 16, 2.3, None),
    (2, 6, ("1x1", "5x5"), 16, 2.6, None),
    (2, 6, ("3x3", "5x5"), 16, 2.7, None),
    (2, 6, ("1x1", "3x3", "5x5"), 16, 2.7, None),
    (3, 6, ("K3", "K5"), 4, 2.4, None),
    (3, 6, ("K3", "K7"), 4, 2.4, None),
    (3, 6, ("K5", "K7"), 4, 2.4, None),
    (3, 6, ("K3", "K5", "K7"), 4, 2.6, None),
)
"""Table, ID, branches, r, parameters in millions, GFLOPs."""


def ruan_sizes() -> list[dict[str, object]]:
    """One row per printed network, in the order of the tables.

    Each has table, id (of the layer with the block), branches, r; of the network whose excitation has C/r
    channels, as the text says, parameters and macs (multiply-accumulates of one image), and of that with C/2r
    half_parameters and half_macs; published_parameters, in millions, and whether the two round to them
    (agrees, half_agrees); published_gflops, or None; branch_macs, what the block's branches cost alone.
    """
    return [size(*row) for row in PUBLISHED]


def size(
    table: int, position: int, branches: tuple[str, ...], r: int, published: float, gflops: float | None
) -> dict[str, object]:
    with torch.device("meta"):  # shapes without numbers
        full, half = (
            dkse((FIELD,), IMAGE_SIZE, CLASSES, (position,), branches, r, hidden).eval()
            for hidden in ("C/r", "C/2r")
        )
        image = torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    parameters, half_parameters = (sum(part.numel() for part in net.parameters()) for net in (full, half))
    place = [name for name, _ in full.backbone.named_children()].index(str(position))
    maps = full.backbone[:place](image)
    return {
        "table": table,
        "id": position,
        "branches": "+".join(branches),
        "r": r,
        "published_parameters": published,
        "parameters": parameters,
        "agrees": round(parameters / 1e6, 1) == published,
        "half_parameters": half_parameters,
        "half_agrees": round(half_parameters / 1e6, 1) == published,
        "published_gflops": gflops,
        "macs": macs(full, image, FIELD),
        "half_macs": macs(half, image, FIELD),
        "branch_macs": sum(macs(branch, maps) for branch in full.backbone[place].branches),
    }
