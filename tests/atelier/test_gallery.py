"""The painted gallery: the same again, truthful, balanced, and told by no single trait."""

import hashlib
import io
import json
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from artnb import catalogue as catalogues
from artnb.atelier import Gallery, Plan, open_catalogue, paint, paint_one
from artnb.atelier.art_types import FAINT, FAINTNESS, TECHNIQUES
from artnb.atelier.canvas import OVERSAMPLING, Canvas, Palette, resampled, ribbon
from artnb.atelier.moods import CUES, FOLLOWS, MOODS, draw_cues
from artnb.atelier.subjects import SUBJECTS, subject
from artnb.errors import CatalogueError

SMALL = {kind: Gallery(kind, train=8, validation=4, test=4, size=32) for kind in ("types", "moods")}
LABELS = {
    "types": {"comic", "watercolour", "sketch", "chinese_painting"},
    "moods": {"happy", "anger", "anxiety", "sad"},
}
KINDS = pytest.mark.parametrize("kind", SMALL)


def bytes_of(painted) -> bytes:
    buffer = io.BytesIO()
    painted.image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def hung(tmp_path_factory):
    """Each kind's catalogue."""
    return {kind: paint(plan, tmp_path_factory.mktemp(kind)) for kind, plan in SMALL.items()}


@pytest.fixture(scope="module")
def pictures():
    """50 pictures of each label, of each kind."""
    plans = {kind: replace(plan, seed=1) for kind, plan in SMALL.items()}
    return {kind: [paint_one(plan, plan.fields[0], i) for i in range(200)] for kind, plan in plans.items()}


# The plan


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"classes": "styles"}, "classes is styles; there are types, moods"),
        ({"size": 15}, "size is 15"),
        ({"train": 6}, "train is 6; give a multiple of 4, 4 or more"),
        ({"validation": 0}, "validation is 0"),
        ({"test": -4}, "test is -4"),
    ],
)
def test_a_gallery_that_cannot_be_painted_is_named(values, named):
    with pytest.raises(CatalogueError, match=named):
        Gallery(**values)


def test_every_part_of_a_gallery_is_in_its_name():
    plan = SMALL["types"]
    others = [replace(plan, **{name: 12}) for name in ("train", "validation", "test")]
    others += [replace(plan, size=33), replace(plan, seed=1), SMALL["moods"], Plan(8, 4, 4, 32)]
    assert len(others) == len(fields(Gallery)) + 1
    assert len({other.name for other in (plan, *others)}) == len(others) + 1
    assert plan.name == replace(plan).name


# Pictures


@KINDS
def test_a_picture_is_the_same_in_any_order(kind):
    plan = SMALL[kind]
    [field] = plan.fields
    alone = bytes_of(paint_one(plan, field, 5))
    for index in (3, 0):
        paint_one(plan, field, index)
    again = paint_one(plan, field, 5)
    assert bytes_of(again) == alone
    assert again.image.size == (32, 32)
    assert again.image.mode == "RGB"
    assert bytes_of(paint_one(plan, field, 9)) != alone
    assert bytes_of(paint_one(replace(plan, seed=1), field, 5)) != alone


@KINDS
def test_a_picture_is_the_same_in_other_processes(kind, hung):
    plan, rows = SMALL[kind], hung[kind].table.set_index("title")
    for index in (15, 0, 8):
        again = paint_one(plan, plan.fields[0], index)
        row = rows.loc[f"{plan.fields[0]} {index}"]
        assert hashlib.sha256(bytes_of(again)).hexdigest() == row["id"]
        assert json.loads(row["annotations"]) == {**again.truth, "plan": plan.description}
        assert row["label"] == again.label


@KINDS
@pytest.mark.parametrize("size", [16, 45])
def test_every_label_can_be_painted_in_any_size(kind, size):
    plan = replace(SMALL[kind], size=size)
    for index in range(12):
        image = np.asarray(paint_one(plan, plan.fields[0], index).image)
        assert image.shape == (size, size, 3)
        assert image.std() > 1


@KINDS
def test_mean_colour_alone_does_not_decide(kind, pictures):
    means = [np.asarray(picture.image).mean((0, 1)) for picture in pictures[kind]]
    labels = [picture.label for picture in pictures[kind]]
    classifier = make_pipeline(StandardScaler(), LogisticRegression())
    assert cross_val_score(classifier, means, labels, cv=5).mean() < 0.55


# The truth about art types


def test_all_art_types_show_the_same_subjects(pictures):
    shown = Counter((picture.label, picture.truth["subject"]) for picture in pictures["types"])
    assert set(shown) == {(label, name) for label in LABELS["types"] for name in SUBJECTS}
    assert min(shown.values()) >= 4


def test_some_pictures_are_faint_and_some_are_without_colour(pictures):
    faint = sum(picture.truth["strength"] <= FAINTNESS[1] for picture in pictures["types"])
    assert binomtest(faint, 200, FAINT).pvalue > 1e-3
    for label, (_, share) in TECHNIQUES.items():
        coloured = sum(p.truth["coloured"] for p in pictures["types"] if p.label == label)
        assert binomtest(coloured, 50, share).pvalue > 1e-3


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_is_made_of_outlines_in_the_picture(name):
    rng = np.random.default_rng(0)
    for _ in range(10):
        shapes = SUBJECTS[name](rng, Palette.draw(rng))
        assert shapes[0].backdrop
        assert any(not shape.backdrop for shape in shapes)
        for shape in shapes:
            assert all(part.ndim == 2 and part.shape[1] == 2 for part in (*shape.parts, *shape.lines))
            left, top, right, bottom = shape.bounds
            assert left < right
            assert top < bottom
            assert max(left, top) < 1.1
            assert min(right, bottom) > -0.1


def test_subjects_are_equally_frequent():
    rng = np.random.default_rng(0)
    shown = Counter(subject(rng)[0] for _ in range(400))
    assert set(shown) == set(SUBJECTS)
    assert all(binomtest(count, 400, 1 / len(SUBJECTS)).pvalue > 1e-3 for count in shown.values())


# The truth about moods


@pytest.mark.parametrize("mood", MOODS)
def test_each_cue_follows_the_mood_in_the_share_that_is_stated(mood):
    rng = np.random.default_rng(0)
    drawn = [draw_cues(rng, mood) for _ in range(2000)]
    for cue in CUES:
        said = Counter(cues[cue] for cues in drawn)
        assert binomtest(said[mood], 2000, FOLLOWS).pvalue > 1e-3
        for other in set(MOODS) - {mood}:
            assert binomtest(said[other], 2000, (1 - FOLLOWS) / 3).pvalue > 1e-3
    together = sum(all(cues[cue] == mood for cue in CUES) for cues in drawn)
    assert binomtest(together, 2000, FOLLOWS ** len(CUES)).pvalue > 1e-3  # cues are independent


def test_the_truth_of_a_mood_says_what_each_cue_said(pictures):
    follows = [picture.truth[cue] == picture.label for picture in pictures["moods"] for cue in CUES]
    assert binomtest(sum(follows), len(follows), FOLLOWS).pvalue > 1e-3
    assert all(set(picture.truth) == set(CUES) for picture in pictures["moods"])
    assert all(set(picture.truth.values()) <= set(MOODS) for picture in pictures["moods"])


# The catalogue


@KINDS
def test_the_catalogue_has_exactly_what_was_planned(kind, hung):
    plan, table = SMALL[kind], hung[kind].table
    assert hung[kind].fields == plan.fields
    assert set(hung[kind].labels) == LABELS[kind]
    counts = table.groupby(["label", "split"]).size()
    assert len(counts) == 4 * 3
    for (_, split), count in counts.items():
        assert count == getattr(plan, split) // 4
    catalogues.check_splits(table)


def test_another_gallery_in_the_folder_is_not_taken_for_this_one(hung):
    for other in (replace(SMALL["types"], seed=1), SMALL["moods"], Plan(8, 4, 4, 32)):
        with pytest.raises(CatalogueError, match="holds another catalogue"):
            paint(other, hung["types"].folder)


def test_a_gallery_is_painted_on_first_use(tmp_path, monkeypatch, hung):
    monkeypatch.setenv("ARTNB_HOME", str(tmp_path))
    first = open_catalogue("atelier", SMALL["moods"])
    assert first.folder == tmp_path / "data" / SMALL["moods"].name
    assert first.fingerprint == hung["moods"].fingerprint


# Strokes that the painters share


def test_a_ribbon_is_as_wide_as_it_says():
    line = np.array([(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)])
    edge = ribbon(line, [0.1, 0.2, 0.1])
    np.testing.assert_allclose(np.abs(edge[:, 1] - 0.5), [0.05, 0.1, 0.05, 0.05, 0.1, 0.05])
    np.testing.assert_allclose(edge[:3, 0], line[:, 0])


def test_a_resampled_line_keeps_its_ends_and_its_course():
    points = resampled(np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]), 0.1)
    assert len(points) == 21
    np.testing.assert_allclose(points[[0, 10, -1]], [(0, 0), (1, 0), (1, 1)], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(np.diff(points, axis=0), axis=1), 0.1)


def test_a_wash_is_transparent_and_stays_in_its_stencil():
    canvas = Canvas(40, (200, 100, 50), 0)
    square = np.array([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)])
    box, mask = canvas.stencil([square])
    assert mask.size == (box[2] - box[0], box[3] - box[1])
    canvas.wash(box, mask, (255, 128, 0))
    image = np.asarray(canvas.finished()).astype(int)
    np.testing.assert_allclose(image[20, 20], (200, 50, 0), atol=1)
    assert (image[:9] == (200, 100, 50)).all()
    box, mask = canvas.stencil([square + 2])
    assert 0 in mask.size
    canvas.wash(box, mask, (0, 0, 0))
    assert canvas.image.size == (40 * OVERSAMPLING, 40 * OVERSAMPLING)
