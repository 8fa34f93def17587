"""Scaling is what was asked for, empty maps say so, and nothing is drawn of what cannot be."""

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures import attention_grid, randomisation


@pytest.fixture
def two(images):
    """Two images and two kinds of map: largest values 2 and 4 in the first row, 1 and -1 in the second."""
    shape = np.zeros((16, 16))
    shape[3, 5] = 1
    return images[:2], {"single": np.stack([2 * shape, shape]), "common": np.stack([4 * shape, -1 - shape])}


def strongest(figure):
    """The colour in each map at its peak: rows, maps, 3."""
    panels = [axes for axes in figure.axes if axes.images and axes.get_label() != "<colorbar>"]
    return np.array([axes.images[0].get_array()[3, 5] for axes in panels]).reshape(2, 3, 3)[:, 1:].astype(int)


@pytest.mark.parametrize(
    ("scaling", "alike"),
    [
        ("each", [(0, 0), (0, 1), (1, 0)]),
        ("row", [(0, 1), (1, 0)]),
        ("all", [(0, 1)]),
        (2.0, [(0, 0), (0, 1)]),
        (100, []),
    ],
)
def test_the_brightest_colour_stands_for_what_was_asked(two, scaling, alike):
    images, maps = two
    peaks = strongest(attention_grid(np.zeros_like(images), maps, ["a", "b"], scaling))
    brightest = peaks.sum(axis=2) > 600
    assert sorted(map(tuple, np.argwhere(brightest))) == sorted(alike)


def test_a_map_with_nothing_positive_says_so(two):
    images, maps = two
    figure = attention_grid(images, maps, ["a", "b"], "all")
    said = [[text.get_text() for text in axes.texts] for axes in figure.axes[:6]]
    assert said == [[], [], [], [], [], ["nothing positive"]]
    assert [axes.get_xlabel() for axes in figure.axes[:6]] == ["", "max 2", "max 4", "", "max 1", "max −1"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), images[0])


def test_all_maps_empty_still_draws(two):
    images, maps = two
    empty = {name: -np.ones_like(of_name) for name, of_name in maps.items()}
    for scaling in ("each", "row", "all", 1.0):
        figure = attention_grid(images, empty, ["a", "b"], scaling)
        figure.draw_without_rendering()
        assert sum(len(axes.texts) for axes in figure.axes) == 4


def test_the_colour_bar_has_the_scale(two):
    images, maps = two
    bar = attention_grid(images, maps, ["a", "b"], "all").axes[-1]
    assert bar.get_xlim() == (0, 4)
    assert "logit" in bar.get_xlabel()
    assert "row's largest" in attention_grid(images, maps, ["a", "b"], "row").axes[-1].get_xlabel()


def test_captions_and_masks_stand_with_their_rows(two, masks):
    images, maps = two
    figure = attention_grid(images, maps, ["a", "b"], "row", masks[:2], {"single": ["p 0.9", "p 0.1"]})
    assert figure.axes[1].get_xlabel() == "p 0.9\nmax 2"
    assert [bool(axes.collections) for axes in figure.axes[:6]] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("scaling", ["max", 0, -1.0, None, float("nan")])
def test_another_scaling_is_refused(two, scaling):
    with pytest.raises(ReportError, match="scaling is"):
        attention_grid(*two, ["a", "b"], scaling)


def test_what_does_not_fit_together_is_refused(two, masks):
    images, maps = two
    with pytest.raises(ReportError, match="'single' have the shape"):
        attention_grid(images, {"single": maps["single"][:, :8]}, ["a", "b"], "row")
    with pytest.raises(ReportError, match="not finite"):
        attention_grid(images, {"single": maps["single"] * np.nan}, ["a", "b"], "row")
    with pytest.raises(ReportError, match="nothing to draw"):
        attention_grid(images, {}, ["a", "b"], "row")
    with pytest.raises(ReportError, match="as many names"):
        attention_grid(images, maps, ["a"], "row")
    with pytest.raises(ReportError, match="masks"):
        attention_grid(images, maps, ["a", "b"], "row", masks)


def test_randomisation_writes_each_mean_into_its_cell(overlap):
    table = overlap.assign(correlation=[-0.5 + 0.1 * n for n in range(len(overlap))])
    written = {text.get_text() for text in randomisation(table).axes[0].texts}
    assert written == {f"{value:+.2f}" for value in table["correlation"]}
