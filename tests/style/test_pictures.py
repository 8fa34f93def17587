"""A saved picture is made again from itself, to the bit; what cannot be is refused."""

import base64
from dataclasses import asdict, replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner

from artnb.cli import app
from artnb.errors import ImageError, StyleError
from artnb.images import decode
from artnb.style import (
    StyleConfig,
    Transfer,
    parameters,
    random_vgg19,
    read_mask,
    read_picture,
    remake,
    save_picture,
    stylize,
)
from artnb.style.pictures import INPUTS, PARAMETERS, image_of


@pytest.fixture(scope="module")
def files(content, style, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, picture in (("content", content), ("style", style), ("mask", (content[:, 2:] > 0.5).float())):
        image_of(picture).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def small():
    return StyleConfig(
        content_layers=("conv1_2",), style_layers=("conv1_1", "conv2_1"), size=24, evaluations=6, scales=2
    )


@pytest.fixture(scope="module")
def features():
    return random_vgg19(4, deepest="conv2_1")


def test_a_picture_is_made_again_from_its_file_alone(files, small, features, tmp_path):
    """With a mask, stopped early, under other threads, wherever it lies, without what it was made from."""
    pictures = [read_picture(files / f"{name}.png", 24) for name in ("content", "style")]
    transfer = Transfer(
        *pictures, features, replace(small, beta=2e4, seed=7), read_mask(files / "mask.png", 24)
    )
    list(islice(transfer, 5))
    save_picture(tmp_path / "one.png", transfer)

    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        again = remake((tmp_path / "one.png").rename(tmp_path / "other.PNG"))
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(again.image, transfer.image)
    assert again.history["total"].tolist() == transfer.history["total"].tolist()
    save_picture(tmp_path / "again.png", again)
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "other.PNG").read_bytes()
    assert np.array_equal(decode(tmp_path / "other.PNG"), image_of(transfer.image))


def test_the_parameters_are_there_to_read(files, small, tiny, tmp_path):
    pictures = [read_picture(files / f"{name}.png", 24) for name in ("content", "style")]
    save_picture(tmp_path / "one.png", stylize(*pictures, tiny, small))
    known = parameters(tmp_path / "one.png")
    assert StyleConfig.from_json(known["config"]) == small
    assert known["evaluations_made"] == 6
    assert known["features"]["weights"] == tiny.weights
    with pytest.raises(StyleError, match=f"was made with features {tiny.weights} .tiny., not"):
        remake(tmp_path / "one.png", random_vgg19())
    assert remake(tmp_path / "one.png", tiny).config == small


def test_files_that_say_nothing(files, tmp_path):
    with pytest.raises(StyleError, match=r"style\.png holds no parameters"):
        remake(files / "style.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ImageError, match=r"text.png cannot be read as a PNG"):
        remake(tmp_path / "text.png")
    with pytest.raises(ImageError, match=r"text.png: not an image"):
        read_picture(tmp_path / "text.png", 32)


@pytest.mark.parametrize(
    "damage",
    [
        {PARAMETERS: "{"},
        {PARAMETERS: "[]"},
        {PARAMETERS: "{}"},
        {PARAMETERS: '{"config": {}, "features": {}}'},
        {INPUTS["content"]: "%%%"},
        {INPUTS["style"]: base64.b64encode(b"no picture").decode()},
    ],
)
def test_damaged_chunks_are_refused(files, small, features, tmp_path, damage):
    pictures = [read_picture(files / f"{name}.png", 24) for name in ("content", "style")]
    save_picture(tmp_path / "one.png", Transfer(*pictures, features, small))
    with Image.open(tmp_path / "one.png") as image:
        chunks, image = dict(image.text) | damage, image.copy()
    info = PngInfo()
    for key, text in chunks.items():
        info.add_text(key, text)
    image.save(tmp_path / "two.png", pnginfo=info)
    with pytest.raises(StyleError, match=r"two\.png"):
        remake(tmp_path / "two.png")


def test_what_a_file_could_not_hold(content, style, small, features, tmp_path):
    with pytest.raises(StyleError, match="content has more than 8 bits"):
        save_picture(tmp_path / "one.png", Transfer(content * 0.999, style, features, small))
    with pytest.raises(StyleError, match=r"ends in \.png"):
        save_picture(tmp_path / "one.jpg", Transfer(content, style, features, small))


def test_pictures_are_read_at_their_longer_side(files):
    assert read_picture(files / "content.png", 16).shape == (1, 3, 12, 16)
    picture = read_picture(files / "content.png", 32)
    assert torch.equal((picture * 255).round() / 255, picture)
    assert set(read_mask(files / "mask.png", 32).unique().tolist()) == {0, 1}


def test_on_the_command_line(files, tmp_path, monkeypatch):
    """Without weights it says so; and the options reach the config."""
    monkeypatch.setenv("ARTNB_WEIGHTS", str(tmp_path))
    pair = [
        "stylize",
        str(files / "content.png"),
        str(files / "style.png"),
        "--to",
        str(tmp_path / "out.png"),
    ]
    options = ["--variant", "l1", "--size", "24", "--evaluations", "3", "-p", "beta=1.0e+4", "-p", "scales=2"]
    done = CliRunner().invoke(app, pair + options)
    assert done.exit_code == 0, done.stderr
    assert "Features are those of random weights, for" in done.stderr
    made = parameters(tmp_path / "out.png")
    asked = StyleConfig(content_loss="l1", size=24, evaluations=3, beta=1e4, scales=2)
    assert made["config"] == {
        key: list(value) if isinstance(value, tuple) else value for key, value in asdict(asked).items()
    }
    for wrong, message in [
        (["-p", "betta=1"], "-p betta: a StyleConfig has content_layers"),
        (["--variant", "monet"], "no variant 'monet'"),
        (["-p", "beta=high"], "beta is 'high'"),
        (["--mask", str(tmp_path / "none.png")], "none.png: cannot be opened"),
    ]:
        refused = CliRunner().invoke(app, pair + wrong)
        assert refused.exit_code == 2
        assert message in refused.stderr
