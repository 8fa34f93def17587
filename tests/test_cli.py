"""The command line: what it passes on, what it prints where, and its exit codes."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from artnb import __version__
from artnb.cli import app
from artnb.errors import CatalogueError


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def stand_in(monkeypatch, module: str, **functions):
    """Puts `functions` in the place of a module that does the work elsewhere tested."""
    monkeypatch.setitem(sys.modules, module, SimpleNamespace(**functions))


def test_help_names_every_command():
    result = call("--help")
    assert result.exit_code == 0
    for command in ("import", "models", "report", "predict"):
        assert f"  {command} " in result.output


def test_models_as_table_and_json():
    models = json.loads(call("models", "--format", "json").stdout)
    sizes = {m["name"]: m["path_parameters"] for m in models}
    assert {name: sizes[name] for name in sizes if name.startswith("artistry-")} == {
        "artistry-single": 9_700_722,
        "artistry-multi-1": 26_699_634,
        "artistry-multi-2": 9_184_626,
        "artistry-multi-3": 4_694_898,
    }
    assert all(model["macs"] > model["path_parameters"] for model in models)
    table = call("models").stdout
    assert "artistry-multi-2" in table
    assert "9,184,626" in table
    assert "Wu & Chen" in table
    assert max(map(len, table.splitlines())) < 130


def test_import_passes_its_options_on_and_counts(tmp_path, monkeypatch):
    seen = {}

    def import_folder(source, to, **options):
        seen.update(source=source, to=to, **options)
        to.mkdir()
        pd.DataFrame({"path": ["x.jpg"], "reason": ["truncated"]}).to_parquet(to / "quarantine.parquet")
        return SimpleNamespace(table=pd.DataFrame({"field": ["garden", "garden", "painting"]}))

    stand_in(monkeypatch, "artnb.collect.folders", import_folder=import_folder)
    to = tmp_path / "real"
    result = call("import", tmp_path, "--to", to, "--group-by", "work", "--group-by", "creator", "--seed", 3)
    assert result.exit_code == 0, result.output
    assert seen == {
        "source": tmp_path,
        "to": to,
        "group_by": ("work", "creator"),
        "seed": 3,
        "field": None,
        "fractions": {"train": 0.7, "validation": 0.1, "test": 0.2},
    }
    assert "3 images (garden 2, painting 1)" in result.stdout
    assert "1 file could not be used" in result.stderr


def test_an_error_of_ours_is_a_message_and_exit_code_2(monkeypatch, tmp_path):
    def import_folder(*_, **__):
        raise CatalogueError("manifest.csv, row 3: no column `label`.")

    stand_in(monkeypatch, "artnb.collect.folders", import_folder=import_folder)
    result = call("import", tmp_path, "--to", tmp_path / "x")
    assert result.exit_code == 2
    assert result.stderr == "artnb: manifest.csv, row 3: no column `label`.\n"
    assert result.stdout == ""


@pytest.mark.parametrize("form", [("seed", "0,1"), ("seed=0,1",)])
def test_sweep_passes_values_on_and_says_what_failed(form, monkeypatch, tmp_path):
    seen = []
    failed = [(SimpleNamespace(given={"seed": 1}), SimpleNamespace(message="diverged"))]

    def carry_out(*arguments):
        seen.append(arguments)
        return SimpleNamespace(failed=failed)

    stand_in(monkeypatch, "artnb.reporting.sweep", sweep=carry_out)
    result = call(
        "sweep", "a.ipynb", "-p", *form, "-p", "learning_rate", "1e-3,-2", "--jobs", 2, "--to", tmp_path
    )
    assert seen == [(Path("a.ipynb"), {"seed": [0, 1], "learning_rate": [0.001, -2]}, tmp_path, 2, None)]
    assert result.stdout == f"{tmp_path / 'index.html'}\n"
    assert result.stderr == "artnb: seed 1 failed: diverged\n"
    assert result.exit_code == 1


TABLE = pd.DataFrame(
    {
        "path": ["Käthe, 1.jpg"],
        "field": ["painting"],
        "probability_non_artistic": [0.25],
        "probability_artistic": [0.75],
        "prediction": ["artistic"],
    }
)


@pytest.fixture
def predictor(monkeypatch):
    """Stands for `artnb.training.predict`; gives back what it was asked."""
    asked = {}

    def predict(run, paths):
        asked.update(run=run, paths=list(paths))
        return TABLE, asked.get("unreadable", [])

    stand_in(monkeypatch, "artnb.training", predict=predict)
    return asked


def test_predict_prints_csv(predictor):
    result = call("predict", "--run", "runs/a", "one.jpg", "folder")
    assert result.exit_code == 0
    assert predictor == {"run": Path("runs/a"), "paths": [Path("one.jpg"), Path("folder")]}
    lines = result.stdout.splitlines()
    assert lines[0] == "path,field,probability_non_artistic,probability_artistic,prediction"
    assert lines[1] == '"Käthe, 1.jpg",painting,0.25,0.75,artistic'


def test_predict_says_which_files_it_could_not_read(predictor):
    predictor["unreadable"] = [(Path("bad.jpg"), "truncated")]
    result = call("predict", "--run", "runs/a", "--format", "json", "one.jpg", "bad.jpg")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert said["predictions"] == TABLE.to_dict(orient="records")
    assert said["unreadable"] == [{"path": "bad.jpg", "reason": "truncated"}]
    assert "artnb: bad.jpg: truncated" in result.stderr


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A checkout of one notebook that fails unless `fail` is false."""
    parameters = 'fail = True  # whether to fail\noutput = ""  # the page\nrate = 0.1  # a number'
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Will it fail?"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            new_code_cell("assert not fail, 'it was asked to'"),
        ]
    )
    (tmp_path / "notebooks" / "parameters").mkdir(parents=True)
    (tmp_path / "notebooks" / "parameters" / "demo.yml").write_text("")
    nbformat.write(notebook, tmp_path / "notebooks" / "01-fail.ipynb")
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_report_with_a_failed_notebook_exits_1(home):
    result = call("report", "--to", "out")
    assert result.exit_code == 1
    assert result.stdout == "out/index.html\n"
    assert "artnb: 01-fail failed: AssertionError: it was asked to" in result.stderr
    status = json.loads((home / "out" / "status.json").read_text())
    assert status["artnb"] == __version__
    assert status["notebooks"][0]["error"]["message"] == "AssertionError: it was asked to"


def test_a_report_that_is_well_exits_0_and_lies_in_reports(home):
    result = call("report", "-p", "fail=false", "-p", "rate=1")
    assert result.exit_code == 0, result.output
    assert (home / "reports" / "demo" / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-p", "fial=false"], "did you mean 'fail'"),
        (["-p", "rate=1e-3"], "write 1.0e-3"),
        (["-p", "rate"], "write -p NAME=VALUE"),
        (["-p", "rate=["], "is not a YAML value"),
        (["--preset", "dmeo"], "did you mean 'demo'"),
        (["--catalogue", "nowhere"], "is no catalogue"),
    ],
)
def test_a_report_asked_for_wrongly_exits_2(home, arguments, message):
    result = call("report", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (home / "reports").exists()
