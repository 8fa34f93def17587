"""What a run says of images, against its network asked directly."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from artnb.errors import RunError
from artnb.images.augmentation import standardise
from artnb.training import predict, prediction, predictions


@pytest.fixture
def pictures(painted, tmp_path) -> Path:
    """A folder with five of the painted pictures, named by their id, one of them deeper."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for number, id in enumerate(sorted(painted.table["id"])[:5]):
        shutil.copy(painted.image_path(id), (folder / "more" if number == 2 else folder) / f"{id}.png")
    return folder


def asked_directly(run, data, field: str) -> pd.Series:
    """The probability of `artistic` of every painted image, by its id."""
    store = data.splits["train"][field].store
    network = run.network()
    with torch.inference_mode():
        images = standardise(torch.from_numpy(np.array(store.pixels)).permute(0, 3, 1, 2))
        return pd.Series(network(images, field).softmax(1)[:, 1].numpy(), store.ids)


def assert_as_asked_directly(table, run, data):
    for field in run.fields:
        rows = table[table["field"] == field]
        expected = asked_directly(run, data, field)[[Path(path).stem for path in rows["path"]]]
        np.testing.assert_allclose(rows["probability_artistic"], expected, atol=1e-5)


@pytest.mark.parametrize("batch_size", [2, 64])
def test_probabilities_are_those_of_the_network(run, data, pictures, monkeypatch, batch_size):
    monkeypatch.setattr(prediction, "BATCH_SIZE", batch_size)
    table, unreadable = predict(run.folder, [pictures])
    assert unreadable == []
    assert list(table) == ["path", "field", "probability_non_artistic", "probability_artistic", "prediction"]
    assert len(table) == 5 * 2
    assert set(table["path"]) == {str(path) for path in pictures.rglob("*.png")}
    assert not table.duplicated(["path", "field"]).any()
    assert_as_asked_directly(table, run, data)
    np.testing.assert_allclose(
        table["probability_non_artistic"] + table["probability_artistic"], 1, atol=1e-6
    )
    likeliest = np.where(table["probability_artistic"] > 0.5, "artistic", "non_artistic")
    assert table["prediction"].tolist() == likeliest.tolist()


def test_files_and_folders_come_in_order_without_what_is_hidden(run, pictures):
    [deep] = (pictures / "more").iterdir()
    for hidden in (pictures / ".DS_Store", pictures / ".cache" / "seen.png"):
        hidden.parent.mkdir(exist_ok=True)
        shutil.copy(deep, hidden)
    table, unreadable = predict(run.folder, [deep, pictures])
    assert unreadable == []
    found = table.loc[table["field"] == "garden", "path"].tolist()
    assert found == [
        str(deep),
        *sorted(str(path) for path in pictures.rglob("[!.]*.png") if ".cache" not in str(path)),
    ]


def test_unreadable_files_are_told_and_the_others_kept(run, data, pictures, tmp_path):
    (pictures / "notes.txt").write_text("no image")
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"0" * 50)
    missing = tmp_path / "missing.png"
    table, unreadable = predict(run.folder, [missing, pictures])
    reasons = {path: reason for path, reason in unreadable}
    assert reasons.keys() == {missing, pictures / "notes.txt", pictures / "broken.jpg"}
    assert "cannot be opened" in reasons[missing]
    assert len(table) == 5 * 2
    assert_as_asked_directly(table, run, data)


def test_no_images_give_an_empty_table_of_the_same_columns(run, tmp_path):
    (tmp_path / "empty").mkdir()
    table, unreadable = predict(run.folder, [tmp_path / "empty"])
    assert len(table) == 0
    assert "probability_artistic" in table
    assert unreadable == []


def test_images_of_any_shape_are_squared(run, tmp_path):
    Image.new("L", (90, 40), 128).save(tmp_path / "wide.png")
    table, _ = predict(run.folder, [tmp_path / "wide.png"])
    assert len(table) == 2


def test_a_folder_without_a_run_is_refused(pictures):
    with pytest.raises(RunError, match="holds no finished run"):
        predict(pictures, [pictures])


def test_predictions_of_a_split_are_those_of_the_network(run, data, painted):
    table = predictions(run, data, "test")
    assert list(table) == [
        "method", "seed", "field", "id", "group", "target", "prediction", "probability", "confidence",
        "correct"
    ]  # fmt: skip
    assert set(table["method"]) == {"multi-2"}
    assert tuple(table["field"].unique()) == run.fields
    known = painted.table.set_index("id").loc[table["id"]]
    assert set(known["split"]) == {"test"}
    assert table["field"].tolist() == known["field"].tolist()
    assert table["group"].tolist() == known["group"].tolist()
    assert table["target"].tolist() == [int(label == "artistic") for label in known["label"]]
    for field in run.fields:
        rows = table[table["field"] == field]
        assert sorted(rows["id"]) == sorted(data.splits["test"][field].ids)
        np.testing.assert_allclose(
            rows["probability"], asked_directly(run, data, field)[rows["id"]], atol=1e-5
        )
    assert table["prediction"].tolist() == (table["probability"] > 0.5).astype(int).tolist()
    assert table["confidence"].tolist() == pytest.approx(
        table["probability"].where(table["prediction"] == 1, 1 - table["probability"]).tolist()
    )
    assert table["correct"].dtype == bool
    assert table["correct"].tolist() == (table["target"] == table["prediction"]).tolist()
