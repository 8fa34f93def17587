"""Tables and arrays in, matplotlib Figures out: no files, no pyplot, one look."""

from artnb.figures.agreement import confusion, kappas
from artnb.figures.attention import attention_grid, overlaps, randomisation
from artnb.figures.audit import provenance, shortcuts, sizes, suspects
from artnb.figures.catalogue import contact_sheet, counts, cues, near_duplicates
from artnb.figures.comparison import map_agreement, map_differences
from artnb.figures.leak import leak
from artnb.figures.matrix import relevance_graph, relevance_matrix
from artnb.figures.relevance import accuracies, gains
from artnb.figures.training import calibration, learning_curves

__all__ = [
    "accuracies",
    "attention_grid",
    "calibration",
    "confusion",
    "contact_sheet",
    "counts",
    "cues",
    "gains",
    "kappas",
    "leak",
    "learning_curves",
    "map_agreement",
    "map_differences",
    "near_duplicates",
    "overlaps",
    "provenance",
    "randomisation",
    "relevance_graph",
    "relevance_matrix",
    "shortcuts",
    "sizes",
    "suspects",
]
