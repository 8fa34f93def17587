"""What Ruan prints of 15 networks (Tables 1 to 3): their sizes beside what they have, and what he compares.

Ruan: "The Cultural Value Validity of Digital Media Art Based on Deep Learning Network Model" (2022).

14 of the printed numbers of parameters are met, and all 15 where the excitation is half as wide as the text
has it. The printed GFLOPs of Table 1 cannot all be right, whatever an operation is counted as: by Eq. (10) a
convolution of h x w costs MN hw CC', which is 50² · 128² hw in layer 6 and 25² · 256² hw in layer 9, the
same. So are all other convolutions of the two networks; what is left, the excitation, makes 0.0014 %. Yet
0.75 and 1.77 are printed.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch

from artnb.errors import ModelError
from artnb.models.registry import macs, named
from artnb.models.separable import CLASSES, IMAGE_SIZE, dkse

FIELD = "art"


class Printed(NamedTuple):
    """A row of a table."""

    table: int
    position: int  # the ID of the layer with the block
    branches: tuple[str, ...]
    r: int
    millions: float  # parameters
    gflops: float | None
    accuracy: float  # percent


PUBLISHED = (
    Printed(1, 6, ("3x3", "5x5"), 4, 2.7, 0.75, 87.24),
    Printed(1, 9, ("3x3", "5x5"), 4, 4.4, 1.77, 87.14),
    Printed(1, 12, ("3x3", "5x5"), 4, 11.1, 3.37, 86.46),
    Printed(2, 6, ("1x1", "3x3"), 4, 2.3, None, 87.26),
    Printed(2, 6, ("1x1", "5x5"), 4, 2.6, None, 87.58),
    Printed(2, 6, ("3x3", "5x5"), 4, 2.7, None, 87.24),
    Printed(2, 6, ("1x1", "3x3", "5x5"), 4, 2.7, None, 87.35),
    Printed(2, 6, ("1x1", "3x3"), 16, 2.3, None, 86.35),
    Printed(2, 6, ("1x1", "5x5"), 16, 2.6, None, 86.85),
    Printed(2, 6, ("3x3", "5x5"), 16, 2.7, None, 86.15),
    Printed(2, 6, ("1x1", "3x3", "5x5"), 16, 2.7, None, 86.42),
    Printed(3, 6, ("K3", "K5"), 4, 2.4, None, 86.07),
    Printed(3, 6, ("K3", "K7"), 4, 2.4, None, 86.00),
    Printed(3, 6, ("K5", "K7"), 4, 2.4, None, 84.50),
    Printed(3, 6, ("K3", "K5", "K7"), 4, 2.6, None, 86.40),
)
QUESTIONS = ("layer", "branches", "reduction", "dilation")
"""What Ruan asks: Table 1; Table 2 at one r; Table 2 at one set of branches; Table 3 against Table 2."""


def ruan_comparisons(questions: Iterable[str] = QUESTIONS) -> list[dict[str, object]]:
    """What the tables compare: one row per pair of networks.

    Each has question, variant (what differs), model and reference (names for `registry.create`), and
    published, the difference of their accuracies in [-1, 1]. The references: layer 6 to layers 9 and 12; the
    branches 1x1+5x5, which the paper calls best, to others; r = 4 to r = 16; 3x3+5x5 to dilated branches.

    Raises:
        ModelError: an unknown question.
    """
    rows = []
    for question in questions:
        if question not in QUESTIONS:
            raise ModelError(f"questions names {question!r}; there are {', '.join(QUESTIONS)}")
        rows += [{"question": question, **row} for row in COMPARISONS[question]()]
    return rows


def layers() -> list[dict[str, object]]:
    reference, *others = (row for row in PUBLISHED if row.table == 1)
    return [compared(f"layer {row.position}", row, reference) for row in others]


def branches() -> list[dict[str, object]]:
    rows = [row for row in PUBLISHED if row.table == 2 and row.r == 4]
    reference = next(row for row in rows if row.branches == ("1x1", "5x5"))
    return [compared("+".join(row.branches), row, reference) for row in rows if row != reference]


def reductions() -> list[dict[str, object]]:
    rows = {(row.branches, row.r): row for row in PUBLISHED if row.table == 2}
    return [
        compared(f"r = 16, {'+'.join(kernels)}", rows[kernels, 16], rows[kernels, 4])
        for kernels, r in rows
        if r == 16
    ]


def dilations() -> list[dict[str, object]]:
    (reference,) = (row for row in PUBLISHED if row.table == 2 and row[2:4] == (("3x3", "5x5"), 4))
    return [compared("+".join(row.branches), row, reference) for row in PUBLISHED if row.table == 3]


COMPARISONS = dict(zip(QUESTIONS, (layers, branches, reductions, dilations), strict=True))


def compared(variant: str, row: Printed, reference: Printed) -> dict[str, object]:
    return {
        "variant": variant,
        "model": model_of(row),
        "reference": model_of(reference),
        "published": round((row.accuracy - reference.accuracy) / 100, 4),
    }


def model_of(row: Printed) -> str:
    return named("dkse", positions=(row.position,), branches=row.branches, r=row.r)


def ruan_sizes() -> list[dict[str, object]]:
    """One row per printed network, in the order of the tables.

    Each has table, id (of the layer with the block), branches, r; of the network whose excitation has C/r
    channels, as the text says, parameters and macs (multiply-accumulates of one image), and of that with C/2r
    half_parameters and half_macs; published_parameters, in millions, the two rounded as these are
    (millions, half_millions) and whether they are equal (agrees, half_agrees); published_gflops, or None, and
    gmacs, macs rounded as these are; branch_macs, what the block's branches cost alone.
    """
    return [size(row) for row in PUBLISHED]


def size(row: Printed) -> dict[str, object]:
    with torch.device("meta"):  # shapes without numbers
        full, half = (
            dkse((FIELD,), IMAGE_SIZE, CLASSES, (row.position,), row.branches, row.r, hidden).eval()
            for hidden in ("C/r", "C/2r")
        )
        image = torch.empty(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    parameters, half_parameters = (sum(part.numel() for part in net.parameters()) for net in (full, half))
    millions, half_millions = round(parameters / 1e6, 1), round(half_parameters / 1e6, 1)
    operations = macs(full, image, FIELD)
    place = [name for name, _ in full.backbone.named_children()].index(str(row.position))
    maps = full.backbone[:place](image)
    return {
        "table": row.table,
        "id": row.position,
        "branches": "+".join(row.branches),
        "r": row.r,
        "published_parameters": row.millions,
        "parameters": parameters,
        "millions": millions,
        "agrees": millions == row.millions,
        "half_parameters": half_parameters,
        "half_millions": half_millions,
        "half_agrees": half_millions == row.millions,
        "published_gflops": row.gflops,
        "macs": operations,
        "gmacs": round(operations / 1e9, 2),
        "half_macs": macs(half, image, FIELD),
        "branch_macs": sum(macs(branch, maps) for branch in full.backbone[place].branches),
    }
