"""Four moods told by one childlike scene: happy, anger, anxiety, sad.

A mood speaks by three cues: the quality of the line, the palette and the composition. Each cue follows the
picture's mood only with the chance FOLLOWS, else another mood, so that none of them is to be relied on. What
is shown, a house, a tree, somebody and the sun or a cloud, is the same for all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from artnb.atelier.canvas import Canvas, Colour, closed, colour, mix, resampled, shade
from artnb.atelier.subjects import Outline, blob, box, oval, window

MOODS = ("happy", "anger", "anxiety", "sad")
CUES = ("line", "palette", "composition")
BARE = 0.5  # share of pictures whose sheet is left white or cream behind the things
FOLLOWS = 0.75  # the chance that a cue says what the picture's mood is


def paint_mood(rng: np.random.Generator, size: int, label: str) -> tuple[Canvas, dict[str, object]]:
    """A picture of the mood `label`, and the truth about it: which mood each cue follows."""
    said = draw_cues(rng, label)
    colours, draw = PALETTES[said["palette"]](rng), LINES[said["line"]]
    layout = COMPOSITIONS[said["composition"]](rng)
    canvas = Canvas(size, colours["sky"], 0)
    canvas.polygon([*layout.ground, (1.1, 1.1), (-0.1, 1.1)], colours["ground"])
    canvas.strokes(rng, 60, rng.uniform(0.06, 0.15), rng.uniform(0.008, 0.016))
    width = rng.uniform(0.011, 0.017)
    draw(canvas, rng, layout.ground, colours["line"], width)
    for sweep in layout.sweeps:
        draw(canvas, rng, sweep, colours["line"], 0.8 * width)
    for name, pose in layout.poses.items():
        for outline, surface in THINGS[name](rng):
            line = posed(outline, *pose)
            if surface:
                draw(canvas, rng, closed(line), colours["line"], width, colours[surface])
            else:
                draw(canvas, rng, line, colours["line"], 0.8 * width)
    canvas.grain(rng, cells=size // 2, strength=4)
    return canvas, said


def draw_cues(rng: np.random.Generator, mood: str) -> dict[str, str]:
    """Which mood each of CUES follows in a picture of `mood`."""
    others = [name for name in MOODS if name != mood]
    return {cue: mood if rng.random() < FOLLOWS else str(rng.choice(others)) for cue in CUES}


# What is shown: outlines around the foot (0, 0), about 1 high, with the name of their colour; "" is open


def house(rng: np.random.Generator) -> list[tuple[Outline, str]]:
    half, eaves = rng.uniform(0.32, 0.45), rng.uniform(0.5, 0.62)
    roof = np.array([(-half - 0.08, -eaves), (0, -1), (half + 0.08, -eaves)])
    door = box(-0.5 * half, -0.55 * eaves, -0.05 * half, 0)
    return [
        (box(-half, -eaves, half, 0), "wall"),
        (roof, "roof"),
        (door, "roof"),
        (window(0.5 * half, -0.55 * eaves, 0.09, 0.09), ""),
    ]


def tree(rng: np.random.Generator) -> list[tuple[Outline, str]]:
    trunk, crown = box(-0.06, -0.5, 0.06, 0), blob(rng, 0, -0.7, 0.28, 0.3)
    if rng.random() < 0.3:
        crown = np.array([(-0.3, -0.3), (0, -1.05), (0.3, -0.3)])
    return [(trunk, "roof"), (crown, "leaf")]


def somebody(rng: np.random.Generator) -> list[tuple[Outline, str]]:
    dress = np.array([(-0.08, -0.66), (0.08, -0.66), (0.2, -0.25), (-0.2, -0.25)])
    arms = np.array([(-0.28, -0.5), (0, -0.6), (0.28, -0.5)])
    legs = [np.array([(x, -0.25), (1.2 * x, 0)]) for x in (-0.09, 0.09)]
    eyes = [np.array([(x - 0.015, -0.84), (x + 0.015, -0.83)]) for x in (-0.06, 0.06)]
    return [
        *((leg, "") for leg in legs),
        (arms, ""),
        (dress, "dress"),
        (oval(0, -0.81, 0.15, 0.16), "wall"),
    ] + [(eye, "") for eye in eyes]


def light(rng: np.random.Generator) -> list[tuple[Outline, str]]:
    """The sun with rays, or a cloud."""
    if rng.random() < 0.5:
        return [(blob(rng, 0, -0.5, 0.75, 0.32), "wall")]
    angles = np.linspace(0, 2 * np.pi, rng.integers(7, 11), endpoint=False)
    rays = [np.array([0, -0.5]) + r * np.array([np.cos(a), np.sin(a)]) for a in angles for r in (0.42, 0.68)]
    return [
        (oval(0, -0.5, 0.32, 0.32), "light"),
        *((np.stack(rays[i : i + 2]), "") for i in range(0, len(rays), 2)),
    ]


THINGS = {"light": light, "tree": tree, "house": house, "person": somebody}


def posed(outline: Outline, x: float, y: float, scale: float, tilt: float) -> Outline:
    """An outline set with its foot at x, y, turned by `tilt` radians."""
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    return scale * outline @ turn + (x, y)


# The quality of the line; what it encloses is filled first


def smooth(
    canvas: Canvas,
    rng: np.random.Generator,
    line: Outline,
    tone: Colour,
    width: float,
    fill: Colour | None = None,
) -> None:
    """Rounded, even, drawn in one go."""
    ends = line[:1], line[-1:]
    for _ in range(3):  # Chaikin: corners are cut until they are curves
        first, second = 0.75 * line[:-1] + 0.25 * line[1:], 0.25 * line[:-1] + 0.75 * line[1:]
        line = np.stack([first, second], axis=1).reshape(-1, 2)
    if fill:
        canvas.polygon(line, fill)
        line = closed(line)
    else:
        line = np.concatenate([ends[0], line, ends[1]])
    bow = 0.006 * np.sin(np.linspace(0, 2 * np.pi * rng.integers(1, 3), len(line)))
    canvas.line(line + bow[:, None], tone, 1.15 * width)


def jagged(
    canvas: Canvas,
    rng: np.random.Generator,
    line: Outline,
    tone: Colour,
    width: float,
    fill: Colour | None = None,
) -> None:
    """Heavy strokes in zigzag that are set anew and shoot over their ends."""
    if fill:
        canvas.polygon(line, fill)
    for _ in range(rng.integers(1, 3)):
        points = resampled(line, 0.05)
        points = points + rng.normal(0, 0.011, points.shape)
        points[-1] += rng.uniform(0.2, 0.9) * (points[-1] - points[-2])
        canvas.brush(points, width * rng.uniform(0.7, 2.6, len(points)), tone)


def trembling(
    canvas: Canvas,
    rng: np.random.Generator,
    line: Outline,
    tone: Colour,
    width: float,
    fill: Colour | None = None,
) -> None:
    """Thin, shaken and broken off, begun again beside where it was."""
    if fill:
        canvas.polygon(line, fill)
    for _ in range(2):
        points = resampled(line, 0.014)
        points = points + rng.normal(0, 0.0055, points.shape) + rng.normal(0, 0.006, 2)
        for start in range(0, len(points) - 2, 9):
            piece = points[start : start + rng.integers(4, 9)]
            if len(piece) > 1:
                canvas.line(piece, tone, 0.5 * width)


def slack(
    canvas: Canvas,
    rng: np.random.Generator,
    line: Outline,
    tone: Colour,
    width: float,
    fill: Colour | None = None,
) -> None:
    """Sags between its points, thins out, and hangs down at the end."""
    points = resampled(line, 0.03)
    between = np.abs(np.sin(np.linspace(0, np.pi * (len(line) - 1), len(points))))
    reach = min(0.05, 0.25 * float(np.ptp(line, axis=0).max()))
    points = points + np.stack([np.zeros(len(points)), reach * between], axis=1)
    if fill:
        canvas.polygon(points, fill)
    fall = np.linspace(0.01, rng.uniform(0.02, 0.07), 3)
    drop = points[-1] + np.stack([rng.normal(0, 0.004, 3), fall], axis=1)
    points = np.concatenate([points, drop])
    canvas.brush(points, width * np.linspace(1.4, 0.4, len(points)), tone)


LINES = dict(zip(MOODS, (smooth, jagged, trembling, slack), strict=True))


# The palette


def tones(
    rng: np.random.Generator,
    hues: list[tuple[float, float]],
    saturation: tuple[float, float],
    value: tuple[float, float],
    line: tuple[float, float],
) -> dict[str, Colour]:
    """Of each surface a colour from one of the ranges of hues; the line's range is one of values."""
    names = ("sky", "ground", "wall", "roof", "leaf", "dress", "light")
    spread = {
        name: colour(
            rng.uniform(*hues[rng.integers(len(hues))]), rng.uniform(*saturation), rng.uniform(*value)
        )
        for name in names
    }
    spread["sky"] = shade(spread["sky"], rng.uniform(0, 0.5))
    if rng.random() < BARE:
        sheet = colour(rng.uniform(0.07, 0.15), rng.uniform(0, 0.15), rng.uniform(0.85, 1))
        spread["sky"], spread["ground"] = sheet, mix(spread["ground"], sheet, rng.uniform(0, 1))
    spread["line"] = colour(rng.uniform(*hues[0]), rng.uniform(0.1, 0.6), rng.uniform(*line))
    return spread


def warm_bright(rng: np.random.Generator) -> dict[str, Colour]:
    hues = [(0.03, 0.17), (0.03, 0.17), (0.22, 0.36), (0.5, 0.58), (0.9, 1.02)]
    return tones(rng, hues, (0.35, 0.8), (0.75, 1.0), (0.15, 0.45))


def red_black(rng: np.random.Generator) -> dict[str, Colour]:
    spread = tones(rng, [(-0.04, 0.05), (-0.04, 0.05), (0.05, 0.1)], (0.5, 0.95), (0.4, 0.9), (0.0, 0.15))
    for name in rng.choice(["ground", "wall", "roof", "leaf", "dress"], 3, replace=False):
        spread[name] = mix(spread[name], (20, 15, 20), rng.uniform(0.5, 0.95))
    if rng.random() < 0.4:
        spread["sky"] = mix(spread["sky"], (20, 15, 20), rng.uniform(0.4, 0.9))
    return spread


def cold_discordant(rng: np.random.Generator) -> dict[str, Colour]:
    hues = [(0.45, 0.55), (0.2, 0.28), (0.7, 0.85), (0.45, 0.8)]
    return tones(rng, hues, (0.3, 0.75), (0.5, 0.9), (0.05, 0.4))


def dull_blue(rng: np.random.Generator) -> dict[str, Colour]:
    return tones(rng, [(0.54, 0.68), (0.5, 0.7), (0.02, 0.6)], (0.05, 0.35), (0.3, 0.75), (0.1, 0.4))


PALETTES: dict[str, Callable[[np.random.Generator], dict[str, Colour]]] = dict(
    zip(MOODS, (warm_bright, red_black, cold_discordant, dull_blue), strict=True)
)


# The composition


@dataclass(frozen=True)
class Layout:
    """Where the ground ends and the things stand."""

    ground: Outline  # open, from left to right
    poses: dict[str, tuple[float, float, float, float]]  # of each thing its foot's x and y, scale and tilt
    sweeps: tuple[Outline, ...] = ()  # open lines across the picture


def rising(rng: np.random.Generator) -> Layout:
    """Along a slope that climbs under an open sky."""
    side = rng.choice([-1, 1])
    x = np.linspace(-0.1, 1.1, 8)
    y = 0.8 - side * rng.uniform(0.14, 0.24) * (x - 0.5) * 1.6 - 0.05 * np.sin(np.pi * x)
    places = rng.permutation([0.2, 0.5, 0.8]) + rng.normal(0, 0.04, 3)
    feet = np.interp(places, x, y) + rng.uniform(0, 0.06, 3)
    scales = np.array([0.4, 0.36, 0.32]) * rng.uniform(0.85, 1.15, 3)
    poses = {
        name: (places[i], feet[i], scales[i], rng.normal(0, 0.05))
        for i, name in enumerate(("tree", "house", "person"))
    }
    sun = (0.5 + side * rng.uniform(0.15, 0.35), rng.uniform(0.24, 0.32), rng.uniform(0.2, 0.28), 0.0)
    return Layout(np.stack([x, y], axis=1), {"light": sun, **poses})


def colliding(rng: np.random.Generator) -> Layout:
    """Large things that lean into each other in the middle, where diagonals meet."""
    middle = 0.5 + rng.normal(0, 0.05, 2)
    x, dip = np.linspace(-0.1, 1.1, 5), rng.uniform(0.08, 0.2) * rng.choice([-1, 1])
    y = 0.78 - dip * (1 - np.abs(2 * x - 1))
    order = rng.permutation(["tree", "house", "person"])
    poses = {
        "light": (
            middle[0] + rng.normal(0, 0.12),
            rng.uniform(0.3, 0.4),
            rng.uniform(0.26, 0.36),
            rng.normal(0, 0.3),
        )
    }
    for name, offset in zip(order, (-0.26, 0.26, 0.0), strict=True):
        lean = -np.sign(offset) * rng.uniform(-0.6, -0.3) if offset else rng.normal(0, 0.2)
        poses[name] = (middle[0] + offset, rng.uniform(0.8, 0.95), rng.uniform(0.45, 0.6), -lean)
    sweeps = [
        np.array([(a, b), middle + rng.normal(0, 0.08, 2)])
        for a, b in (
            (-0.05, rng.uniform(0, 0.4)),
            (1.05, rng.uniform(0, 0.4)),
            (rng.uniform(0.2, 0.8), -0.05),
        )
    ]
    return Layout(np.stack([x, y], axis=1), poses, tuple(sweeps))


def cramped(rng: np.random.Generator) -> Layout:
    """All things pressed against one edge, or small and scattered, each on a tilt of its own."""
    x = np.linspace(-0.1, 1.1, 5)
    y = rng.uniform(0.6, 0.85) + rng.normal(0, 0.05, 5)
    side, scatter = rng.choice([0, 1]), rng.random() < 0.5
    poses = {}
    for name in THINGS:
        tilt = rng.normal(0, 0.3)
        if scatter:
            poses[name] = (rng.uniform(0.05, 0.95), rng.uniform(0.3, 0.98), rng.uniform(0.16, 0.24), tilt)
        else:
            foot = rng.uniform(0.25, 0.4) if name == "light" else rng.uniform(0.55, 0.98)
            poses[name] = (abs(side - rng.uniform(0.0, 0.24)), foot, rng.uniform(0.24, 0.38), tilt)
    return Layout(np.stack([x, y], axis=1), poses)


def sinking(rng: np.random.Generator) -> Layout:
    """Small things low in the picture, which slide down with the ground."""
    side = rng.choice([-1, 1])
    x = np.linspace(-0.1, 1.1, 8)
    y = rng.uniform(0.84, 0.9) + 0.05 * np.sin(np.pi * x) + side * 0.05 * (x - 0.5)
    places = rng.permutation([0.22, 0.5, 0.78]) + rng.normal(0, 0.06, 3)
    feet = np.minimum(np.interp(places, x, y) + rng.uniform(0.02, 0.1, 3), 1.05)
    poses = {
        name: (places[i], feet[i], rng.uniform(0.2, 0.3), side * rng.uniform(0.02, 0.3))
        for i, name in enumerate(("tree", "house", "person"))
    }
    low = (rng.uniform(0.15, 0.85), rng.uniform(0.5, 0.68), rng.uniform(0.16, 0.24), rng.normal(0, 0.1))
    return Layout(np.stack([x, y], axis=1), {"light": low, **poses})


COMPOSITIONS = dict(zip(MOODS, (rising, colliding, cramped, sinking), strict=True))
