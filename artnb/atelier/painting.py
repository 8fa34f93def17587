"""A painted canvas: a landscape, a still life or a portrait, in visible brush strokes."""

import numpy as np

from artnb.atelier.canvas import Canvas, Colour, Palette, colour, mix, shade


def scene(rng: np.random.Generator, size: int, palette: Palette) -> Canvas:
    canvas = Canvas(size, palette.sky, rng.uniform(-1, 1))
    subject = [landscape, still_life, portrait][rng.integers(3)]
    subject(canvas, rng, palette)
    canvas.strokes(
        rng, count=rng.integers(120, 260), length=rng.uniform(0.05, 0.12), width=rng.uniform(0.012, 0.025)
    )
    canvas.grain(rng, cells=size // 2, strength=5)
    return canvas


def landscape(canvas: Canvas, rng: np.random.Generator, palette: Palette) -> None:
    horizon = rng.uniform(0.35, 0.6)
    canvas.gradient(0, horizon, shade(palette.sky, -0.15), shade(palette.sky, 0.3))
    canvas.ellipse(rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.25), 0.06, 0.06, shade(palette.sky, 0.6))
    for depth in range(3):
        base = horizon + 0.13 * depth
        xs = np.linspace(0, 1, 9)
        ridge = base - 0.1 * np.abs(np.sin(xs * rng.uniform(3, 8) + rng.uniform(0, 6))) * (1 - 0.25 * depth)
        tone = mix(palette.sky, palette.ground, 0.4 + 0.3 * depth)
        canvas.polygon([(0, 1), *zip(xs, ridge, strict=True), (1, 1)], shade(tone, -0.1 * depth))
    for _ in range(rng.integers(1, 5)):
        tree(
            canvas, rng.uniform(0.05, 0.95), rng.uniform(horizon + 0.1, 0.95), rng.uniform(0.08, 0.2), palette
        )


def tree(canvas: Canvas, x: float, foot: float, height: float, palette: Palette) -> None:
    canvas.rectangle(x - 0.07 * height, foot - height, x + 0.07 * height, foot, shade(palette.ground, -0.6))
    canvas.solid(x, foot - height, 0.4 * height, 0.55 * height, shade(palette.ground, -0.2))


def still_life(canvas: Canvas, rng: np.random.Generator, palette: Palette) -> None:
    table = rng.uniform(0.55, 0.72)
    canvas.gradient(0, table, shade(palette.body, -0.5), shade(palette.body, -0.2))
    canvas.gradient(table, 1, shade(palette.ground, 0.25), shade(palette.ground, -0.2))
    x, foot, height = rng.uniform(0.25, 0.75), table + 0.1, rng.uniform(0.25, 0.4)
    glaze = colour(rng.random(), 0.4, 0.7)
    canvas.solid(x, foot - 0.4 * height, 0.38 * height, 0.42 * height, glaze)
    canvas.rectangle(
        x - 0.1 * height, foot - height, x + 0.1 * height, foot - 0.7 * height, shade(glaze, -0.1)
    )
    canvas.ellipse(x, foot - height, 0.16 * height, 0.05 * height, shade(glaze, 0.2))
    for _ in range(rng.integers(2, 6)):
        radius = rng.uniform(0.05, 0.085)
        fruit = colour(rng.uniform(0, 0.3), 0.6, rng.uniform(0.5, 0.85))
        canvas.solid(rng.uniform(0.1, 0.9), foot + rng.uniform(0, 0.15), radius, radius, fruit)


def portrait(canvas: Canvas, rng: np.random.Generator, palette: Palette) -> None:
    canvas.gradient(0, 1, shade(palette.body, -0.25), shade(palette.ground, -0.45))
    x, y, radius = rng.uniform(0.38, 0.62), rng.uniform(0.32, 0.42), rng.uniform(0.13, 0.18)
    skin, hair = (
        colour(rng.uniform(0.04, 0.09), 0.4, rng.uniform(0.45, 0.85)),
        colour(0.08, 0.5, rng.uniform(0.1, 0.5)),
    )
    canvas.ellipse(x, y - 0.2 * radius, 1.2 * radius, 1.35 * radius, hair)
    dress(canvas, x, y, radius, palette.ground)
    canvas.rectangle(x - 0.35 * radius, y, x + 0.35 * radius, y + 1.6 * radius, shade(skin, -0.2))
    canvas.solid(x, y, 0.85 * radius, 1.15 * radius, skin)
    for side in (-1, 1):
        canvas.ellipse(
            x + side * 0.35 * radius, y - 0.1 * radius, 0.12 * radius, 0.08 * radius, shade(hair, -0.5)
        )
    canvas.line(
        [(x - 0.2 * radius, y + 0.55 * radius), (x + 0.2 * radius, y + 0.55 * radius)],
        shade(skin, -0.5),
        0.012,
    )


def dress(canvas: Canvas, x: float, y: float, radius: float, tone: Colour) -> None:
    top = y + 1.3 * radius
    right = [(0.4, 0.0), (1.7, 0.5 * radius), (2.4, 1.0 - top)]
    shoulder = [(x + side * radius, top + drop) for side, drop in right]
    other = [(x - side * radius, top + drop) for side, drop in right[::-1]]
    canvas.polygon(other + shoulder, tone)


def accent(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float, tone: Colour) -> None:
    """A dab of thick paint: a few strokes across each other."""
    for angle in rng.uniform(0, np.pi, 4):
        dx, dy = np.cos(angle) * radius, np.sin(angle) * radius
        canvas.line([(x - dx, y - dy), (x + dx, y + dy)], shade(tone, rng.uniform(-0.2, 0.4)), 0.6 * radius)
