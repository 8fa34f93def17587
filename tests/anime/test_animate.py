"""`artnb animate`: a picture in, a picture out, and a word where a portrait does not suit."""

import numpy as np
import pytest
import skimage.data
from PIL import Image
from typer.testing import CliRunner

from artnb import anime
from artnb.cli import app


@pytest.fixture(scope="module")
def scene_run(domains, features, tmp_path_factory):
    small = anime.AnimeConfig(
        width=4, blocks=0, judge_width=4, crop=32, batch_size=2, warm_up=1, steps=2,
        layers=("conv2_1",),
    )  # fmt: skip
    return anime.train(*domains, small, tmp_path_factory.mktemp("runs"), features)


def animate(*arguments: object):
    return CliRunner().invoke(app, ["animate", *map(str, arguments)])


def test_a_picture_keeps_its_proportions(scene_run, tmp_path):
    Image.fromarray(skimage.data.coffee()).save(tmp_path / "cup.jpg")
    to = tmp_path / "cup.png"
    result = animate(tmp_path / "cup.jpg", "--run", scene_run.folder, "--to", to, "--size", 90)
    assert result.exit_code == 0, result.output
    made = Image.open(to)
    assert made.size == (90, 60)
    assert np.asarray(made).std() > 10
    result = animate(tmp_path / "cup.jpg", "--run", scene_run.folder, "--to", tmp_path / "cup.nothing")
    assert result.exit_code == 2
    assert "cannot be written" in result.output + str(result.stderr)


def test_a_turned_portrait_is_made_and_warned_of(faces, tmp_path):
    photos, drawn, heads = faces
    small = anime.PortraitConfig(width=4, blocks=1, judge_width=4, crop=32, batch_size=2, steps=1)
    run = anime.train_portraits(photos, drawn, small, tmp_path / "runs", heads=heads)
    Image.fromarray(np.rot90(skimage.data.astronaut()[20:240, 120:340])).save(tmp_path / "turned.png")
    to = tmp_path / "made.png"
    result = animate(tmp_path / "turned.png", "--run", run.folder, "--to", to, "--size", 200)
    assert result.exit_code == 0, result.output
    assert "No frontal face was found" in result.stderr
    assert to.exists()
