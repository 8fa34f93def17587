"""Runs one notebook with papermill. A script: the runner starts it as a process of its own.

The first line of standard input says what to run, as JSON. The process lives while standard input is
open, so that no notebook outlives its runner, however that ends. Standard output says, as JSON, what
went wrong; the exit code is 0 if nothing did. What the notebook reports of itself is not trusted:
papermill marks every cell completed after a timeout or a dead kernel.
"""

import json
import logging
import os
import signal
import sys
import time
from threading import Thread

import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

KERNEL = Config({"KernelManager": {"transport_encryption": "auto", "shutdown_wait_time": 2.0}})
PATIENCE = 10  # seconds that a kernel gets to stop when the runner is gone


def execute(
    notebook: str, executed: str, parameters: dict, folder: str, cell_timeout: float | None, bar: bool
) -> dict:
    """Runs `notebook` in `folder` into the file `executed`; returns what went wrong, {} if nothing did."""
    try:
        papermill.execute_notebook(
            notebook,
            executed,
            parameters,
            kernel_name="python3",
            language="python",
            cwd=folder,
            execution_timeout=cell_timeout,
            config=KERNEL,
            progress_bar=bar and {"desc": os.path.basename(notebook).removesuffix(".ipynb")},
        )
    except PapermillExecutionError as error:
        message = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
        return {"message": message, "traceback": "\n".join(error.traceback)}
    except DeadKernelError:
        return {"message": "The kernel died: the cell ended its process, or the machine ran out of memory."}
    except CellTimeoutError:
        return {"message": f"The cell ran for longer than {cell_timeout:g} s and was stopped."}
    except RuntimeError as error:  # jupyter_client's plain RuntimeError: no kernel answered
        return {"message": f"The kernel did not start: {error}", "never_started": True}
    except Exception as error:
        return {"message": f"{type(error).__name__}: {error}"}
    return {}


def stop_with_runner() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE)
    os._exit(1)


def main() -> int:
    channel = os.fdopen(os.dup(1), "w")  # kept from the kernel, which inherits descriptor 1
    os.dup2(2, 1)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    job = json.loads(sys.stdin.readline())
    Thread(target=stop_with_runner, daemon=True).start()
    try:
        trouble = execute(**job)
    except KeyboardInterrupt:
        return 130
    json.dump(trouble, channel)
    channel.close()
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
