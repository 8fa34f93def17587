"""What a classifier looks at: Grad-CAM maps, and tests of whether they can be believed."""

from artnb.attention.explaining import Explained, empty_maps, explain, randomisation_check
from artnb.attention.gradcam import grad_cam, positive
from artnb.attention.overlap import cue_share, overlaps
from artnb.attention.randomisation import rank_correlations, reinitialised

__all__ = [
    "Explained",
    "cue_share",
    "empty_maps",
    "explain",
    "grad_cam",
    "overlaps",
    "positive",
    "randomisation_check",
    "rank_correlations",
    "reinitialised",
]
