"""Tables and arrays in, matplotlib Figures out: no files, no pyplot, one look."""

from artnb.figures.attention import attention_grid, overlaps, randomisation
from artnb.figures.catalogue import contact_sheet, counts, cues, near_duplicates
from artnb.figures.relevance import accuracies, gains
from artnb.figures.training import calibration, learning_curves

__all__ = [
    "accuracies",
    "attention_grid",
    "calibration",
    "contact_sheet",
    "counts",
    "cues",
    "gains",
    "learning_curves",
    "near_duplicates",
    "overlaps",
    "randomisation",
]
