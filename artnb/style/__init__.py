"""Style transfer: the content of one picture in the manner of another."""

from artnb.style.config import VARIANTS, StyleConfig, variant
from artnb.style.features import Features, of_run, published_or_random, random_vgg19, vgg19
from artnb.style.transfer import Stylised, Transfer, stylize

__all__ = [
    "VARIANTS",
    "Features",
    "StyleConfig",
    "Stylised",
    "Transfer",
    "of_run",
    "published_or_random",
    "random_vgg19",
    "stylize",
    "variant",
    "vgg19",
]
