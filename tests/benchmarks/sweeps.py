"""What a second worker brings to a sweep, and notebooks side by side beside notebooks in turn.

    python tests/benchmarks/sweeps.py

A sweep of notebook 02 over four seeds, of short trainings, in a home of its own where the pictures are
painted and no network is trained. On a cluster of this machine each worker has one core: two of them against
one. With --jobs the notebooks share the machine's cores, and one alone already trains a network on each.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import LocalCluster
from paired import Comparison, in_turn, table

from artnb.paths import home
from artnb.reporting.sweep import CORES, sweep

ROUNDS = 2
NOTEBOOK = home() / "notebooks" / "02-train.ipynb"
GRID = {"seed": list(range(4)), "epochs": [2]}


def comparisons() -> Iterator[Comparison]:
    with TemporaryDirectory() as painted, environment(ARTNB_HOME=painted):
        sweep(NOTEBOOK, {"seed": [0], "epochs": [1]}, Path(painted) / "first")
        for runs in Path(painted).glob("data/*/runs"):
            shutil.rmtree(runs)
        one, two = in_turn(*(partial(on_a_cluster, painted, n) for n in (1, 2)), rounds=ROUNDS, warm_up=0)
        what, of = "a sweep of four notebooks, two workers of one core", "one worker of one core"
        yield Comparison(what, of, "speed", one / two, at_least=1.8)
        one, two = in_turn(*(partial(swept, painted, jobs=n) for n in (1, 2)), rounds=ROUNDS, warm_up=0)
        yield Comparison(
            "a sweep of four notebooks, --jobs 2", "--jobs 1, on the same cores", "speed", one / two
        )


def on_a_cluster(painted: str, workers: int) -> None:
    with (
        environment(**dict.fromkeys(CORES, "1")),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
        ) as cluster,
    ):
        swept(painted, cluster=cluster.scheduler_address)


def swept(painted: str, **where: object) -> None:
    """All combinations; what was trained goes again."""
    with TemporaryDirectory() as folder:
        sweep(NOTEBOOK, GRID, folder, **where)
    for runs in Path(painted).glob("data/*/runs"):
        shutil.rmtree(runs)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    print(table(list(comparisons())))
