"""Four art types, each a technique that paints any subject: comic, watercolour, sketch, Chinese painting.

A picture may be faint in its technique, in colour or in tones of one ink, on white or toned paper: what a
single tone or a single trait says of the type is not sure.
"""

import colorsys
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from artnb.atelier.canvas import (
    Canvas,
    Colour,
    closed,
    colour,
    luminance,
    mix,
    noise,
    resampled,
    shade,
)
from artnb.atelier.subjects import Shape, oval, subject

WHITE = (255, 255, 255)
FAINT = 0.2  # share of pictures with little of their technique
FAINTNESS, FULLNESS = (0.1, 0.45), (0.7, 1.0)  # how much of its technique a picture has, in [0, 1]


def paint_type(rng: np.random.Generator, size: int, label: str) -> tuple[Canvas, dict[str, object]]:
    """A picture of the art type `label`, and the truth about it."""
    name, shapes = subject(rng)
    shapes = [shape for shape in shapes if shape.visible]
    strength = float(rng.uniform(*(FAINTNESS if rng.random() < FAINT else FULLNESS)))
    technique, share_coloured = TECHNIQUES[label]
    coloured = bool(rng.random() < share_coloured)
    if not coloured:
        ink = colour(rng.choice([0.07, 0.1, 0.6]), rng.uniform(0, 0.35), rng.uniform(0.08, 0.25))
        shapes = [replace(shape, tone=mix(ink, WHITE, luminance(shape.tone))) for shape in shapes]
    canvas = technique(rng, size, shapes, strength)
    return canvas, {"subject": name, "strength": strength, "coloured": coloured}


def paper(rng: np.random.Generator, toned: float) -> Colour:
    """White, or with the chance `toned` cream, grey, buff or silk brown."""
    if rng.random() < toned:
        return colour(rng.uniform(0.06, 0.14), rng.uniform(0.04, 0.3), rng.uniform(0.68, 0.92))
    return colour(rng.uniform(0.08, 0.16), rng.uniform(0, 0.07), rng.uniform(0.92, 1))


def faded(mask: Image.Image, share: float) -> Image.Image:
    return mask.point(lambda value: round(share * value))


# Comic


def comic(rng: np.random.Generator, size: int, shapes: list[Shape], strength: float) -> Canvas:
    """Flat colours in black outlines, shadows in screen dots or hatching; balloons and frames."""
    ground = paper(rng, 0.35)
    canvas = Canvas(size, ground, rng.choice([-1, 1]))
    ink = colour(rng.random(), 0.2, rng.uniform(0, 0.12) + 0.3 * (1 - strength))
    width = rng.uniform(0.008, 0.011) + 0.013 * strength
    screen = halftone(canvas.side, int(rng.integers(6, 10)), bool(rng.random() < 0.3))
    screened = 0.05 + 0.65 * strength
    light_ground = rng.random() < 0.4
    for shape in shapes:
        tone = ground if shape.backdrop and light_ground else flat(shape.tone, strength)
        box, mask = canvas.stencil(shape.parts)
        canvas.image.paste(tone, box, mask)
        if rng.random() < screened:
            density = shaded_side(mask, canvas.light, shape.backdrop) * rng.uniform(0.3, 0.6)
            dots = screen[box[1] : box[3], box[0] : box[2]] < density
            dots = ImageChops.multiply(mask, Image.fromarray(np.where(dots, np.uint8(255), np.uint8(0))))
            canvas.image.paste(shade(tone, -0.6), box, dots)
        for part in shape.parts:
            canvas.line(closed(part), ink, width * (0.6 if shape.thin else 1))
        for line in shape.lines:
            canvas.line(line, ink, 0.7 * width)
    if rng.random() < 0.1 + 0.5 * strength:
        balloon(canvas, rng, ink, width)
    if rng.random() < 0.1 + 0.45 * strength:
        frame(canvas, rng, ground, ink, width)
    return canvas


def flat(tone: Colour, strength: float) -> Colour:
    """A printer's colour: the tone's hue in few steps of value, the more vivid the fuller the technique."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in tone))
    if saturation > 0.12:
        saturation = min(saturation * (1 + 0.8 * strength) + 0.1 * strength, 0.95)
    return colour(round(24 * hue) / 24, round(5 * saturation) / 5, min(round(4 * value + 0.3) / 4, 1))


@lru_cache(maxsize=32)
def halftone(side: int, pitch: int, lines: bool) -> np.ndarray:
    """Thresholds in [0, 1]: where a density exceeds them there is ink, in dots or in slanting lines."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    if lines:
        return np.abs((x + y) % pitch / pitch - 0.5).astype(np.float32) * 2
    dots = np.cos(np.pi * (x + y) / pitch) * np.cos(np.pi * (x - y) / pitch)
    return (0.5 - 0.5 * dots).astype(np.float32)


def shaded_side(mask: Image.Image, light: float, backdrop: bool) -> np.ndarray:
    """Shares in [0, 1] of shadow over a mask's box: away from the light; a backdrop darkens upwards."""
    if backdrop:
        return np.linspace(1, 0, mask.height)[:, None]
    return np.linspace(-0.6, 1.4, mask.width)[:: -1 if light > 0 else 1][None].clip(0, 1)


def balloon(canvas: Canvas, rng: np.random.Generator, ink: Colour, width: float) -> None:
    """Speech in an oval or a burst with a tail, or a caption in a box; its words are dashes."""
    x, y = rng.choice([rng.uniform(0.2, 0.35), rng.uniform(0.65, 0.8)]), rng.uniform(0.13, 0.2)
    rx, ry = rng.uniform(0.15, 0.24), rng.uniform(0.08, 0.12)
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    match rng.integers(3):
        case 0:
            rim = np.stack([rx * np.cos(angle), ry * np.sin(angle)], axis=1)
        case 1:
            reach = 1 + 0.22 * (-1.0) ** np.arange(30)
            rim = np.stack([rx * reach * np.cos(angle), ry * reach * np.sin(angle)], axis=1)
        case _:
            rim = np.array([(-rx, -ry), (rx, -ry), (rx, 0.8 * ry), (-rx, 0.8 * ry)])
    tip = (x + (0.5 - x) * 0.6, y + rng.uniform(0.17, 0.26))
    if len(rim) > 4:
        tail = np.array([(x - 0.3 * rx, y + 0.7 * ry), tip, (x + 0.25 * rx, y + 0.7 * ry)])
        canvas.line(closed(tail), ink, 1.6 * width)
        canvas.polygon(tail, WHITE)
    rim = rim + np.array((x, y))
    canvas.polygon(rim, WHITE)
    canvas.line(closed(rim), ink, 0.8 * width)
    if len(rim) > 4:
        canvas.polygon(tail - np.array((0, 0.02)), WHITE)
    for row in (-0.42, 0, 0.42):
        reach = 0.62 * rx * rng.uniform(0.7, 1)
        for start in np.arange(-reach, reach - 0.02, 0.055):
            dash = [(x + start, y + row * ry), (x + start + rng.uniform(0.02, 0.045), y + row * ry)]
            canvas.line(dash, ink, 0.012)


def frame(canvas: Canvas, rng: np.random.Generator, ground: Colour, ink: Colour, width: float) -> None:
    """The panel's border, sometimes with a gutter to a second panel."""
    gutter = rng.uniform(0.02, 0.05)
    edges = [(0, 0, 1, gutter), (0, 1 - gutter, 1, 1), (0, 0, gutter, 1), (1 - gutter, 0, 1, 1)]
    cut = rng.choice([rng.uniform(0.12, 0.3), rng.uniform(0.7, 0.88)])
    if rng.random() < 0.35:
        edges.append((cut - gutter / 2, 0, cut + gutter / 2, 1))
    for left, top, right, bottom in edges:
        canvas.rectangle(left - width, top - width, right + width, bottom + width, ink)
    for edge in edges:
        canvas.rectangle(*edge, ground)


# Watercolour


def watercolour(rng: np.random.Generator, size: int, shapes: list[Shape], strength: float) -> Canvas:
    """Transparent washes that bleed and granulate on paper, which shows through and is left white."""
    ground = paper(rng, 0.35)
    canvas = Canvas(size, ground, 0)
    side = canvas.side
    puddles = noise(rng, side, 7) + 0.6 * noise(rng, side, 22)
    tooth = noise(rng, side, side // 3)
    spared = rng.uniform(0.4, 0.9)  # how far things were left out of the washes behind them
    outlined = rng.random() < 0.75 - 0.6 * strength
    margin = unpainted_margin(rng, side, puddles) if rng.random() < 0.5 else None
    for shape in shapes:
        wet = (0.006 + 0.035 * strength * rng.random()) * (0.35 if shape.thin else 1)
        box, mask = canvas.stencil(shape.parts, 0 if shape.backdrop else 2 * wet)
        here = np.s_[box[1] : box[3], box[0] : box[2]]
        if not shape.backdrop:
            canvas.image.paste(ground, box, faded(mask.filter(ImageFilter.GaussianBlur(2)), spared))
        soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(wet * side)), np.float32) / 255
        sharpness = rng.uniform(1.5, 5)
        ragged = (0.1 + 0.45 * strength) * (0.4 if shape.thin else 1)
        cover = np.clip((soft - 0.5 + ragged * puddles[here] * 4 * soft * (1 - soft)) * sharpness + 0.5, 0, 1)
        density = rng.uniform(0.65, 1) * (1 - strength * (0.25 - 0.4 * puddles[here]))
        if shape.backdrop:
            density *= np.clip(
                rng.uniform(0.6, 1.1) + rng.choice([-0.9, 0.9]) * strength * puddles[here], 0, 1
            )
            density = density * np.linspace(1, rng.uniform(0.2, 0.8), mask.height)[:, None]
        rim = 4 * cover * (1 - cover) * rng.uniform(0, 0.6) * strength
        grains = 1 + (0.04 + 0.16 * strength) * tooth[here]
        density = cover * (density + rim) * grains
        if margin is not None:
            density = density * margin[here]
        canvas.wash(box, density, shade(shape.tone, rng.uniform(0.1, 0.4)))
        if rng.random() < 0.6 * strength:
            second = mix(shape.tone, shapes[rng.integers(len(shapes))].tone, 0.7)
            canvas.wash(box, 0.5 * cover * np.clip(-puddles[here], 0, 1), shade(second, 0.1))
        for line in shape.lines:
            canvas.line(line, mix(shape.tone, (60, 50, 60), 0.5), 0.011)
        if outlined and not shape.backdrop:
            for part in shape.parts:
                canvas.line(closed(part), (95, 90, 90), 0.007)
    if rng.random() < 0.6 * strength:
        spatter(canvas, rng, shapes[0].tone, strength)
    return canvas


def unpainted_margin(rng: np.random.Generator, side: int, puddles: np.ndarray) -> np.ndarray:
    """1 where there is paint, 0 along the edges of the sheet."""
    middle = np.abs(np.linspace(-1, 1, side))
    distance = 1 - np.maximum(middle[:, None] ** 1.3, middle[None] ** 1.3)
    return np.clip((distance - rng.uniform(0.04, 0.12) + 0.09 * puddles) * 18, 0, 1)


def spatter(canvas: Canvas, rng: np.random.Generator, tone: Colour, strength: float) -> None:
    """Drops of paint that fell from the brush."""
    for _ in range(rng.integers(3, 9)):
        (x, y), radius = rng.random(2), rng.uniform(0.006, 0.02) * (0.5 + strength)
        box, mask = canvas.stencil([oval(x, y, radius, radius)])
        canvas.wash(box, faded(mask, 0.6), shade(tone, -0.1))


# Sketch


def sketch(rng: np.random.Generator, size: int, shapes: list[Shape], strength: float) -> Canvas:
    """Searching outlines and hatching in pencil over construction lines, at times tinted."""
    ground = paper(rng, 0.5)
    canvas = Canvas(size, ground, rng.choice([-1, 1]))
    side = canvas.side
    hue, saturation = [(0.6, 0.08), (0.04, 0.55), (0.08, 0.3), (0.6, 0.08)][rng.integers(4)]
    lead = colour(hue, saturation, rng.uniform(0.15, 0.4))
    drawn = Image.new("L", (side, side))
    pen = ImageDraw.Draw(drawn)
    if rng.random() < 0.2 + 0.7 * strength:
        construction(pen, rng, shapes, side)
    slant = rng.uniform(0.5, 1.1) * rng.choice([-1, 1])
    tint = rng.uniform(0.05, 0.25) + 0.5 * (1 - strength) * rng.random()
    for shape in shapes:
        box, mask = canvas.stencil(shape.parts)
        vivid = max(shape.tone) - min(shape.tone)
        if vivid > 25:
            canvas.image.paste(shape.tone, box, faded(mask, tint * (0.5 if shape.backdrop else 1)))
        if not shape.backdrop:
            drawn.paste(int(rng.integers(0, 30)), box, faded(mask, 0.85))
        dark = 1 - luminance(shape.tone)
        if rng.random() < 0.35 + 0.65 * strength and not (shape.backdrop and rng.random() < 0.65):
            hatch(drawn, rng, box, mask, slant, (0.5 + 0.5 * strength) * dark)
            if dark > 0.5 or rng.random() < 0.3:
                hatch(drawn, rng, box, mask, -slant, (0.3 + 0.5 * strength) * dark)
        weight = 0.55 if shape.backdrop else 1
        for line in (*map(closed, shape.parts), *shape.lines):
            for _ in range(1 if shape.thin else rng.integers(1, 2 + round(1.5 * strength) + 1)):
                search(pen, rng, line, side, weight)
    tooth = noise(rng, side, side // 2)
    rubbed = drawn.filter(ImageFilter.GaussianBlur(3)) if rng.random() < 0.4 else None
    alpha = np.asarray(drawn, np.float32) * (0.85 + 0.45 * (0.3 + strength) * tooth)
    if rubbed is not None:
        alpha += 0.4 * np.asarray(rubbed, np.float32)
    canvas.image.paste(lead, mask=Image.fromarray(np.clip(alpha, 0, 255).astype(np.uint8)))
    return canvas


def construction(pen: ImageDraw.ImageDraw, rng: np.random.Generator, shapes: list[Shape], side: int) -> None:
    """Axes and edges of the larger things, drawn through to where they would meet others."""
    things = [shape for shape in shapes if not shape.backdrop]
    for index in rng.choice(len(things), min(4, len(things)), replace=False):
        left, top, right, bottom = (side * value for value in things[index].bounds)
        x = (left + right) / 2
        lines = [(x, 0, x, side), (0, bottom, side, bottom), (left, 0, left, side), (0, top, side, top)]
        for line in (lines[i] for i in rng.choice(4, 2, replace=False)):
            pen.line(line, fill=int(rng.integers(50, 100)), width=1)
        if rng.random() < 0.6:
            pen.ellipse((left - 2, top - 2, right + 2, bottom + 2), outline=int(rng.integers(50, 100)))
        elif rng.random() < 0.5:
            pen.line((left, top, 2 * right - left, 2 * bottom - top), fill=int(rng.integers(40, 90)))


def hatch(
    drawn: Image.Image,
    rng: np.random.Generator,
    box: tuple[int, int, int, int],
    mask: Image.Image,
    slant: float,
    dark: float,
) -> None:
    """Parallel strokes within a mask, the closer and heavier the darker (0 to 1)."""
    width, height = mask.size
    lines = Image.new("L", mask.size)
    pen = ImageDraw.Draw(lines)
    gap = (0.022 + 0.025 * (1 - dark)) * drawn.width
    reach = height * slant
    starts = np.arange(min(0, -reach), max(width, width - reach), gap)
    starts = starts + rng.normal(0, 0.2 * gap, len(starts))
    ends = rng.uniform(-0.05, 1.05, (len(starts), 2)) * (0.25, 0.25) + (0, 0.8)
    for x, (first, last) in zip(starts, ends, strict=True):
        start, end = (x + first * reach, first * height), (x + last * reach, last * height)
        pen.line((*start, *end), fill=round(60 + 165 * dark), width=1 + (dark > 0.6))
    drawn.paste(ImageChops.lighter(drawn.crop(box), ImageChops.multiply(lines, mask)), box)


def search(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, line: np.ndarray, side: int, weight: float
) -> None:
    """One of the strokes that feel for a line, a little beside it."""
    points = line * side + rng.normal(0, 0.006 * side, line.shape) * (len(line) < 12)
    points = points + rng.normal(0, 0.005 * side, 2)
    pressure = int(weight * rng.integers(110, 235))
    pen.line(points.ravel().tolist(), fill=pressure, width=int(rng.integers(1, 4)), joint="curve")


# Chinese painting


def chinese_painting(rng: np.random.Generator, size: int, shapes: list[Shape], strength: float) -> Canvas:
    """Ink in washes and swelling strokes on empty paper: mist, a seal, at times a column of writing."""
    ground = paper(rng, 0.55)
    canvas = Canvas(size, ground, 0)
    side = canvas.side
    fibres = noise(rng, side, side // 3)
    cloud = noise(rng, side, 6)
    ink = colour(rng.choice([0.08, 0.6]), rng.uniform(0, 0.2), rng.uniform(0.05, 0.2))
    pale = rng.uniform(0, 0.25) + 0.35 * (1 - strength)
    for shape in shapes:
        if shape.backdrop and rng.random() < 0.25 + 0.65 * strength:
            continue
        box, mask = canvas.stencil(shape.parts)
        here = np.s_[box[1] : box[3], box[0] : box[2]]
        grey = mix(ink, ground, luminance(shape.tone))
        vivid = max(shape.tone) - min(shape.tone) > 25
        tone = mix(shape.tone, grey, rng.uniform(0.15, 0.7)) if vivid else grey
        cover = np.asarray(mask, np.float32) / 255
        far = not shape.thin and (shape.depth < 0.9 or shape.backdrop)
        if far:
            fall = np.linspace(1, 0, mask.height)[:, None] ** rng.uniform(0.8, 2.2)
            density = (0.4 + 0.6 * shape.depth) * (fall + 0.25 * strength * cloud[here])
            canvas.wash(box, cover * density * (1 + 0.2 * fibres[here]), tone)
            left, _, right, _ = shape.bounds
            if right - left > 0.6 and not shape.backdrop:
                texture(canvas, rng, shape, mix(ink, ground, 0.6 - 0.5 * shape.depth + 0.3 * pale), strength)
            continue
        solid = 0.9 if shape.thin else rng.uniform(0.4, 0.9)
        density = cover * solid * (1 - 0.5 * pale) * (1 + 0.35 * strength * cloud[here] + 0.25 * fibres[here])
        if shape.thin:
            canvas.wash(box, density, mix(tone, ink, rng.uniform(0.2, 0.8) * strength))
        else:
            canvas.image.paste(mix(ground, tone, 0.25), box, faded(mask, 0.75))
            canvas.wash(box, density, tone)
        line = mix(ink, ground, pale * rng.uniform(0.5, 1))
        if not shape.thin:
            for part in shape.parts:
                contour(canvas, rng, closed(part), line, strength)
        for detail in shape.lines:
            contour(canvas, rng, detail, line, 0.6 * strength)
    if rng.random() < 0.15 + 0.5 * strength:
        mist(canvas, rng, ground, cloud)
    if rng.random() < 0.2 + 0.65 * strength:
        inscription(canvas, rng, ink, strength)
    return canvas


def contour(
    canvas: Canvas, rng: np.random.Generator, line: np.ndarray, tone: Colour, strength: float
) -> None:
    """A line in one to three brush strokes that press, swell and lift."""
    points = resampled(line, 0.02)
    points = points + rng.normal(0, 0.0025, points.shape)
    cuts = np.sort(rng.integers(0, len(points), rng.integers(0, 3)))
    for stroke in np.split(points, cuts):
        if len(stroke) > 2:
            swell = np.sin(np.linspace(0.25, np.pi - 0.1, len(stroke))) ** 0.7
            widths = (
                (0.007 + 0.02 * strength * rng.uniform(0.5, 1)) * swell * rng.uniform(0.7, 1.3, len(stroke))
            )
            canvas.brush(stroke, widths, tone)


def texture(canvas: Canvas, rng: np.random.Generator, shape: Shape, tone: Colour, strength: float) -> None:
    """The broken contour of a mountain, and wrinkles that run down from it."""
    for part in shape.parts:
        crest = resampled(closed(part), 0.02)
        crest = crest[(crest[:, 1] < 0.98) & (crest[:, 0] > 0) & (crest[:, 0] < 1)]
        if len(crest) < 4:
            continue
        for start in range(0, len(crest) - 3, 8):
            stroke = crest[start : start + rng.integers(5, 9)]
            if len(stroke) > 2 and rng.random() < 0.85:
                swell = np.sin(np.linspace(0.3, 3, len(stroke)))
                canvas.brush(stroke, swell * (0.006 + 0.014 * strength), tone)
        for x, y in crest[rng.integers(0, len(crest), round(22 * strength))]:
            drop = rng.uniform(0.02, 0.09)
            lean, start = rng.normal(0, 0.4) * drop, y + rng.uniform(0, 0.1)
            wrinkle = np.array([(x, start), (x + 0.6 * lean, start + 0.6 * drop), (x + lean, start + drop)])
            canvas.brush(wrinkle, (0.003, 0.009, 0.002), mix(tone, canvas.image.getpixel((0, 0)), 0.25))


def mist(canvas: Canvas, rng: np.random.Generator, ground: Colour, cloud: np.ndarray) -> None:
    """A bank of empty paper across the picture."""
    rows = np.linspace(0, 1, canvas.side)[:, None]
    bank = np.exp(-(((rows - rng.uniform(0.5, 0.8) + 0.05 * cloud) / rng.uniform(0.05, 0.11)) ** 2))
    density = np.clip(rng.uniform(0.6, 1) * bank * (1 + 0.4 * cloud), 0, 1)
    canvas.image.paste(ground, mask=Image.fromarray((255 * density).astype(np.uint8)))


def inscription(canvas: Canvas, rng: np.random.Generator, ink: Colour, strength: float) -> None:
    """A seal with signs in it, often below one or two columns of writing."""
    x, y = rng.choice([rng.uniform(0.06, 0.14), rng.uniform(0.86, 0.94)]), rng.uniform(0.06, 0.2)
    high = rng.uniform(0.075, 0.1)
    if rng.random() < 0.65:
        rows = rng.integers(3, 6)
        for column in range(rng.integers(1, 3)):
            for row in range(rows):
                sign(
                    canvas, rng, x - 1.2 * high * column * np.sign(x - 0.5), y + row * high, 0.75 * high, ink
                )
        y += rows * high
    elif rng.random() < 0.5:
        y = rng.uniform(0.75, 0.92)
    half = rng.uniform(0.03, 0.05)
    red = colour(rng.uniform(-0.02, 0.02), rng.uniform(0.6, 0.9), rng.uniform(0.55, 0.8))
    canvas.rectangle(x - half, y - half, x + half, y + half, mix(red, (200, 180, 160), 0.4 * (1 - strength)))
    sign(canvas, rng, x, y, 1.4 * half, (240, 215, 200))


def sign(canvas: Canvas, rng: np.random.Generator, x: float, y: float, high: float, tone: Colour) -> None:
    """A written character, of three to six strokes in a square."""
    for _ in range(rng.integers(3, 7)):
        (cx, cy), length = rng.uniform(-0.35, 0.35, 2) * high, rng.uniform(0.35, 0.9) * high
        angle = rng.choice([0, 0, np.pi / 2, 0.9, -0.9]) + rng.normal(0, 0.1)
        dx, dy = length / 2 * np.cos(angle), length / 2 * np.sin(angle)
        canvas.line([(x + cx - dx, y + cy - dy), (x + cx + dx, y + cy + dy)], tone, 0.008)


TECHNIQUES = {
    "comic": (comic, 0.75),
    "watercolour": (watercolour, 0.8),
    "sketch": (sketch, 0.4),
    "chinese_painting": (chinese_painting, 0.5),
}
"""Of each art type how it is painted, and the share of its pictures in colour."""
