"""Work spread over processes that never outlive the one that asked for it, and over threads."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Thread

from tqdm.auto import tqdm


def pool(workers: int) -> ProcessPoolExecutor:
    """A pool of fresh processes: safe where threads run already, as they do under torch and Jupyter.

    Where the system can, they are forked from a server that has imported what of this package the asker has:
    the first pool waits for that, the others start at once.
    """
    server = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if server else "spawn")
    if server:
        context.set_forkserver_preload([name for name in sys.modules if name.startswith("artnb.")])
    return ProcessPoolExecutor(workers, context, initializer=begin, initargs=(dict(os.environ),))


def side_by_side(work: Callable, jobs: Sequence[tuple], workers: int, **bar: object) -> list:
    """`work` of each job, in their order, `workers` at a time in processes of their own, under a bar.

    Args:
        bar: what `tqdm` takes.

    Raises:
        BrokenProcessPool: a process was killed, perhaps for lack of memory.
    """
    if workers < 2:
        return [work(*job) for job in tqdm(jobs, disable=not jobs, **bar)]
    with pool(workers) as executor:
        futures = [executor.submit(work, *job) for job in jobs]
        try:
            for future in tqdm(as_completed(futures), total=len(jobs), **bar):
                future.result()
            return [future.result() for future in futures]
        finally:
            executor.shutdown(cancel_futures=True)


def stop(executor: ProcessPoolExecutor) -> None:
    """Ends the pool's processes now, whatever they do; Python 3.14 calls it `terminate_workers`."""
    for process in list((executor._processes or {}).values()):
        process.terminate()


def begin(environment: Mapping[str, str]) -> None:
    """The parent's environment, which the server may be older than; and an end with the parent: without it,
    the workers of a process that is killed would wait for it for ever."""
    os.environ.clear()
    os.environ.update(environment)

    def watch() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Torch's arithmetic by so many threads, on which the last digits of its results depend."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
