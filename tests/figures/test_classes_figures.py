"""Matrices are means over seeds of shares of a class; examples are the surest, rightly and wrongly."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from artnb.errors import ReportError
from artnb.figures import confusion_matrices, examples
from artnb.figures.classes import shares

TYPES = ["comic", "chinese_painting", "sketch"]


@pytest.fixture
def one(class_predictions):
    return class_predictions.query("method == 'fusenet' and seed == 1")


def captions(line):
    return [axes.get_xlabel() for axes in line if axes.images]


def test_shares_are_those_of_scikit_learn_mean_over_seeds():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"seed": np.repeat([3, 7], 60), "target": rng.integers(0, 4, 120)})
    table["prediction"] = rng.integers(0, 4, 120)
    of_seeds = [
        confusion_matrix(of_seed["target"], of_seed["prediction"], normalize="true")
        for _, of_seed in table.groupby("seed")
    ]
    np.testing.assert_allclose(shares(table, 4), np.mean(of_seeds, axis=0))


def test_the_share_stands_in_each_cell_and_the_scale_is_common(class_predictions):
    figure = confusion_matrices(class_predictions, TYPES)
    fusenet, dkse, bar = figure.axes
    assert dkse.get_title(loc="left") == "dkse 1x1+5x5"
    cells = {text.get_position(): text.get_text() for text in fusenet.texts}  # (called, is)
    assert [cells[0, 0], cells[2, 0], cells[1, 1], cells[0, 1]] == ["0.75", "0.25", "1.00", "0.00"]
    np.testing.assert_allclose(dkse.images[0].get_array()[:, 1], 1)
    assert {axes.images[0].get_clim() for axes in (fusenet, dkse)} == {(0, 1)}
    assert bar.get_ylim() == (0, 1)
    assert [label.get_text() for label in fusenet.get_yticklabels()] == [
        "comic",
        "chinese painting",
        "sketch",
    ]


def test_the_note_counts_each_image_once(class_predictions):
    note = confusion_matrices(class_predictions, TYPES).get_supxlabel().replace("\n", " ")
    assert "comic 4, chinese painting 5, sketch 6; in 3 groups" in note
    assert "2 seeds" in note


def test_a_class_without_images_has_an_empty_row(class_predictions):
    axes = confusion_matrices(class_predictions[class_predictions["target"] != 1], TYPES).axes[0]
    assert [text.get_text() for text in axes.texts][3:6] == ["", "", ""]


@pytest.mark.parametrize(("classes", "across", "down"), [(4, 4, 2), (9, 2, 3)])
def test_as_many_matrices_stand_abreast_as_can_be_read(class_predictions, classes, across, down):
    methods = [class_predictions.assign(method=f"m{number}") for number in range(5)]
    names = [f"class {place}" for place in range(classes)]
    grid = confusion_matrices(pd.concat(methods), names).axes[0].get_gridspec()
    assert (grid.ncols, grid.nrows) == (across, down)


def test_right_answers_stand_left_and_wrong_ones_right_the_surest_first(one):
    images = {id: np.full((8, 8, 3), place, dtype=np.uint8) for place, id in enumerate(one["id"])}
    figure = examples(images, one, TYPES)
    lines = np.reshape(figure.axes, (3, 9))
    comics = one[one["target"] == 0].sort_values("confidence", ascending=False)
    known = comics["prediction"] == 0
    assert captions(lines[0, :4]) == [f"{value:.2f}" for value in comics["confidence"][known]]
    wrong = [f"called sketch,\n{value:.2f}" for value in comics["confidence"][~known]]
    assert captions(lines[0, 5:]) == wrong
    shown = lines[0, 0].images[0].get_array()[0, 0, 0]
    assert list(images)[shown] == comics["id"][known].iloc[0]
    assert [axes.get_title(loc="left") for axes in (lines[0, 0], lines[0, 5])] == ["right (2)", "wrong (2)"]
    assert not captions(lines[1, 5:])
    assert lines[1, 0].get_ylabel() == "chinese\npainting"
    assert "13 of 15 images right" in figure.get_supxlabel()


def test_what_does_not_fit_together_is_refused(class_predictions, one):
    with pytest.raises(ReportError, match="no column 'group'"):
        confusion_matrices(class_predictions.drop(columns="group"), TYPES)
    with pytest.raises(ReportError, match="no rows"):
        confusion_matrices(class_predictions.iloc[:0], TYPES)
    with pytest.raises(ReportError, match="2 fields"):
        confusion_matrices(class_predictions.assign(field=["moods", "types"] * 30), TYPES)
    with pytest.raises(ReportError, match="2 classes, but an index 2"):
        confusion_matrices(class_predictions, TYPES[:2])
    with pytest.raises(ReportError, match="no column 'confidence'"):
        examples({}, one.drop(columns="confidence"), TYPES)
    with pytest.raises(ReportError, match="2 methods"):
        examples({}, class_predictions, TYPES)
    with pytest.raises(ReportError, match="2 seeds"):
        examples({}, class_predictions[class_predictions["method"] == "fusenet"], TYPES)
    with pytest.raises(ReportError, match="no image"):
        examples({}, one, TYPES)
