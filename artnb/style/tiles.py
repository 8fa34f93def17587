"""A picture in tiles whose maps are those of the whole picture: no seam, whatever is summed over them.

Each tile is computed with a margin as wide as its maps depend on, and the margin is cut off the maps. Tiles
begin at multiples of the deepest layer's stride, so that poolings fall as in the whole; at the edges of the
picture there is no margin, for there the convolutions see their zeros in both.
"""

from dataclasses import dataclass
from itertools import pairwise, product

from torch import Tensor


@dataclass(frozen=True)
class Span:
    """A part of a side, px: from `start` to `stop`, with its margin from `first` to `last`."""

    start: int
    stop: int
    first: int
    last: int

    def inside(self, stride: int) -> slice:
        """Where it lies in a map of the part with its margin."""
        return slice((self.start - self.first) // stride, self.stop // stride - self.first // stride)


@dataclass(frozen=True)
class Tile:
    rows: Span
    columns: Span

    def cut(self, image: Tensor) -> Tensor:
        """The part of B C H W with its margin."""
        return image[..., self.rows.first : self.rows.last, self.columns.first : self.columns.last]

    def trim(self, maps: Tensor, stride: int) -> Tensor:
        """Maps of that part without the margin."""
        return maps[..., self.rows.inside(stride), self.columns.inside(stride)]


def tiles(height: int, width: int, side: int, margin: int, stride: int) -> list[Tile]:
    """Tiles of at most `side` px (and a stride) that cover height x width; one where that is enough.

    Args:
        margin: pixels that a value of the deepest map depends on, to each side.
        stride: of the deepest map.
    """
    rows, columns = (cover(length, side, margin, stride) for length in (height, width))
    return [Tile(*spans) for spans in product(rows, columns)]


def cover(length: int, side: int, margin: int, stride: int) -> list[Span]:
    number = -(-length // side)
    step = up(-(-length // number), stride)
    edges = [*range(0, length, step), length]
    margin = up(margin, stride)
    return [
        Span(start, stop, max(start - margin, 0), min(stop + margin, length))
        for start, stop in pairwise(edges)
    ]


def up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
