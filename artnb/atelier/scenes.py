"""Moving scenes: a painted subject before a camera that pans, clouds that drift and a balloon that crosses.

Near things pass faster than far ones; a thing's texture stays on it. In the photograph-like domain the
sensor's noise is new in every frame, as a film's is.
"""

from dataclasses import replace

import numpy as np

from artnb.atelier.canvas import colour, shade
from artnb.atelier.domains import PHOTO, Shifted, cloud, outdoors, paint_domain
from artnb.atelier.subjects import SUBJECTS, Shape, box, oval
from artnb.seeding import derive, generator

PAN = 0.16  # sides of the picture that the nearest things travel
WIDENED = 1.5  # of what reaches from edge to edge, so that no end of it comes into view
OUTDOORS = ("landscape", "building")


def moving_scene(seed: int, frames: int, size: int, domain: str = PHOTO) -> np.ndarray:
    """A film of `frames` pictures: T `size` `size` 3, uint8. The same seed shows the same in both domains.

    Args:
        domain: "photo" or "anime".

    Raises:
        CatalogueError: there is no such domain, or `size` is below 16 px.
    """
    rng = generator(seed, "scene")
    palette = outdoors(rng)
    shapes = [widened(shape) for shape in SUBJECTS[str(rng.choice(OUTDOORS))](rng, palette)]
    tone = shade(palette.sky, rng.uniform(0.5, 0.9))
    clouds, flying = [cloud(rng, tone) for _ in range(rng.integers(2, 4))], balloon(rng)
    pan, wind = (rng.choice([-1, 1]) * reach for reach in (PAN, 0.12))
    start, end = (-0.2, 1.2) if wind > 0 else (1.2, -0.2)
    height, rise = rng.uniform(0.25, 0.45), rng.uniform(-0.12, 0.12)
    made = []
    for frame in range(frames):
        time = frame / max(frames - 1, 1)
        camera = pan * (time - 0.5)
        scene = [Shifted(shapes[0])]
        scene += [Shifted(each, wind * (time - 0.5) + 0.1 * camera) for each in clouds]
        scene += [Shifted(each, 0.0 if each.backdrop else camera * each.depth) for each in shapes[1:]]
        place = start + (end - start) * time, height + rise * np.sin(2 * np.pi * time)
        scene += [Shifted(each, *place) for each in flying]
        made.append(paint_domain(scene, size, domain, derive(seed, "painting"), frame))
    return np.stack(made)


def widened(shape: Shape) -> Shape:
    left, _, right, _ = shape.bounds
    if left > 0 or right < 1:
        return shape
    return replace(shape, parts=tuple((part - (0.5, 0)) * (WIDENED, 1) + (0.5, 0) for part in shape.parts))


def balloon(rng: np.random.Generator) -> list[Shape]:
    """A hot-air balloon around 0, 0."""
    radius, hue = rng.uniform(0.07, 0.11), rng.random()
    skin, stripe = colour(hue, 0.75, 0.85), colour(hue + 0.45, 0.6, 0.9)
    rope = np.array([(0.6, 0.8), (0.25, 1.5)]) * radius
    ropes = (rope, rope * (-1, 1))
    basket = box(-0.28 * radius, 1.45 * radius, 0.28 * radius, 1.85 * radius)
    return [
        Shape((oval(0, 0, radius, 1.1 * radius),), skin, lines=ropes),
        Shape((oval(0, 0, 0.4 * radius, 1.09 * radius),), stripe, thin=True),
        Shape((basket,), (120, 85, 50)),
    ]
