"""The notebooks about classifiers, cell for cell, on a few small pictures: `make test-all` holds them, at
their own size, against what they store."""

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from artnb.atelier import Gallery, paint
from artnb.reporting import runner
from artnb.weights import torchvision_network

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SMALL = {"image_size": 32, "seeds": [0, 1], "epochs": 1}
FEW = {"train": 16, "validation": 8, "test": 16, "size": 32}


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Runs one notebook on few pictures of `classes` and returns the report's folder."""
    home = tmp_path_factory.mktemp("classifiers")

    def run(name: str, classes: str, **parameters: object) -> Path:
        catalogue = paint(Gallery(classes, **FEW), home / classes)
        folder = home / name
        status = runner.report(
            folder, catalogue=catalogue.folder, parameters=SMALL | parameters,
            notebooks=[NOTEBOOKS / f"{name}.ipynb"],
        )  # fmt: skip
        assert not status.failed, status.failed[0].error
        return folder

    return run


def verdicts(folder: Path, paper: str) -> dict[str, str]:
    ledger = json.loads((folder / "claims" / "claims.json").read_text())
    (found,) = (entry for entry in ledger if entry["name"] == paper)
    return {claim["name"]: claim["verdict"] for claim in found["claims"]}


def table(folder: Path, name: str) -> pd.DataFrame:
    (notebook,) = (path for path in folder.glob("0*") if path.is_dir())
    return pd.read_parquet(notebook / "tables" / f"{name}.parquet")


def captions(folder: Path) -> list[str]:
    """Of the figures that show results."""
    (page,) = folder.glob("0*/page.json")
    items = json.loads(page.read_text())["items"]
    return [item["caption"] for item in items if item["kind"] == "figure" and item["name"] != "pictures"]


def test_art_types_with_published_weights(reported, tmp_path):
    torch.manual_seed(0)
    save_file(torchvision_network("mobilenet_v2").state_dict(), tmp_path / "mobilenet_v2.safetensors")
    folder = reported(
        "05-art-types", "types", networks=["lenet-s", "s-cnn"], backbone="mobilenet_v2", unfreeze_at=1,
        pretrained=str(tmp_path),
    )  # fmt: skip
    found = verdicts(folder, "Wu")
    assert found["transfer-beats-scratch"] != "not tested"
    assert found["s-cnn-underfits"] != "not tested"
    assert found["innovation-at-least-60"] == "not tested"
    accuracies = table(folder, "accuracies")
    networks = {"lenet-s", "s-cnn", "mobilenet_v2", "transfer"}
    assert set(accuracies.query("set == 'augmented'")["method"]) == networks
    assert set(accuracies.query("set == 'original'")["method"]) == networks | {"svm", "forest"}
    assert "random" not in (folder / "05-art-types" / "page.json").read_text()


@pytest.mark.slow
def test_without_weights_every_caption_of_a_result_says_so(reported):
    folder = reported("05-art-types", "types", networks=["lenet-s"], backbone="squeezenet1_0", pretrained="")
    assert len(captions(folder)) == 7
    assert all("starts from random numbers" in caption for caption in captions(folder))
    assert verdicts(folder, "Wu")["transfer-beats-scratch"] == "not tested"


def test_the_dual_kernel(reported):
    folder = reported("06-dual-kernel", "types", questions=["layer"], others=["separable-se"])
    found = verdicts(folder, "Ruan")
    assert (found["parameters"], found["operations"]) == ("fails", "fails")
    assert found["earlier-is-better"] != "not tested"
    assert found["small-r-is-better"] == "not tested"
    assert len(table(folder, "ablation")) == 2


def test_emotion(reported):
    folder = reported("07-emotion", "moods", modules=[0, 16])
    found = verdicts(folder, "Wu & Chen")
    assert found["modules-help"] != "not tested"
    assert table(folder, "sizes")["more"].tolist() == [0, 7_544_832]
    assert table(folder, "steps")["step"].tolist() == ["0 to 16"]
    assert len(captions(folder)) == 3
    assert all("starts from random numbers" in caption for caption in captions(folder))
