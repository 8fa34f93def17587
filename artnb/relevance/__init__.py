"""What fields share: accuracies and gains with intervals, and the published numbers beside them."""

from artnb.relevance import published
from artnb.relevance.gains import accuracy, compared, gain, overfitting

__all__ = ["accuracy", "compared", "gain", "overfitting", "published"]
