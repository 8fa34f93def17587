"""What the layers of a network answer to one picture, drawn."""

from collections.abc import Mapping
from textwrap import fill

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import MARGIN, show
from artnb.figures.frame import count, framed
from artnb.figures.palette import FAINT, WIDTH, style

CHANNELS = 8
SHADES = matplotlib.colormaps["viridis"]


@style()
def feature_maps(
    image: np.ndarray, layers: Mapping[str, np.ndarray], title: str = "What the layers answer to a picture"
) -> Figure:
    """The picture; then for each layer the channels that answer most strongly to it, the strongest first.

    Each channel is drawn at its own resolution, all of a layer on one scale from 0 to its largest value.

    Args:
        image: H W 3, uint8.
        layers: name of a layer -> its output for the picture, C h w.
        title: stands above the figure.

    Raises:
        ReportError: there are no layers, one is not C h w or not finite, or the image is of another form.
    """
    if not layers:
        raise ReportError("there is nothing to draw: give the output of at least one layer")
    for name, maps in layers.items():
        if np.ndim(maps) != 3 or 0 in np.shape(maps) or not np.isfinite(maps).all():
            raise ReportError(
                f"the layer {name!r} is {np.shape(maps)}: it must be C h w, of one image, and finite"
            )
    cell = (WIDTH - MARGIN) / CHANNELS
    note = (
        f"1 image, {count(len(layers), 'layer')}. Of each layer the {CHANNELS} channels with the largest "
        "mean, numbered from 0; at the left the layer's name, channels × height × width, and its scale. "
        "Values below 0 are drawn as 0."
    )
    figure = framed(title, note, (len(layers) + 1) * (cell + 0.22) + 0.1)
    grid = figure.subplots(len(layers) + 1, CHANNELS, squeeze=False)
    show(grid[0, 0], image)
    _name(grid[0, 0], f"picture\n{image.shape[0]} × {image.shape[1]}")
    for axes in grid[0, 1:]:
        axes.axis("off")
    for line, (name, maps) in zip(grid[1:], layers.items(), strict=True):
        _strip(line, name, np.asarray(maps, dtype=float))
    scale = grid[0, 2].inset_axes((0, 0.55, 4, 0.12))
    scale.set_in_layout(False)  # it takes the place of four axes
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), SHADES), cax=scale, orientation="horizontal")
    bar.set_ticks([0, 1], labels=["0", "the layer's largest value"])
    bar.outline.set_visible(False)
    return figure


def _strip(line: np.ndarray, name: str, maps: np.ndarray) -> None:
    most = maps.max()
    strongest = np.argsort(-maps.mean(axis=(1, 2)), kind="stable")[:CHANNELS]
    for axes in line[len(strongest) :]:
        axes.axis("off")
    for axes, channel in zip(line, strongest, strict=False):
        axes.imshow(maps[channel], SHADES, vmin=0, vmax=max(most, 1e-12), interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel(f"channel {channel}", fontsize=8, labelpad=2)
        axes.grid(visible=False)
        axes.spines[:].set(visible=True, color=FAINT)
    scale = f"0 to {most:.3g}" if most > 0 else "nothing positive"
    name = fill(name.replace(".", ". "), 17).replace(". ", ".")
    _name(line[0], f"{name}\n{' × '.join(map(str, maps.shape))}\n{scale}")


def _name(axes: Axes, words: str) -> None:
    axes.set_ylabel(words, rotation=0, ha="right", va="center", labelpad=8, fontsize=8.5)
