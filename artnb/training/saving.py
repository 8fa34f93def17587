"""What a training leaves on the disk: written whole, by one process at a time; refused with advice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from safetensors import SafetensorError

from artnb.errors import TrainingError
from artnb.paths import written_whole


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Whatever the disk refuses meanwhile, for want of space or of rights, is a TrainingError on `path`."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written: {error.strerror or error}. Free some space or mend the folder's "
            "rights and ask for the same again: it goes on with what was finished"
        ) from error


@contextmanager
def saving(path: Path) -> Iterator[Path]:
    """As `written_whole`; raises TrainingError where the disk refuses."""
    with writing(path), written_whole(path) as beside:
        try:
            yield beside
        except (RuntimeError, SafetensorError) as error:  # so torch and safetensors call a full disk
            refused = error.__context__  # torch hides it, where it writes to an open file
            raise refused if isinstance(refused, OSError) else OSError(str(error)) from error


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Holds the file `lock`, in a folder that is made where it is missing; waits for who holds it."""
    held = FileLock(lock)
    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    try:
        yield
    finally:
        held.release()
