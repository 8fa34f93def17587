"""The Python side of the explorer, spoken to as its page speaks to it; the page is seen in a browser."""

import io
import json
import shutil

import pytest
from PIL import Image

from artnb.attention import looking
from artnb.errors import RelevanceError
from artnb.figures.occlusion import exploration
from artnb.training import Run, TrainingConfig, fit
from artnb.widgets import explorer
from artnb.widgets.explorer import Explorer

ASKED = {
    "field": "garden", "label": "artistic", "place": 0, "method": "multi-2", "seed": 0, "back": 0,
    "own": False, "scaling": "all", "limit": None, "opacity": 0.9,
}  # fmt: skip


@pytest.fixture(scope="module")
def single(data, tmp_path_factory):
    return fit(
        "artistry-single", data.only("garden"), TrainingConfig(1, 4), tmp_path_factory.mktemp("single")
    )


@pytest.fixture(scope="module")
def widget(single, run, data):
    return Explorer([single, run], data)


def draw(widget, **changes):
    answer, buffers = widget._draw(json.loads(json.dumps(ASKED | changes)), [])
    json.dumps(answer)
    return answer, buffers


def test_there_is_a_choice_of_everything(widget):
    json.dumps(widget.get_state(["choices", "images"]))
    shown = {name: [text for _, text in options] for name, options in widget.choices.items()}
    assert shown["field"] == ["painting", "garden"]
    assert shown["label"] == ["non-artistic", "artistic"]
    assert shown["method"] == ["multi-2"]
    assert shown["seed"] == ["0"]
    assert shown["back"] == ["last block", "the block before"]
    assert widget.images["garden"] == {"artistic": 2, "non_artistic": 2}
    asked = {name: options[0][0] for name, options in widget.choices.items()}
    assert draw(widget, **asked)[0]["wrong"] == ""


def test_a_picture_comes_as_a_png_with_its_words(widget):
    answer, (png,) = draw(widget)
    assert Image.open(io.BytesIO(png)).size[0] == 1296
    assert answer["wrong"] == ""
    assert answer["said"].startswith("An image labelled artistic. single answers ")
    assert "multi-2 answers" in answer["said"]


def test_scaling_may_be_held_at_what_was_largest(widget, monkeypatch):
    drawn = []

    def drawing(*arguments):
        drawn.append(arguments[3])
        return exploration(*arguments)

    monkeypatch.setattr(explorer, "exploration", drawing)
    limit = draw(widget)[0]["limit"]
    assert limit >= 0
    draw(widget, scaling="held", limit=0.25)
    draw(widget, scaling="held", limit=0)  # nothing was positive
    draw(widget, scaling="each")
    assert drawn == ["all", 0.25, "all", "each"]


def test_what_is_seen_is_computed_once(single, run, data, monkeypatch):
    widget, answer, asked = Explorer([single, run], data), looking.answer, []
    monkeypatch.setattr(looking, "answer", lambda *given: asked.append(given[0].method) or answer(*given))
    assert asked == []  # nothing before it is asked for
    draw(widget)
    draw(widget, opacity=0.3, scaling="each")
    assert asked == ["single", "multi-2"]
    draw(widget, place=1)
    assert len(asked) == 4


def test_what_cannot_be_shown_is_said(widget, single, data, tmp_path):
    answer, buffers = draw(widget, place=7)
    assert answer == {"wrong": "This cannot be shown: garden has 2 images that are artistic: there is no 8."}
    assert buffers == []
    assert "no network of seed 3" in draw(widget, seed=3)[0]["wrong"]
    assert "opacity is 2" in draw(widget, opacity=2)[0]["wrong"]
    shutil.copytree(single.folder, tmp_path / "run")
    damaged = Explorer([Run(tmp_path / "run")], data)
    (tmp_path / "run" / "weights.safetensors").write_bytes(b"")
    damaged._looker.network.cache_clear()
    assert "is damaged" in draw(damaged, method="single")[0]["wrong"]
    with pytest.raises(RelevanceError, match="there are no runs"):
        Explorer([], data)
