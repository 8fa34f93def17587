"""A map over its image: what its colours stand for, and how they are laid over the picture."""

from typing import Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from artnb.errors import ReportError
from artnb.figures.catalogue import show

Scaling = Literal["each", "row", "all"] | float
SCALES = {"each": "its own", "row": "its row's", "all": "the figure's"}
COLOURS = matplotlib.colormaps["inferno"]
OPACITY = 0.9  # of the brightest place


def limits_of(stack: np.ndarray, scaling: Scaling) -> np.ndarray:
    """The value that is drawn brightest, for each map: maps N."""
    peaks = stack.max(axis=(2, 3))
    match scaling:
        case "each":
            return peaks
        case "row":
            return np.broadcast_to(peaks.max(axis=0), peaks.shape)
        case "all":
            return np.full(peaks.shape, peaks.max())
        case float() | int() if scaling > 0:
            return np.full(peaks.shape, float(scaling))
    raise ReportError(f"scaling is {scaling!r}: it must be 'each', 'row', 'all' or a value above 0")


def heatmap(axes: Axes, image: np.ndarray, heat: np.ndarray, limit: float, opacity: float = OPACITY) -> None:
    """The positive part of a map (H W) over its image (H W 3, uint8)."""
    grey = image @ (0.299, 0.587, 0.114) / 255
    strength = np.clip(heat / limit, 0, 1) if limit > 0 else np.zeros_like(heat)
    show(axes, (255 * blended(strength, grey, opacity)).round().astype(np.uint8))
    if heat.max() <= 0:
        axes.text(
            0.5, 0.06, "nothing positive", ha="center", va="bottom", color="white", fontsize=8.5,
            transform=axes.transAxes, bbox={"color": "black", "alpha": 0.55, "linewidth": 0},
        )  # fmt: skip


def largest(heat: np.ndarray) -> str:
    """The largest value of a map, as it stands below it."""
    return f"max {heat.max():.3g}".replace("-", "−")


def blended(strength: np.ndarray, grey: np.ndarray | float, opacity: float) -> np.ndarray:
    """Colours ... 3 of a strength in [0, 1] over a darkened grey in [0, 1]: the stronger, the more opaque."""
    opacity = opacity * np.sqrt(strength)[..., None]
    return (1 - opacity) * (0.15 + 0.6 * np.asarray(grey)[..., None]) + opacity * COLOURS(strength)[..., :3]


def colour_bar(
    figure: Figure, grid: np.ndarray, limits: np.ndarray, scaling: Scaling, opacity: float = OPACITY
) -> None:
    """The colours as they look over middle grey, and what they stand for."""
    relative = scaling in ("each", "row")
    scale = Normalize(0, 1 if relative else max(limits.max(), 1e-12))
    colours = ListedColormap(blended(np.linspace(0, 1, 256), 0.5, opacity))
    bar = figure.colorbar(
        ScalarMappable(scale, colours), ax=grid, location="bottom", aspect=45, shrink=0.45, pad=0.02
    )
    bar.set_label(
        f"Grad-CAM, share of {SCALES[scaling]} largest value" if relative else "Grad-CAM (units of the logit)"
    )
    bar.outline.set_visible(False)
