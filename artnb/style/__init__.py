"""Style transfer: the content of one picture in the manner of another, and what that keeps."""

from artnb.style.comparison import controls, gains, means, measured
from artnb.style.config import VARIANTS, StyleConfig, variant
from artnb.style.features import Features, of_run, published_or_random, random_vgg19, vgg19
from artnb.style.feedforward import load_network, save_network, train_feedforward
from artnb.style.innovation import ArtType, changes, rates
from artnb.style.metrics import Lpips, perceptual_distance, similarity
from artnb.style.pictures import parameters, read_mask, read_picture, remake, save_picture
from artnb.style.transfer import Transfer, stylize

__all__ = [
    "VARIANTS",
    "ArtType",
    "Features",
    "Lpips",
    "StyleConfig",
    "Transfer",
    "changes",
    "controls",
    "gains",
    "load_network",
    "means",
    "measured",
    "of_run",
    "parameters",
    "perceptual_distance",
    "published_or_random",
    "random_vgg19",
    "rates",
    "read_mask",
    "read_picture",
    "remake",
    "save_network",
    "save_picture",
    "similarity",
    "stylize",
    "train_feedforward",
    "variant",
    "vgg19",
]
