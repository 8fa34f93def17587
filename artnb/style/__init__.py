"""Style transfer: the content of one picture in the manner of another."""

from artnb.style.config import VARIANTS, StyleConfig, variant
from artnb.style.features import Features, of_run, published_or_random, random_vgg19, vgg19
from artnb.style.feedforward import load_network, save_network, train_feedforward
from artnb.style.pictures import parameters, read_mask, read_picture, remake, save_picture
from artnb.style.transfer import Transfer, stylize

__all__ = [
    "VARIANTS",
    "Features",
    "StyleConfig",
    "Transfer",
    "load_network",
    "of_run",
    "parameters",
    "published_or_random",
    "random_vgg19",
    "read_mask",
    "read_picture",
    "remake",
    "save_network",
    "save_picture",
    "stylize",
    "train_feedforward",
    "variant",
    "vgg19",
]
