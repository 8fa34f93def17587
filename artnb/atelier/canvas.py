"""What every painter of the atelier shares: a palette, a light, a canvas and a few strokes.

Coordinates are fractions of the side, x to the right and y downwards. The canvas is drawn at twice
the size of the finished image and reduced at the end, which smooths every edge.
"""

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

OVERSAMPLING = 2
Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the canvas, the last two excluded


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


def luminance(tone: Colour) -> float:
    """How light a tone is, in [0, 1]: the luma of Rec. 601."""
    return (0.299 * tone[0] + 0.587 * tone[1] + 0.114 * tone[2]) / 255


def ribbon(points: np.ndarray, widths: Sequence[float]) -> np.ndarray:
    """The outline of a stroke along `points` (N x 2) that is as wide as `widths` (N) there: 2 N x 2."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    half = along[:, ::-1] * (-0.5, 0.5) * np.asarray(widths)[:, None]
    return np.concatenate([points + half, (points - half)[::-1]])


def closed(points: np.ndarray) -> np.ndarray:
    """An outline that ends where it began."""
    return np.concatenate([points, points[:1]])


def resampled(points: np.ndarray, step: float) -> np.ndarray:
    """The open line through `points` (N x 2), with points about every `step` of its length, 3 or more."""
    travelled = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
    places = np.linspace(0, travelled[-1], max(3, round(travelled[-1] / step) + 1))
    return np.stack([np.interp(places, travelled, axis) for axis in points.T], axis=1)


def noise(rng: np.random.Generator, side: int, cells: int) -> np.ndarray:
    """Smooth noise of `cells` x `cells` patches: `side` x `side`, float32, mostly in [-1, 1]."""
    values = np.clip(128 + rng.normal(0, 50, (cells, cells)), 0, 255).astype(np.uint8)
    layer = Image.fromarray(values).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(layer, np.float32) / 90 - 128 / 90


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

    def brush(self, points: np.ndarray, widths: Sequence[float], tone: Colour) -> None:
        """A stroke along `points` (N x 2) that swells and thins as `widths` (N) say."""
        self.polygon(ribbon(points, widths), tone)

    def stencil(self, parts: Iterable[np.ndarray], margin: float = 0.0) -> tuple[Box, Image.Image]:
        """What the outlines `parts` enclose: an 8-bit mask (255 inside), and the box of pixels it is for.

        The box holds all parts and `margin` around them, as far as they lie in the picture; it may be empty.
        """
        parts = [part * self.side for part in parts]
        points, room = np.concatenate(parts), margin * self.side
        left, top = np.clip(points.min(axis=0) - room, 0, self.side).astype(int).tolist()
        right, bottom = np.clip(np.ceil(points.max(axis=0) + room + 1), 0, self.side).astype(int).tolist()
        mask = Image.new("L", (max(right - left, 0), max(bottom - top, 0)))
        pen = ImageDraw.Draw(mask)
        for part in parts if mask.width and mask.height else ():
            pen.polygon((part - (left, top)).ravel().tolist(), fill=255)
        return (left, top, left + mask.width, top + mask.height), mask

    def wash(self, box: Box, density: np.ndarray | Image.Image, tone: Colour) -> None:
        """Transparent colour over a box of pixels, as `density` (8 bits, or floats in [0, 1]) lets it in."""
        if isinstance(density, np.ndarray):
            density = Image.fromarray((255 * np.clip(density, 0, 1)).astype(np.uint8))
        if density.width and density.height:
            under = self.image.crop(box)
            self.image.paste(ImageChops.multiply(under, Image.new("RGB", under.size, tone)), box, density)

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
