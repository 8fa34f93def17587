"""The painted benchmark: a catalogue drawn by code, whose answer is known.

Every picture shows a subject of its field and carries accents. What makes it artistic is the canon they
follow (see `canon`): one shared by fields in a share `commonality` of the pictures, one peculiar to the
field in the others. A plan may have only some fields share, so that it is known who is related to whom. A
picture that is not artistic breaks the canon it would have followed. Subject, palette, light and texture are
drawn alike for both labels.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import cpu_count
from PIL import Image
from tqdm.auto import tqdm

from artnb.atelier import architecture, garden, painting, sculpture
from artnb.atelier.canon import broken, canon, posed
from artnb.atelier.canvas import Palette
from artnb.catalogue import (
    ARTISTIC,
    FIELDS,
    NON_ARTISTIC,
    SPLITS,
    Catalogue,
    check_splits,
    editing,
    group_images,
    perceptual_hash,
    read,
    split,
    write,
)
from artnb.catalogue.schema import FILE
from artnb.errors import CatalogueError
from artnb.paths import resolve, written_whole
from artnb.processes import pool
from artnb.seeding import generator

PAINTERS = dict(zip(FIELDS, (painting, architecture, sculpture, garden), strict=True))
ACCENT_RADIUS = (0.055, 0.07)  # in sides of the picture
SHARED = "all fields"  # the name of the canon that fields have in common
VERSION = 1  # raised whenever the same plan would give other pictures


@dataclass(frozen=True)
class Plan:
    """How many pictures to paint, how large, and how much the fields share.

    Raises:
        CatalogueError: a value that cannot be painted, named.
    """

    train: int = 200  # pictures of each field, one half of them artistic; pictures alike share a split
    validation: int = 80
    test: int = 300
    size: int = 96  # side in pixels
    commonality: float = 1.0  # share of pictures whose canon is that of all fields
    seed: int = 0
    sharing: tuple[str, ...] = FIELDS  # fields that have the canon in common; the others only their own

    def __post_init__(self) -> None:
        if not 0 <= self.commonality <= 1:
            raise CatalogueError(f"commonality is {self.commonality}; give a share in [0, 1]")
        if self.size < 16:
            raise CatalogueError(f"size is {self.size}; nothing can be seen below 16 pixels")
        object.__setattr__(self, "sharing", tuple(self.sharing))
        if unknown := set(self.sharing).difference(FIELDS):
            raise CatalogueError(f"sharing names {min(unknown)}; the painted fields are {', '.join(FIELDS)}")
        for name in SPLITS:
            if getattr(self, name) < 2 or getattr(self, name) % 2:
                raise CatalogueError(f"{name} is {getattr(self, name)}; give an even number, 2 or more")

    @property
    def pictures(self) -> int:
        """Of one field."""
        return self.train + self.validation + self.test

    @property
    def fractions(self) -> dict[str, float]:
        return {name: getattr(self, name) / self.pictures for name in SPLITS}

    @property
    def description(self) -> dict[str, object]:
        """As JSON gives it back."""
        return asdict(self) | {"sharing": list(self.sharing)}

    @property
    def name(self) -> str:
        """A folder's name that tells this plan from any other."""
        digest = hashlib.sha256(repr((VERSION, self)).encode()).hexdigest()
        return f"atelier-{digest[:8]}"


@dataclass(frozen=True)
class Painted:
    """One picture and the truth about it."""

    image: Image.Image
    label: str
    truth: Mapping[str, object]  # canon, shared, accents: [[x, y, radius], ...] in sides of the picture


def paint_one(plan: Plan, field: str, index: int) -> Painted:
    """Picture `index` of `field`; even ones are artistic. The same on every call, in any order."""
    rng = generator(plan.seed, "picture", field, index)
    painter, palette = PAINTERS[field], Palette.draw(rng)
    canvas = painter.scene(rng, plan.size, palette)
    shared = bool(rng.random() < plan.commonality) and field in plan.sharing
    name = SHARED if shared else field
    points, label = canon(plan.seed, name), ARTISTIC if index % 2 == 0 else NON_ARTISTIC
    if label == NON_ARTISTIC:
        points = broken(points, rng)
    radius = rng.uniform(*ACCENT_RADIUS)
    accents = [[float(x), float(y), float(radius)] for x, y in posed(points, rng)]
    for accent in accents:
        painter.accent(canvas, rng, *accent, palette.accent)
    return Painted(canvas.finished(), label, {"canon": name, "shared": shared, "accents": accents})


def cue_mask(annotations: str, size: int) -> np.ndarray:
    """Where a picture's accents lie, `size` x `size` bool, from its row's annotations.

    In an artistic picture they are its cue, in another the decoy.
    """
    middle = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(middle, middle)
    accents = json.loads(annotations)["accents"]
    return np.any([np.hypot(x - cx, y - cy) <= radius for cx, cy, radius in accents], axis=0)


def paint(plan: Plan, folder: Path) -> Catalogue:
    """The catalogue of `plan` in `folder`: found there, or painted, by a process for each core.

    Raises:
        CatalogueError: the folder holds another catalogue, or cannot be written.
    """
    if not (folder / FILE).is_file():
        with editing(folder):
            if not (folder / FILE).is_file():
                paint_all(plan, folder)
    catalogue = read(folder)
    if json.loads(catalogue.table["annotations"].iloc[0]).get("plan") != plan.description:
        raise CatalogueError(f"{folder} holds another catalogue: paint into a folder of its own")
    return catalogue


def paint_all(plan: Plan, folder: Path) -> None:
    jobs = [(field, index) for field in PAINTERS for index in range(plan.pictures)]
    with pool(cpu_count()) as executor:
        rows = executor.map(partial(keep_one, plan, folder), jobs, chunksize=50)
        table = pd.DataFrame(tqdm(rows, total=len(jobs), desc="painting", unit="picture"))
    table["group"] = group_images(table)
    table = split(table, plan.fractions, plan.seed)
    check_splits(table)
    write(Catalogue(folder, table))


def keep_one(plan: Plan, folder: Path, job: tuple[str, int]) -> dict[str, object]:
    """Paints one picture into the folder; returns its row of the catalogue, without group and split."""
    field, index = job
    painted = paint_one(plan, field, index)
    buffer = io.BytesIO()
    painted.image.save(buffer, "PNG")
    id = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = Path("images") / id[:2] / f"{id}.png"
    with written_whole(folder / path) as file:
        file.write_bytes(buffer.getvalue())
    return {
        "id": id,
        "path": path.as_posix(),
        "field": field,
        "label": painted.label,
        "group": "",
        "split": "",
        "work": "",
        "title": f"{field} {index}",
        "creator": "atelier",
        "source": "painted",
        "source_url": "",
        "licence": "CC0-1.0",
        "retrieved_at": "",
        "width": plan.size,
        "height": plan.size,
        "phash": perceptual_hash(painted.image),
        "annotations": json.dumps(dict(painted.truth) | {"plan": plan.description}),
    }


def open_catalogue(name: str, plan: Plan) -> Catalogue:
    """The painted catalogue of `plan` where `name` is "atelier", else the catalogue in the folder `name`.

    It is painted on first use. A relative folder is looked for below `paths.home()`.

    Raises:
        CatalogueError: the folder holds no valid catalogue.
    """
    return paint(plan, resolve("data") / plan.name) if name == "atelier" else read(resolve(name))
