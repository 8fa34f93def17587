"""The notebooks about artistry, cell for cell, on a few small pictures: `make test-all` holds them, at their
own size, against what they store."""

import json
from pathlib import Path

import pandas as pd
import pytest

from artnb.atelier import Plan, paint
from artnb.reporting import runner

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SMALL = {
    "image_size": 32, "seeds": [0, 1], "compared_seeds": [0, 1], "compared_images": 4, "epochs": 1,
    "examples": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("artistry")
    (home / "notebooks").symlink_to(NOTEBOOKS)
    catalogue = paint(Plan(train=16, validation=8, test=16, size=32), home / "catalogue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTNB_HOME", str(home))
        status = runner.report(
            home / "report", catalogue=catalogue.folder, parameters=SMALL,
            notebooks=sorted(NOTEBOOKS.glob("0[2-4]*.ipynb")),
        )  # fmt: skip
    assert not status.failed, status.failed[0].error
    return home / "report"


def test_every_gain_is_paired_by_all_seeds_and_fields(folder):
    gains = pd.read_parquet(folder / "04-relevance" / "tables" / "gains.parquet")
    assert {"painting", "sculpture", "architecture", "garden"} <= set(gains["field"])
    assert set(gains["seeds"]) == {2}
    assert (gains["low"] <= gains["gain"]).all()
    assert (gains["gain"] <= gains["high"]).all()


def test_the_claims_about_its_tables_are_judged(folder):
    ledger = json.loads((folder / "claims" / "claims.json").read_text())
    (sato,) = (entry for entry in ledger if entry["name"] == "Sato")
    verdicts = {claim["name"]: claim["verdict"] for claim in sato["claims"]}
    asked = {"best-with-equal-parameters", "parameters", "attention-larger-in-sculpture"}
    assert {name for name in asked if verdicts[name] == "not tested"} == set()


def test_its_pages_have_figures_and_a_summary(folder):
    for name in ("02-train", "03-attention", "04-relevance"):
        page = json.loads((folder / name / "page.json").read_text())
        assert page["summary"]
        assert {"figure", "table"} <= {item["kind"] for item in page["items"]}
