"""A garden: a path that leads through lawn, hedges and trees, perhaps past a pond."""

import numpy as np

from artnb.atelier.canvas import Canvas, Colour, Palette, colour, mix, shade


def scene(rng: np.random.Generator, size: int, palette: Palette) -> Canvas:
    canvas = Canvas(size, palette.sky, rng.uniform(-1, 1))
    horizon = rng.uniform(0.28, 0.42)
    lawn = mix(
        colour(rng.uniform(0.2, 0.4), rng.uniform(0.35, 0.7), rng.uniform(0.4, 0.7)), palette.ground, 0.25
    )
    canvas.gradient(0, horizon, shade(palette.sky, -0.1), shade(palette.sky, 0.4))
    canvas.gradient(horizon, 1, shade(lawn, 0.1), shade(lawn, -0.3))
    trees(canvas, rng, horizon, shade(lawn, -0.3))
    canvas.rectangle(0, horizon - 0.02, 1, horizon + rng.uniform(0.03, 0.08), shade(lawn, -0.45))
    path(canvas, rng, horizon + 0.05, mix((215, 200, 170), palette.body, 0.3))
    if rng.random() < 0.4:
        pond(canvas, rng, shade(palette.sky, -0.1), shade(lawn, -0.55))
    hedges(canvas, rng, horizon, shade(lawn, -0.25))
    canvas.strokes(rng, count=150, length=0.03, width=0.012)
    canvas.side_light(rng)
    return canvas


def trees(canvas: Canvas, rng: np.random.Generator, horizon: float, leaf: Colour) -> None:
    for x in rng.uniform(0, 1, rng.integers(2, 7)):
        height = rng.uniform(0.12, 0.3)
        tone = shade(leaf, rng.uniform(-0.2, 0.15))
        if rng.random() < 0.4:
            canvas.polygon(
                [(x - 0.05, horizon), (x, horizon - 1.2 * height), (x + 0.05, horizon)], shade(tone, -0.2)
            )
        else:
            canvas.rectangle(x - 0.012, horizon - 0.5 * height, x + 0.012, horizon, shade(tone, -0.5))
            canvas.solid(x, horizon - 0.65 * height, 0.4 * height, 0.38 * height, tone)


def path(canvas: Canvas, rng: np.random.Generator, far: float, gravel: Colour) -> None:
    """A ribbon from the foreground to the horizon, narrowing with distance, straight or winding."""
    start, end, bend = rng.uniform(0.3, 0.7), rng.uniform(0.25, 0.75), rng.uniform(-0.25, 0.25)
    along = np.linspace(0, 1, 12)
    ys = 1 + (far - 1) * along**0.7
    xs = start + (end - start) * along + bend * np.sin(2 * np.pi * along) * (1 - along)
    half = 0.16 * (1 - along) ** 1.2 + 0.012
    edge = list(zip(xs - half, ys, strict=True)) + list(zip(xs + half, ys, strict=True))[::-1]
    canvas.polygon(edge, gravel)


def pond(canvas: Canvas, rng: np.random.Generator, water: Colour, bank: Colour) -> None:
    x, y, rx = (
        rng.choice([rng.uniform(0.1, 0.3), rng.uniform(0.7, 0.9)]),
        rng.uniform(0.6, 0.85),
        rng.uniform(0.12, 0.2),
    )
    canvas.ellipse(x, y, 1.1 * rx, 0.42 * rx, bank)
    canvas.ellipse(x, y, rx, 0.35 * rx, water)
    canvas.line([(x - 0.4 * rx, y), (x + 0.2 * rx, y)], shade(water, 0.5), 0.008)


def hedges(canvas: Canvas, rng: np.random.Generator, horizon: float, leaf: Colour) -> None:
    for depth in sorted(rng.uniform(0.15, 1, rng.integers(2, 6))):
        x, radius = rng.uniform(0, 1), 0.04 + 0.08 * depth
        y = horizon + (0.95 - horizon) * depth
        canvas.ellipse(
            x - 0.3 * radius * canvas.light, y + 0.8 * radius, 1.2 * radius, 0.3 * radius, shade(leaf, -0.5)
        )
        canvas.solid(x, y, radius, radius, shade(leaf, rng.uniform(-0.15, 0.15)))


def accent(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float, tone: Colour) -> None:
    """A flower of five petals."""
    for angle in np.linspace(0, 2 * np.pi, 5, endpoint=False) + rng.uniform(0, 1):
        canvas.ellipse(
            x + 0.6 * radius * np.cos(angle),
            y + 0.6 * radius * np.sin(angle),
            0.5 * radius,
            0.5 * radius,
            tone,
        )
    canvas.ellipse(x, y, 0.35 * radius, 0.35 * radius, (250, 230, 120))
