"""Notebooks in, reports out. Notebooks write on a `Page`; `artnb.reporting.runner.report` runs them."""

from artnb.reporting.claims import published
from artnb.reporting.page import Page

__all__ = ["Page", "published"]
