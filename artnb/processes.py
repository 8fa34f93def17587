"""Work spread over processes that never outlive the one that asked for it."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from threading import Thread


def pool(workers: int) -> ProcessPoolExecutor:
    """A pool of fresh processes: safe where threads run already, as they do under torch and Jupyter."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=end_with_parent)


def stop(executor: ProcessPoolExecutor) -> None:
    """Ends the pool's processes now, whatever they do; Python 3.14 calls it `terminate_workers`."""
    for process in list((executor._processes or {}).values()):
        process.terminate()


def end_with_parent() -> None:
    """Without this, the workers of a process that is killed would wait for it for ever."""

    def watch() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
