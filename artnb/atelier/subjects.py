"""What the pictures of the gallery show: a subject as plain shapes, before any technique paints it.

Every art type paints the same subjects from here, in the same colours, so that neither gives it away.
"""

from dataclasses import dataclass, replace

import numpy as np

from artnb.atelier.canvas import Colour, Palette, colour, mix, ribbon, shade

Outline = np.ndarray  # N x 2, in sides of the picture


@dataclass(frozen=True)
class Shape:
    """One thing of a subject, in front of the shapes before it."""

    parts: tuple[Outline, ...]  # closed outlines of one colour
    tone: Colour
    depth: float = 1.0  # 0 far, 1 near
    lines: tuple[Outline, ...] = ()  # open, drawn on it: eyes, windows, ripples
    backdrop: bool = False  # sky, ground or wall, which a technique may leave unpainted
    thin: bool = False  # leaves, twigs and posts, which a brush paints in one stroke

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """left, top, right, bottom; parts of it may lie outside the picture."""
        points = np.concatenate(self.parts)
        return (*points.min(axis=0), *points.max(axis=0))

    @property
    def visible(self) -> bool:
        left, top, right, bottom = self.bounds
        return max(left, top) < 1 and min(right, bottom) > 0


def subject(rng: np.random.Generator) -> tuple[str, list[Shape]]:
    """The name of a subject and its shapes, from the back to the front."""
    name = str(rng.choice(list(SUBJECTS)))
    return name, SUBJECTS[name](rng, Palette.draw(rng))


def landscape(rng: np.random.Generator, palette: Palette) -> list[Shape]:
    """Ridges behind each other, perhaps over water, with trees."""
    horizon = rng.uniform(0.4, 0.6)
    shapes = [sky(palette), sun(rng, palette)] if rng.random() < 0.6 else [sky(palette)]
    count = rng.integers(2, 4)
    for index in range(count):
        depth = (index + 0.5) / count
        foot = horizon + 0.14 * index
        tone = mix(palette.sky, land(rng, palette), 0.35 + 0.6 * depth)
        shapes.append(Shape((ridge(rng, foot, rng.uniform(0.12, 0.34) * (1.1 - 0.5 * depth)),), tone, depth))
    if rng.random() < 0.45:
        shapes += water(rng, horizon + 0.14 * count - rng.uniform(0.02, 0.08), palette)
    for _ in range(rng.integers(1, 4)):
        foot = rng.uniform(horizon + 0.15, 0.98)
        shapes += tree(rng, rng.uniform(0.05, 0.95), foot, rng.uniform(0.22, 0.45), palette)
    return shapes


def building(rng: np.random.Generator, palette: Palette) -> list[Shape]:
    """A house, a tower or a pagoda in its grounds."""
    ground = rng.uniform(0.74, 0.88)
    shapes = [sky(palette)]
    if rng.random() < 0.5:
        tone = mix(palette.sky, land(rng, palette), 0.45)
        shapes.append(Shape((ridge(rng, ground - 0.08, rng.uniform(0.1, 0.3)),), tone, 0.3))
    shapes.append(floor(ground, land(rng, palette)))
    x = rng.uniform(0.36, 0.64)
    shapes += [house, tower, pagoda, pagoda][rng.integers(4)](rng, x, ground + 0.03, palette)
    for _ in range(rng.integers(1, 3)):
        side = rng.choice([rng.uniform(0.03, 0.18), rng.uniform(0.82, 0.97)])
        shapes += tree(rng, side, ground + rng.uniform(0.02, 0.1), rng.uniform(0.25, 0.5), palette)
    return shapes


def figure(rng: np.random.Generator, palette: Palette) -> list[Shape]:
    """Somebody: standing, or as a portrait."""
    shapes = [sky(palette)]
    if rng.random() < 0.5:
        shapes.append(floor(rng.uniform(0.68, 0.85), land(rng, palette)))
    return shapes + [standing, portrait][rng.integers(2)](rng, rng.uniform(0.35, 0.65), palette)


def plant(rng: np.random.Generator, palette: Palette) -> list[Shape]:
    """A still life on a table, a branch in blossom, or bamboo."""
    shapes = [sky(palette)]
    match rng.integers(3):
        case 0:
            table = rng.uniform(0.6, 0.75)
            shapes.append(floor(table, palette.ground))
            return shapes + still_life(rng, table + rng.uniform(0.06, 0.14), palette)
        case 1:
            return shapes + bamboo(rng, palette)
    return shapes + branch(rng, palette)


SUBJECTS = {"landscape": landscape, "building": building, "figure": figure, "plant": plant}


# Things


def sky(palette: Palette) -> Shape:
    return Shape((box(-0.05, -0.05, 1.05, 1.05),), palette.sky, 0.0, backdrop=True)


def floor(top: float, tone: Colour) -> Shape:
    return Shape((box(-0.05, top, 1.05, 1.05),), tone, 0.6, backdrop=True)


def sun(rng: np.random.Generator, palette: Palette) -> Shape:
    radius = rng.uniform(0.05, 0.09)
    tone = mix(colour(rng.uniform(0.02, 0.15), 0.6, 0.95), palette.sky, 0.3)
    return Shape((oval(rng.uniform(0.12, 0.88), rng.uniform(0.1, 0.24), radius, radius),), tone, 0.3)


def water(rng: np.random.Generator, top: float, palette: Palette) -> list[Shape]:
    ripples = []
    for y in np.linspace(top + 0.04, 0.98, 5):
        x, length = rng.uniform(0, 0.8), rng.uniform(0.1, 0.25)
        ripples.append(np.array([(x, y), (x + length / 2, y - 0.008), (x + length, y)]))
    return [Shape((box(-0.05, top, 1.05, 1.05),), shade(palette.sky, -0.1), 0.5, tuple(ripples), True)]


def tree(rng: np.random.Generator, x: float, foot: float, height: float, palette: Palette) -> list[Shape]:
    """Round, or a pine: level tufts on a bent trunk."""
    bark, leaf = mix((90, 65, 45), palette.ground, 0.3), foliage(rng, palette)
    lean = rng.uniform(-0.15, 0.15) * height
    stem = np.array([(x, foot), (x + 0.6 * lean, foot - 0.5 * height), (x + lean, foot - 0.9 * height)])
    trunk = Shape((ribbon(stem, np.array([0.09, 0.06, 0.03]) * height),), bark, thin=True)
    if rng.random() < 0.5:
        crown = blob(rng, x + lean, foot - 0.75 * height, 0.3 * height, 0.32 * height)
        return [trunk, Shape((crown,), leaf)]
    tufts = []
    for rise in np.linspace(0.45, 1, rng.integers(3, 6)):
        side = rng.uniform(-0.22, 0.22) * height * (1.3 - rise)
        wide = height * rng.uniform(0.16, 0.3) * (1.35 - 0.7 * rise)
        tufts.append(blob(rng, x + lean * rise + side, foot - rise * height, wide, 0.075 * height))
    return [trunk, Shape(tuple(tufts), leaf)]


def house(rng: np.random.Generator, x: float, foot: float, palette: Palette) -> list[Shape]:
    half, high = rng.uniform(0.17, 0.27), rng.uniform(0.2, 0.3)
    top, peak = foot - high, foot - high - rng.uniform(0.12, 0.2)
    wall = Shape(
        (box(x - half, top, x + half, foot),),
        shade(palette.body, 0.25),
        lines=tuple(
            window(x + side * half, top + 0.35 * high, 0.16 * half, 0.16 * high) for side in (-0.55, 0.55)
        ),
    )
    eaves = 0.04
    roof = np.array([(x - half - eaves, top + 0.02), (x - 0.55 * half, peak), (x + 0.55 * half, peak)])
    roof = np.append(roof, [(x + half + eaves, top + 0.02)], axis=0)
    if rng.random() < 0.5:
        roof = np.array([(x - half - eaves, top + 0.02), (x, peak), (x + half + eaves, top + 0.02)])
    door = box(x - 0.14 * half, foot - 0.5 * high, x + 0.18 * half, foot)
    return [wall, Shape((roof,), roofing(rng, palette)), Shape((door,), shade(palette.ground, -0.4))]


def tower(rng: np.random.Generator, x: float, foot: float, palette: Palette) -> list[Shape]:
    half, high = rng.uniform(0.09, 0.14), rng.uniform(0.42, 0.55)
    top = foot - high
    windows = tuple(window(x, top + rise * high, 0.25 * half, 0.05) for rise in (0.18, 0.45, 0.72))
    wall = Shape((box(x - half, top, x + half, foot),), shade(palette.body, 0.15), lines=windows)
    spire = np.array(
        [(x - 1.3 * half, top + 0.01), (x, top - rng.uniform(0.12, 0.22)), (x + 1.3 * half, top + 0.01)]
    )
    annex = box(x + half, foot - 0.35 * high, x + 3.2 * half, foot)
    return [Shape((annex,), palette.body), wall, Shape((spire,), roofing(rng, palette))]


def pagoda(rng: np.random.Generator, x: float, foot: float, palette: Palette) -> list[Shape]:
    storeys = rng.integers(1, 5)
    half, high = rng.uniform(0.18, 0.26) / (1 + 0.15 * storeys), rng.uniform(0.5, 0.66) / (storeys + 1)
    shapes, roofs = [], roofing(rng, palette)
    for storey in range(storeys):
        wide, bottom = half * (1 - 0.13 * storey), foot - storey * high
        posts = [np.array([(x + s * wide, bottom), (x + s * wide, bottom - 0.6 * high)]) for s in (-0.4, 0.4)]
        wall = box(x - wide, bottom - 0.65 * high, x + wide, bottom)
        shapes.append(Shape((wall,), shade(palette.body, 0.2), lines=tuple(posts)))
        shapes.append(Shape((curved_roof(x, bottom - 0.6 * high, 1.45 * wide, 0.45 * high),), roofs))
    top = foot - storeys * high
    mast = ribbon(np.array([(x, top + 0.05 * high), (x, top - 0.35 * high)]), np.array([0.018, 0.008]))
    return [Shape((mast,), roofs, thin=True), *shapes]


def curved_roof(x: float, eaves: float, half: float, high: float) -> Outline:
    """Hollow slopes whose corners turn up."""
    along = np.linspace(0, 1, 7)
    rise = high * (1 - along) ** 1.8
    rise[-1] += 0.12 * high
    right = np.stack([half * (0.12 + 0.88 * along), -rise], axis=1)
    below = half * 0.7 * np.array([(1, 0), (-1, 0)]) + (0, 0.06 * high)
    return np.array((x, eaves)) + np.concatenate([(right * (-1, 1))[::-1], right, below])


def standing(rng: np.random.Generator, x: float, palette: Palette) -> list[Shape]:
    """In a robe or coat, with or without a hat and a staff."""
    foot, high = rng.uniform(0.88, 0.97), rng.uniform(0.55, 0.75)
    head = 0.085 * high + 0.015
    neck, wide = foot - 0.78 * high, rng.uniform(0.15, 0.24) * high
    skin, cloth = skin_tone(rng), clothing(rng, palette)
    sway = rng.uniform(-0.04, 0.04)
    robe = [(-0.35, 0), (-0.75, 0.12), (-0.7, 0.5), (-1.1, 1), (1.1, 1), (0.7, 0.5), (0.75, 0.12), (0.35, 0)]
    robe = np.array([(x + wide * a + sway * b, neck + (foot - neck) * b) for a, b in robe])
    folds = [np.array([(x, neck + 0.05), (x + sway, foot - 0.3 * high)])]
    folds.append(np.array([(x - 0.5 * wide, foot - 0.35 * high), (x - 0.6 * wide + sway, foot)]))
    folds.append(np.array([(x - 0.72 * wide, neck + 0.35 * high), (x + 0.72 * wide, neck + 0.35 * high)]))
    side = rng.choice([-1, 1])
    hand = (x + side * 1.15 * wide, neck + rng.uniform(0.25, 0.42) * high)
    elbow = (x + side * 1.1 * wide, neck + 0.2 * high)
    sleeve = ribbon(
        np.array([(x + side * 0.55 * wide, neck + 0.06 * high), elbow, hand]),
        np.array([0.07, 0.08, 0.1]) * high,
    )
    shapes = [Shape((robe,), cloth, lines=tuple(folds))]
    if rng.random() < 0.4:
        staff = ribbon(np.array([(hand[0], foot), (hand[0], neck - 0.1)]), np.array([0.014, 0.012]))
        shapes.append(Shape((staff,), (85, 60, 40), thin=True))
    shapes.append(Shape((sleeve,), shade(cloth, -0.12)))
    y = neck - 0.75 * head
    shapes += face(rng, x, y, head, skin)
    if rng.random() < 0.45:
        brim = np.array(
            [(x - 1.9 * head, y - 0.3 * head), (x, y - 1.7 * head), (x + 1.9 * head, y - 0.3 * head)]
        )
        shapes.append(Shape((brim,), mix((190, 160, 90), palette.ground, 0.4)))
    return shapes


def portrait(rng: np.random.Generator, x: float, palette: Palette) -> list[Shape]:
    head = rng.uniform(0.15, 0.2)
    y = rng.uniform(0.34, 0.44)
    cloth, skin = clothing(rng, palette), skin_tone(rng)
    top = y + 1.25 * head
    shoulders = [
        (-0.4, -0.25),
        (-1.0, 0.15),
        (-1.75, 0.6),
        (-2.1, 3.6),
        (2.1, 3.6),
        (1.75, 0.6),
        (1.0, 0.15),
        (0.4, -0.25),
    ]
    shoulders = np.array([(x + head * a, top + head * b) for a, b in shoulders])
    collar = np.array([(x - 0.45 * head, top), (x, top + 0.9 * head), (x + 0.45 * head, top)])
    back = blob(rng, x, y + 0.1 * head, 1.1 * head, rng.uniform(1.1, 1.8) * head)
    neck = box(x - 0.36 * head, y + 0.6 * head, x + 0.36 * head, top + 0.15 * head)
    hair = hair_tone(rng)
    shapes = [Shape((back,), hair)] if rng.random() < 0.6 else []
    shapes += [Shape((neck,), shade(skin, -0.15)), Shape((shoulders,), cloth, lines=(collar,))]
    return shapes + face(rng, x, y, head, skin, hair)


def face(
    rng: np.random.Generator, x: float, y: float, head: float, skin: Colour, hair: Colour | None = None
) -> list[Shape]:
    turn = rng.uniform(-0.25, 0.25) * head
    eyes = [
        np.array([(x + turn + (s - 0.15) * head, y - 0.02 * head), (x + turn + (s + 0.15) * head, y)])
        for s in (-0.36, 0.36)
    ]
    nose = np.array(
        [(x + turn, y), (x + 1.7 * turn + 0.08 * head, y + 0.34 * head), (x + turn, y + 0.38 * head)]
    )
    mouth = np.array([(x + turn - 0.22 * head, y + 0.62 * head), (x + turn + 0.22 * head, y + 0.6 * head)])
    angle = np.linspace(np.pi * 1.02, np.pi * 1.98, 12)
    low = rng.uniform(0.25, 0.5)
    fringe = np.stack([x + 0.9 * head * np.cos(angle), y + 1.12 * head * np.sin(angle)], axis=1)
    fringe = np.concatenate([fringe, [(x + turn, y - low * head)]])
    return [
        Shape((oval(x, y, 0.82 * head, 1.05 * head),), skin, lines=(*eyes, nose, mouth)),
        Shape((fringe,), hair or hair_tone(rng)),
    ]


def still_life(rng: np.random.Generator, foot: float, palette: Palette) -> list[Shape]:
    """A vase, fruit before it, perhaps flowers in it."""
    x, high = rng.uniform(0.3, 0.7), rng.uniform(0.26, 0.38)
    profile = np.array([(0.3, 0), (0.45, 0.2), (0.52, 0.45), (0.35, 0.72), (0.18, 0.86), (0.26, 1)])
    profile[1:4, 0] *= rng.uniform(0.7, 1.1)
    right = np.stack([x + 0.75 * high * profile[:, 0], foot - high * profile[:, 1]], axis=1)
    vase = np.concatenate([right, (right * (-1, 1) + (2 * x, 0))[::-1]])
    glaze = mix(palette.body, colour(rng.random(), 0.5, 0.8), 0.5)
    band = np.stack([right[2], right[2] * (-1, 1) + (2 * x, 0)])
    shapes = []
    if rng.random() < 0.65:
        shapes += bunch(rng, x, foot - high, palette)
    shapes.append(Shape((vase,), glaze, lines=(band,)))
    for _ in range(rng.integers(1, 4)):
        radius, side = rng.uniform(0.05, 0.08), rng.choice([-1, 1])
        fx, fy = x + side * rng.uniform(0.14, 0.3), foot + rng.uniform(-0.02, 0.1) - radius
        stalk = np.array([(fx, fy - 0.9 * radius), (fx + 0.02, fy - 1.4 * radius)])
        fruit = mix(colour(rng.uniform(-0.02, 0.28), 0.7, rng.uniform(0.6, 0.9)), palette.accent, 0.2)
        shapes.append(Shape((oval(fx, fy, radius, radius),), fruit, lines=(stalk,)))
    return shapes


def bunch(rng: np.random.Generator, x: float, y: float, palette: Palette) -> list[Shape]:
    stems, petals, leaves = [], [], []
    for angle in np.linspace(-0.8, 0.8, rng.integers(3, 6)) + rng.normal(0, 0.12):
        length = rng.uniform(0.16, 0.28)
        head = (x + length * np.sin(angle), y - length * np.cos(angle))
        stems.append(
            ribbon(
                np.array([(x, y), (0.6 * x + 0.4 * head[0], 0.45 * y + 0.55 * head[1]), head]),
                np.full(3, 0.01),
            )
        )
        petals.append(blob(rng, *head, 0.05, 0.045))
        leaves.append(leaf(np.array([(2 * x + head[0]) / 3, (y + head[1]) / 2]), angle + 0.9, 0.11))
    green = foliage(rng, palette)
    return [
        Shape(tuple(stems), shade(green, -0.3), thin=True),
        Shape(tuple(leaves), green, thin=True),
        Shape(tuple(petals), palette.accent),
    ]


def bamboo(rng: np.random.Generator, palette: Palette) -> list[Shape]:
    """Jointed stalks, and leaves that hang in groups from their knots."""
    green, shapes = foliage(rng, palette), []
    for _ in range(rng.integers(1, 4)):
        foot, lean, width = rng.uniform(0.1, 0.9), rng.uniform(-0.25, 0.25), rng.uniform(0.022, 0.045)
        knots = np.linspace(1.03, rng.uniform(-0.05, 0.2), 6)
        stalk, leaves = [], []
        for low, high in zip(knots[:-1], knots[1:] + 0.012, strict=True):
            ends = np.array([(foot + lean * (1 - low), low), (foot + lean * (1 - high), high)])
            stalk.append(ribbon(ends, np.array([width, width])))
            if rng.random() < 0.75:
                start = ends[1] + (rng.choice([-1, 1]) * 0.03, 0)
                out = rng.choice([-1, 1])
                for _ in range(rng.integers(2, 5)):
                    leaves.append(leaf(start, out * rng.uniform(1.3, 2.6), rng.uniform(0.13, 0.24)))
        shapes.append(Shape(tuple(stalk), shade(green, 0.1), thin=True))
        shapes.append(Shape(tuple(leaves) or tuple(stalk), shade(green, -0.25), thin=True))
    return shapes


def branch(rng: np.random.Generator, palette: Palette) -> list[Shape]:
    """A bent branch that enters from one side, with twigs and blossoms."""
    side = rng.choice([-1, 1])
    across, rise = np.linspace(-0.05, rng.uniform(0.75, 0.95), 6), rng.uniform(0.2, 0.6)
    start = rng.uniform(0.45, 0.95)
    bough = np.stack([across, start - rise * across + rng.normal(0, 0.035, 6)], axis=1)
    twigs, blossoms, leaves = [], [], []
    for index in (1, 2, 3, 4, 4):
        angle = rng.uniform(-1.2, 0.6) + rng.choice([0, 2.2])
        length = rng.uniform(0.12, 0.28)
        end = bough[index] + length * np.array([np.sin(angle), -np.cos(angle)])
        twigs.append(ribbon(np.stack([bough[index], end]), np.array([0.02, 0.008])))
        for share in rng.uniform(0.35, 1.05, 2):
            place = bough[index] + share * (end - bough[index]) + rng.normal(0, 0.015, 2)
            if rng.random() < 0.65:
                blossoms.append(blob(rng, *place, 0.042, 0.04))
            else:
                leaves.append(leaf(place, angle + rng.normal(0, 0.8), rng.uniform(0.08, 0.13)))
    wood = mix((80, 60, 50), palette.ground, 0.3)
    shapes = [
        Shape((ribbon(bough, np.linspace(0.06, 0.015, 6)), *twigs), wood, thin=True),
        Shape(tuple(leaves), foliage(rng, palette), thin=True),
        Shape(tuple(blossoms), mix(palette.accent, (255, 220, 225), 0.4)),
    ]
    shapes = [shape for shape in shapes if shape.parts]
    if side < 0:
        return [
            replace(shape, parts=tuple(part * (-1, 1) + (1, 0) for part in shape.parts)) for shape in shapes
        ]
    return shapes


# Colours and outlines


def land(rng: np.random.Generator, palette: Palette) -> Colour:
    return mix(palette.ground, colour(rng.uniform(0.1, 0.5), 0.4, rng.uniform(0.4, 0.7)), 0.5)


def foliage(rng: np.random.Generator, palette: Palette) -> Colour:
    return mix(
        colour(rng.uniform(0.15, 0.45), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)), palette.ground, 0.25
    )


def roofing(rng: np.random.Generator, palette: Palette) -> Colour:
    return mix(colour(rng.choice([0.02, 0.07, 0.6]), 0.5, rng.uniform(0.35, 0.65)), palette.ground, 0.3)


def clothing(rng: np.random.Generator, palette: Palette) -> Colour:
    return [palette.accent, palette.body, palette.ground][rng.integers(3)]


def skin_tone(rng: np.random.Generator) -> Colour:
    return colour(rng.uniform(0.04, 0.09), rng.uniform(0.25, 0.5), rng.uniform(0.5, 0.95))


def hair_tone(rng: np.random.Generator) -> Colour:
    return colour(rng.uniform(0.03, 0.1), rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.55))


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def oval(x: float, y: float, rx: float, ry: float) -> Outline:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def blob(rng: np.random.Generator, x: float, y: float, rx: float, ry: float) -> Outline:
    """An oval with 5 to 8 lobes, as foliage, petals and hair have them."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    reach = 1 + 0.13 * np.sin(rng.integers(5, 9) * angle + rng.uniform(0, 6)) + 0.06 * rng.normal(size=28)
    return np.stack([x + rx * reach * np.cos(angle), y + ry * reach * np.sin(angle)], axis=1)


def window(x: float, y: float, rx: float, ry: float) -> Outline:
    """A closed line with a mullion."""
    return np.array(
        [
            (x, y - ry),
            (x + rx, y - ry),
            (x + rx, y + ry),
            (x - rx, y + ry),
            (x - rx, y - ry),
            (x, y - ry),
            (x, y + ry),
        ]
    )


def leaf(foot: np.ndarray, angle: float, length: float) -> Outline:
    """Pointed; `angle` in radians, clockwise from upwards."""
    along, across = np.array([np.sin(angle), -np.cos(angle)]), np.array([np.cos(angle), np.sin(angle)])
    reach, width = np.array([0, 0.3, 0.6, 1, 0.6, 0.3]), np.array([0, 0.09, 0.08, 0, -0.08, -0.09])
    return foot + length * (reach[:, None] * along + width[:, None] * across)


def ridge(rng: np.random.Generator, foot: float, height: float) -> Outline:
    """Mountains or hills across the picture; their mass goes down to its lower edge."""
    across = np.linspace(-0.05, 1.05, 23)
    peaks = np.zeros(23)
    for _ in range(rng.integers(2, 5)):
        distance = np.abs(across - rng.uniform(0, 1)) / rng.uniform(0.12, 0.35)
        peak = np.exp(-(distance**2)) if rng.random() < 0.5 else np.maximum(1 - distance, 0)
        peaks = np.maximum(peaks, rng.uniform(0.5, 1) * peak)
    crest = foot - height * peaks + rng.normal(0, 0.006, 23)
    return np.concatenate([np.stack([across, crest], axis=1), [(1.05, 1.05), (-0.05, 1.05)]])
