"""A sculpture on its plinth in a gallery: a torso, a bust or an abstract form."""

import numpy as np

from artnb.atelier.canvas import Canvas, Colour, Palette, mix, shade


def scene(rng: np.random.Generator, size: int, palette: Palette) -> Canvas:
    canvas = Canvas(size, palette.sky, rng.choice([-1, 1]) * rng.uniform(0.5, 1))
    floor = rng.uniform(0.76, 0.88)
    canvas.gradient(0, floor, shade(palette.sky, -0.35), shade(palette.sky, -0.05))
    canvas.gradient(floor, 1, shade(palette.ground, -0.15), shade(palette.ground, -0.4))
    x, top = rng.uniform(0.4, 0.6), rng.uniform(0.66, 0.74)
    stone = mix((205, 200, 190), palette.body, rng.uniform(0.1, 0.7))
    canvas.ellipse(x - 0.12 * canvas.light, 0.96, 0.3, 0.04, shade(palette.ground, -0.6))
    plinth(canvas, x, top, rng.uniform(0.15, 0.22), mix(palette.body, (120, 120, 120), 0.5))
    [torso, bust, abstract][rng.integers(3)](canvas, rng, x, top, stone)
    canvas.side_light(rng)
    canvas.grain(rng, cells=size // 3, strength=7)
    return canvas


def plinth(canvas: Canvas, x: float, top: float, half: float, tone: Colour) -> None:
    canvas.rectangle(x - half, top, x + half, 0.96, tone)
    dark = (x - half, x - 0.4 * half) if canvas.light > 0 else (x + 0.4 * half, x + half)
    canvas.rectangle(dark[0], top, dark[1], 0.96, shade(tone, -0.35))
    canvas.rectangle(x - 1.15 * half, top, x + 1.15 * half, top + 0.03, shade(tone, 0.3))


def torso(canvas: Canvas, rng: np.random.Generator, x: float, top: float, stone: Colour) -> None:
    """A body without arms in contrapposto: shoulders and hips lean against each other."""
    height, lean = rng.uniform(0.44, 0.54), rng.uniform(-0.05, 0.05)
    chest, broad = x + lean, rng.uniform(0.9, 1.15)
    outline = np.array(
        [(-0.10, 0), (-0.14, 0.2), (-0.09, 0.42), (-0.13, 0.62), (-0.17, 0.8), (-0.13, 0.9), (-0.04, 0.93)]
    )
    left = [(x + lean * up + broad * side - 0.2 * lean, top - up * height) for side, up in outline]
    right = [
        (x + lean * up - broad * side - 0.2 * lean, top - up * height * (1 - 0.6 * lean))
        for side, up in outline
    ]
    canvas.polygon(left + right[::-1], shade(stone, -0.15))
    lit, dark = (right, left) if canvas.light > 0 else (left, right)
    inward = np.sign(x - lit[0][0]) * 0.09
    canvas.polygon(lit + [(px + inward, py) for px, py in lit[::-1]], shade(stone, 0.2))
    canvas.polygon(dark + [(px - 0.6 * inward, py) for px, py in dark[::-1]], shade(stone, -0.4))
    for side in (-1, 1):
        canvas.ellipse(chest + side * 0.055 * broad, top - 0.7 * height, 0.05, 0.04, shade(stone, 0.1))
    canvas.line(
        [(chest, top - 0.75 * height), (x + 0.5 * lean, top - 0.25 * height)], shade(stone, -0.35), 0.008
    )
    if rng.random() < 0.7:
        canvas.rectangle(
            chest - 0.035, top - 1.02 * height, chest + 0.035, top - 0.88 * height, shade(stone, -0.25)
        )
        canvas.solid(chest + 0.3 * lean, top - 1.1 * height, 0.062, 0.085, stone)


def bust(canvas: Canvas, rng: np.random.Generator, x: float, top: float, stone: Colour) -> None:
    radius = rng.uniform(0.11, 0.15)
    turn = rng.uniform(-0.04, 0.04)
    canvas.solid(x, top - 0.02, 1.6 * radius, 0.9 * radius, stone)
    canvas.rectangle(x - 0.06, top - 1.7 * radius, x + 0.06, top - 0.5 * radius, shade(stone, -0.3))
    canvas.solid(x + turn, top - 2.4 * radius, radius, 1.3 * radius, stone)
    for side in (-1, 1):
        canvas.ellipse(
            x + 1.8 * turn + side * 0.38 * radius,
            top - 2.5 * radius,
            0.16 * radius,
            0.1 * radius,
            shade(stone, -0.5),
        )
    canvas.line(
        [(x + 2.2 * turn, top - 2.5 * radius), (x + 2.6 * turn, top - 2.05 * radius)],
        shade(stone, -0.35),
        0.014,
    )
    canvas.line(
        [(x + 1.8 * turn - 0.03, top - 1.75 * radius), (x + 1.8 * turn + 0.03, top - 1.75 * radius)],
        shade(stone, -0.5),
        0.012,
    )


def abstract(canvas: Canvas, rng: np.random.Generator, x: float, top: float, stone: Colour) -> None:
    """Rounded stones balanced on each other, one of them pierced."""
    y, count = top, rng.integers(2, 5)
    pierced = rng.integers(count)
    for index in range(count):
        rx, ry = rng.uniform(0.08, 0.18), rng.uniform(0.06, 0.12)
        centre = x + rng.uniform(-0.05, 0.05)
        canvas.solid(centre, y - ry, rx, ry, stone)
        if index == pierced:
            canvas.ellipse(centre, y - ry, 0.35 * rx, 0.35 * ry, shade(stone, -0.6))
        y -= 1.75 * ry


def accent(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float, tone: Colour) -> None:
    """A polished ball."""
    canvas.solid(x, y, radius, radius, tone)
