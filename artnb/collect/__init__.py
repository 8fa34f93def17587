"""Images come in, from folders and manifests, and are looked at for what gives their labels away."""

from artnb.collect.admission import quarantine
from artnb.collect.audit import colour_shortcut
from artnb.collect.folders import import_folder

__all__ = ["colour_shortcut", "import_folder", "quarantine"]
