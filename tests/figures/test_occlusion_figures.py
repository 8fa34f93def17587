"""Every part is where it belongs, and nothing is drawn of what cannot be."""

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures.heatmap import COLOURS
from artnb.figures.occlusion import Blurred, Sight, blurring, exploration

ANSWERS = {
    "single": {"non_artistic": 0.3, "artistic": 0.7},
    "multi-2": {"non_artistic": 0.4, "artistic": 0.6},
}


@pytest.fixture
def sights(images, masks):
    """Largest values 2, 1 and -1."""
    shape = np.zeros((16, 16))
    shape[3, 5] = 1
    region, elsewhere = Blurred(images[1], masks[0], "0.7 → 0.2"), Blurred(images[2], masks[2], "0.7 → 0.6")
    maps = {"single": 2 * shape, "individual": shape, "common": -1 - shape}
    return {name: Sight(map, "for artistic", region, elsewhere) for name, map in maps.items()}


def panels(figure):
    """Images and the texts below them, three rows, without the answers and the empty corner."""
    return [axes for axes in figure.axes if axes.images and axes.get_label() != "<colorbar>"]


def test_the_parts_of_an_exploration(images, sights):
    figure = exploration(images[0], sights, ANSWERS, "all", caption="labelled artistic")
    drawn = panels(figure)
    assert len(drawn) == 10
    np.testing.assert_array_equal(drawn[0].images[0].get_array(), images[0])
    for axes in drawn[4:7]:
        np.testing.assert_array_equal(axes.images[0].get_array(), images[1])
        assert axes.get_xlabel() == "0.7 → 0.2"
        assert axes.collections  # the outline
    assert [axes.get_xlabel() for axes in drawn[:4]] == [
        "labelled artistic", *(f"for artistic\nmax {value}" for value in ("2", "1", "−1"))
    ]  # fmt: skip
    (answers,) = [axes for axes in figure.axes if axes.patches and not axes.images]
    assert [text.get_text() for text in answers.texts] == [
        "single", "non-artistic", "0.30", "artistic", "0.70",
        "multi-2", "non-artistic", "0.40", "artistic", "0.60",
    ]  # fmt: skip
    assert [bar.get_width() for bar in answers.patches[1::2]] == [0.3, 0.7, 0.4, 0.6]


@pytest.mark.parametrize(
    ("scaling", "bright"),
    [("all", [True, False]), ("row", [True, False]), ("each", [True, True]), (1.0, [True, True])],
)
def test_the_brightest_colour_at_full_opacity_is_the_colour_maps(images, sights, scaling, bright):
    peaks = [
        axes.images[0].get_array()[3, 5]
        for axes in panels(exploration(images[0], sights, ANSWERS, scaling, 1.0))[1:3]
    ]
    brightest = (255 * np.array(COLOURS(1.0)[:3])).round()
    assert [bool((peak == brightest).all()) for peak in peaks] == bright


def test_without_opacity_only_the_image_in_grey_is_left(images, sights):
    _, first, second, _ = (
        axes.images[0].get_array() for axes in panels(exploration(images[0], sights, ANSWERS, "all", 0))[:4]
    )
    np.testing.assert_array_equal(first, second)
    assert (first.max(axis=2) == first.min(axis=2)).all()


def test_no_words_of_an_exploration_coincide(images, sights):
    figure = exploration(images[0], sights, ANSWERS, "each")
    figure.draw_without_rendering()
    boxes = [
        text.get_window_extent()
        for axes in figure.axes
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts)
        if text.get_text() and text.get_visible()
    ]
    boxes += [text.get_window_extent() for text in (figure._suptitle, figure._supxlabel)]
    assert len(boxes) > 20
    for i, box in enumerate(boxes):
        for other in boxes[i + 1 :]:
            across, down = (
                min(box.x1, other.x1) - max(box.x0, other.x0),
                min(box.y1, other.y1) - max(box.y0, other.y0),
            )
            assert across < 1 or down < 1


def test_what_cannot_be_explored_is_refused(images, sights):
    with pytest.raises(ReportError, match="opacity is 2"):
        exploration(images[0], sights, ANSWERS, "all", 2)
    with pytest.raises(ReportError, match="nothing to draw"):
        exploration(images[0], {}, ANSWERS, "all")
    with pytest.raises(ReportError, match="scaling is 'some'"):
        exploration(images[0], sights, ANSWERS, "some")
    small = sights | {"single": sights["single"]._replace(map=np.zeros((16, 8)))}
    with pytest.raises(ReportError, match=r"'single' is \(16, 8\)"):
        exploration(images[0], small, ANSWERS, "all")


def test_effects_are_drawn_where_they_are(blurred_effects):
    axes = blurring(blurred_effects).axes[0]
    bands = {(round(bar.get_x(), 6), round(bar.get_x() + bar.get_width(), 6)) for bar in axes.patches}
    expected = zip(
        blurred_effects["random_low"].round(6), blurred_effects["random_high"].round(6), strict=True
    )
    assert bands == set(expected)
    with pytest.raises(ReportError, match="no column 'random'"):
        blurring(blurred_effects.drop(columns="random"))
    with pytest.raises(ReportError, match="no rows"):
        blurring(blurred_effects.iloc[:0])
