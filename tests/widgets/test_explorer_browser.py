"""The explorer as its users meet it: JupyterLab in a real browser, driven by the keyboard."""

import shutil

import pytest
from lab import needs_browser, notebook, run_cells, write_notebook

from artnb.training import TrainingConfig, fit

CELL = """
from pathlib import Path
from artnb.catalogue import read
from artnb.training import Run, load
from artnb.widgets.explorer import Explorer
Explorer([Run(folder) for folder in sorted(Path("runs").iterdir())], load(read("catalogue"), 32))
"""
pytestmark = needs_browser

ROOT = ".artnb-explorer"


@pytest.fixture(scope="module")
def page(painted, run, data, tmp_path_factory):
    """multi-2 knows painting and garden from seed 0; single knows garden from seeds 0 and 1."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(painted.folder, root / "catalogue")
    shutil.copytree(run.folder, root / "runs" / run.folder.name)
    for seed in (0, 1):
        fit("artistry-single", data.only("garden"), TrainingConfig(1, 4, seed=seed), root / "runs")
    write_notebook(root / "explore.ipynb", CELL, "'the last cell'")
    with notebook(root / "explore.ipynb", tmp_path_factory.mktemp("jupyter"), width=1000) as page:
        run_cells(page)
        page.locator(ROOT).wait_for()
        yield page


def picture(page) -> str:
    """The bytes of what is shown, once nothing is being drawn."""
    page.wait_for_selector(f"{ROOT}[aria-busy=false]")
    return page.locator(f"{ROOT} img").evaluate(
        "async img => new Uint8Array(await (await fetch(img.src)).arrayBuffer()).toString()"
    )


def choose(page, name: str, key: str, shown: str) -> None:
    """Comes to the control `name`, presses `key` and sees that it shows the text `shown`."""
    page.locator(f"{ROOT} [name={name}]").focus()
    page.keyboard.press(key)
    select = page.locator(f"{ROOT} [name={name}]")
    assert select.evaluate("select => select.selectedOptions[0].textContent") == shown


def test_an_image_is_explored_in_jupyterlab_by_the_keyboard(page):
    cells = page.locator(".jp-Cell").count()
    first = picture(page)
    img, count = page.locator(f"{ROOT} img"), page.locator(f"{ROOT} .count")
    assert img.evaluate("img => img.naturalWidth") == 1296
    assert "labelled non-artistic" in img.get_attribute("alt")
    assert count.inner_text() == "1 of 2"

    # another field
    choose(page, "field", "ArrowDown", "garden")
    garden = picture(page)
    assert garden != first
    assert "single answers" in img.get_attribute("alt")
    choose(page, "label", "ArrowDown", "artistic")
    assert picture(page) != garden
    assert "labelled artistic" in img.get_attribute("alt")

    # another image, and back: what was seen is seen again
    artistic = picture(page)
    page.locator(f"{ROOT} figure").focus()
    page.keyboard.press("ArrowRight")
    assert picture(page) != artistic
    assert count.inner_text() == "2 of 2"
    assert page.locator(f"{ROOT} .on").is_disabled()
    page.keyboard.press("ArrowLeft")
    assert picture(page) == artistic
    page.locator(f"{ROOT} .place").focus()
    page.keyboard.press("End")
    assert count.inner_text() == "2 of 2"
    page.locator(f"{ROOT} .back").click()
    assert picture(page) == artistic

    # opacity, layer and scaling
    page.locator(f"{ROOT} .opacity").focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    faint = picture(page)
    assert faint != artistic
    assert page.locator(f"{ROOT} .percent").inner_text() == "60 %"
    choose(page, "back", "ArrowDown", "the block before")
    finer = picture(page)
    assert finer != faint
    choose(page, "scaling", "ArrowDown", "each map's largest")
    assert picture(page) != finer

    # JupyterLab's own keys stay away: a and b insert a cell there, d d and x delete one
    page.locator(f"{ROOT} figure").focus()
    for key in "ddbxa":
        page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells
    page.locator(".jp-Cell").last.locator(".jp-InputPrompt").click()
    page.keyboard.press("b")
    page.wait_for_function("n => document.querySelectorAll('.jp-Cell').length === n", arg=cells + 1)


def test_what_cannot_be_shown_is_said_in_its_place(page):
    choose(page, "seed", "ArrowDown", "1")
    picture(page)
    assert page.locator(f"{ROOT} .note").inner_text() == ""  # of garden, single alone has this seed
    choose(page, "field", "ArrowUp", "painting")
    page.wait_for_selector(f"{ROOT}[aria-busy=false] img[hidden]", state="attached")
    said = page.locator(f"{ROOT} .note").inner_text()
    assert said.startswith("This cannot be shown: no network of seed 1 knows painting")
    choose(page, "seed", "ArrowUp", "0")
    page.wait_for_selector(f"{ROOT}[aria-busy=false] img:not([hidden])")
    assert page.locator(f"{ROOT} .note").inner_text() == ""
