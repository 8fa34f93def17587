"""A façade: storeys of windows between plinth and roof, under a sky."""

import numpy as np

from artnb.atelier.canvas import Canvas, Colour, Palette, mix, shade


def scene(rng: np.random.Generator, size: int, palette: Palette) -> Canvas:
    canvas = Canvas(size, palette.sky, rng.uniform(-1, 1))
    ground = rng.uniform(0.82, 0.92)
    canvas.gradient(0, ground, shade(palette.sky, -0.2), shade(palette.sky, 0.35))
    canvas.rectangle(0, ground, 1, 1, shade(palette.ground, -0.25))
    width, top = rng.uniform(0.55, 0.85), rng.uniform(0.25, 0.4)
    middle = rng.uniform(0.5 - (1 - width) / 2.5, 0.5 + (1 - width) / 2.5)
    left, right = middle - width / 2, middle + width / 2
    canvas.rectangle(left, top, right, ground, palette.body)
    windows(canvas, rng, (left, top, right, ground), shade(palette.body, -0.45))
    [gable, flat, dome, pediment][rng.integers(4)](canvas, left, top, right, palette)
    if rng.random() < 0.4:
        columns(canvas, rng.integers(4, 8), (left, top, right, ground), shade(palette.body, 0.35))
    door(
        canvas,
        rng.uniform(left + 0.15, right - 0.15),
        ground,
        rng.uniform(0.12, 0.18),
        shade(palette.body, -0.65),
    )
    canvas.side_light(rng)
    canvas.grain(rng, cells=size // 2, strength=6)
    return canvas


def windows(
    canvas: Canvas, rng: np.random.Generator, wall: tuple[float, float, float, float], tone: Colour
) -> None:
    left, top, right, ground = wall
    rows, columns = rng.integers(2, 5), rng.integers(3, 7)
    arched = rng.random() < 0.5
    wide, high = (right - left) / columns, (ground - top) / (rows + 0.5)
    for row in range(rows):
        y = top + high * (row + 0.25)
        canvas.rectangle(left, y + 0.85 * high, right, y + 0.88 * high, shade(tone, 0.25))
        for column in range(columns):
            x = left + wide * (column + 0.5)
            canvas.rectangle(x - 0.25 * wide, y, x + 0.25 * wide, y + 0.65 * high, tone)
            if arched:
                canvas.ellipse(x, y, 0.25 * wide, 0.25 * wide, tone)
            canvas.line([(x, y), (x, y + 0.65 * high)], shade(tone, 0.35), 0.006)


def gable(canvas: Canvas, left: float, top: float, right: float, palette: Palette) -> None:
    peak = ((left + right) / 2, top - 0.3 * (right - left))
    canvas.polygon([(left - 0.04, top), peak, (right + 0.04, top)], mix(palette.ground, palette.body, 0.2))


def flat(canvas: Canvas, left: float, top: float, right: float, palette: Palette) -> None:
    canvas.rectangle(left - 0.03, top - 0.05, right + 0.03, top, shade(palette.body, -0.3))
    canvas.rectangle(left - 0.02, top - 0.07, right + 0.02, top - 0.05, shade(palette.body, 0.3))


def dome(canvas: Canvas, left: float, top: float, right: float, palette: Palette) -> None:
    x, radius = (left + right) / 2, 0.28 * (right - left)
    canvas.solid(x, top, radius, radius, mix(palette.ground, palette.sky, 0.4))
    canvas.line([(x, top - radius), (x, top - 1.35 * radius)], shade(palette.ground, -0.4), 0.012)
    canvas.rectangle(left, top, right, top + 0.03, shade(palette.body, 0.2))
    canvas.rectangle(left, top + 0.03, right, top + radius, palette.body)


def pediment(canvas: Canvas, left: float, top: float, right: float, palette: Palette) -> None:
    outer = [(left - 0.04, top), ((left + right) / 2, top - 0.2 * (right - left)), (right + 0.04, top)]
    canvas.polygon(outer, shade(palette.body, 0.25))
    inner = [
        (left + 0.06, top - 0.02),
        ((left + right) / 2, top - 0.16 * (right - left)),
        (right - 0.06, top - 0.02),
    ]
    canvas.polygon(inner, shade(palette.body, -0.25))


def columns(canvas: Canvas, count: int, wall: tuple[float, float, float, float], tone: Colour) -> None:
    left, top, right, ground = wall
    for x in np.linspace(left + 0.03, right - 0.03, count):
        canvas.rectangle(x - 0.016, top, x + 0.016, ground, tone)
        canvas.rectangle(x + 0.006, top, x + 0.016, ground, shade(tone, -0.3))
        canvas.rectangle(x - 0.026, top, x + 0.026, top + 0.025, shade(tone, 0.2))


def door(canvas: Canvas, x: float, ground: float, height: float, tone: Colour) -> None:
    canvas.rectangle(x - 0.3 * height, ground - height, x + 0.3 * height, ground, tone)
    canvas.ellipse(x, ground - height, 0.3 * height, 0.3 * height, tone)


def accent(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float, tone: Colour) -> None:
    """A glazed roundel in a dark rim."""
    canvas.ellipse(x, y, radius, radius, shade(tone, -0.5))
    canvas.ellipse(x, y, 0.75 * radius, 0.75 * radius, tone)
    canvas.ellipse(x, y, 0.3 * radius, 0.3 * radius, shade(tone, 0.5))
