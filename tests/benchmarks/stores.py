"""What the store saves: an epoch's images from it, beside decoding the files again.

    python tests/benchmarks/stores.py

Painted PNG files of 96 px, as in the demo, and of 256, as in the paper, to 64 px in batches of 32; a thread
for each core decodes.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from joblib import cpu_count
from paired import Comparison, in_turn, table

from artnb.atelier import Plan, open_catalogue
from artnb.catalogue import read
from artnb.images import decode_square, open_store

SIZE, BATCH_SIZE = 64, 32
PLANS = {96: Plan(), 256: Plan(validation=4, test=4, size=256)}  # by the side of a picture


def comparisons() -> Iterator[Comparison]:
    for side, plan in PLANS.items():
        catalogue = open_catalogue("atelier", plan)
        store, paths = open_store(catalogue, SIZE), [catalogue.folder / path for path in catalogue.paths]
        rows = np.random.default_rng(0).permutation(store.rows(catalogue.paths.index))
        batches = np.array_split(rows, len(rows) // BATCH_SIZE)

        def from_store(store=store, batches=batches):
            for batch in batches:
                np.ascontiguousarray(store.pixels[batch])

        def decoded(paths=paths):
            with ThreadPoolExecutor(cpu_count()) as pool:
                for _ in pool.map(partial(decode_square, size=SIZE), paths):
                    pass

        def built(catalogue=catalogue):
            with TemporaryDirectory() as folder:
                (Path(folder) / "images").symlink_to((catalogue.folder / "images").resolve())
                (Path(folder) / "catalogue.parquet").symlink_to(catalogue.folder / "catalogue.parquet")
                open_store(read(folder), SIZE)

        ours, theirs, once = in_turn(from_store, decoded, built, rounds=5)
        files = f"decoding {len(paths):,} files of {side} px"
        yield Comparison("an epoch from the store", files, "speed", theirs / ours)
        yield Comparison("making the store, once", files, "time", once / theirs)


if __name__ == "__main__":
    print(table(list(comparisons())))
