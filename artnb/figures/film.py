"""Films drawn: some of their frames side by side, and how much they flicker."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import show
from artnb.figures.frame import count, framed
from artnb.figures.palette import WIDTH, style

MARGIN = 1.0  # inches, left of the frames, for the films' names


@style()
def filmstrips(
    films: Mapping[str, Sequence[np.ndarray]],
    flickers: Mapping[str, float] | None = None,
    every: int = 3,
    title: str = "The same frames of each film",
) -> Figure:
    """A row per film, a column per frame (in the manner of Wu and Chen, Figure 8).

    Args:
        films: name -> the same number of frames of each, H W 3 uint8, one in `every`.
        flickers: name -> how much it flickers, its source being 1; stands below the name.

    Raises:
        ReportError: there are no frames, or the films have different numbers of them.
    """
    numbers = {len(frames) for frames in films.values()}
    if len(numbers) != 1 or 0 in numbers:
        raise ReportError("each film needs the same number of frames, one or more")
    [number] = numbers
    flickers = flickers or {}
    width = (WIDTH - MARGIN) / number
    heights = [frames[0].shape[0] / frames[0].shape[1] * width for frames in films.values()]
    of_each = "each frame" if every == 1 else f"one frame in {every}"
    note = f"{count(number, 'frame')} of each film, {of_each}, in order."
    if flickers:
        note += " Flicker: the mean difference of neighbouring frames, that of the source being 1."
    figure = framed(title, note, sum(heights) + 0.06 * len(heights))
    grid = figure.subplots(len(films), number, squeeze=False, height_ratios=heights)
    for line, (name, frames) in zip(grid, films.items(), strict=True):
        for axes, frame in zip(line, frames, strict=True):
            show(axes, frame)
        said = [fill(name, 14), *([f"flicker {flickers[name]:.2f}"] if name in flickers else [])]
        line[0].set_ylabel("\n".join(said), rotation=0, ha="right", va="center", labelpad=8)
    return figure
