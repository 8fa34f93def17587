"""Pixels: safe decoding, the array store, batched augmentation."""

from artnb.images.decoding import decode, decode_square
from artnb.images.store import Store, open_store

__all__ = ["Store", "decode", "decode_square", "open_store"]
