"""An annotator's way through the images: nothing twice, nothing left out, everything can be taken back."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artnb.catalogue import read
from artnb.collect.labels import read_words, record
from artnb.collect.sitting import Sitting
from artnb.errors import CollectError


@pytest.fixture
def catalogue(painted, tmp_path):
    shutil.copytree(painted.folder, tmp_path / "catalogue")
    return read(tmp_path / "catalogue")


def test_every_image_comes_once_in_an_order_of_the_annotators_own(catalogue):
    orders = {}
    for by in ("ana", "ben"):
        sitting, orders[by] = Sitting(catalogue, by, "garden"), []
        while sitting.image:
            orders[by].append(sitting.image)
            sitting.say("artistic")
        assert sitting.progress == {"labelled": 16, "skipped": 0, "total": 16}
    gardens = {(row.id, row.field) for row in catalogue.table.itertuples() if row.field == "garden"}
    assert set(orders["ana"]) == set(orders["ben"]) == gardens
    assert len(orders["ana"]) == len(orders["ben"]) == 16
    assert orders["ana"] != orders["ben"]
    assert len(Sitting(catalogue, "cleo").images) == 64


def test_a_new_sitting_goes_on_where_the_last_was_left(catalogue):
    sitting = Sitting(catalogue, "ana", "garden")
    assert sitting.coming == sitting.images[1]
    sitting.say("artistic")
    sitting.say(None)
    again = Sitting(catalogue, "ana", "garden")
    assert again.image == sitting.image == sitting.images[2]
    assert again.progress == {"labelled": 1, "skipped": 1, "total": 16}
    assert again.undo()  # what was said before it began
    assert again.image == sitting.images[1]
    assert again.said == {sitting.images[0]: "artistic"}


def test_looking_back_and_answering_anew(catalogue):
    sitting = Sitting(catalogue, "ana", "garden")
    sitting.move(-1)
    assert sitting.place == 0
    for _ in range(3):
        sitting.say("artistic")
    sitting.move(-2)
    sitting.say("non_artistic")
    assert sitting.place == 3  # 2 has an answer already
    sitting.move(99)
    assert sitting.place == 15
    sitting.say("artistic")
    assert sitting.place == 3  # what was left out comes again
    assert sitting.undo()
    assert sitting.place == 15
    assert sitting.undo()
    assert sitting.place == 1
    assert sitting.said[sitting.image] == "artistic"


def test_nothing_to_undo(catalogue):
    assert not Sitting(catalogue, "ana").undo()


def test_an_unknown_field_is_refused(catalogue):
    with pytest.raises(CollectError, match="'gardens': the fields are painting, architecture"):
        Sitting(catalogue, "ana", "gardens")


moves = st.lists(st.sampled_from(["a", "b", None, "undo", -1, 1, 99, "leave"]), max_size=25)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves)
def test_whatever_is_done_the_disk_says_the_same(catalogue, done):
    shutil.rmtree(catalogue.folder / "annotations", ignore_errors=True)
    sitting, history = Sitting(catalogue, "ana", "garden"), []
    for what in done:
        if what == "leave":
            sitting = Sitting(catalogue, "ana", "garden")
        elif what == "undo":
            assert sitting.undo() == bool(history)
            history = history[:-1]
        elif isinstance(what, int):
            sitting.move(what)
        else:
            history.append((sitting.image, what))
            sitting.say(what)
        assert sitting.said == dict(history)
        words = read_words(catalogue.folder).astype(object)
        words = words.where(words.notna(), None)
        assert {((row.id, row.field), row.label) for row in words.itertuples()} == set(dict(history).items())


def test_an_adjudicator_sees_the_disagreements_and_who_said_what(catalogue):
    one, two, three = Sitting(catalogue, "ana", "garden").images[:3]
    for by, labels in {"ana": "aab", "ben": "abb", "cleo": "bcb"}.items():
        for image, label in zip((one, two, three), labels, strict=True):
            record(catalogue.folder, by, *image, label)
    sitting = Sitting(catalogue, "ana", adjudicates=True)
    assert sitting.images == [two, one]
    assert sitting.others == {"ana": "a", "ben": "b", "cleo": "c"}
    sitting.say("b")
    assert sitting.progress == {"labelled": 1, "skipped": 0, "total": 2}
    assert Sitting(catalogue, "ana").said == {one: "a", two: "a", three: "b"}  # an annotator's words stay
    other = Sitting(catalogue, "boss", adjudicates=True)
    assert other.image == one
    assert other.progress == {"labelled": 1, "skipped": 0, "total": 2}
    other.say(None)  # a skip settles nothing
    assert Sitting(catalogue, "ana", adjudicates=True).image == one
    assert Sitting(catalogue, "boss", adjudicates=True).image is None
    assert Sitting(catalogue, "ana", "painting", adjudicates=True).images == []


def test_without_disagreements_an_adjudicator_has_nothing_to_do(catalogue):
    sitting = Sitting(catalogue, "ana", adjudicates=True)
    sitting.move(1)
    assert sitting.image is None
    assert sitting.coming is None
    assert sitting.others == {}
