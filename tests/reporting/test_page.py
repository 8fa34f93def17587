import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from artnb.errors import ReportError
from artnb.reporting import Page
from artnb.reporting.page import clear, plain, read_contents


def a_figure() -> Figure:
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([0, 1], [0, 1], label="x")
    return figure


def test_a_page_without_folder_keeps_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = Page("")
    page.figure("a", a_figure())
    page.table("b", pd.DataFrame({"x": [1]}))
    page.summary("All is well.")
    page.facts(seeds=[0])
    page.results(x=1)
    assert list(tmp_path.iterdir()) == []
    assert '"x": 1' in capsys.readouterr().out


def test_a_page_keeps_what_it_shows_in_order(tmp_path):
    page = Page(tmp_path / "01-look")
    page.table("counts", pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="field")), "Counts.")
    page.figure("curve", a_figure(), "A *curve*.")
    page.summary("It rises.")
    page.facts(data_fingerprint="abc", seeds=(0, 1))
    contents = read_contents(tmp_path / "01-look")
    assert [(item["kind"], item["name"], item["caption"]) for item in contents["items"]] == [
        ("table", "counts", "Counts."),
        ("figure", "curve", "A *curve*."),
    ]
    assert contents["summary"] == "It rises."
    assert contents["facts"] == {"data_fingerprint": "abc", "seeds": [0, 1]}
    kept = pd.read_parquet(tmp_path / "01-look" / "tables" / "counts.parquet")
    assert list(kept.columns) == ["field", "n"]
    pixels = Image.open(tmp_path / "01-look" / "figures" / "curve.png").size[0]
    assert contents["items"][1]["width"] == round(pixels * 96 / 144)
    assert (tmp_path / "01-look" / "figures" / "curve.svg").read_text().lstrip().startswith("<?xml")


def test_a_name_used_twice_replaces(tmp_path):
    page = Page(tmp_path)
    page.figure("a", a_figure(), "first")
    page.figure("b", a_figure())
    page.figure("a", a_figure(), "second")
    items = read_contents(tmp_path)["items"]
    assert [(item["name"], item["caption"]) for item in items] == [("a", "second"), ("b", "")]


def test_the_same_figure_gives_the_same_files(tmp_path):
    for folder in ("one", "two"):
        Page(tmp_path / folder).figure("a", a_figure())
    for suffix in ("png", "svg"):
        one, two = ((tmp_path / folder / "figures" / f"a.{suffix}").read_bytes() for folder in ("one", "two"))
        assert one == two
    assert b"<dc:date>" not in two


@pytest.mark.parametrize("name", ["", "../a", "a/b", "a b", ".hidden", "a.png"])
def test_a_name_must_be_a_file_name(tmp_path, name):
    with pytest.raises(ReportError, match="cannot name a file"):
        Page(tmp_path).figure(name, a_figure())


def test_results_are_sorted_and_rounded(tmp_path, capsys):
    Page(tmp_path).results(
        b=np.float64(0.12345),
        a={"z": -0.0001, "y": [np.int64(3), True, None]},
        c=pd.Series({"k": 1.0}),
        d=float("nan"),
    )
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "results.json").read_text("utf-8")
    assert list(json.loads(printed)) == ["a", "b", "c", "d"]
    assert json.loads(printed) == {
        "a": {"y": [3, True, None], "z": 0.0},
        "b": 0.123,
        "c": {"k": 1.0},
        "d": None,
    }
    assert "-0.0" not in printed


def test_results_refuse_what_has_no_plain_form():
    with pytest.raises(ReportError, match="not of object"):
        plain({"a": object()})


def test_tables_with_levels_and_mixed_columns_are_kept(tmp_path):
    table = pd.DataFrame({("acc", "mean"): [0.5], ("acc", "low"): [0.4]}, index=pd.Index(["x"]))
    Page(tmp_path).table("t", table)
    assert list(pd.read_parquet(tmp_path / "tables" / "t.parquet").columns) == ["acc mean", "acc low"]


def test_clear_removes_what_a_page_kept_and_nothing_else(tmp_path):
    page = Page(tmp_path)
    page.figure("a", a_figure())
    page.table("b", pd.DataFrame({"x": [1]}))
    page.results(x=1)
    (tmp_path / "figures" / "mine.png").write_bytes(b"mine")
    (tmp_path / "notes.txt").write_text("mine")
    clear(tmp_path)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["figures/mine.png", "notes.txt"]
    clear(tmp_path)
