"""Two domains that show the same subjects: photograph-like and anime-like pictures, for unpaired translation.

The photograph is lit, textured, hazy in the distance and grainy. The cel has flat blocks of colour, each with
one hard shadow, and ink edges: "clear borders, sparse color blocks, high saturation" (Wu & Chen: "A Study on
the Relationship between Painter's Psychology and Anime Creation Style Based on a Deep Neural Network", 2022,
Section 4).
"""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from artnb.atelier.art_types import flat
from artnb.atelier.canvas import Canvas, Colour, Palette, closed, colour, luminance, mix, noise, shade
from artnb.atelier.subjects import (
    SUBJECTS,
    Outline,
    Shape,
    blob,
    box,
    clothing,
    hair_tone,
    land,
    oval,
    ridge,
    skin_tone,
    sky,
    tree,
)
from artnb.errors import CatalogueError
from artnb.seeding import generator

PHOTO, ANIME = "photo", "anime"
INK_WIDTH = 0.011
HAZE = 0.45  # of the sky's colour in what is farthest
CLOUDS = 0.1  # depth of clouds, which have no edge
SMALLEST = 16  # px


def pictures(number: int, size: int, domain: str, seed: int = 0) -> np.ndarray:
    """`number` pictures of a domain: N `size` `size` 3, uint8. No two domains show the same.

    Args:
        domain: "photo" or "anime".

    Raises:
        CatalogueError: there is no such domain, or `size` is below 16 px.
    """
    return np.stack(
        [picture(generator(seed, "domain", domain, index), size, domain) for index in range(number)]
    )


def picture(rng: np.random.Generator, size: int, domain: str) -> np.ndarray:
    """One picture of a subject: `size` `size` 3, uint8."""
    palette = outdoors(rng)
    shapes = SUBJECTS[str(rng.choice(list(SUBJECTS)))](rng, palette)
    return paint_domain(with_clouds(rng, shapes), size, domain, int(rng.integers(2**31)))


def portraits(number: int, size: int, domain: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Heads and shoulders before a landscape, faces drawn as the domain draws them.

    Returns:
        The pictures, N `size` `size` 3 uint8, and where the head is, N `size` `size` bool.

    Raises:
        CatalogueError: as `pictures`.
    """
    rngs = [generator(seed, "portrait", domain, index) for index in range(number)]
    made = [portrait(rng, size, domain) for rng in rngs]
    return np.stack([image for image, _ in made]), np.stack([mask for _, mask in made])


def portrait(rng: np.random.Generator, size: int, domain: str) -> tuple[np.ndarray, np.ndarray]:
    palette = outdoors(rng)
    horizon = rng.uniform(0.5, 0.75)
    behind = [sky(palette), Shape((ridge(rng, horizon, rng.uniform(0.1, 0.3)),), land(rng, palette), 0.4)]
    for _ in range(rng.integers(0, 3)):
        behind += tree(rng, rng.uniform(0, 1), rng.uniform(horizon, 0.95), rng.uniform(0.25, 0.5), palette)
    shapes, head = sitter(rng, palette, domain)
    image = paint_domain(with_clouds(rng, behind) + shapes, size, domain, int(rng.integers(2**31)))
    area = Image.new("L", (2 * size, 2 * size))
    box_of_head, inside = Canvas(size, palette.sky, 0).stencil(head)
    area.paste(255, box_of_head, inside)
    return image, np.asarray(area.reduce(2)) > 127


def sitter(rng: np.random.Generator, palette: Palette, domain: str) -> tuple[list[Shape], list[Outline]]:
    """A bust, and the outlines of its head. In the anime domain the eyes are large, the chin is pointed."""
    x, y, head = rng.uniform(0.42, 0.58), rng.uniform(0.38, 0.46), rng.uniform(0.19, 0.24)
    turn = rng.uniform(-0.2, 0.2) * head
    skin, hair, cloth = skin_tone(rng), hair_tone(rng), clothing(rng, palette)
    if domain == ANIME:
        hair = colour(rng.random(), rng.uniform(0.3, 0.8), rng.uniform(0.3, 0.9))
    top = y + 1.2 * head
    body = [
        (-0.4, -0.2),
        (-1.1, 0.2),
        (-1.8, 0.6),
        (-2.1, 3.6),
        (2.1, 3.6),
        (1.8, 0.6),
        (1.1, 0.2),
        (0.4, -0.2),
    ]
    shoulders = np.array([(x + head * a, top + head * b) for a, b in body])
    collar = np.array([(x - 0.45 * head, top), (x, top + 0.8 * head), (x + 0.45 * head, top)])
    back = blob(rng, x, y + 0.05 * head, 1.12 * head, rng.uniform(1.2, 1.6) * head)
    face = oval(x, y, 0.82 * head, 1.05 * head)
    if domain == ANIME:
        below = np.clip((face[:, 1] - y) / (1.05 * head), 0, 1)
        face[:, 0] = x + (face[:, 0] - x) * (1 - 0.45 * below**2)
    shapes = [
        Shape((back,), hair),
        Shape((box(x - 0.33 * head, y + 0.6 * head, x + 0.33 * head, top + 0.2 * head),), shade(skin, -0.2)),
        Shape((shoulders,), cloth, lines=(collar,)),
        Shape((face,), skin, lines=features(x + turn, y, head, domain)),
    ]
    wide, high, iris_high = (0.2, 0.26, 0.2) if domain == ANIME else (0.15, 0.07, 0.066)
    eyes = [(x + turn + side * 0.36 * head, y + 0.08 * head) for side in (-1, 1)]
    whites = tuple(oval(*eye, wide * head, high * head) for eye in eyes)
    irises = tuple(oval(*eye, 0.55 * wide * head, iris_high * head) for eye in eyes)
    glints = tuple(oval(a - 0.05 * head, b - 0.09 * head, 0.05 * head, 0.06 * head) for a, b in eyes)
    iris = colour(rng.random(), 0.7, 0.6) if domain == ANIME else shade(hair, -0.4)
    shapes += [Shape(whites, (245, 245, 245), thin=True), Shape(irises, iris, thin=True)]
    shapes += [Shape(glints, (255, 255, 255), thin=True)] if domain == ANIME else []
    angle = np.linspace(np.pi * 1.02, np.pi * 1.98, 12)
    fringe = np.stack([x + 0.9 * head * np.cos(angle), y + 1.12 * head * np.sin(angle)], axis=1)
    tips = np.linspace(0.85, -0.85, 5 if domain == ANIME else 1)
    low = [(x + turn + tip * head, y - rng.uniform(0.2, 0.5) * head) for tip in tips]
    shapes.append(Shape((np.concatenate([fringe, low]),), hair))
    return shapes, [face, back]


def features(x: float, y: float, head: float, domain: str) -> tuple[Outline, ...]:
    """Brows, nose and mouth as open lines."""
    width = 0.12 if domain == ANIME else 0.24
    mouth = np.array([(-width, 0.6), (0, 0.63), (width, 0.6)]) * head + (x, y)
    brows = [
        np.array([(x + (s - 0.18) * head, y - 0.26 * head), (x + (s + 0.18) * head, y - 0.27 * head)])
        for s in (-0.36, 0.36)
    ]
    nose = np.array([(x, y + 0.28 * head), (x + 0.07 * head, y + 0.38 * head), (x, y + 0.4 * head)])
    return (nose[1:] if domain == ANIME else nose, mouth, *brows)


def outdoors(rng: np.random.Generator) -> Palette:
    """A palette with a sky of day, at times of dusk, and a ground of green or brown."""
    hue = rng.uniform(0.53, 0.62) if rng.random() < 0.75 else rng.uniform(0.02, 0.12)
    return replace(
        Palette.draw(rng),
        sky=colour(hue, rng.uniform(0.15, 0.45), rng.uniform(0.75, 0.98)),
        ground=colour(rng.uniform(0.08, 0.38), rng.uniform(0.25, 0.6), rng.uniform(0.4, 0.75)),
    )


def with_clouds(rng: np.random.Generator, shapes: Sequence[Shape]) -> list[Shape]:
    """The shapes, with up to three clouds right in front of the first, the sky."""
    tone = mix(shapes[0].tone, (255, 255, 255), rng.uniform(0.6, 0.95))
    clouds = [cloud(rng, tone) for _ in range(rng.integers(0, 4))]
    return [shapes[0], *clouds, *shapes[1:]]


def cloud(rng: np.random.Generator, tone: Colour) -> Shape:
    x, y, wide = rng.uniform(0, 1), rng.uniform(0.08, 0.3), rng.uniform(0.08, 0.2)
    puffs = [
        blob(rng, x + place * wide, y - (0.3 - 0.3 * abs(place)) * wide, 0.5 * wide, 0.28 * wide)
        for place in (-0.7, -0.2, 0.3, 0.75)
    ]
    return Shape(tuple(puffs), tone, CLOUDS)


# How a domain paints shapes


@dataclass(frozen=True)
class Shifted:
    """A shape moved by dx, dy (in sides of the picture); its texture moves with it."""

    shape: Shape
    dx: float = 0.0
    dy: float = 0.0

    @property
    def placed(self) -> Shape:
        parts, lines = (
            tuple(outline + np.array((self.dx, self.dy)) for outline in outlines)
            for outlines in (self.shape.parts, self.shape.lines)
        )
        return replace(self.shape, parts=parts, lines=lines)


def paint_domain(
    shapes: Sequence[Shape | Shifted], size: int, domain: str, seed: int, frame: int = 0
) -> np.ndarray:
    """Shapes from the back to the front as a domain paints them: `size` `size` 3, uint8.

    Args:
        seed: of light, textures and tones.
        frame: of the camera's noise, which alone differs between frames of the same shapes.

    Raises:
        CatalogueError: there is no such domain, or `size` is below 16 px.
    """
    if domain not in DOMAINS:
        raise CatalogueError(f"domain is {domain!r}; there are {', '.join(DOMAINS)}")
    if size < SMALLEST:
        raise CatalogueError(f"size is {size}; nothing can be seen below {SMALLEST} pixels")
    shifted = [shape if isinstance(shape, Shifted) else Shifted(shape) for shape in shapes]
    return DOMAINS[domain](shifted, size, generator(seed, "paint"), generator(seed, "noise", frame))


def cel(shapes: Sequence[Shifted], size: int, rng: np.random.Generator, _: np.random.Generator) -> np.ndarray:
    """Flat vivid blocks, each with one hard shadow, in ink."""
    light = float(rng.choice([-1, 1]))
    strength = rng.uniform(0.5, 1)
    canvas = Canvas(size, flat(shapes[0].shape.tone, strength), light)
    ink, depth = colour(rng.random(), 0.3, rng.uniform(0.02, 0.16)), rng.uniform(0.25, 0.4)
    for shape in (each.placed for each in shapes):
        tone = flat(shape.tone, strength)
        area, mask = canvas.stencil(shape.parts)
        if not (mask.width and mask.height):
            continue
        canvas.image.paste(tone, area, mask)
        left, top, right, bottom = shape.bounds
        if shape.backdrop:
            lower = mask.copy()
            lower.paste(0, (0, 0, mask.width, round(0.35 * mask.height)))
            canvas.image.paste(mix(tone, (255, 255, 255), 0.25), area, lower)
        elif not shape.thin:
            reach = 0.28 * min(right - left, bottom - top, 0.4) * canvas.side
            lit = moved(mask, light * reach, -0.6 * reach)
            canvas.image.paste(shade(tone, -depth), area, ImageChops.subtract(mask, lit))
        outlined = not shape.backdrop and shape.depth > CLOUDS
        for line in (*(closed(part) for part in shape.parts if outlined), *shape.lines):
            canvas.line(line, ink, INK_WIDTH * (0.6 if shape.thin else 1))
    return np.asarray(canvas.finished())


def photograph(
    shapes: Sequence[Shifted], size: int, rng: np.random.Generator, camera: np.random.Generator
) -> np.ndarray:
    """Bodies in soft light with their textures, shadows and haze, through a lens onto a grainy sensor."""
    side = 2 * size
    light = rng.uniform(0.4, 1) * rng.choice([-1, 1])
    texture = endless(
        sum(noise(rng, side, cells) / 2**octave for octave, cells in enumerate((6, 15, 37, 90)))
    )
    air = np.array(natural(shapes[0].shape.tone), np.float32)
    scene = np.broadcast_to(air, (side, side, 3)).copy()
    canvas = Canvas(size, shapes[0].shape.tone, light)
    for each in shapes:
        shape, roughness, offset = each.placed, rng.uniform(0.08, 0.3), rng.integers(side, size=2)
        area, mask = canvas.stencil(shape.parts, 0.06)
        if not (mask.width and mask.height):
            continue
        here = np.s_[area[1] : area[3], area[0] : area[2]]
        down, across = (offset - np.round(side * np.array((each.dy, each.dx)))).astype(int)
        rows, columns = np.arange(area[1], area[3]) + down, np.arange(area[0], area[2]) + across
        grain = texture[np.ix_(rows % len(texture), columns % len(texture))]
        far = 0 if shape.backdrop else HAZE * (1 - shape.depth)
        tone = np.array(natural(shape.tone), np.float32) * (1 - far) + air * far
        if shape.backdrop:
            roughness = roughness * 0.25 if shape.depth == 0 else roughness
            shading = np.linspace(0.82, 1.12, mask.height)[:, None]
        else:
            shading = lit(mask, light, 0.05 * side)
            if shape.depth > 0.5:
                fall = moved(mask, -light * 0.03 * side, 0.02 * side)
                cast = np.asarray(fall.filter(ImageFilter.GaussianBlur(0.025 * side)), np.float32) / 255
                scene[here] *= 1 - 0.35 * cast[..., None]
        body = tone * (shading * (1 + roughness * grain))[..., None]
        soft = mask.filter(ImageFilter.GaussianBlur(2.2 - 1.6 * float(shape.depth)))
        cover = np.asarray(soft, np.float32)[..., None] / 255
        if shape.depth == 0.1:  # clouds have no edge
            cover = (
                np.asarray(mask.filter(ImageFilter.GaussianBlur(0.02 * side)), np.float32)[..., None] / 255
            )
        scene[here] += cover * (body - scene[here])
        for line in shape.lines:
            drawn, stroke = canvas.stencil([np.concatenate([line, line[::-1] + np.array((0, 0.012))])], 0.03)
            if stroke.width and stroke.height:
                at = np.s_[drawn[1] : drawn[3], drawn[0] : drawn[2]]
                dark = np.asarray(stroke.filter(ImageFilter.GaussianBlur(1)), np.float32)[..., None] / 255
                scene[at] *= 1 - 0.5 * dark
    return developed(scene, light, rng, camera)


def moved(mask: Image.Image, dx: float, dy: float) -> Image.Image:
    """By dx, dy pixels; nothing comes in from outside."""
    shifted = Image.new("L", mask.size)
    shifted.paste(mask, (round(dx), round(dy)))
    return shifted


def endless(texture: np.ndarray) -> np.ndarray:
    """S S -> 2 S 2 S: with its mirror images beside it, so that it goes on over its edges without a seam."""
    both = np.concatenate([texture, texture[::-1]])
    return np.concatenate([both, both[:, ::-1]], axis=1)


def lit(mask: Image.Image, light: float, radius: float) -> np.ndarray:
    """How bright a round body of this outline is, about 0.5 to 1.4: its blurred mask taken for its height."""
    height = np.asarray(mask.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255
    if min(height.shape) < 2:
        return np.ones_like(height)
    down, across = np.gradient(height)
    return np.clip(1 + 0.6 * radius * (light * -across - 0.8 * -down), 0.5, 1.4)


def natural(tone: Colour) -> Colour:
    """What a camera sees of a painter's tone: less saturated, in middle values."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in tone))
    return colour(hue, 0.55 * saturation + 0.03, 0.22 + 0.68 * min(value, 0.55 + 0.5 * luminance(tone)))


def developed(
    scene: np.ndarray, light: float, rng: np.random.Generator, camera: np.random.Generator
) -> np.ndarray:
    """The scene (2 S, 2 S, 3; 0 to 255) through the lens: light falls off, grain. S S 3 uint8."""
    side = len(scene)
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    falloff = 1 - rng.uniform(0.05, 0.22) * (x**2 + y**2) + rng.uniform(0.05, 0.12) * light * x
    seen = scene * falloff[..., None]
    seen = seen.reshape(side // 2, 2, side // 2, 2, 3).mean((1, 3))
    grains = camera.normal(0, 1, (side // 2, side // 2, 1)) + 0.5 * camera.normal(0, 1, seen.shape)
    return np.clip(seen + rng.uniform(2, 4.5) * grains, 0, 255).astype(np.uint8)


DOMAINS = {PHOTO: photograph, ANIME: cel}
"""Of each domain how it paints."""
