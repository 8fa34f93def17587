"""The notebook about anime, cell for cell, on a few small pictures.

`make test-all` holds it, at its own size, against what it stores.
"""

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from artnb.atelier.domains import pictures
from artnb.reporting import runner

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "09-anime.ipynb"
SMALL = {
    "number": 12, "size": 48, "width": 4, "blocks": 1, "judge_width": 4, "batch_size": 2, "steps": 4,
    "warm_up": 2, "short_steps": 3, "short_warm_up": 1, "seeds": [0, 1], "portrait_number": 8,
    "portrait_steps": 2, "frames": 16, "workers": 1, "scenes": 2, "style_evaluations": 2, "style_steps": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    home = tmp_path_factory.mktemp("anime")
    (home / "notebooks").symlink_to(NOTEBOOK.parent)

    def run(name: str, **parameters: object) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ARTNB_HOME", str(home))
            status = runner.report(home / name, parameters=SMALL | parameters, notebooks=[NOTEBOOK])
        assert not status.failed, status.failed[0].error
        return home / name

    return run


def test_every_claim_about_its_tables_is_judged(reported):
    folder = reported("painted")
    [ledger] = json.loads((folder / "claims" / "claims.json").read_text())
    verdicts = {claim["name"]: claim["verdict"] for claim in ledger["claims"]}
    asked = {
        "photographs-have-more-of-every-frequency", "style-losses-help", "spectral-loss-fits-the-spectrum",
        "higher-quality", "better-realism", "keeps-the-background", "steadier-than-style-transfer",
    }  # fmt: skip
    assert {name for name in asked if verdicts[name] == "not tested"} == set()
    assert verdicts["lightweight"] == "not tested"
    gains = pd.read_parquet(folder / "09-anime" / "tables" / "gains.parquet")
    assert set(gains["seeds"]) == {2}
    items = json.loads((folder / "09-anime" / "page.json").read_text())["items"]
    learnt = [item for item in items if item["kind"] == "figure" and item["name"] in ("terms", "objectives")]
    assert all("random numbers" in item["caption"] for item in learnt)


@pytest.mark.slow
def test_folders_of_ones_own_take_the_place_of_the_painted(reported, tmp_path):
    for domain in ("photo", "anime"):
        (tmp_path / domain).mkdir()
        for place, image in enumerate(pictures(8, 40, domain)):
            Image.fromarray(image).save(tmp_path / domain / f"{place}.png")
    folder = reported("own", photos=str(tmp_path / "photo"), anime_pictures=str(tmp_path / "anime"))
    results = json.loads((folder / "09-anime" / "results.json").read_text())
    assert results["domains"] == {"anime": 8, "photo": 8}
