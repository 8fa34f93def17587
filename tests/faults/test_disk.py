"""A disk that is really full, or really read-only: a clear error, and nothing that was finished is lost."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from artnb.atelier import Plan, commission, paint
from artnb.collect.labels import read_words, record
from artnb.errors import CatalogueError, CollectError, ReportError, TrainingError
from artnb.images import open_store, store
from artnb.reporting import Page, runner
from artnb.reporting.page import read_contents
from artnb.training import Run, TrainingConfig, extract, features, fit, fitting

MODEL = "artistry-multi-3"
CONFIG = TrainingConfig(epochs=3, batch_size=4)
FULL, CLOSED = "No space left on device", "Read-only file system"


def files(folder: Path) -> dict[str, str]:
    """Every file of `folder`, and the hash of what is in it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def filling(disk, at: int, function):
    """`function`, but at the call number `at` the disk becomes full."""
    calls = 0

    def called(*given, **named):
        nonlocal calls
        calls += 1
        if calls == at:
            disk.fill()
        return function(*given, **named)

    return called


@pytest.fixture
def two(data):
    return data.only("painting", "garden")


@pytest.fixture(scope="module")
def expected(data, tmp_path_factory) -> dict[str, str]:
    return trained(fit(MODEL, data.only("painting", "garden"), CONFIG, tmp_path_factory.mktemp("expected")))


def trained(run: Run) -> dict[str, str]:
    kept = files(run.folder)
    return {name: kept[name] for name in ("weights.safetensors", "history.parquet")}


# A store


def test_a_store_on_a_full_disk_keeps_its_rows_and_goes_on(disk, on_disk, monkeypatch):
    monkeypatch.setattr(store, "IMAGES_A_COMMIT", 4)
    with monkeypatch.context() as patch:
        patch.setattr(store, "square", filling(disk, 30, store.square))
        with pytest.raises(CatalogueError, match=f"{FULL}.*is kept: free some space"):
            open_store(on_disk, 64, workers=1)
    folder = on_disk.folder / "stores" / "64"
    kept = store.committed(folder, 64)
    assert 0 < len(kept.ids) < len(on_disk.paths)
    before = (folder / "pixels").read_bytes()[: kept.pixels.nbytes]
    disk.clear()
    made = open_store(on_disk, 64)
    assert set(made.ids) == set(on_disk.paths.index)
    assert made.pixels.tobytes().startswith(before)
    for id, row in zip(made.ids, made.pixels, strict=True):
        np.testing.assert_array_equal(row, store.square(on_disk.image_path(id), 64))


def test_a_disk_that_is_full_from_the_start_has_room_for_no_store(disk, on_disk):
    disk.fill()
    with pytest.raises(CatalogueError, match=f"(GB are free|{FULL})"):
        open_store(on_disk, 64)
    disk.clear()
    assert len(open_store(on_disk, 64).ids) == len(on_disk.paths)


def test_a_finished_store_is_read_from_a_closed_disk_and_no_other_is_begun(disk, on_disk):
    open_store(on_disk, 32)
    with disk.closed():
        assert len(open_store(on_disk, 32).ids) == len(on_disk.paths)
        with pytest.raises(CatalogueError, match=f"stores/64.*{CLOSED}.*mend the folder's rights"):
            open_store(on_disk, 64)


def test_a_store_half_built_on_a_closed_disk_says_so(disk, on_disk, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store, "IMAGES_A_COMMIT", 4)
        patch.setattr(store, "square", filling(disk, 30, store.square))
        with pytest.raises(CatalogueError, match=FULL):
            open_store(on_disk, 64, workers=1)
    disk.clear()
    before = files(on_disk.folder / "stores")
    with disk.closed(), pytest.raises(CatalogueError, match=CLOSED):
        open_store(on_disk, 64)
    assert files(on_disk.folder / "stores") == before


# A training


@pytest.mark.parametrize(
    ("file", "when"),
    [
        ("checkpoint.pt", "checkpoint"),
        ("weights.safetensors", "finish"),
        ("history.parquet", "DataFrame"),
        ("run.json", "sha256"),
    ],
)
def test_a_training_on_a_full_disk_goes_on_once_there_is_room(
    disk, two, expected, tmp_path, monkeypatch, file, when
):
    """The disk becomes full right before the file is written; with `sha256`, right before the last."""
    runs = disk.place / "runs"
    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1)
    with monkeypatch.context() as patch:
        owner = pd if when == "DataFrame" else fitting
        patch.setattr(owner, when, filling(disk, 2 if when == "checkpoint" else 1, getattr(owner, when)))
        with pytest.raises(TrainingError, match=f"{file} cannot be written.*[Ff]ree some space") as error:
            fit(MODEL, two, CONFIG, runs)
    assert FULL in str(error.value)
    [folder] = runs.iterdir()
    assert not Run(folder).finished
    assert not list(folder.glob(".*-*"))
    assert (folder / "checkpoint.pt").is_file()
    disk.clear()
    epochs = []
    learn = fitting.learn
    monkeypatch.setattr(fitting, "learn", lambda *given: epochs.append(given[-1]) or learn(*given))
    run = fit(MODEL, two, CONFIG, runs)
    assert epochs == ([2, 3] if when == "checkpoint" else [3])
    assert trained(run) == expected
    assert set(files(folder)) == {".lock", "run.json", *expected}


def test_a_training_on_a_disk_full_from_the_start_says_so(disk, two, expected):
    (disk.place / "runs").mkdir()
    disk.fill()
    with pytest.raises(TrainingError, match=FULL):
        fit(MODEL, two, CONFIG, disk.place / "runs")
    disk.clear()
    assert trained(fit(MODEL, two, CONFIG, disk.place / "runs")) == expected


def test_on_a_closed_disk_finished_runs_are_found_and_others_are_refused(disk, two, expected, monkeypatch):
    runs = disk.place / "runs"
    run = fit(MODEL, two, CONFIG, runs)
    other = TrainingConfig(epochs=2, batch_size=4)
    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1)

    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "finish", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(MODEL, two, other, runs)
    before = files(runs)
    with disk.closed():
        assert fit(MODEL, two, CONFIG, runs).folder == run.folder
        assert trained(run) == expected
        for refused in (other, TrainingConfig(epochs=1, batch_size=4)):  # half trained, and not begun
            with pytest.raises(TrainingError, match=f"cannot be written: {CLOSED}.*mend the folder's rights"):
                fit(MODEL, two, refused, runs)
    assert files(runs) == before
    assert fit(MODEL, two, other, runs).finished


# Features


def test_features_on_a_full_disk_go_on_and_end_as_undisturbed(disk, on_disk, backbone, painted, monkeypatch):
    monkeypatch.setattr(features, "IMAGES_A_BATCH", 4)
    whole = extract(on_disk, "squeezenet1_1", backbone, 32)
    expected = whole.file.read_bytes()
    whole.file.unlink()
    computed = []
    original = features.standardise
    with monkeypatch.context() as patch:
        patch.setattr(features, "standardise", filling(disk, 3, original))
        with pytest.raises(TrainingError, match=f"{whole.file.name} cannot be written: {FULL}"):
            extract(on_disk, "squeezenet1_1", backbone, 32)
    assert not whole.file.exists()
    disk.clear()
    monkeypatch.setattr(features, "standardise", lambda pixels: computed.append(pixels) or original(pixels))
    assert extract(on_disk, "squeezenet1_1", backbone, 32).file.read_bytes() == expected
    assert sum(map(len, computed)) == len(on_disk.paths) - 8
    with disk.closed():
        assert len(extract(on_disk, "squeezenet1_1", backbone, 32).vectors) == len(on_disk.paths)
        with pytest.raises((TrainingError, CatalogueError), match=CLOSED):
            extract(on_disk, "squeezenet1_1", backbone, 64)


# A page and a report


def test_a_page_on_a_full_disk_keeps_what_it_had(disk):
    page = Page(disk.place / "page")
    counts = pd.DataFrame({"images": range(2000)})
    page.table("counts", counts, "Counts.")
    disk.fill()
    figure = Figure()
    figure.subplots().plot([0, 1])
    with pytest.raises(ReportError, match=rf"curve\.png cannot be kept: {FULL}.*run the notebook again"):
        page.figure("curve", figure, "A curve.")
    with pytest.raises(ReportError, match=FULL):
        page.table("others", counts, "Others.")
    assert [item["name"] for item in read_contents(page.folder)["items"]] == ["counts"]
    pd.testing.assert_frame_equal(pd.read_parquet(page.folder / "tables" / "counts.parquet"), counts)
    disk.clear()
    page.figure("curve", figure, "A curve.")
    assert [item["name"] for item in read_contents(page.folder)["items"]] == ["counts", "curve"]


def test_a_page_on_a_closed_disk_says_so(disk):
    with disk.closed(), pytest.raises(ReportError, match=CLOSED):
        Page(disk.place / "page").results(images=12)


@pytest.mark.slow
def test_a_report_on_a_full_disk_says_so_and_is_made_once_there_is_room(disk, checkout, monkeypatch):
    monkeypatch.setenv("ARTNB_HOME", str(checkout))
    monkeypatch.setattr(runner, "run_one", filling(disk, 2, runner.run_one))  # during the second notebook
    with pytest.raises(ReportError, match=f"the report cannot be written.*{FULL}.*make room"):
        runner.report(disk.place / "report")
    assert (disk.place / "report" / "01-table" / "results.json").exists()
    disk.clear()
    assert runner.report(disk.place / "report").state == "done"
    before = files(disk.place / "report")
    disk.fill()
    with pytest.raises(ReportError, match=FULL):
        runner.report(disk.place / "report")
    disk.clear()
    with disk.closed(), pytest.raises(ReportError, match=CLOSED):
        runner.report(disk.place / "report")
    assert files(disk.place / "report") == before


# What is painted, and what people say


@pytest.mark.slow
def test_painting_on_a_full_disk_says_so_and_paints_the_same_later(disk, painted, monkeypatch):
    plan = Plan(train=8, validation=4, test=4, size=32)
    monkeypatch.setattr(commission, "group_images", filling(disk, 1, commission.group_images))
    with pytest.raises(CatalogueError, match=f"{FULL}.*free some space"):
        paint(plan, disk.place / "atelier")
    disk.clear()
    pd.testing.assert_frame_equal(paint(plan, disk.place / "atelier").table, painted.table)
    with disk.closed(), pytest.raises(CatalogueError, match=CLOSED):
        paint(plan, disk.place / "another")


def test_a_word_that_cannot_be_kept_is_told_and_the_others_stay(disk, on_disk):
    first, second = on_disk.table["id"][:2]
    record(on_disk.folder, "ana", first, "garden", "artistic")
    disk.fill()
    with pytest.raises(CollectError, match=f"ben.*{FULL}.*say it again"):
        record(on_disk.folder, "ben", second, "garden", "artistic")
    assert read_words(on_disk.folder)["by"].tolist() == ["ana"]
    disk.clear()
    with disk.closed(), pytest.raises(CollectError, match=CLOSED):
        record(on_disk.folder, "ben", second, "garden", "artistic")
    record(on_disk.folder, "ben", second, "garden", "artistic")
    assert read_words(on_disk.folder)["by"].tolist() == ["ana", "ben"]
