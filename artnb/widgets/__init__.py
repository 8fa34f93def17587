"""What is worked with the hands: widgets over the same functions. Nothing is computed here."""

from artnb.widgets.annotator import Annotator
from artnb.widgets.explorer import Explorer

__all__ = ["Annotator", "Explorer"]
