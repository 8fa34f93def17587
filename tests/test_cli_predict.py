"""`artnb predict` from the command line to a trained network and back."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from artnb.cli import app


@pytest.fixture
def images(painted, tmp_path) -> list[Path]:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    return [painted.image_path(id) for id in sorted(painted.table["id"])[:2]] + [broken]


def call(*arguments):
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def expected(run, images):
    return [(str(path), field) for field in run.fields for path in images[:2]]


def test_csv(run, images):
    result = call("--run", run.folder, *images[:2])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["path"], row["field"]) for row in rows] == expected(run, images)
    for row in rows:
        artistic = float(row["probability_artistic"])
        assert artistic + float(row["probability_non_artistic"]) == pytest.approx(1, abs=1e-6)
        assert row["prediction"] == ("artistic" if artistic > 0.5 else "non_artistic")


def test_json_and_a_file_that_is_no_image(run, images):
    result = call("--run", run.folder, "--format", "json", *images)
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert [(row["path"], row["field"]) for row in said["predictions"]] == expected(run, images)
    assert [entry["path"] for entry in said["unreadable"]] == [str(images[2])]
    assert "not an image" in said["unreadable"][0]["reason"]
    assert f"artnb: {images[2]}: not an image" in result.stderr


def test_csv_and_json_say_the_same(run, images):
    rows = list(csv.DictReader(io.StringIO(call("--run", run.folder, *images[:2]).stdout)))
    said = json.loads(call("--run", run.folder, "--format", "json", *images[:2]).stdout)["predictions"]
    for row, other in zip(rows, said, strict=True):
        assert float(row["probability_artistic"]) == pytest.approx(other["probability_artistic"], abs=1e-6)


def test_a_folder_that_is_no_run(images, tmp_path):
    result = call("--run", tmp_path, images[0])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"artnb: {tmp_path} holds no finished run")
    assert result.stdout == ""
