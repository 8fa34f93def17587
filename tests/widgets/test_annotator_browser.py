"""The annotator as its users meet it: JupyterLab in a real browser, driven by the keyboard."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from lab import needs_browser, notebook, run_cells, until, write_notebook

from artnb.collect.labels import read_words

CELL = """
import os
from pathlib import Path
from artnb.catalogue import read
from artnb.widgets import Annotator
Path("pid").write_text(str(os.getpid()))
Annotator(read("catalogue"), by="ana", field="garden")
"""
pytestmark = needs_browser


@pytest.fixture(scope="module")
def root(painted, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(painted.folder, root / "catalogue")
    write_notebook(root / "label.ipynb", CELL, "'the last cell'")
    return root


@pytest.fixture(scope="module")
def page(root, tmp_path_factory):
    """The notebook, its widget not yet shown."""
    with notebook(root / "label.ipynb", tmp_path_factory.mktemp("jupyter")) as page:
        yield page


def seen(page) -> str:
    """The id of the picture before the annotator's eyes, once it is there."""
    widget = page.locator(".artnb-annotator")
    widget.wait_for()
    page.wait_for_selector(".artnb-annotator[data-seen]:not([data-seen=''])")
    return widget.get_attribute("data-seen")


def press(page, key: str) -> None:
    """One key, and the picture that comes after it."""
    before = seen(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "before => document.querySelector('.artnb-annotator').dataset.seen !== before", arg=before
    )


def lines(root: Path) -> list[dict]:
    return [json.loads(line) for line in (root / "catalogue/annotations/ana.jsonl").read_text().splitlines()]


def test_an_annotator_labels_in_jupyterlab(page, root):
    run_cells(page)
    first = seen(page)
    widget = page.locator(".artnb-annotator")
    assert widget.locator("img").evaluate("image => image.naturalWidth") == 32
    cells = page.locator(".jp-Cell").count()

    # each key is on the disk at once
    widget.locator("img").click()
    press(page, "1")
    assert [(line["id"], line["label"]) for line in lines(root)] == [(first, "artistic")]
    second = seen(page)
    press(page, "n")
    assert (lines(root)[-1]["id"], lines(root)[-1]["label"]) == (second, "non_artistic")
    third = seen(page)
    press(page, " ")
    assert (lines(root)[-1]["id"], lines(root)[-1]["label"]) == (third, None)
    assert widget.locator(".count").inner_text() == "2 of 16 · 1 skipped"
    assert widget.locator(".saved").inner_text() == "saved"

    # undo, look back, answer anew
    press(page, "u")
    assert seen(page) == third
    assert lines(root)[-1]["withdrawn"]
    press(page, "Backspace")
    assert seen(page) == second
    press(page, "ArrowLeft")
    assert widget.locator("button[aria-pressed=true]").inner_text().startswith("artistic")
    press(page, "2")
    assert seen(page) == second
    press(page, "a")
    assert len(lines(root)) == 7

    # JupyterLab's own keys stay away: a and b insert a cell there, d d and x delete one
    for key in "ddbxzmyAV":
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    for key in "ddbx":
        page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells
    until(lambda: len(lines(root)) == 8, "A was an answer, and none of the others")
    words = {word.id: word.label for word in read_words(root / "catalogue").itertuples()}
    assert words == {first: "non_artistic", second: "artistic", third: "artistic"}

    # a mouse's click gives the keys back; space on a button that Tab reached presses it
    widget.locator("button", has_text="Skip").click()
    until(lambda: len(lines(root)) == 9, "the click is on the disk")
    assert widget.evaluate("root => root === document.activeElement")
    seen(page)
    page.keyboard.press("Tab")
    press(page, " ")
    assert lines(root)[-1]["label"] == "artistic"
    assert widget.locator("button").first.evaluate("button => button === document.activeElement")

    # the same keys outside the widget are JupyterLab's: the checks above could have failed
    page.locator(".jp-Cell").last.locator(".jp-InputPrompt").click()
    page.keyboard.press("b")
    until(lambda: page.locator(".jp-Cell").count() == cells + 1, "b inserts a cell outside the widget")


def test_a_reloaded_page_goes_on_where_it_was(page, root):
    present, before = seen(page), lines(root)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    run_cells(page)
    assert seen(page) == present
    assert page.locator(".artnb-annotator .count").inner_text() == "4 of 16 · 1 skipped"
    assert lines(root) == before


def test_a_killed_kernel_loses_no_word(page, root):
    page.locator(".artnb-annotator").focus()
    press(page, "1")
    press(page, "2")
    present, before = seen(page), lines(root)
    os.kill(int((root / "pid").read_text()), signal.SIGKILL)
    page.get_by_role("button", name="Ok", exact=True).click()
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    run_cells(page)
    page.wait_for_function(
        "id => document.querySelector('.artnb-annotator')?.dataset.seen === id", arg=present
    )
    assert lines(root) == before
