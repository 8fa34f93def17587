"""Bars are the counts; outlines follow the masks, to the border; images are shown unchanged."""

import numpy as np

from artnb.figures import contact_sheet, counts, cues


def test_bars_are_the_counts_per_split(catalogue):
    figure = counts(catalogue)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["train", "validation", "test"]
    for axes, split in zip(figure.axes, ("train", "validation", "test"), strict=True):
        expected = catalogue[catalogue["split"] == split].groupby(["field", "label"]).size()
        assert sorted(bar.get_width() for bar in axes.patches) == sorted(expected)
    assert sorted({text.get_text() for text in figure.axes[0].texts}) == ["3 (2)", "5 (4)"]
    assert f"n = {len(catalogue)} images" in figure.get_supxlabel()


def test_a_catalogue_that_is_not_split_has_one_panel(catalogue):
    figure = counts(catalogue.assign(split=""))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["not split yet"]


def test_images_are_shown_unchanged_under_their_names(images):
    figure = contact_sheet({("painting", "artistic"): images, ("garden", "non_artistic"): images[:2]})
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(shown, [*images, *images[:2]])
    names = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert names == ["painting\nartistic", "garden\nnon-artistic"]


def test_an_outline_closes_at_the_border_and_no_cue_has_none(images, masks):
    figure = cues(images, masks, [str(i) for i in range(8)])
    outlined = [len(axes.collections) > 0 for axes in figure.axes[:8]]
    assert outlined == [True, False] * 4
    path = figure.axes[0].collections[0].get_paths()[0].vertices
    np.testing.assert_allclose([path.min(axis=0), path.max(axis=0)], [[9.5, 3.5], [15.5, 8.5]])
    np.testing.assert_allclose(path[0], path[-1])
