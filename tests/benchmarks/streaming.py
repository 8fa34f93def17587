"""What reading and learning cost in memory, as the store grows beyond the memory there is.

    python tests/benchmarks/streaming.py [GB]

Stores of 1/100, 1/10 and all of GB (by default 1.5 times this machine's memory), each in a process of its own
that may not have more than HEADROOM MB of data beyond what it has when its images are loaded: the
kernel refuses more (RLIMIT_DATA), as the last column proves, where the whole store is asked for at once. All
training images, 70 % of the store, are read once in shuffled batches, then a network learns from some. The
stores are sparse, holes in a file that take no room on the disk: the kernel fills and reclaims pages as it
would those of a written file, only faster, so that the seconds say nothing of a disk.

tables      MB of data that loading the images adds: ids, groups, labels and rows, not pixels
reading     MB of data that reading adds at most, and learning likewise: measured after each batch and step
pages       MB of the store that the kernel keeps for the process at most, and takes back when they are wanted
"""

import os
import resource
import sys
import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from measuring import apart, machine, markdown, memory, sparse_store
from tqdm.auto import tqdm

from artnb.catalogue import ARTISTIC, NON_ARTISTIC, SPLITS, Catalogue
from artnb.seeding import generator
from artnb.training import TrainingConfig, load
from artnb.training.data import TrainingData
from artnb.training.fitting import parts_of
from artnb.training.loop import epoch, train_one_epoch

IMAGE_SIZE = 128  # px
HEADROOM = 1000  # MB
STEPS = 20
CONFIG = TrainingConfig(epochs=1, batch_size=16)
FIELDS = ("painting", "garden")


def main(gigabytes: float = 0) -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    largest = gigabytes * 1e9 or 1.5 * total
    numbers = [int(largest / share / (IMAGE_SIZE**2 * 3)) for share in (100, 10, 1)]
    rows = [apart(streamed, number, HEADROOM) for number in tqdm(numbers, "stores")]
    print(f"\n{machine('torch', 'numpy')} Images of {IMAGE_SIZE} px.\n")
    print(markdown(pd.DataFrame(rows)))


def streamed(images: int, headroom: int, steps: int = STEPS) -> dict[str, object]:
    """Reads the training images of a store of `images` and takes `steps` steps, within `headroom` MB."""
    torch.set_num_threads(1)
    warm_up()
    with TemporaryDirectory() as folder:
        bare = memory("RssAnon")
        catalogue = Catalogue(Path(folder), table_of(images))
        sparse_store(catalogue.folder, catalogue.table["id"], IMAGE_SIZE)
        data = load(catalogue, IMAGE_SIZE)
        loaded, libraries = memory("RssAnon"), memory("RssFile")
        limit = int(memory("VmData") + headroom) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        started = time.perf_counter()
        read, pages = read_shuffled(data)
        seconds = time.perf_counter() - started
        learnt, refused = learn(data, steps), refuses(data)
    return {
        "images": images,
        "store GB": round(images * IMAGE_SIZE**2 * 3 / 1e9, 2),
        "tables": round(loaded - bare),
        "reading": round(read - loaded),
        "learning": round(learnt - loaded),
        "pages": round(pages - libraries),
        "seconds of reading": round(seconds, 1),
        "whole store": "refused" if refused else "read",
    }


def warm_up() -> None:
    """One step on few images, so that what is loaded on first use counts as none of the images'."""
    with TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder), table_of(60))
        sparse_store(catalogue.folder, catalogue.table["id"], IMAGE_SIZE)
        learn(load(catalogue, IMAGE_SIZE), 1)


def table_of(images: int) -> pd.DataFrame:
    row = np.arange(images)
    ids = [f"{number:064x}" for number in row]
    return pd.DataFrame(
        {
            "id": ids,
            "path": [f"{number}.jpg" for number in row],
            "field": np.array(FIELDS)[row % 2],
            "label": np.array([NON_ARTISTIC, ARTISTIC])[row // 2 % 2],
            "group": ids,
            "split": np.array(SPLITS)[np.searchsorted([7, 8], row // 4 % 10, side="right")],
            "phash": "",
        }
    )


def read_shuffled(data: TrainingData) -> tuple[float, float]:
    """Reads every training image once; the most data and pages meanwhile, MB."""
    peaks = []
    for field, images in data.splits["train"].items():
        order = generator(0, "streaming", field).permutation(len(images))
        for start in range(0, len(order), CONFIG.batch_size):
            images.batch(order[start : start + CONFIG.batch_size])
            peaks.append((memory("RssAnon"), memory("RssFile")))
    return tuple(np.max(peaks, axis=0).tolist())


def learn(data: TrainingData, steps: int) -> float:
    """The most data, MB, while a network of all fields learns; the steps are those of `fit`."""
    peak = 0.0
    parts = parts_of("artistry-multi-2", data, CONFIG)
    batches = epoch(data.splits["train"], CONFIG, 1, torch.device("cpu"))

    def watched():
        nonlocal peak
        for batch in islice(batches, steps):
            peak = max(peak, memory("RssAnon"))
            yield batch
            peak = max(peak, memory("RssAnon"))

    train_one_epoch(parts["network"], watched(), parts["objective"], parts["optimizer"], parts["scheduler"])
    return peak


def refuses(data: TrainingData) -> bool:
    """Whether the limit keeps the process from having all pixels in memory at once."""
    try:
        return not np.array(data.splits["train"][FIELDS[0]].store.pixels).size
    except MemoryError:
        return True


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
