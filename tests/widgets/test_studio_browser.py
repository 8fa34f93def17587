"""The studio as its users meet it: JupyterLab in a real browser, with files that they bring."""

import io

import numpy as np
import pytest
import torch
from lab import needs_browser, notebook, run_cells, write_notebook
from PIL import Image

from artnb.style import random_vgg19, remake
from artnb.style.pictures import tensor_of

CELL = """
from artnb.style import random_vgg19
from artnb.style.samples import photographs
from artnb.widgets import Studio
pictures = photographs(3, 64)
Studio(pictures, dict(reversed(pictures.items())), random_vgg19(), "Features are random.", "saved")
"""
pytestmark = needs_browser

ROOT = ".artnb-studio"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("lab")
    write_notebook(root / "studio.ipynb", "%env ARTNB_HOME=.", CELL, "'the last cell'")
    return root


@pytest.fixture(scope="module")
def page(root, tmp_path_factory):
    with notebook(root / "studio.ipynb", tmp_path_factory.mktemp("jupyter"), width=1200) as page:
        run_cells(page)
        page.locator(ROOT).wait_for()
        yield page


def button(page, name: str):
    return page.locator(f"{ROOT} .buttons button", has_text=name)


def says(page, text: str) -> str:
    status = page.locator(f"{ROOT} [role=status]", has_text=text)
    status.wait_for()
    return status.inner_text()


def source(page) -> str:
    return page.locator(f"{ROOT} .pictures > .picture").nth(2).locator("img").get_attribute("src")


def upload(page, role: str, name: str, content: bytes) -> None:
    page.get_by_label(f"or upload a {role}").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": content}
    )


def slide(page, name: str, keys: str, times: int, shown: str) -> None:
    """Comes to the slider `name` and moves it by the keyboard until it shows `shown`."""
    slider = page.locator(f"{ROOT} .controls > *", has=page.locator(".widget-label", has_text=name))
    slider.locator(".noUi-handle").focus()
    for _ in range(times):
        page.keyboard.press(keys)
    slider.locator(".widget-readout", has_text=shown).wait_for()


def test_a_picture_is_made_of_ones_own_in_jupyterlab(page, root):
    assert page.locator(f"{ROOT} img").count() == 2
    assert says(page, "Choose two pictures")
    assert button(page, "Start").is_enabled()
    assert button(page, "Stop").is_disabled()

    # choose by the keyboard
    chosen = page.locator(f"{ROOT} select").nth(1)
    chosen.focus()
    page.keyboard.press("ArrowDown")
    page.locator(f"{ROOT} img[alt='style: cat']").wait_for()

    # bring a rude file, then a picture
    upload(page, "content", "holiday.png", b"#!/bin/sh\nrm -rf /\n")
    assert "holiday.png is not taken: not an image" in says(page, "is not taken")
    rainbow = Image.fromarray(np.indices((48, 64)).sum(0).astype(np.uint8) * 2).convert("RGB")
    mine = io.BytesIO()
    rainbow.save(mine, "PNG")
    upload(page, "content", "mine.png", mine.getvalue())
    says(page, "mine.png is taken as the content: 64 x 48 pixels")
    page.locator(f"{ROOT} img[alt='content: mine.png (uploaded)']").wait_for()

    # start, watch, stop
    slide(page, "size", "ArrowLeft", 2, "64")
    slide(page, "evaluations", "PageUp", 3, "2")
    button(page, "Start").focus()
    page.keyboard.press("Enter")
    says(page, "It runs")
    image = page.locator(f"{ROOT} .pictures > .picture").nth(2).locator("img")
    image.wait_for()
    first = source(page)
    page.wait_for_function(
        "([root, before]) => document.querySelectorAll(`${root} .pictures > .picture`)[2]"
        ".querySelector('img').src !== before",
        arg=[ROOT, first],
    )
    assert page.locator(f"{ROOT} .course", has_text="style").is_visible()
    button(page, "Stop").click()
    stopped = says(page, "Stopped after")
    made, of_all = [int(word) for word in stopped.split() if word.isdigit()]
    assert 0 < made < of_all
    at_stop = source(page)

    # go on, to the end
    button(page, "Continue").click()
    says(page, "It is done")
    assert source(page) != at_stop
    assert button(page, "Continue").is_disabled()

    # keep it, fetch it, and make it again
    button(page, "Save").click()
    says(page, "Saved as")
    with page.expect_download() as download:
        page.locator(f"{ROOT} a[download]").click()
    (saved,) = (root / "saved").glob("*.png")
    assert download.value.path().read_bytes() == saved.read_bytes()
    again = remake(saved, random_vgg19())
    assert len(again.rows) == of_all
    with Image.open(saved) as image:
        apart = (tensor_of(image.convert("RGB")) - again.image).abs().max()
    assert apart <= 1 / 255
    assert torch.equal(again.inputs[0], tensor_of(rainbow))


def test_a_picture_larger_than_a_message_arrives(page):
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 2100, 3), dtype=np.uint8)
    large = io.BytesIO()
    Image.fromarray(pixels).save(large, "PNG")
    assert large.tell() > 12_000_000
    upload(page, "style", "large.png", large.getvalue())
    says(page, "large.png is taken as the style: 1024 x 975 pixels")


def test_all_of_it_fits_a_narrow_page(page):
    page.set_viewport_size({"width": 620, "height": 900})
    page.wait_for_timeout(300)
    wide = page.locator(ROOT).evaluate(
        "root => [...root.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > "
        "root.getBoundingClientRect().right + 1).map(e => e.className)"
    )
    assert wide == []
    page.set_viewport_size({"width": 1200, "height": 900})
