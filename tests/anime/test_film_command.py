"""`artnb film` from the command line to a film."""

import av
import pytest
from rude import mp4
from studio_home import furnish
from typer.testing import CliRunner

from artnb.cli import app


@pytest.fixture
def network(tmp_path):
    return furnish(tmp_path) / "data" / "styles" / "lighter.safetensors"


def call(*arguments):
    return CliRunner().invoke(app, ["film", *map(str, arguments)])


def test_a_film_in_a_network_s_style(network, tmp_path):
    mp4(tmp_path / "a.mp4", 9, sound=True)
    made = call(tmp_path / "a.mp4", "--run", network, "--to", tmp_path / "b.mp4", "--batch", 4)
    assert made.exit_code == 0, made.output
    assert made.stdout.strip() == str(tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 9


def test_a_film_that_stops_too_early_is_made_and_said(network, tmp_path):
    data = mp4(tmp_path / "a.mkv", 200, (160, 120))
    (tmp_path / "a.mkv").write_bytes(data[: len(data) // 2])
    made = call(tmp_path / "a.mkv", "--run", network, "--to", tmp_path / "b.mp4")
    assert made.exit_code == 1
    assert "stops at" in made.stderr
    assert (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize("run", ["nowhere", "nowhere.safetensors"])
def test_what_cannot_be_is_said_in_a_line(tmp_path, run):
    mp4(tmp_path / "a.mp4", 2)
    made = call(tmp_path / "a.mp4", "--run", tmp_path / run, "--to", tmp_path / "b.mp4")
    assert made.exit_code == 2
    assert made.stderr.startswith("artnb: ")
    assert "Traceback" not in made.stderr
