"""Tables and arrays in, matplotlib Figures out: no files, no pyplot, one look."""

from artnb.figures.affinities import affinities
from artnb.figures.agreement import confusion, kappas
from artnb.figures.anime import objectives, sample_sheet, spectra, terms
from artnb.figures.attention import attention_grid, overlaps, randomisation
from artnb.figures.audit import provenance, shortcuts, sizes, suspects
from artnb.figures.catalogue import contact_sheet, counts, cues, near_duplicates
from artnb.figures.channels import channel_profiles, common_shares
from artnb.figures.classes import confusion_matrices, examples
from artnb.figures.comparison import map_agreement, map_differences
from artnb.figures.convergence import convergence, gap
from artnb.figures.film import filmstrips
from artnb.figures.innovation import innovation
from artnb.figures.layers import feature_maps
from artnb.figures.leak import leak
from artnb.figures.matrix import exchange_graph, exchange_matrix, relevance_graph, relevance_matrix
from artnb.figures.occlusion import blurring
from artnb.figures.parts import ablation, against
from artnb.figures.planted import exchanges, false_alarms, planted, power
from artnb.figures.relevance import accuracies, gains
from artnb.figures.similarity import similarities, similarity_gains
from artnb.figures.stylised import losses, side_by_side
from artnb.figures.training import calibration, learning_curves
from artnb.figures.works import gain_by_works

__all__ = [
    "ablation",
    "accuracies",
    "affinities",
    "against",
    "attention_grid",
    "blurring",
    "calibration",
    "channel_profiles",
    "common_shares",
    "confusion",
    "confusion_matrices",
    "contact_sheet",
    "convergence",
    "counts",
    "cues",
    "examples",
    "exchange_graph",
    "exchange_matrix",
    "exchanges",
    "false_alarms",
    "feature_maps",
    "filmstrips",
    "gain_by_works",
    "gains",
    "gap",
    "innovation",
    "kappas",
    "leak",
    "learning_curves",
    "losses",
    "map_agreement",
    "map_differences",
    "near_duplicates",
    "objectives",
    "overlaps",
    "planted",
    "power",
    "provenance",
    "randomisation",
    "relevance_graph",
    "relevance_matrix",
    "sample_sheet",
    "shortcuts",
    "side_by_side",
    "similarities",
    "similarity_gains",
    "sizes",
    "spectra",
    "suspects",
    "terms",
]
