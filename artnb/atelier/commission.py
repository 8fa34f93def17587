"""What the atelier is asked to paint, and how it becomes a catalogue."""

import hashlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import pandas as pd
from joblib import cpu_count
from PIL import Image
from tqdm.auto import tqdm

from artnb.catalogue import (
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


@dataclass(frozen=True)
class Painted:
    """One picture and the truth about it."""

    image: Image.Image
    label: str
    truth: Mapping[str, object]  # as JSON can hold it


class Commission(ABC):
    """A catalogue to be painted: a frozen dataclass of all that decides its pictures."""

    version: ClassVar[int]  # raised whenever the same commission would give other pictures
    fields: tuple[str, ...]
    labels: tuple[str, ...]  # every split has equally many pictures of each, in each field
    train: int  # pictures of a field
    validation: int
    test: int
    size: int  # side in pixels
    seed: int

    @abstractmethod
    def picture(self, field: str, index: int) -> Painted:
        """What `paint_one` gives."""

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
        return json.loads(json.dumps(asdict(self)))

    @property
    def name(self) -> str:
        """A folder's name that tells this commission from any other."""
        digest = hashlib.sha256(repr((self.version, self)).encode()).hexdigest()
        return f"atelier-{digest[:8]}"

    def check(self) -> None:
        """Raises CatalogueError where pictures are too small or the labels cannot share them evenly."""
        if self.size < 16:
            raise CatalogueError(f"size is {self.size}; nothing can be seen below 16 pixels")
        count = len(self.labels)
        number = "an even number" if count == 2 else f"a multiple of {count}"
        for name in SPLITS:
            if getattr(self, name) < count or getattr(self, name) % count:
                raise CatalogueError(f"{name} is {getattr(self, name)}; give {number}, {count} or more")


def paint_one(plan: Commission, field: str, index: int) -> Painted:
    """Picture `index` of `field`; labels take turns. The same on every call, in any order."""
    return plan.picture(field, index)


def paint(plan: Commission, folder: Path) -> Catalogue:
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


def paint_all(plan: Commission, folder: Path) -> None:
    jobs = [(field, index) for field in plan.fields for index in range(plan.pictures)]
    with pool(cpu_count()) as executor:
        rows = executor.map(partial(keep_one, plan, folder), jobs, chunksize=50)
        table = pd.DataFrame(tqdm(rows, total=len(jobs), desc="painting", unit="picture"))
    table["group"] = group_images(table)
    table = split(table, plan.fractions, plan.seed)
    check_splits(table)
    write(Catalogue(folder, table))


def keep_one(plan: Commission, folder: Path, job: tuple[str, int]) -> dict[str, object]:
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


def open_catalogue(name: str, plan: Commission) -> Catalogue:
    """The painted catalogue of `plan` where `name` is "atelier", else the catalogue in the folder `name`.

    It is painted on first use. A relative folder is looked for below `paths.home()`.

    Raises:
        CatalogueError: the folder holds no valid catalogue.
    """
    return paint(plan, resolve("data") / plan.name) if name == "atelier" else read(resolve(name))
