"""Where things lie, and that nobody ever reads half a file."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from artnb.paths import home, resolve, written_whole

ROOT = Path(__file__).resolve().parents[1]


def test_home_is_the_checkout_unless_the_environment_says_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("ARTNB_HOME", raising=False)
    assert home() == ROOT
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path / "." / "there"))
    assert home() == tmp_path / "there"
    assert resolve("data/a") == tmp_path / "there" / "data" / "a"
    assert resolve(tmp_path / "b") == tmp_path / "b"


def test_home_of_a_package_without_its_checkout_is_the_current_folder(tmp_path):
    (tmp_path / "artnb").mkdir()
    for name in ("__init__.py", "paths.py"):
        (tmp_path / "artnb" / name).write_bytes((ROOT / "artnb" / name).read_bytes())
    (tmp_path / "here").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ARTNB_HOME"}
    said = subprocess.run(
        [sys.executable, "-c", "from artnb.paths import home; print(home())"],
        cwd=tmp_path / "here",
        env=environment | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(said.stdout.strip()) == tmp_path / "here"


def test_a_file_takes_the_place_of_the_old_one_in_one_step(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    with written_whole(path) as beside:
        assert beside != path
        assert beside.suffix == path.suffix
        beside.write_text("old")
        assert not path.exists()
    with written_whole(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_the_file_can_be_read_by_those_whom_the_umask_lets(tmp_path):
    umask = os.umask(0o022)
    try:
        with written_whole(tmp_path / "a.txt") as beside:
            beside.write_text("")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_all_is_as_it_was(tmp_path, error):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail():
        with written_whole(path) as beside:
            beside.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_not_written_is_an_error(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), written_whole(path):
        pass
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_meet(tmp_path):
    path = tmp_path / "table.csv"
    with written_whole(path) as first, written_whole(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # whoever ends last
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    script = """
import sys, time
from artnb.paths import written_whole
with written_whole(sys.argv[1]) as beside, beside.open("w") as file:
    file.write("half")
    file.flush()
    print("writing", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert path.read_text() == "old"
    with written_whole(path) as beside:
        beside.write_text("new")
    assert path.read_text() == "new"
