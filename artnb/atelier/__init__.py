"""The painted benchmark: images drawn by code, with planted, known commonality."""

from artnb.atelier.benchmark import Plan, cue_mask
from artnb.atelier.commission import open_catalogue, paint, paint_one

__all__ = ["Plan", "cue_mask", "open_catalogue", "paint", "paint_one"]
