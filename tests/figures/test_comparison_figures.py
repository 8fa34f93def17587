"""Dots, lines and bands carry the numbers of the tables, and what is no evidence is not drawn."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from artnb.errors import ReportError
from artnb.figures.comparison import map_agreement, map_differences
from artnb.figures.palette import WIDTH

NAMES = ("multi-2 − single", "multi-2: common − individual", "single: artistic − not")


def drawn(axes):
    dots = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    lines = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 2]
    bands = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return dots, lines, bands


def test_dots_lines_and_bands_are_the_rows_of_the_measure(differing):
    axes = map_differences(differing, "foci").axes[0]
    dots, lines, bands = drawn(axes)
    rows = differing[differing["measure"] == "foci"]
    assert dots == rows["difference"].tolist()
    assert lines == list(zip(rows["low"], rows["high"], strict=True))
    assert [band.get_x() for band in bands] == pytest.approx((-rows["floor"]).tolist())
    assert [band.get_width() for band in bands] == pytest.approx((2 * rows["floor"]).tolist())
    heights = [line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert [band.get_y() + band.get_height() / 2 for band in bands] == pytest.approx(heights)
    assert "number of foci" in axes.get_xlabel()
    assert "foci" in map_differences(differing, "foci").get_suptitle()


def test_agreement_has_no_band(differing):
    axes = map_agreement(differing[differing["measure"] == "area"]).axes[0]
    dots, lines, bands = drawn(axes)
    assert (len(dots), len(lines), len(bands)) == (9, 9, 0)


def test_what_failed_the_check_is_named_and_not_drawn(differing):
    failed = differing.assign(evidence=differing["comparison"] != NAMES[1])
    figure = map_differences(failed, "area")
    assert len(drawn(figure.axes[0])[0]) == 6
    assert f"failed the randomisation check: {NAMES[1]}" in figure.get_supxlabel().replace("\n", " ")
    assert "failed" not in map_differences(differing, "area").get_supxlabel()
    with pytest.raises(ReportError, match="passed the randomisation check"):
        map_differences(differing.assign(evidence=False), "area")
    with pytest.raises(ReportError, match="no such measure"):
        map_differences(differing, "size")


def test_the_note_says_of_how_many(differing):
    note = map_differences(differing, "area").get_supxlabel().replace("\n", " ")
    assert "Seeds: 3." in note
    one = map_differences(differing.assign(seeds=[1, 3] * 9), "area").get_supxlabel().replace("\n", " ")
    assert "Seeds: 1 or 3." in one
    assert "painting 80, garden 80; in 120 groups" in note
    assert "nowhere positive: 10% to 24%" in note


def test_a_floor_or_an_interval_that_is_not_known_is_not_drawn(differing):
    unknown = differing.assign(floor=np.nan, low=np.nan, high=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        map_differences(unknown, "area").savefig(io.BytesIO(), format="png")


def test_a_table_without_a_column_or_rows_is_refused(differing):
    for figure, column in ((lambda t: map_differences(t, "area"), "floor"), (map_agreement, "pair")):
        with pytest.raises(ReportError, match=f"no column '{column}'"):
            figure(differing.drop(columns=column))
        with pytest.raises(ReportError, match="no rows"):
            figure(differing.iloc[:0])


def test_they_can_be_read(differing):
    for figure in (
        map_differences(differing, "area"),
        map_agreement(differing[differing["measure"] == "area"]),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.savefig(io.BytesIO(), format="png")
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert width == WIDTH
        assert box.x0 > -0.02
        assert box.x1 < width + 0.02
        assert box.y0 > -0.02
        assert box.y1 < height + 0.02
