"""artnb: what do art fields share, how sure are we, and where in the picture does it show?"""

__version__ = "0.1.0"
