"""The one table of what we have: its schema, duplicates, group-disjoint splits."""

from artnb.catalogue.duplicates import group_images, perceptual_hash
from artnb.catalogue.schema import (
    ARTISTIC,
    COLUMNS,
    FIELDS,
    NON_ARTISTIC,
    Catalogue,
    editing,
    read,
    write,
)
from artnb.catalogue.splits import SPLITS, check_splits, split

__all__ = [
    "ARTISTIC",
    "COLUMNS",
    "FIELDS",
    "NON_ARTISTIC",
    "SPLITS",
    "Catalogue",
    "check_splits",
    "editing",
    "group_images",
    "perceptual_hash",
    "read",
    "split",
    "write",
]
