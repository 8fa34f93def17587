"""What is worked with the hands: widgets over the same functions. Nothing is computed here."""

from artnb.widgets.annotator import Annotator
from artnb.widgets.explorer import Explorer
from artnb.widgets.studio import Studio

__all__ = ["Annotator", "Explorer", "Studio"]
