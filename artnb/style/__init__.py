"""Style transfer: its metrics, many pairs and methods compared, heritage and innovation."""

from artnb.style.comparison import controls, gains, means, measured
from artnb.style.innovation import ArtType, changes, rates
from artnb.style.metrics import Lpips, perceptual_distance, similarity

__all__ = [
    "ArtType",
    "Lpips",
    "changes",
    "controls",
    "gains",
    "means",
    "measured",
    "perceptual_distance",
    "rates",
    "similarity",
]
