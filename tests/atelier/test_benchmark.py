"""The painted benchmark: the same again, truthful, balanced, split as planned."""

import hashlib
import io
import json
import math
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.stats import binomtest

from artnb import catalogue as catalogues
from artnb.atelier import Plan, benchmark, commission, cue_mask, open_catalogue, paint, paint_one
from artnb.atelier.benchmark import PAINTERS, SHARED
from artnb.atelier.canon import broken, canon
from artnb.errors import CatalogueError

SMALL = Plan(train=8, validation=4, test=4, size=32)
TINY = Plan(train=8, validation=4, test=4, size=16)


def bytes_of(painted) -> bytes:
    buffer = io.BytesIO()
    painted.image.save(buffer, "PNG")
    return buffer.getvalue()


def plan_of(painted) -> Plan:
    return Plan(**json.loads(painted.table["annotations"].iloc[0])["plan"])


# The plan


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"commonality": 1.5}, "commonality is 1.5"),
        ({"commonality": -0.1}, "commonality is -0.1"),
        ({"commonality": float("nan")}, "commonality is nan"),
        ({"size": 8}, "size is 8"),
        ({"train": 7}, "train is 7; give an even number"),
        ({"validation": 0}, "validation is 0"),
        ({"test": -2}, "test is -2"),
        ({"sharing": ("garden", "dance")}, "sharing names dance; the painted fields are painting"),
    ],
)
def test_a_plan_that_cannot_be_painted_is_named(values, named):
    with pytest.raises(CatalogueError, match=named):
        Plan(**values)


def test_every_part_of_a_plan_is_in_its_name():
    others = [
        replace(SMALL, **{item.name: getattr(SMALL, item.name) // 2 * 2 + 2}) for item in fields(Plan)[:4]
    ]
    others += [replace(SMALL, commonality=0.5), replace(SMALL, seed=1), replace(SMALL, sharing=("garden",))]
    assert len(others) == len(fields(Plan))
    assert len({plan.name for plan in (SMALL, *others)}) == len(others) + 1
    assert SMALL.name == replace(SMALL).name
    assert Plan().name == "atelier-bb1a5f75"  # else stored catalogues are painted again


# Pictures


@pytest.mark.parametrize("field", PAINTERS)
def test_a_picture_is_the_same_in_any_order(field):
    alone = bytes_of(paint_one(TINY, field, 5))
    for index in (3, 0):
        paint_one(TINY, field, index)
    again = paint_one(TINY, field, 5)
    assert bytes_of(again) == alone
    assert again.image.size == (16, 16)
    assert again.image.mode == "RGB"
    assert bytes_of(paint_one(TINY, field, 7)) != alone
    assert bytes_of(paint_one(replace(TINY, seed=1), field, 5)) != alone


def test_a_picture_is_the_same_in_other_processes(painted):
    """The catalogue was painted by a pool: its ids are hashes of the very bytes."""
    for field in PAINTERS:
        rows = painted.table[painted.table["field"] == field].set_index("title")
        for index in (15, 0, 8):
            again = paint_one(plan_of(painted), field, index)
            row = rows.loc[f"{field} {index}"]
            assert hashlib.sha256(bytes_of(again)).hexdigest() == row["id"]
            assert json.loads(row["annotations"])["accents"] == again.truth["accents"]
            assert row["label"] == again.label


@pytest.mark.parametrize("commonality", [0.0, 0.5, 1.0])
def test_the_share_of_pictures_under_the_common_canon_is_the_commonality(commonality):
    plan = replace(TINY, commonality=commonality)
    truths = [paint_one(plan, field, index).truth for field in PAINTERS for index in range(60)]
    shared = sum(truth["shared"] for truth in truths)
    if commonality in (0, 1):
        assert shared == commonality * len(truths)
    else:
        assert binomtest(shared, len(truths), commonality).pvalue > 1e-3
    names = Counter((truth["canon"], truth["shared"]) for truth in truths)
    assert set(names) <= {(SHARED, True), *((field, False) for field in PAINTERS)}


def misfit(painted, points) -> float:
    """The share of the accents' spread that no turn, scale and shift of `points` explains; never mirrored."""
    z, w = (p[:, 0] + 1j * p[:, 1] for p in (points, np.array(painted.truth["accents"])))
    z, w = z - z.mean(), w - w.mean()
    return 1 - abs(np.vdot(z, w)) ** 2 / (np.vdot(z, z) * np.vdot(w, w)).real


def test_fields_that_do_not_share_follow_their_own_canon_whatever_the_commonality():
    plan = replace(SMALL, sharing=("garden", "painting"))
    shared = {field: {paint_one(plan, field, i).truth["canon"] for i in range(6)} for field in PAINTERS}
    assert shared == {
        "painting": {SHARED},
        "garden": {SHARED},
        "architecture": {"architecture"},
        "sculpture": {"sculpture"},
    }


@pytest.mark.parametrize(("commonality", "name"), [(1.0, SHARED), (0.0, "garden")])
def test_artistic_pictures_follow_their_canon_and_the_others_do_not(commonality, name):
    plan = replace(TINY, commonality=commonality)
    points = canon(plan.seed, name)
    pictures = [paint_one(plan, "garden", index) for index in range(40)]
    near = {
        label: [misfit(p, points) for p in pictures if p.label == label]
        for label in ("artistic", "non_artistic")
    }
    assert len(near["artistic"]) == len(near["non_artistic"]) == 20
    assert np.median(near["artistic"]) < 0.7 * np.median(near["non_artistic"])
    other = canon(plan.seed, "painting")
    strange = [misfit(picture, other) for picture in pictures if picture.label == "artistic"]
    assert np.median(near["artistic"]) < 0.5 * np.median(strange)


def test_a_picture_that_is_not_artistic_breaks_the_canon_it_would_have_followed(monkeypatch):
    seen = []
    monkeypatch.setattr(
        benchmark, "broken", lambda points, rng: (seen.append(points), broken(points, rng))[1]
    )
    plan = replace(TINY, commonality=0.5)
    for index in range(12):
        picture = paint_one(plan, "sculpture", index)
        if picture.label == "artistic":
            assert not seen
        else:
            [points] = seen
            np.testing.assert_array_equal(points, canon(plan.seed, picture.truth["canon"]))
        seen.clear()


# The truth about a picture


@pytest.mark.parametrize("size", [16, 33, 96])
def test_a_mask_covers_the_discs_of_the_accents(size):
    accents = [[0.2, 0.3, 0.06], [0.7, 0.9, 0.05], [0.5, 0.5, 0.2]]
    mask = cue_mask(json.dumps({"accents": accents}), size)
    assert mask.shape == (size, size)
    assert mask.dtype == bool
    for row in range(size):
        for column in range(size):
            x, y = (column + 0.5) / size, (row + 0.5) / size
            inside = any((x - cx) ** 2 + (y - cy) ** 2 <= radius**2 for cx, cy, radius in accents)
            assert mask[row, column] == inside


def test_a_mask_has_the_area_of_its_accents_at_any_size(painted):
    for annotations in painted.table["annotations"].head(5):
        accents = json.loads(annotations)["accents"]
        area = sum(math.pi * radius**2 for _, _, radius in accents)
        shares = [cue_mask(annotations, size).mean() for size in (64, 300)]
        assert shares == pytest.approx([area, area], rel=0.12)


@pytest.mark.parametrize("field", PAINTERS)
def test_accents_are_painted_where_the_mask_says(field, monkeypatch):
    plan = Plan(size=96)
    for index in range(4):
        with_accents = paint_one(plan, field, index)
        with monkeypatch.context() as patched:
            patched.setattr(PAINTERS[field], "accent", lambda *_: None)
            without = paint_one(plan, field, index)
        changed = np.any(np.asarray(with_accents.image) != np.asarray(without.image), axis=2)
        mask = cue_mask(json.dumps(with_accents.truth), 96)
        assert (changed & mask).sum() > 0.6 * mask.sum()  # brush strokes leave gaps
        assert (changed & mask).sum() > 0.7 * changed.sum()
        wider = [[x, y, 1.15 * radius + 1 / 96] for x, y, radius in with_accents.truth["accents"]]
        assert not (changed & ~cue_mask(json.dumps({"accents": wider}), 96)).any()


def test_both_labels_have_as_many_accents_of_the_same_sizes():
    pictures = [paint_one(TINY, "architecture", index) for index in range(80)]
    radii = {"artistic": [], "non_artistic": []}
    for picture in pictures:
        accents = np.array(picture.truth["accents"])
        assert len(accents) == len(canon(0, SHARED))
        assert np.ptp(accents[:, 2]) == 0
        radii[picture.label].append(accents[0, 2])
    low, high = benchmark.ACCENT_RADIUS
    assert all(low <= radius <= high for of_label in radii.values() for radius in of_label)
    assert abs(np.mean(radii["artistic"]) - np.mean(radii["non_artistic"])) < (high - low) / 3


# The catalogue


def test_the_catalogue_has_exactly_what_was_planned(painted):
    plan = plan_of(painted)
    counts = painted.table.groupby(["field", "label", "split"]).size()
    assert len(counts) == 4 * 2 * 3
    for (_, _, split), count in counts.items():
        assert count == getattr(plan, split) // 2
    catalogues.check_splits(painted.table)
    assert painted.fields == tuple(PAINTERS)
    assert painted.labels == ("non_artistic", "artistic")
    assert painted.table["id"].is_unique
    assert catalogues.read(painted.folder).fingerprint == painted.fingerprint
    for id, path in painted.paths.items():
        assert hashlib.sha256((painted.folder / path).read_bytes()).hexdigest() == id


def test_a_painted_catalogue_is_found_again(painted, monkeypatch):
    monkeypatch.setattr(commission, "pool", None)
    before = (painted.folder / "catalogue.parquet").stat().st_mtime_ns
    again = paint(plan_of(painted), painted.folder)
    assert again.fingerprint == painted.fingerprint
    assert (painted.folder / "catalogue.parquet").stat().st_mtime_ns == before


def test_another_catalogue_in_the_folder_is_not_taken_for_the_plans(painted):
    with pytest.raises(CatalogueError, match="holds another catalogue"):
        paint(replace(plan_of(painted), commonality=0.0), painted.folder)


def test_atelier_is_painted_on_first_use_and_other_names_are_folders(tmp_path, painted, monkeypatch):
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    first = open_catalogue("atelier", TINY)
    assert first.folder == tmp_path / "data" / TINY.name
    assert open_catalogue("atelier", TINY).fingerprint == first.fingerprint
    assert open_catalogue(f"data/{TINY.name}", Plan()).fingerprint == first.fingerprint
    assert open_catalogue(str(painted.folder), Plan()).fingerprint == painted.fingerprint
    with pytest.raises(CatalogueError, match="is no catalogue"):
        open_catalogue("data/nowhere", TINY)
