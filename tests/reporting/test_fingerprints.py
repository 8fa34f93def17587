"""What makes a notebook another: its code or words, its parameters, the package, the images, the tables."""

import shutil

import pandas as pd
import pytest
from miniature import write_notebook

from artnb.errors import CatalogueError
from artnb.reporting import fingerprints
from artnb.reporting.fingerprints import of_page, of_results

WORK = "print(epochs, learning_rate)"


@pytest.fixture
def notebook(home):
    return write_notebook(home, "02-train", WORK)


def test_results_follow_code_parameters_and_package(home, notebook, monkeypatch):
    before = of_results(notebook, {"epochs": 5})
    assert of_results(notebook, {"epochs": 5, "learning_rate": 0.01}) == before  # its default
    assert of_results(notebook, {"epochs": 5, "output": "elsewhere"}) == before
    assert of_results(notebook, {"epochs": 4}) != before
    write_notebook(home, "02-train", "## In other words", WORK)
    assert of_results(notebook, {"epochs": 5}) == before
    write_notebook(home, "02-train", WORK + "\nprint(1)")
    assert of_results(notebook, {"epochs": 5}) != before
    before = of_results(notebook, {})
    monkeypatch.setattr(fingerprints, "source", lambda patterns: "another")
    assert of_results(notebook, {}) != before


def test_a_page_follows_its_words_and_the_libraries_too(home, notebook, monkeypatch):
    before = of_page(notebook, {"epochs": 5})
    assert of_page(notebook, {"epochs": 5, "output": "elsewhere"}) == before
    assert of_page(notebook, {"epochs": 4}) != before
    monkeypatch.setattr(fingerprints, "versions", lambda: {"torch": "0.1"})
    assert of_page(notebook, {"epochs": 5}) != before
    before = of_page(notebook, {"epochs": 5})
    write_notebook(home, "02-train", "## In other words", WORK)
    assert of_page(notebook, {"epochs": 5}) != before


def test_a_page_of_published_weights_is_never_the_same(notebook):
    assert of_page(notebook, {"pretrained": "hub"}) == ""
    assert of_page(notebook, {"pretrained": ""}) != ""


def test_a_page_that_names_files_of_others_is_never_the_same(home, notebook):
    assert of_page(notebook, {"contents": "data/photographs"}) != ""  # which are not there
    (home / "data" / "photographs").mkdir(parents=True)
    assert of_page(notebook, {"contents": "data/photographs"}) == ""
    assert of_page(notebook, {"catalogue": "data/photographs"}) != ""


def test_results_follow_the_files_that_parameters_name(home, notebook):
    photographs = {"contents": "data/photographs"}
    absent = of_results(notebook, photographs)
    (home / "data" / "photographs").mkdir(parents=True)
    empty = of_results(notebook, photographs)
    (home / "data" / "photographs" / "one.jpg").write_bytes(b"a picture")
    one = of_results(notebook, photographs)
    (home / "data" / "photographs" / "one.jpg").write_bytes(b"another picture")
    assert len({absent, empty, one, of_results(notebook, photographs)}) == 4
    assert of_results(notebook, photographs) == of_results(notebook, photographs)


def test_the_source_is_that_of_the_named_files(tmp_path, monkeypatch):
    (tmp_path / "room").mkdir()
    for name in ("__init__.py", "room/one.py", "room/two.csv", "room/three.txt"):
        (tmp_path / name).write_text("x = 1")
    monkeypatch.setattr(fingerprints.artnb, "__file__", str(tmp_path / "__init__.py"))
    modules, everything = fingerprints.source(("*.py",)), fingerprints.source()
    (tmp_path / "room" / "three.txt").write_text("x = 2")
    (tmp_path / "room" / "two.csv").write_text("x = 2")
    assert fingerprints.source(("*.py",)) == modules
    assert fingerprints.source() != everything
    (tmp_path / "room" / "one.py").write_text("x = 2")
    assert fingerprints.source(("*.py",)) != modules
    (tmp_path / "room" / "one.py").write_text("x = 1")
    (tmp_path / "room" / "one.py").rename(tmp_path / "room" / "other.py")
    assert fingerprints.source(("*.py",)) != modules


def test_both_follow_the_catalogue(home, notebook, painted):
    folder = shutil.copytree(painted.folder, home / "data" / "mine")
    mine = {"catalogue": "data/mine"}
    results, page = of_results(notebook, mine), of_page(notebook, mine)
    table = pd.read_parquet(folder / "catalogue.parquet")
    table["title"] = "Untitled"
    table.to_parquet(folder / "catalogue.parquet", index=False)
    assert of_results(notebook, mine) == results  # no training looks at titles
    assert of_page(notebook, mine) != page
    page = of_page(notebook, mine)
    (folder / "labels.parquet").write_bytes(b"somebody's")
    assert of_page(notebook, mine) != page
    table.iloc[8:].to_parquet(folder / "catalogue.parquet", index=False)
    assert of_results(notebook, mine) != results
    with pytest.raises(CatalogueError, match="is no catalogue"):
        of_results(notebook, {"catalogue": "data/other"})
