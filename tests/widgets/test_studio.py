"""The studio without its page: what its controls ask for, what it takes, how it runs, stops and goes on."""

import asyncio
import io
import json
import threading

import pandas as pd
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from artnb.errors import StyleError
from artnb.style import Transfer, random_vgg19, read_picture, remake
from artnb.style.pictures import image_of, tensor_of
from artnb.widgets import Studio
from artnb.widgets.studio import free

SIZE = 32


@pytest.fixture(scope="module")
def features():
    return random_vgg19()


def drawn(seed: int, size: int = SIZE) -> torch.Tensor:
    pixels = torch.randint(256, (1, 3, size, size), generator=torch.Generator().manual_seed(seed))
    return pixels / 255


@pytest.fixture
def studio(features, tmp_path):
    studio = Studio({"noise": drawn(0), "grey": drawn(1)}, {"<b>bold": drawn(2)}, features, "", tmp_path)
    studio.size.value, studio.evaluations.value = SIZE, 10
    return studio


def press(studio, *names: str) -> None:
    """Presses buttons in a running loop as a kernel's is, and waits for what they begin."""

    async def pressing():
        for name in names:
            assert not studio.buttons[name].disabled, name
            studio.buttons[name].click()
            if studio.task:
                await studio.task

    asyncio.run(pressing())


def may(studio) -> set[str]:
    return {name for name, button in studio.buttons.items() if not button.disabled}


def upload(choice, name: str, content: bytes, piece: int = 1000) -> None:
    """In pieces, as the page sends them."""
    for start in range(0, max(len(content), 1), piece):
        about = {"name": name, "start": start, "size": len(content)}
        wanted, _ = choice.upload._take(about, [memoryview(content[start : start + piece])])
        assert wanted == (start + piece < len(content))


def as_bytes(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def test_controls_ask_for_a_transfer(studio):
    studio.variant.value, studio.weight.value, studio.scales.value = "both", 1e4, 2
    studio.colours.value = True
    config = studio.config
    assert (config.content_loss, config.perceptual_layers) == ("l1", ("relu2_2", "conv3_1"))
    assert (config.beta, config.size, config.evaluations, config.scales) == (1e4, SIZE, 10, 2)
    assert config.keep_colours
    studio.variant.value = "gatys"  # which is cut to the layers that these features have
    assert studio.config.style_layers == ("relu1_1", "relu2_1")


def test_every_control_has_a_label(studio):
    controls = [*studio.controls, *studio.content.controls, *studio.style.controls, *studio.buttons.values()]
    assert all(control.description for control in controls)


def test_a_picture_is_made_watched_and_saved_to_be_made_again(studio, features, tmp_path):
    assert may(studio) == {"Start"}
    seen = []
    studio.picture.observe(lambda change: seen.append(change["new"]), "value")
    press(studio, "Start")
    assert "It is done" in studio.status.value
    assert may(studio) == {"Start", "Save"}
    assert studio.bar.value == studio.bar.max == 10
    assert "after 10 of 10 evaluations" in seen[-1]
    assert len(set(seen)) > 1
    assert "content " in studio.terms.value
    assert "total " in studio.terms.value
    press(studio, "Save")
    path = tmp_path / "noise-b-bold-baseline-1.png"
    assert str(path) in studio.status.value
    assert f"download='{path.name}'" in studio.download.value
    again = remake(path, features)
    assert torch.equal(again.image, studio.transfer.image)
    assert torch.equal(read_picture(path, SIZE), tensor_of(image_of(again.image)))
    press(studio, "Save")
    assert (tmp_path / "noise-b-bold-baseline-2.png").exists()


def test_stopped_and_gone_on_with_it_is_the_uninterrupted_one(studio, features):
    async def stopping():
        studio.buttons["Start"].click()
        await asyncio.sleep(0)
        assert may(studio) == {"Stop"}
        assert all(control.disabled for control in (*studio.controls, *studio.content.controls))
        studio.buttons["Stop"].click()
        await studio.task

    asyncio.run(stopping())
    made = len(studio.transfer.rows)
    assert 0 < made < 10
    assert f"Stopped after {made} of 10" in studio.status.value
    assert may(studio) == {"Start", "Continue", "Save"}
    studio.variant.value = "both"  # is for the next start
    press(studio, "Continue")
    assert may(studio) == {"Start", "Save"}
    alone = Transfer(drawn(0), drawn(2), features, studio.transfer.config)
    assert len([*alone]) == 10
    assert alone.config.content_loss == "mse"
    assert torch.equal(studio.transfer.image, alone.image)
    pd.testing.assert_frame_equal(
        studio.transfer.history.drop(columns="seconds"), alone.history.drop(columns="seconds")
    )


def test_the_kernel_answers_while_it_runs(studio):
    async def answering():
        studio.buttons["Start"].click()
        beats = 0
        while studio.running:
            await asyncio.sleep(0.001)
            beats += 1
        return beats

    assert asyncio.run(answering()) > 10


def test_evaluations_are_made_elsewhere(studio, monkeypatch):
    threads = set()
    next_of = Transfer.__next__
    monkeypatch.setattr(
        Transfer, "__next__", lambda self: threads.add(threading.get_ident()) or next_of(self)
    )
    press(studio, "Start")
    assert threads
    assert threading.get_ident() not in threads


def test_an_upload_is_judged_by_its_bytes(studio):
    jpeg = as_bytes(Image.new("RGB", (60, 40), "teal"), "JPEG")
    upload(studio.content, "wave.exe", jpeg)
    assert studio.content.name == "wave.exe (uploaded)"
    assert "60 x 40 pixels" in studio.status.value
    assert studio.content.picture(SIZE).shape == (1, 3, 21, 32)
    press(studio, "Start", "Save")
    assert "wave-exe-uploaded-b-bold-baseline-1.png" in studio.download.value


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nice.png", b"", "zero bytes"),
        ("nice.png", b"<svg onload=alert(1)>", "not an image"),
        ("nice.jpg", as_bytes(Image.new("RGB", (64, 64), "red"), "JPEG")[:300], "damaged or truncated"),
        ("<img src=x onerror=alert(1)>.png", b"MZ\x90", "not an image"),
    ],
)
def test_a_rude_upload_is_refused_with_its_reason(studio, name, content, reason):
    upload(studio.style, name, content)
    assert reason in studio.status.value
    assert "is not taken" in studio.status.value
    assert "<img" not in studio.status.value
    assert studio.style.name == "<b>bold"
    assert "<b>" not in studio.style.thumbnail.value


def test_a_large_upload_is_kept_smaller(studio):
    upload(studio.content, "large.png", as_bytes(Image.new("RGB", (3000, 1500), "white")))
    assert studio.content.pictures[studio.content.name].shape == (1, 3, 512, 1024)


def test_metadata_of_an_upload_do_not_come_into_what_is_saved(studio, tmp_path):
    note = PngInfo()
    note.add_text("owner", "someone's secret")
    upload(studio.content, "mine.png", as_bytes(Image.new("RGB", (40, 40), "navy"), pnginfo=note))
    press(studio, "Start", "Save")
    (saved,) = tmp_path.glob("*.png")
    assert b"secret" not in saved.read_bytes()


def test_what_cannot_start_is_said(studio):
    upload(studio.content, "line.png", as_bytes(Image.new("RGB", (1000, 2))))
    press(studio, "Start")
    assert "This cannot start" in studio.status.value
    assert "too small" in studio.status.value
    assert may(studio) == {"Start"}
    studio.content.chosen.value = "noise"
    studio.size.value, studio.scales.value = 32, 4
    press(studio, "Start")
    assert "give fewer" in studio.status.value


def test_what_goes_wrong_on_the_way_is_said(studio, monkeypatch):
    def failing(self):
        raise RuntimeError("not enough memory: <you> tried to allocate 8 bytes")

    monkeypatch.setattr(Transfer, "__next__", failing)
    press(studio, "Start")
    assert "It came to nothing: not enough memory: &lt;you&gt;" in studio.status.value
    assert may(studio) == {"Start"}


def test_what_cannot_be_saved_is_said(studio, tmp_path):
    press(studio, "Start")
    (tmp_path / "file").write_text("")
    studio.folder = tmp_path / "file"
    press(studio, "Save")
    assert "This cannot be saved" in studio.status.value
    assert studio.download.value == ""


def test_nothing_is_computed_before_it_is_asked_for(studio):
    assert studio.transfer is None
    json.dumps(studio.status.get_state(["value"]))
    studio.stop()
    assert studio.transfer is None


def test_a_notice_is_shown_as_text(features):
    studio = Studio({"a": drawn(0)}, {"b": drawn(1)}, features, "no <weights>")
    assert "no &lt;weights&gt;" in studio.children[0].value


def test_nothing_to_show_is_refused(features):
    with pytest.raises(StyleError, match="nothing to show"):
        Studio({}, {"a": drawn(0)}, features)


def test_a_free_name_is_found(tmp_path):
    (tmp_path / "a-1.png").touch()
    assert free(tmp_path, "a").name == "a-2.png"


def test_a_file_that_cannot_come_whole_is_refused(studio):
    take = studio.content.upload._take
    assert take({"name": "film.mov", "start": 0, "size": 3 * 10**9}, [b"RIFF"]) == (False, [])
    assert "film.mov is not taken: 3,000 MB; at most 100 are" in studio.status.value
    assert take({"name": "a.png", "start": 0, "size": 30}, [b"x" * 10])[0]
    assert not take({"name": "a.png", "start": 20, "size": 30}, [b"x" * 10])[0]
    assert "a piece of it was lost" in studio.status.value
    assert studio.content.name == "noise"
