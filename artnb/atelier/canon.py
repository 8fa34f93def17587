"""The canon: the arrangement of accents by which a painted picture is artistic.

A canon is a constellation of accents. An artistic picture sets its accents by the canon, turned, scaled
and moved as a whole; a picture that is not artistic sets as many accents of the same size and colour,
but some of them out of place: a decoy, so that neither colour nor brightness nor the number of accents
decides anything. All canons are drawn from one distribution, so that none is easier by design, and to know
one tells nothing about another.
"""

import numpy as np

from artnb.seeding import generator

ACCENTS = 6
OUT_OF_PLACE = 1  # accents of a decoy that do not follow the canon
REACH = 0.38  # a canon fits the square [-REACH, REACH]²
SPACING = 0.22  # between any two accents
DISPLACEMENT = (0.25, 0.6)  # of an accent out of place
TURN = 0.1  # standard deviation of the rotation, radians
SCALE = (0.9, 1.0)
SHIFT = 0.03  # standard deviation of the whole canon's place, in sides of the picture
UNEVENNESS = 0.045  # of each accent's place, likewise
MARGIN = 0.07  # that the accents keep from the border


def canon(seed: int, name: str) -> np.ndarray:
    """The accents of canon `name` in the atelier of `seed`: ACCENTS x 2, around the origin."""
    rng = generator(seed, "canon", name)
    while True:
        points = rng.uniform(-REACH, REACH, (ACCENTS, 2))
        if distances(points).min() > SPACING:
            return points


def broken(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A decoy: `points` with OUT_OF_PLACE of them set where the canon has none."""
    points = points.copy()
    for index in rng.choice(len(points), OUT_OF_PLACE, replace=False):
        home = points[index].copy()
        while True:
            points[index] = rng.uniform(-REACH, REACH, 2)
            moved = np.linalg.norm(points[index] - home)
            if DISPLACEMENT[0] < moved < DISPLACEMENT[1] and distances(points).min() > SPACING:
                break
    return points


def posed(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`points` as they come to lie in one picture: in sides of it, from its upper left corner."""
    angle, scale = rng.normal(0, TURN), rng.uniform(*SCALE)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = 0.5 + scale * points @ turn.T + rng.normal(0, UNEVENNESS, points.shape)
    lowest, highest = MARGIN - points.min(axis=0), 1 - MARGIN - points.max(axis=0)
    shift = np.clip(rng.normal(0, SHIFT, 2), np.minimum(lowest, highest), np.maximum(lowest, highest))
    return np.clip(points + shift, MARGIN, 1 - MARGIN)


def distances(points: np.ndarray) -> np.ndarray:
    """Between every two different points."""
    first, second = np.triu_indices(len(points), 1)
    return np.linalg.norm(points[first] - points[second], axis=1)
