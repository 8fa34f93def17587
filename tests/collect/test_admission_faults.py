"""What may go wrong while images enter a catalogue: others at the same door, kills, no room, no rights."""

import errno
import io
import os
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import sleep

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artnb import paths
from artnb.catalogue import check_splits, read
from artnb.collect.admission import quarantine
from artnb.collect.folders import import_folder
from artnb.errors import CatalogueError

NOBODY = 65534
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes made by fork")


def png(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def folder(place: Path, first: int, per_label: int = 3) -> Path:
    """FIELD/LABEL/* with two labels of `per_label` pictures, a picture for each number from `first`, and one
    file that is no picture."""
    for number in range(2 * per_label):
        label = place / "garden" / ("artistic", "non_artistic")[number % 2]
        label.mkdir(parents=True, exist_ok=True)
        (label / f"{first + number}.png").write_bytes(png(first + number))
    (label / f"no picture {first}.png").write_bytes(b"text")
    return place


def import_each(sources: list[Path], to: Path) -> None:
    for source in sources:
        import_folder(source, to)


def whole(to: Path, pictures: int, none: int) -> None:
    """The catalogue in `to` has so many pictures, each with its file, and set so many files aside."""
    table = read(to).table
    assert len(table) == pictures
    check_splits(table)
    assert table["id"].is_unique
    assert len(quarantine(to)) == none
    files = {file.relative_to(to).as_posix() for file in (to / "images").rglob("*") if file.is_file()}
    assert files == set(table["path"])
    assert not [name for name in os.listdir(to) if name.startswith(".catalogue.parquet-")]


@forks
def test_processes_that_import_at_once_lose_nothing(tmp_path):
    """Two have folders of their own, one has those of both; who reads meanwhile always reads a catalogue."""
    to = tmp_path / "to"
    mine = [folder(tmp_path / f"mine {n}", 100 * n) for n in range(3)]
    yours = [folder(tmp_path / f"yours {n}", 1000 + 100 * n) for n in range(3)]
    seen = [0]
    with ProcessPoolExecutor(3, get_context("fork")) as pool:
        jobs = [pool.submit(import_each, sources, to) for sources in (mine, yours, [*yours, *mine])]
        while not all(job.done() for job in jobs):
            if (to / "catalogue.parquet").exists():
                table = read(to).table
                check_splits(table)
                seen.append(len(table))
            sleep(0.2)
        for job in jobs:
            job.result()
    whole(to, pictures=36, none=6)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2


class Stop:
    """In the place of os.fsync, which each file that is written passes once: does `fault` at the n-th."""

    def __init__(self, at: int, fault) -> None:
        self.left, self.fault, self.fsync = at, fault, os.fsync

    def __call__(self, descriptor: int) -> None:
        self.left -= 1
        if self.left == 0:
            self.fault()
        self.fsync(descriptor)


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


FILES = 6 + 2  # that an import of one folder writes: its pictures, the quarantine, the table


def test_the_steps_are_those_counted(tmp_path, monkeypatch):
    steps = Stop(0, full)
    monkeypatch.setattr(paths.os, "fsync", steps)
    import_folder(folder(tmp_path / "first", 0), tmp_path / "to")
    assert -steps.left == FILES


@pytest.mark.parametrize("grown", [False, True])
def test_a_disk_that_is_full_at_any_step_leaves_the_catalogue_as_it_was(tmp_path, monkeypatch, grown):
    before, second = tmp_path / "before", folder(tmp_path / "second", 100)
    import_folder(folder(tmp_path / "first", 0), before)
    for step in range(1, FILES + 1):
        to = tmp_path / f"to {step}"
        if grown:
            shutil.copytree(before, to)
        with monkeypatch.context() as patch:
            patch.setattr(paths.os, "fsync", Stop(step, full))
            with pytest.raises(CatalogueError, match=r"No space left on device.*free some space"):
                import_folder(second, to)
        if grown:
            assert len(read(to).table) == 6
            check_splits(read(to).table)
        else:
            with pytest.raises(CatalogueError, match="is no catalogue"):
                read(to)
        import_folder(second, to)
        whole(to, pictures=12 if grown else 6, none=2 if grown else 1)


@forks
@pytest.mark.parametrize("grown", [False, True])
def test_a_kill_at_any_step_leaves_the_catalogue_as_it_was(tmp_path, monkeypatch, grown):
    before, second = tmp_path / "before", folder(tmp_path / "second", 100)
    import_folder(folder(tmp_path / "first", 0), before)
    for step in range(1, FILES + 1):
        to = tmp_path / f"to {step}"
        if grown:
            shutil.copytree(before, to)
        child = os.fork()
        if child == 0:
            monkeypatch.setattr(paths.os, "fsync", Stop(step, killed))
            import_folder(second, to)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        assert (to / "catalogue.parquet").exists() == grown
        if grown:
            assert len(read(to).table) == 6
        import_folder(second, to)  # the lock went with the process that held it
        table = read(to).table
        assert len(table) == (12 if grown else 6)
        check_splits(table)
        assert all((to / path).is_file() for path in table["path"])


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 128 kB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(small_disk, tmp_path):
    to = small_disk / "to"
    before = import_folder(folder(tmp_path / "first", 0), to).table
    many = folder(tmp_path / "many", 100, per_label=40)
    with pytest.raises(CatalogueError, match=r"No space left on device.*free some space"):
        import_folder(many, to)
    pd.testing.assert_frame_equal(read(to).table, before)
    check_splits(read(to).table)
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert len(import_folder(many, to).table) == 86


@pytest.fixture
def open_place():
    """A folder that anyone may pass through; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield Path(place)


@pytest.fixture
def ordinary_user():
    """root may write anywhere: for this test it is nobody."""
    if not hasattr(os, "geteuid"):
        pytest.skip("needs a system whose folders can be closed by their mode")
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def closed(place: Path) -> None:
    for path in (place, *place.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def opened(place: Path) -> None:
    place.chmod(0o755)
    for path in place.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def read_only(open_place):
    """A catalogue that nobody may write to, and a folder to import."""
    source, to = folder(open_place / "source", 100), open_place / "to"
    import_folder(folder(open_place / "first", 0), to)
    closed(to)
    yield source, to
    opened(to)


def test_a_catalogue_that_may_not_be_written_says_so_and_stays(read_only, ordinary_user):
    source, to = read_only
    with pytest.raises(CatalogueError, match=r"to.*: Permission denied.*as it was.*mend the folder's rights"):
        import_folder(source, to)
    assert len(read(to).table) == 6


def test_a_place_where_no_folder_may_be_made_says_so(open_place, ordinary_user):
    with pytest.raises(CatalogueError, match="Permission denied"):
        import_folder(folder(Path(tempfile.mkdtemp()), 0), open_place / "to")
    assert not (open_place / "to").exists()
