"""The notebook about style transfer, cell for cell, on a few small pictures: `make test-all` holds it, at its
own size, against what it stores."""

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from artnb.atelier import Gallery, paint
from artnb.reporting import runner

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "08-style-transfer.ipynb"
SMALL = {
    "size": 32, "content_number": 2, "further_number": 1, "evaluations": 3, "looked_at": [1], "steps": 2,
    "image_size": 32, "epochs": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    home = tmp_path_factory.mktemp("style")
    few = Gallery("types", train=16, validation=8, test=16, size=32)
    catalogue = paint(few, home / "types")

    def run(name: str, **parameters: object) -> Path:
        status = runner.report(
            home / name, catalogue=catalogue.folder, parameters=SMALL | parameters, notebooks=[NOTEBOOK]
        )
        assert not status.failed, status.failed[0].error
        return home / name

    return run


def verdicts(folder: Path, paper: str) -> dict[str, str]:
    ledger = json.loads((folder / "claims" / "claims.json").read_text())
    (found,) = (entry for entry in ledger if entry["name"] == paper)
    return {claim["name"]: claim["verdict"] for claim in found["claims"]}


def test_every_claim_about_its_tables_is_judged(reported):
    folder = reported("painted")
    found = verdicts(folder, "Li")
    untested = {name for name, verdict in found.items() if verdict == "not tested"}
    assert untested == {"l1-transfers-better", "abstract", "balance"}
    assert found["information-at-most-one"] == "fails"
    found = verdicts(folder, "Wu")
    assert {found[name] for name in ("innovation-at-least-60", "innovation-at-most-80")} != {"not tested"}
    items = json.loads((folder / "08-style-transfer" / "page.json").read_text())["items"]
    results = [item for item in items if item["kind"] == "figure" and item["name"] != "pictures"]
    assert len(results) == 8
    assert all("starts from random numbers" in item["caption"] for item in results)


@pytest.mark.slow
def test_folders_of_ones_own_have_no_types_to_recognise(reported, tmp_path):
    for place in range(3):
        Image.linear_gradient("L").rotate(90 * place).convert("RGB").save(tmp_path / f"picture-{place}.png")
    folder = reported("own", contents=str(tmp_path), styles=str(tmp_path), style_number=2)
    table = pd.read_parquet(folder / "08-style-transfer" / "tables" / "similarities.parquet")
    assert set(table["images"]) == {4}
    assert not (folder / "08-style-transfer" / "tables" / "innovation-last.parquet").exists()
    assert verdicts(folder, "Li")["ssim-best"] != "not tested"
