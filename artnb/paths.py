"""Where things lie, and how files are written so that nobody ever reads half of one."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

REFUSALS = {  # of a disk on which something is to be written: no room, no rights
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
}  # fmt: skip


def home() -> Path:
    """The folder that holds `data`, `notebooks` and `reports`.

    `$ARTNB_HOME` where it is set; else the checkout this package is imported from; else, for a
    package installed without its checkout, the current folder.
    """
    if "ARTNB_HOME" in os.environ:
        return Path(os.environ["ARTNB_HOME"]).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[1]
    return checkout if (checkout / "notebooks").is_dir() else Path.cwd()


def resolve(path: str | Path) -> Path:
    """`path` as it stands when absolute, else below `home()`."""
    return home() / Path(path).expanduser()


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Yields a path to write to; on success that file takes the place of `path` in one step.

    The file lies beside `path`, under the same suffix, in a hidden folder that goes again whatever
    happens, but for a kill (see `sweep`). After an error `path` is as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    beside = folder / path.name
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
        folder.rmdir()


def sweep(folder: Path, name: str = "*") -> None:
    """Removes what killed writers of `name`, or of any file, left in `folder`, where none may write now."""
    for left_by_a_kill in folder.glob(f".{name}-*"):
        shutil.rmtree(left_by_a_kill)
