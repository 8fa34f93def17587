"""What a classifier looks at: Grad-CAM maps, and tests of whether they can be believed."""

from artnb.attention.comparison import FieldMaps, agreement, differences, evidence, field_maps, measure
from artnb.attention.explaining import Explained, empty_maps, explain, randomisation_check
from artnb.attention.gradcam import grad_cam, positive
from artnb.attention.layers import layer_features
from artnb.attention.overlap import cue_share, overlaps
from artnb.attention.randomisation import rank_correlations, reinitialised

__all__ = [
    "Explained",
    "FieldMaps",
    "agreement",
    "cue_share",
    "differences",
    "empty_maps",
    "evidence",
    "explain",
    "field_maps",
    "grad_cam",
    "layer_features",
    "measure",
    "overlaps",
    "positive",
    "randomisation_check",
    "rank_correlations",
    "reinitialised",
]
