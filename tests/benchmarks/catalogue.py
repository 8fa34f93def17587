"""What a catalogue costs as it grows: seconds and memory of each stage, and how both grow.

    python tests/benchmarks/catalogue.py [LARGEST]

Catalogues of 10,000 images, ten times as many, and so on up to LARGEST (1,000,000), each in a process of its
own, go through all that a real one goes through, but no picture is read: what is measured on a file is made
up, and files are not copied. The perceptual hashes are crossed from those of painted pictures (see
`duplicates.py`), and one image in twenty is a near-duplicate of another; works have one to three images. The
store is sparse: pixels that were never written. The audit grows TREES trees where it else grows 50: how many
images it looks at is bounded, so that they cost the same from 100,000 on.

The growth of a stage is the exponent k of its time, n^k, between the two largest; 1 is linear. The peak is of
the whole process, several hundred MB of libraries with it.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
from duplicates import crossed, swapped
from measuring import apart, machine, markdown, memory, sparse_store, stage
from tqdm.auto import tqdm

from artnb.atelier import Plan, paint_one
from artnb.catalogue import ARTISTIC, FIELDS, NON_ARTISTIC, perceptual_hash, read
from artnb.collect import admission, features, shortcuts
from artnb.collect.audit import as_text, audit
from artnb.collect.features import BINS, File
from artnb.collect.folders import from_manifest
from artnb.seeding import generator
from artnb.training import load

SMALLEST, LARGEST = 10_000, 1_000_000
PAINTED = 50  # pictures of each field, whose hashes are crossed
NEAR = 20  # one image in so many is a near-duplicate
WORKS_PER_FIELD = 500
IMAGE_SIZE = 32  # px
BATCHES, BATCH_SIZE = 1000, 32
TREES = 5
PARTS = ("examined", "sorted_out", "group_images", "split", "validated", "check_splits", "set_aside", "write")


def main(largest: int = LARGEST) -> None:
    numbers = [SMALLEST * 10**power for power in range(8) if SMALLEST * 10**power <= largest]
    painted = [paint_one(Plan(), field, index).image for field in FIELDS for index in range(PAINTED)]
    real = np.array([int(perceptual_hash(image), 16) for image in painted], np.uint64)
    tables = {}
    for number in tqdm(numbers, "catalogues"):
        with TemporaryDirectory() as folder:
            apart(make_up, number, real, Path(folder))
            tables[number] = apart(scale, number, Path(folder)).set_index("stage")
    print(f"\n{machine('pandas', 'pyarrow', 'numpy')}\n\n{markdown(side_by_side(tables))}")


def side_by_side(tables: dict[int, pd.DataFrame]) -> pd.DataFrame:
    """A row per stage: its seconds and peaks at each number, and the exponent of its growth."""
    columns = {f"s at {number:,}": table["seconds"].round(2) for number, table in tables.items()}
    if len(tables) > 1:
        before, last = list(tables.values())[-2:]
        columns["growth"] = np.log10(last["seconds"] / before["seconds"]).round(2)
    columns |= {f"MB at {number:,}": table["peak MB"].round().astype(int) for number, table in tables.items()}
    return pd.DataFrame(columns).reset_index()


def scale(number: int, folder: Path) -> pd.DataFrame:
    """Stage, seconds and peak MB of all that happens to the catalogue of `number` images in `folder`."""
    to, rows = folder / "catalogue", []
    admission.measure, features.measured = measures(folder / "measured.parquet"), looks
    admission.copy_files = lambda rows, to: None
    shortcuts.TREES = TREES
    rows.append({"stage": "(libraries and what is made up)", "seconds": 0, "peak MB": memory("VmRSS")})
    with stage("list a manifest", rows):
        listed = from_manifest(folder / "first.csv")
    whole = {name: getattr(admission, name) for name in PARTS}
    for name, function in whole.items():
        setattr(admission, name, timed(function, rows))
    admission.admit(listed, to)
    for name, function in whole.items():
        setattr(admission, name, function)
    with stage("import 1 % more", rows):
        admission.admit(from_manifest(folder / "later.csv"), to)
    del listed
    with stage("read", rows):
        catalogue = read(to)
    with stage("fingerprint of the catalogue", rows):
        assert catalogue.fingerprint
    sparse_store(to, catalogue.paths.index, IMAGE_SIZE)
    with stage("load the training data", rows):
        data = load(catalogue, IMAGE_SIZE)
    with stage("fingerprint of the data", rows):
        assert data.fingerprint
    with stage(f"load {WORKS_PER_FIELD} works of each field", rows):
        load(catalogue, IMAGE_SIZE, works_per_field=WORKS_PER_FIELD, seed=1)
    with stage(f"{BATCHES} batches of {BATCH_SIZE}", rows):
        for field in catalogue.fields:
            images = data.splits["train"][field]
            rng = generator(0, "batches", field)
            for _ in range(BATCHES // len(catalogue.fields)):
                images.batch(rng.integers(0, len(images), BATCH_SIZE))
    with stage("audit", rows):
        found = audit(catalogue)
    with stage("the audit as text", rows):
        as_text(found)
    return pd.DataFrame(rows)


def timed(function: Callable, rows: list[dict[str, object]]) -> Callable:
    @wraps(function)
    def stage_of_admit(*arguments, **named):
        with stage(f"import: {function.__name__}", rows):
            return function(*arguments, **named)

    return stage_of_admit


def make_up(number: int, real: np.ndarray, folder: Path) -> None:
    """A manifest of `number` images, one of 1 % more, and what will be measured on each of them."""
    more = number // 100
    table = made_up(number + more, real)
    table[["path", *admission.MEASURED]].to_parquet(folder / "measured.parquet")
    manifest = table.drop(columns=list(admission.MEASURED))
    manifest.head(number).to_csv(folder / "first.csv", index=False)
    manifest.tail(more).to_csv(folder / "later.csv", index=False)


def made_up(number: int, real: np.ndarray) -> pd.DataFrame:
    """The rows of a manifest and what will be measured on the file of each."""
    rng = generator(0, "catalogue", number)
    hashes = crossed(rng, real, number)
    near = rng.permutation(number)[: number // NEAR]
    hashes[near] = swapped(rng, hashes[rng.permutation(number)[: len(near)]], np.full(len(near), 2))
    ids = [hashlib.sha256(b"%d" % row).hexdigest() for row in range(number)]
    work = np.repeat(np.arange(number), rng.integers(1, 4, number))[:number]
    of_work = generator(0, "works", number)
    field = of_work.choice(FIELDS, number)[work]
    label = of_work.choice([ARTISTIC, NON_ARTISTIC], number)[work]
    creator = of_work.zipf(1.4, number)[work]
    source = rng.choice(["met", "artic", "cleveland", "rijksmuseum", "commons"], number)
    names = [f"{field[row]}/{label[row]}/{row}.jpg" for row in range(number)]
    return pd.DataFrame(
        {
            "path": names,
            "field": field,
            "label": label,
            "work": [f"work {name}" for name in work],
            "title": [f"Untitled, number {row}" for row in range(number)],
            "creator": [f"creator {name}" for name in creator],
            "source": source,
            "source_url": [f"https://museum.example/{source[row]}/objects/{row}" for row in range(number)],
            "licence": "CC0",
            "retrieved_at": "2026-01-01T00:00:00+00:00",
            "annotations": [json.dumps({"credit": f"gift of {name}"}) for name in creator],
            "id": ids,
            "width": rng.integers(400, 4000, number),
            "height": rng.integers(400, 4000, number),
            "phash": [f"{value:016x}" for value in hashes],
        }
    )


def measures(file: Path) -> Callable[[Path], dict[str, object]]:
    """In the place of `admission.measure`: what was made up for the file of that number."""
    columns = [
        column.combine_chunks()
        for column in parquet.read_table(file, columns=list(admission.MEASURED)).columns
    ]

    def measure(file: Path) -> dict[str, object]:
        row = int(file.stem)
        return dict(
            zip((*admission.MEASURED, "reason"), (*(of[row].as_py() for of in columns), ""), strict=True)
        )

    return measure


def looks(path: Path) -> File:
    """In the place of `features.measured`."""
    rng = np.random.default_rng(int(path.stem[:8], 16))
    return File(
        int(rng.integers(10**4, 10**6)), "JPEG", rng.uniform(0, 255, (4, 4)), rng.dirichlet(np.ones(BINS**3))
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
