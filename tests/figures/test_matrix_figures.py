"""Cells and arrows carry the numbers of the table."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, Rectangle

from artnb.errors import ReportError
from artnb.figures.matrix import SHADES, exchange_graph, exchange_matrix, relevance_graph, relevance_matrix
from artnb.figures.palette import FIELDS, WIDTH


@pytest.mark.parametrize("draw", [relevance_matrix, relevance_graph])
def test_it_can_be_read(added, draw):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = draw(added)
        figure.savefig(io.BytesIO(), format="png")
    note = figure.get_supxlabel().replace("\n", " ")
    assert "5 seeds" in note
    assert "garden 300; in 750 groups" in note
    assert figure.get_size_inches()[0] == WIDTH


def test_a_cell_has_its_number_its_interval_and_its_shade(added):
    axes = relevance_matrix(added).axes[0]
    cells = {
        tuple(np.add(patch.get_xy(), 0.5)): patch for patch in axes.patches if isinstance(patch, Rectangle)
    }
    assert set(cells) == {(x, y) for y in range(3) for x in (0, 1, 2, 3.25) if x != y}
    texts = {(text.get_position()[0], round(text.get_position()[1])): [] for text in axes.texts}
    for text in axes.texts:
        texts[text.get_position()[0], round(text.get_position()[1])].append(text)
    gain, interval = texts[0, 2]
    assert (gain.get_text(), interval.get_text()) == ("+0.060", "[+0.020, +0.100]")
    assert gain.get_weight() == interval.get_weight() == "bold"
    loss, _ = texts[0, 1]
    assert (loss.get_text(), loss.get_weight()) == ("−0.030", "bold")
    assert texts[1, 0][0].get_weight() == "normal"
    assert to_hex(cells[0, 2].get_facecolor()) == to_hex(SHADES(0.95))
    assert to_hex(cells[0, 1].get_facecolor()) == to_hex(SHADES(0.5 - 0.225))


def test_an_area_is_shaded_about_one_half_and_a_network_knows_its_own_field(exchanged):
    axes = exchange_matrix(exchanged).axes[0]
    texts = {}
    for text in axes.texts:
        texts.setdefault((round(text.get_position()[0]), round(text.get_position()[1])), []).append(text)
    assert [text.get_text() for text in texts[0, 2]] == ["0.80", "[0.70, 0.90]"]
    assert texts[0, 2][0].get_weight() == "bold"
    assert texts[0, 1][0].get_weight() == "normal"
    assert [text.get_text() for text in texts[1, 1]] == ["0.90", "[0.80, 1.00]"]
    assert len(texts) == 9


def test_an_arrow_is_as_wide_as_its_area_is_above_chance(exchanged):
    axes = exchange_graph(exchanged).axes[0]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    rows = exchanged[exchanged["field"] != exchanged["partner"]]
    assert len(arrows) == len(rows) == 6
    widths = [arrow.get_arrowstyle().tail_width for arrow in arrows]
    expected = 9 * (rows["auroc"] - 0.5).abs() / 0.3
    np.testing.assert_allclose(widths, expected, rtol=1e-6)
    assert [arrow.get_alpha() == 1 for arrow in arrows] == (rows["low"] > 0.5).tolist()


def test_fields_have_their_colours_on_both_sides(added):
    axes = relevance_matrix(added).axes[0]
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        colours = {label.get_text(): label.get_color() for label in labels}
        assert colours["garden"] == FIELDS["garden"]
    assert [label.get_text() for label in axes.get_xticklabels()][-1] == "all the others"


def test_an_arrow_is_as_wide_as_its_gain_and_faint_where_it_may_be_none(added):
    axes = relevance_graph(added).axes[0]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    rows = added[added["partner"] != "together"]
    assert len(arrows) == len(rows) == 6
    for arrow, row in zip(arrows, rows.itertuples(), strict=True):
        assert arrow.get_arrowstyle().tail_width == pytest.approx(9 * abs(row.gain) / 0.06)
        assert to_hex(arrow.get_edgecolor()) == FIELDS[row.partner].lower()
        assert arrow.get_alpha() == (1 if row.partner == "painting" else 0.25)
        full = to_hex(arrow.get_facecolor()) == FIELDS[row.partner].lower()
        assert full == (row.gain > 0)


def test_gains_of_nothing_and_intervals_that_are_not_known_can_be_drawn(added):
    nothing = added.assign(gain=0.0, low=np.nan, high=np.nan)
    arrows = relevance_graph(nothing).axes[0].patches
    assert {arrow.get_alpha() for arrow in arrows} == {0.25}
    assert relevance_matrix(nothing).axes[0].texts[1].get_text() == "no interval"


@pytest.mark.parametrize("draw", [relevance_matrix, relevance_graph])
def test_a_table_without_a_column_or_rows_is_refused(added, draw):
    with pytest.raises(ReportError, match="no column 'partner'"):
        draw(added.drop(columns="partner"))
    with pytest.raises(ReportError, match="no rows"):
        draw(added.iloc[:0])
