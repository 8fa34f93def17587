"""The painted benchmark: a catalogue drawn by code, whose answer is known.

Every picture shows a subject of its field and carries accents. What makes it artistic is the canon they
follow (see `canon`): one shared by fields in a share `commonality` of the pictures, one peculiar to the
field in the others. A plan may have only some fields share, so that it is known who is related to whom. A
picture that is not artistic breaks the canon it would have followed. Subject, palette, light and texture are
drawn alike for both labels.
"""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from artnb.atelier import architecture, garden, painting, sculpture
from artnb.atelier.canon import broken, canon, posed
from artnb.atelier.canvas import Palette
from artnb.atelier.commission import Commission, Painted
from artnb.catalogue import ARTISTIC, FIELDS, NON_ARTISTIC
from artnb.errors import CatalogueError
from artnb.seeding import generator

PAINTERS = dict(zip(FIELDS, (painting, architecture, sculpture, garden), strict=True))
ACCENT_RADIUS = (0.055, 0.07)  # in sides of the picture
SHARED = "all fields"  # the name of the canon that fields have in common


@dataclass(frozen=True)
class Plan(Commission):
    """How many pictures to paint, how large, and how much the fields share.

    Raises:
        CatalogueError: a value that cannot be painted, named.
    """

    version: ClassVar[int] = 1
    fields: ClassVar[tuple[str, ...]] = FIELDS
    labels: ClassVar[tuple[str, ...]] = (ARTISTIC, NON_ARTISTIC)
    train: int = 200  # pictures of each field, one half of them artistic; pictures alike share a split
    validation: int = 80
    test: int = 300
    size: int = 96  # side in pixels
    commonality: float = 1.0  # share of pictures whose canon is that of all fields
    seed: int = 0
    sharing: tuple[str, ...] = FIELDS  # fields that have the canon in common; the others only their own

    def __post_init__(self) -> None:
        if not 0 <= self.commonality <= 1:
            raise CatalogueError(f"commonality is {self.commonality}; give a share in [0, 1]")
        object.__setattr__(self, "sharing", tuple(self.sharing))
        if unknown := set(self.sharing).difference(FIELDS):
            raise CatalogueError(f"sharing names {min(unknown)}; the painted fields are {', '.join(FIELDS)}")
        self.check()

    def picture(self, field: str, index: int) -> Painted:
        rng = generator(self.seed, "picture", field, index)
        painter, palette = PAINTERS[field], Palette.draw(rng)
        canvas = painter.scene(rng, self.size, palette)
        shared = bool(rng.random() < self.commonality) and field in self.sharing
        name = SHARED if shared else field
        points, label = canon(self.seed, name), self.labels[index % 2]
        if label == NON_ARTISTIC:
            points = broken(points, rng)
        radius = rng.uniform(*ACCENT_RADIUS)
        accents = [[float(x), float(y), float(radius)] for x, y in posed(points, rng)]
        for accent in accents:
            painter.accent(canvas, rng, *accent, palette.accent)
        return Painted(canvas.finished(), label, {"canon": name, "shared": shared, "accents": accents})


def cue_mask(annotations: str, size: int) -> np.ndarray:
    """Where a picture's accents lie, `size` x `size` bool, from its row's annotations.

    In an artistic picture they are its cue, in another the decoy.
    """
    middle = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(middle, middle)
    accents = json.loads(annotations)["accents"]
    return np.any([np.hypot(x - cx, y - cy) <= radius for cx, cy, radius in accents], axis=0)
