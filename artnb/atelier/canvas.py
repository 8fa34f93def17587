"""What every painter of the atelier shares: a palette, a light, a canvas and a few strokes.

Coordinates are fractions of the side, x to the right and y downwards. The canvas is drawn at twice
the size of the finished image and reduced at the end, which smooths every edge.
"""

import colorsys
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

OVERSAMPLING = 2
Colour = tuple[int, int, int]
Point = tuple[float, float]


def colour(hue: float, saturation: float, value: float) -> Colour:
    """An 8-bit RGB colour from hue (turns, any real number), saturation and value in [0, 1]."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return round(255 * red), round(255 * green), round(255 * blue)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` of `second` in it."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def shade(tone: Colour, light: float) -> Colour:
    """`tone` darkened towards black (light < 0) or lightened towards white (light > 0), light in [-1, 1]."""
    return mix(tone, (255, 255, 255) if light > 0 else (0, 0, 0), abs(light))


@dataclass(frozen=True)
class Palette:
    """Four tones in one harmony: analogous, complementary or triadic around one hue."""

    sky: Colour
    ground: Colour
    body: Colour
    accent: Colour

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Palette":
        hue, step = rng.random(), rng.choice([0.08, 0.33, 0.5])
        saturation = rng.uniform(0.2, 0.7)
        return cls(
            sky=colour(hue, saturation * 0.6, rng.uniform(0.6, 0.95)),
            ground=colour(hue + step, saturation * 0.8, rng.uniform(0.35, 0.7)),
            body=colour(hue - step, saturation * 0.6, rng.uniform(0.45, 0.85)),
            accent=colour(rng.random(), rng.uniform(0.6, 0.95), rng.uniform(0.75, 1.0)),
        )


class Canvas:
    """A square RGB picture of `size` pixels in the making, lit from `light` (-1 left, 1 right)."""

    def __init__(self, size: int, background: Colour, light: float):
        self.size, self.light = size, light
        self.side = OVERSAMPLING * size
        self.image = Image.new("RGB", (self.side, self.side), background)
        self.pen = ImageDraw.Draw(self.image)

    def scale(self, points: list[Point]) -> list[Point]:
        return [(x * self.side, y * self.side) for x, y in points]

    def polygon(self, points: list[Point], tone: Colour) -> None:
        self.pen.polygon(self.scale(points), fill=tone)

    def rectangle(self, left: float, top: float, right: float, bottom: float, tone: Colour) -> None:
        if right > left and bottom > top:
            self.pen.rectangle(self.scale([(left, top), (right, bottom)]), fill=tone)

    def ellipse(self, x: float, y: float, rx: float, ry: float, tone: Colour) -> None:
        self.pen.ellipse(self.scale([(x - rx, y - ry), (x + rx, y + ry)]), fill=tone)

    def line(self, points: list[Point], tone: Colour, width: float) -> None:
        self.pen.line(self.scale(points), fill=tone, width=max(1, round(width * self.side)), joint="curve")

    def solid(self, x: float, y: float, rx: float, ry: float, tone: Colour) -> None:
        """An ellipse modelled as a round body under the canvas's light."""
        for step in np.linspace(0, 1, 6):
            inner = 1 - 0.75 * step
            self.ellipse(
                x + self.light * rx * 0.35 * step,
                y - ry * 0.3 * step,
                rx * inner,
                ry * inner,
                shade(tone, 0.7 * step - 0.4),
            )

    def gradient(self, top: float, bottom: float, upper: Colour, lower: Colour) -> None:
        """A vertical blend over the full width."""
        first, last = round(top * self.side), max(round(bottom * self.side), round(top * self.side) + 1)
        ramp = np.linspace(0, 1, last - first)[:, None]
        rows = (1 - ramp) * np.array(upper) + ramp * np.array(lower)
        band = np.repeat(rows[:, None], self.side, axis=1).astype(np.uint8)
        self.image.paste(Image.fromarray(band), (0, first))

    def strokes(self, rng: np.random.Generator, count: int, length: float, width: float) -> None:
        """Short brush strokes, each in the tone it covers, a little lighter or darker."""
        places = rng.random((count, 2)) * 0.999
        angles = rng.normal(rng.uniform(0, np.pi), 0.5, count)
        lights = rng.normal(0, 0.13, count)
        pixels = self.image.load()
        for (x, y), angle, light in zip(places, angles, lights, strict=True):
            dx, dy = np.cos(angle) * length / 2, np.sin(angle) * length / 2
            tone = shade(pixels[int(x * self.side), int(y * self.side)], float(np.clip(light, -0.4, 0.4)))
            self.line([(x - dx, y - dy), (x + dx, y + dy)], tone, width)

    def grain(self, rng: np.random.Generator, cells: int, strength: float) -> None:
        """Uneven tone: smooth noise of `cells` x `cells` patches, `strength` in 8-bit steps."""
        noise = np.clip(128 + rng.normal(0, strength, (cells, cells)), 0, 255).astype(np.uint8)
        layer = Image.fromarray(noise).resize(self.image.size, Image.Resampling.BICUBIC)
        self.image = ImageChops.add(self.image, Image.merge("RGB", [layer] * 3), offset=-128)
        self.pen = ImageDraw.Draw(self.image)

    def side_light(self, rng: np.random.Generator) -> None:
        """Light falls off across the picture, away from where it comes from."""
        ramp = np.linspace(-1, 1, self.side) * self.light * rng.uniform(10, 35)
        row = np.clip(128 + ramp, 0, 255).astype(np.uint8)[None].repeat(self.side, axis=0)
        layer = Image.fromarray(row)
        self.image = ImageChops.add(self.image, Image.merge("RGB", [layer] * 3), offset=-128)
        self.pen = ImageDraw.Draw(self.image)

    def finished(self) -> Image.Image:
        return self.image.reduce(OVERSAMPLING)
