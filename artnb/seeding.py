"""One seed in, any number of independent streams out, each named by what it is for."""

import hashlib

import numpy as np


def derive(seed: int, *names: object) -> int:
    """A seed in [0, 2**63) for the stream that `names` describe: the same on every machine.

    Streams under different names are independent, so that adding one leaves the others as they were:
    `derive(seed, "batches", field, epoch)`.
    """
    text = repr((int(seed), *map(str, names))).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def generator(seed: int, *names: object) -> np.random.Generator:
    """A NumPy generator of the stream `names` (see `derive`)."""
    return np.random.default_rng(derive(seed, *names))
