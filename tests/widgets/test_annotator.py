"""The Python side of the annotator, spoken to as its page speaks to it; the page is seen in a browser."""

import io
import json
import shutil

import pytest
from PIL import Image

from artnb.catalogue import read
from artnb.collect import sitting
from artnb.collect.labels import read_words, record
from artnb.errors import CollectError
from artnb.widgets import Annotator
from artnb.widgets.annotator import SIDE, keys_of, shown


@pytest.fixture
def catalogue(painted, tmp_path):
    shutil.copytree(painted.folder, tmp_path / "catalogue")
    return read(tmp_path / "catalogue")


def act(widget, does, label=None, image=None) -> str:
    asked = {"does": does, "label": label, "image": image or widget.state["image"]}
    wrong, buffers = widget._act(json.loads(json.dumps(asked)), [])
    assert buffers == []
    return wrong


def test_an_answer_is_on_the_disk_and_the_next_image_is_told(catalogue):
    widget = Annotator(catalogue, by="ana", field="garden")
    first, coming = widget.state["image"], widget.state["coming"]
    assert act(widget, "say", "artistic") == ""
    words = read_words(catalogue.folder)
    assert words[["id", "field", "label", "by"]].to_numpy().tolist() == [[*first, "artistic", "ana"]]
    assert widget.state["image"][0] == coming
    assert (widget.state["labelled"], widget.state["skipped"], widget.state["total"]) == (1, 0, 16)
    assert act(widget, "say", None) == ""
    assert (widget.state["labelled"], widget.state["skipped"]) == (1, 1)
    assert act(widget, "undo") == ""
    assert act(widget, "back") == ""
    assert (widget.state["image"], widget.state["label"], widget.state["place"]) == (first, "artistic", 0)
    assert act(widget, "undo") == ""
    assert act(widget, "undo") == "there is nothing to undo"
    assert read_words(catalogue.folder).empty


def test_an_answer_to_an_image_that_has_gone_is_not_taken(catalogue):
    widget = Annotator(catalogue, by="ana")
    first = widget.state["image"]
    act(widget, "say", "artistic")
    assert act(widget, "say", "non_artistic", image=first) == ""  # a second press before the next was there
    assert read_words(catalogue.folder)["label"].tolist() == ["artistic"]


def test_after_the_last_image_there_is_none_and_it_can_be_undone(catalogue):
    widget = Annotator(catalogue, by="ana", field="garden")
    for _ in range(16):
        assert act(widget, "say", "artistic") == ""
    assert widget.state["image"] is None
    assert act(widget, "say", "artistic") == ""
    assert len(read_words(catalogue.folder)) == 16
    assert act(widget, "undo") == ""
    assert widget.state["labelled"] == 15


def test_what_cannot_be_saved_is_said_and_the_image_stays(catalogue, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    widget = Annotator(catalogue, by="ana")
    before = widget.state
    monkeypatch.setattr(sitting, "record", full)
    assert "not saved" in act(widget, "say", "artistic")
    assert "No space left" in act(widget, "say", "artistic")
    assert widget.state == before


def test_the_state_travels_as_json_and_gives_no_answer_away(catalogue):
    widget = Annotator(catalogue, by="ana")
    row = catalogue.table.set_index(["id", "field"]).loc[tuple(widget.state["image"])]
    told = json.dumps({name: value for name, value in widget.get_state().items() if name == "state"})
    assert f'"{row["label"]}"' not in told
    assert row["path"] not in told


def test_an_adjudicator_is_shown_who_said_what(catalogue):
    id, field = catalogue.table[["id", "field"]].iloc[0]
    record(catalogue.folder, "ana", id, field, "artistic")
    record(catalogue.folder, "ben", id, field, "non_artistic")
    assert Annotator(catalogue, by="cleo").state["others"] == []
    widget = Annotator(catalogue, by="cleo", adjudicate=True)
    assert widget.state["total"] == 1
    assert widget.state["others"] == ["ana: artistic", "ben: non-artistic"]
    act(widget, "say", "artistic")
    assert read_words(catalogue.folder).query("adjudicates")["by"].tolist() == ["cleo"]


def test_a_picture_comes_as_a_small_jpeg(catalogue, tmp_path):
    widget = Annotator(catalogue, by="ana")
    wrong, (data,) = widget._picture(widget.state["image"][0], [])
    assert wrong == ""
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    Image.new("RGB", (3000, 1500), "red").save(tmp_path / "large.png")
    large = Image.open(io.BytesIO(shown(tmp_path / "large.png")))
    assert large.size == (SIDE, SIDE // 2)
    assert large.getpixel((5, 5))[0] > 250


def test_a_picture_that_cannot_be_shown_says_why(catalogue):
    widget = Annotator(catalogue, by="ana")
    id = widget.state["image"][0]
    path = catalogue.image_path(id)
    path.unlink()
    said = (
        f"This image cannot be shown: {path}: cannot be opened: No such file or directory; put the file back"
    )
    assert widget._picture(id, [])[0].startswith(said)
    assert "no image with id" in widget._picture("0" * 64, [])[0]


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        (("artistic", "non_artistic"), [["1", "a"], ["2", "n"]]),
        (("comic", "chinese", "sketch", "urban", "watercolour"), [["1"], ["2"], ["3"], ["4"], ["5", "w"]]),
        (("3D", "Öl"), [["1"], ["2", "ö"]]),
    ],
)
def test_a_label_has_its_number_and_its_letter_where_it_is_free(labels, keys):
    assert list(keys_of(labels).values()) == keys


@pytest.mark.parametrize("labels", [(), ("a",), ("a", "a"), ("a", " "), tuple("abcdefghij")])
def test_labels_that_cannot_be_told_apart_are_refused(catalogue, labels):
    with pytest.raises(CollectError, match="give 2 to 9 different ones"):
        Annotator(catalogue, by="ana", labels=labels)


def test_who_and_what_must_exist(catalogue):
    with pytest.raises(CollectError, match="give a name"):
        Annotator(catalogue, by="../ana")
    with pytest.raises(CollectError, match="the fields are"):
        Annotator(catalogue, by="ana", field="gardens")
    assert not (catalogue.folder / "annotations").exists()
