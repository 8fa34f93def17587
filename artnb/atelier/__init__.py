"""Painted catalogues: images drawn by code, whose truth is known.

A `Plan` is the benchmark, with planted, known commonality of fields; a `Gallery` has art types or moods.
"""

from artnb.atelier.benchmark import Plan, cue_mask
from artnb.atelier.commission import open_catalogue, paint, paint_one
from artnb.atelier.gallery import Gallery

__all__ = ["Gallery", "Plan", "cue_mask", "open_catalogue", "paint", "paint_one"]
