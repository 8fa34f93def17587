"""Pixels: safe decoding, the array store, batched augmentation."""

from artnb.images.augmentation import NO_AUGMENTATION, Augmentation, standardise
from artnb.images.decoding import decode, decode_square
from artnb.images.store import Store, open_store

__all__ = ["NO_AUGMENTATION", "Augmentation", "Store", "decode", "decode_square", "open_store", "standardise"]
