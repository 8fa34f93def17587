"""Photographs made anime: FSGAN for scenes, AFGAN for portraits, and what else of their kind there is."""

from artnb.anime import runs
from artnb.anime.afgan import PortraitConfig, background_change, kept, train_portraits
from artnb.anime.config import OBJECTIVES, AnimeConfig, objective
from artnb.anime.convert import Converter, load, mask_of
from artnb.anime.film import Film, Flicker, convert_film, flicker, frames_of, sampled
from artnb.anime.fsgan import train
from artnb.anime.runs import Run

__all__ = [
    "OBJECTIVES",
    "AnimeConfig",
    "Converter",
    "Film",
    "Flicker",
    "PortraitConfig",
    "Run",
    "background_change",
    "convert_film",
    "flicker",
    "frames_of",
    "kept",
    "load",
    "mask_of",
    "objective",
    "runs",
    "sampled",
    "train",
    "train_portraits",
]
