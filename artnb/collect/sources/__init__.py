"""Five museums behind one small interface."""

from artnb.collect.sources.artic import ArtInstituteOfChicago
from artnb.collect.sources.cleveland import ClevelandMuseumOfArt
from artnb.collect.sources.commons import WikimediaCommons
from artnb.collect.sources.met import MetropolitanMuseum
from artnb.collect.sources.rijksmuseum import Rijksmuseum
from artnb.collect.sources.source import Found, Source, Work

SOURCES: dict[str, type[Source]] = {
    source.name: source
    for source in (
        MetropolitanMuseum,
        ArtInstituteOfChicago,
        ClevelandMuseumOfArt,
        Rijksmuseum,
        WikimediaCommons,
    )
}

__all__ = ["SOURCES", "Found", "Source", "Work"]
