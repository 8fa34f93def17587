import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artnb.catalogue import check_splits, read
from artnb.collect import admission
from artnb.collect.admission import quarantine
from artnb.collect.folders import import_folder
from artnb.collect.labels import apply_labels, record
from artnb.errors import CatalogueError

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"


def picture(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC)


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    picture(seed).save(buffer, "PNG")
    return buffer.getvalue()


def put(file: Path, data: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


@pytest.fixture
def source(tmp_path) -> Path:
    """Two fields of 2 x 10 pictures."""
    seed = 0
    for field in ("garden", "painting"):
        for label in ("artistic", "non_artistic"):
            for n in range(10):
                put(tmp_path / "source" / field / label / f"{n}.png", png(seed := seed + 1))
    return tmp_path / "source"


def manifest(source: Path, **columns) -> Path:
    files = sorted(source.rglob("*.png"))
    table = pd.DataFrame(
        {
            "path": [file.relative_to(source).as_posix() for file in files],
            "field": [file.parts[-3] for file in files],
            "label": [file.parts[-2] for file in files],
        }
    ).assign(**columns)
    table.to_csv(source / "manifest.csv", index=False, encoding="utf-8")
    return source / "manifest.csv"


def test_a_folder_of_fields_becomes_a_catalogue_and_stays_as_it_was(source, tmp_path):
    before = {file: file.read_bytes() for file in source.rglob("*.png")}
    made = import_folder(source, tmp_path / "to")
    assert {file: file.read_bytes() for file in source.rglob("*.png")} == before
    assert made.fields == ("painting", "garden")
    assert made.labels == ("non_artistic", "artistic")
    assert made.table.groupby(["field", "label"]).size().tolist() == [10] * 4
    check_splits(made.table)
    for row in made.table.itertuples():
        name = json.loads(row.annotations)["file"]
        data = made.image_path(row.id).read_bytes()
        assert data == before[source / name]
        assert row.id == hashlib.sha256(data).hexdigest()
        assert (row.width, row.height) == (64, 48)
        assert (row.field, row.label) == tuple(Path(name).parts[:2])
    pd.testing.assert_frame_equal(read(tmp_path / "to").table, made.table)
    assert quarantine(tmp_path / "to").empty


def test_a_folder_of_classes_is_one_field(source, tmp_path):
    made = import_folder(source / "garden", tmp_path / "to")
    assert (made.fields, made.labels) == (("garden",), ("non_artistic", "artistic"))
    named = import_folder(source, tmp_path / "named", field="kind")  # folders below a class are part of it
    assert (named.fields, named.labels) == (("kind",), ("garden", "painting"))
    assert len(named.table) == 40


def test_bad_files_are_set_aside_with_the_reason_and_good_names_of_any_kind_come_in(source, tmp_path):
    label = source / "garden" / "artistic"
    bad = {
        "cut off.png": (png(90)[:-200], "damaged or truncated"),
        "empty.jpg": (b"", "zero bytes"),
        "notes.txt": (b"a sunny day", "not an image"),
        "Über die Gärten.jpg": (b"<html>", "not an image"),
    }
    for name, (data, _) in bad.items():
        put(label / name, data)
    os.symlink(tmp_path / "nowhere", label / "dangling.png")
    for name in (".DS_Store", "Thumbs.db", ".hidden/x.png"):
        put(label / name, b"x")
    put(source / "stray.png", png(91))
    for seed, name in enumerate(
        ["jardin à la française.PNG", "日本庭園", "a  b#?%.png", "deeper/one.png"], 100
    ):
        put(label / name, png(seed))
    put(Path(os.fsdecode(os.fsencode(label) + b"/latin-\xe9.png")), png(104))

    made = import_folder(source, tmp_path / "to")
    aside = quarantine(tmp_path / "to").set_index("path")["reason"]
    assert set(aside.index) == {f"garden/artistic/{name}" for name in bad} | {"stray.png"}
    for name, (_, reason) in bad.items():
        assert reason in aside[f"garden/artistic/{name}"]
    assert "outside the folders FIELD/LABEL" in aside["stray.png"]
    assert len(made.table) == 45
    suffixes = made.table.set_index(made.table["annotations"].map(lambda a: json.loads(a)["file"]))["path"]
    assert suffixes["garden/artistic/jardin à la française.PNG"].endswith(".png")
    assert Path(suffixes["garden/artistic/日本庭園"]).suffix == ""
    assert "garden/artistic/latin-\ufffd.png" in suffixes


def test_a_file_that_may_not_be_read_is_set_aside(source, tmp_path, monkeypatch):
    locked = source / "garden" / "artistic" / "3.png"
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert len(import_folder(source, tmp_path / "to").table) == 39
    assert quarantine(tmp_path / "to").to_numpy().tolist() == [
        ["garden/artistic/3.png", "cannot be opened: Permission denied"]
    ]


def test_the_same_bytes_are_one_image_of_a_field_and_none_under_two_labels(source, tmp_path):
    garden = source / "garden"
    put(garden / "artistic" / "copy of 0.png", (garden / "artistic" / "0.png").read_bytes())
    put(garden / "non_artistic" / "also 1.png", (garden / "artistic" / "1.png").read_bytes())
    put(source / "painting" / "artistic" / "also 2.png", (garden / "non_artistic" / "2.png").read_bytes())
    made = import_folder(source, tmp_path / "to")
    aside = quarantine(tmp_path / "to").set_index("path")["reason"].to_dict()
    assert aside == {
        "garden/artistic/copy of 0.png": "the same bytes as garden/artistic/0.png",
        "garden/artistic/1.png": "the same bytes stand under artistic and non_artistic",
        "garden/non_artistic/also 1.png": "the same bytes stand under artistic and non_artistic",
    }
    assert len(made.table) == 40
    twice = made.table[made.table["id"].duplicated(keep=False)]
    assert set(twice["field"]) == {"garden", "painting"}
    assert twice["group"].nunique() == twice["split"].nunique() == 1


def test_near_duplicates_and_works_form_groups(source, tmp_path):
    picture(1).save(source / "garden" / "artistic" / "again.jpg", quality=60)  # 1 is garden/artistic/0.png
    made = import_folder(source, tmp_path / "to").table
    assert made["group"].nunique() == 40 == len(made) - 1

    names = [f"work {n // 2}" for n in range(40)]
    made = import_folder(manifest(source, work=names), tmp_path / "works").table
    assert set(made.groupby("work")["group"].nunique()) == {1}
    assert set(made.groupby("work")["split"].nunique()) == {1}
    creators = ["", "Rodin", "Rodin", "Claudel"] * 10
    by_creator = import_folder(
        manifest(source, creator=creators), tmp_path / "creators", group_by=["creator"]
    )
    assert by_creator.table["group"].nunique() == 12


def test_a_manifest_keeps_what_it_says(source, tmp_path):
    given = {
        "title": "Études",
        "licence": "CC0",
        "annotations": '{"century": 19}',
        "group": ["a", "b", "", ""] * 10,
    }
    made = import_folder(manifest(source, **given), tmp_path / "to").table
    assert (made["title"] == "Études").all()
    assert json.loads(made["annotations"][0])["century"] == 19
    assert made["group"].nunique() == 22
    splits = (["train"] * 6 + ["validation"] * 2 + ["test"] * 2) * 4
    made = import_folder(manifest(source, split=splits), tmp_path / "splits").table
    assert made["split"].tolist() == splits


def test_a_catalogue_imports_again_from_its_own_table(source, tmp_path):
    made = import_folder(source, tmp_path / "to")
    made.table.to_csv(tmp_path / "to" / "again.csv", index=False)
    again = import_folder(tmp_path / "to" / "again.csv", tmp_path / "again")
    pd.testing.assert_frame_equal(again.table, made.table)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"labels": "x"}, "unknown column 'labels'; did you mean label?"),
        ({"label": ["artistic"] * 39 + [""]}, r"column label, row 41"),
        ({"split": ["train"] * 3 + ["dev"] + [""] * 36}, r'column split, row 5: "dev"'),
        ({"annotations": "old"}, "JSON object"),
        ({"path": "../x.png"}, "column path, row 2"),
    ],
)
def test_a_manifest_of_another_form_is_refused_by_column_and_line(source, tmp_path, columns, message):
    with pytest.raises(CatalogueError, match=message):
        import_folder(manifest(source, **columns), tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_what_is_nothing_to_import_is_refused(source, tmp_path):
    (tmp_path / "bare").mkdir()
    put(tmp_path / "text" / "a" / "b.txt", b"text")
    put(tmp_path / "no columns.csv", b"path,field\n")
    put(tmp_path / "empty.csv", b"")
    put(tmp_path / "binary.csv", png(0))
    for wrong, message in {
        "none": "neither a folder",
        "bare": "holds no files",
        "text": r"not one of 1 files can be used; a/b\.txt: not an image",
        "no columns.csv": "column label is missing",
        "empty.csv": "cannot be read as CSV",
        "binary.csv": "cannot be read as CSV",
    }.items():
        with pytest.raises(CatalogueError, match=message):
            import_folder(tmp_path / wrong, tmp_path / "to")
    with pytest.raises(CatalogueError, match="unknown column 'creater'; did you mean creator"):
        import_folder(source, tmp_path / "to", group_by=["creater"])
    with pytest.raises(CatalogueError, match="choose a place outside"):
        import_folder(source, source / "to")
    assert not (tmp_path / "to").exists()


def test_too_few_groups_are_refused_and_an_earlier_catalogue_stays(source, tmp_path):
    to = tmp_path / "to"
    before = import_folder(source, to).table
    put(source / "sculpture" / "artistic" / "only.png", png(99))
    with pytest.raises(CatalogueError, match="sculpture, artistic: 1 images in 1 groups"):
        import_folder(source, to)
    pd.testing.assert_frame_equal(read(to).table, before)


def test_splits_have_the_shares_that_are_asked_for(source, tmp_path):
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    table = import_folder(source, tmp_path / "to", fractions=shares).table
    assert table["split"].value_counts(normalize=True).to_dict() == pytest.approx(shares)
    with pytest.raises(CatalogueError, match="share 1 among train, validation, test"):
        import_folder(source, tmp_path / "other", fractions={"train": 0.7, "validation": 0.1, "test": 0.3})


def test_a_second_import_adds_what_is_new_and_leaves_the_rest_in_its_split(source, tmp_path):
    to = tmp_path / "to"
    first = import_folder(source, to)
    assert import_folder(source, to).fingerprint == first.fingerprint
    for n in range(10):
        put(source / "garden" / "artistic" / f"new {n}.png", png(200 + n))
    picture(1).save(source / "garden" / "artistic" / "again.jpg", quality=60)
    put(source / "garden" / "artistic" / "bad.png", b"")
    second = import_folder(source, to).table
    assert len(second) == 51
    pd.testing.assert_series_equal(second["split"][:40], first.table["split"])
    check_splits(second)
    put(source / "garden" / "artistic" / "bad.png", png(300))
    assert len(import_folder(source, to).table) == 52
    assert quarantine(to).empty


def test_a_lost_copy_comes_back_with_the_next_import(source, tmp_path):
    made = import_folder(source, tmp_path / "to")
    lost = made.image_path(made.table["id"][7])
    data = lost.read_bytes()
    lost.unlink()
    import_folder(source, tmp_path / "to")
    assert lost.read_bytes() == data


def test_an_import_that_breaks_while_copying_leaves_no_catalogue_and_goes_on_later(
    source, tmp_path, monkeypatch
):
    copied = []

    def full(file, beside):
        if len(copied) == 15:
            raise OSError(28, "No space left on device")
        copied.append(file)
        Path(beside).write_bytes(Path(file).read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr(admission.shutil, "copyfile", full)
        with pytest.raises(CatalogueError, match=r"No space left on device\. The catalogue is as"):
            import_folder(source, tmp_path / "to")
    with pytest.raises(CatalogueError, match="is no catalogue"):
        read(tmp_path / "to")
    assert len(import_folder(source, tmp_path / "to").table) == 40
    files = [file for file in (tmp_path / "to").rglob("[!.]*") if file.is_file()]
    assert len(files) == 42


def test_an_import_again_leaves_alone_what_annotators_decided_since(source, tmp_path):
    to = tmp_path / "to"
    before = import_folder(source, to).table
    row = before.iloc[0]
    other = {"artistic": "non_artistic", "non_artistic": "artistic"}[row["label"]]
    record(to, "ana", row["id"], row["field"], other)
    decided = apply_labels(to).table
    assert decided["label"].iloc[0] == other
    put(source / "garden" / "artistic" / "new.png", png(200))
    after = import_folder(source, to).table
    pd.testing.assert_frame_equal(after.head(len(decided)), decided)
    assert len(after) == len(before) + 1
    assert quarantine(to).empty


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real images in ../shared")
def test_real_gardens(tmp_path):
    made = import_folder(SHARED / "fields" / "garden", tmp_path / "to").table
    assert len(made) == 372
    assert made["group"].nunique() == 371  # one photograph occurs twice, in two encodings
    shares = pd.crosstab(made["label"], made["split"], normalize="index")[["train", "validation", "test"]]
    assert (shares - [0.7, 0.1, 0.2]).abs().max(axis=None) < 0.01
