"""A painted gallery: one field whose pictures belong to art types, or to moods.

For the classifiers of works by type (Wu's four) and by emotion. What is shown is drawn alike for all labels;
how it is painted tells them apart (see `art_types` and `moods`), and no trait does so by itself.
"""

from dataclasses import dataclass
from typing import ClassVar

from artnb.atelier.art_types import TECHNIQUES, paint_type
from artnb.atelier.commission import Commission, Painted
from artnb.atelier.moods import MOODS, paint_mood
from artnb.errors import CatalogueError
from artnb.seeding import generator

CLASSES = {"types": ("art", tuple(TECHNIQUES), paint_type), "moods": ("mood", MOODS, paint_mood)}
"""Of each kind of classes the field, the labels and the painter."""


@dataclass(frozen=True)
class Gallery(Commission):
    """How many pictures to paint, how large, and what their classes are.

    The truth about a picture of "types" is its subject, the strength of its technique in [0, 1] and whether
    it is coloured; of "moods" it is the mood that each cue follows: line, palette, composition.

    Raises:
        CatalogueError: a value that cannot be painted, named.
    """

    version: ClassVar[int] = 1
    classes: str = "types"  # or "moods"
    train: int = 160  # pictures in all, equally many of each label; pictures alike share a split
    validation: int = 80
    test: int = 200
    size: int = 96  # side in pixels
    seed: int = 0

    def __post_init__(self) -> None:
        if self.classes not in CLASSES:
            raise CatalogueError(f"classes is {self.classes}; there are {', '.join(CLASSES)}")
        self.check()

    @property
    def fields(self) -> tuple[str, ...]:
        return CLASSES[self.classes][:1]

    @property
    def labels(self) -> tuple[str, ...]:
        return CLASSES[self.classes][1]

    def picture(self, field: str, index: int) -> Painted:
        label, painter = self.labels[index % len(self.labels)], CLASSES[self.classes][2]
        canvas, truth = painter(generator(self.seed, "picture", field, index), self.size, label)
        return Painted(canvas.finished(), label, truth)
