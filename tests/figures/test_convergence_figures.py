"""Curves are means over seeds, marked where runs first come near their best; gaps are those of the table."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures import convergence, gap
from artnb.figures.convergence import converged


def lines_of(axes):
    return [line for line in axes.lines if line.get_linestyle() != "None" and len(line.get_xdata()) > 1]


def test_a_line_is_the_mean_over_seeds_and_its_band_the_range(converging):
    figure = convergence(converging)
    single = converging.query("method == 'single' and split == 'validation' and set == 'original'")
    by_epoch = single.groupby("epoch")["accuracy"]
    original, augmented = lines_of(figure.axes[0])
    np.testing.assert_allclose(original.get_ydata(), by_epoch.mean())
    np.testing.assert_allclose(augmented.get_ydata(), [0.4, 0.6, 0.885, 0.9, 0.85])
    assert original.get_linestyle() != augmented.get_linestyle()
    assert original.get_color() != augmented.get_color()
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    assert [band[band[:, 0] == 3][:, 1].min(), band[band[:, 0] == 3][:, 1].max()] == [0.6, 0.785]


def test_the_mark_stands_where_runs_first_came_within_002_of_their_best(converging):
    axes = convergence(converging).axes[0]
    original, augmented = (line for line in axes.lines if len(line.get_xdata()) == 1)
    assert original.get_xdata()[0] == pytest.approx(10 / 3)  # epochs 3, 3 and 4
    assert augmented.get_xdata()[0] == 3
    assert augmented.get_ydata()[0] == pytest.approx(0.885)
    assert [text.get_text() for text in axes.texts] == ["original 3, augmented 3"]
    best = pd.DataFrame({"seed": 0, "epoch": [1, 2, 3], "accuracy": [0.77, 0.78, 0.8]})
    assert converged(best) == 2


def test_without_sets_there_is_one_line_and_one_epoch_can_be_drawn(converging):
    axes = convergence(converging.query("set == 'original'").drop(columns="set")).axes[0]
    assert len(lines_of(axes)) == 1
    first = convergence(converging[converging["epoch"] == 1]).axes[0]
    assert [text.get_text() for text in first.texts] == ["original 1, augmented 1"]


def test_published_accuracies_stand_in_the_panel_of_their_method(converging):
    published = pd.DataFrame({"method": ["multi-2", "other"], "epoch": [50, 90], "accuracy": [0.97, 0.1]})
    single, multi = convergence(converging, published).axes
    marks = [line for line in multi.lines if line.get_marker() == "D"]
    assert [line.get_xydata().tolist() for line in marks] == [[[50, 0.97]]]
    assert 50 < multi.get_xlim()[1] < 90
    assert not any(len(line.get_xdata()) for line in single.lines if line.get_marker() == "D")


def test_histories_of_another_form_are_refused(converging):
    with pytest.raises(ReportError, match="no column 'epoch'"):
        convergence(converging.drop(columns="epoch"))
    with pytest.raises(ReportError, match="split 'validation'"):
        convergence(converging[converging["split"] == "train"])
    with pytest.raises(ReportError, match="2 fields"):
        convergence(pd.concat([converging, converging.assign(field="garden")]))


def test_a_gap_joins_training_and_test_in_their_row(overfitted):
    figure = gap(overfitted)
    axes = figure.axes[0]
    names = dict(zip(axes.get_yticks(), [label.get_text() for label in axes.get_yticklabels()], strict=True))
    assert list(names.values()) == ["s-cnn", "original", "augmented", "dkse 1x1+5x5", "original", "augmented"]
    for row, y in zip(overfitted.itertuples(), [1, 2, 4.35, 5.35], strict=True):
        assert names[y] == row.set
        here = [line for line in axes.lines if line.get_ydata()[0] == y]
        dots = {
            line.get_markerfacecolor(): line.get_xdata()[0] for line in here if len(line.get_xdata()) == 1
        }
        assert dots == {"white": row.training, "#262626": row.accuracy}
        assert [row.training, row.accuracy] in [list(line.get_xdata()) for line in here]
        assert [row.low, row.high] in [list(line.get_xdata()) for line in here]
    written = [text.get_text() for text in axes.texts]
    assert "+0.200  [+0.140, +0.250]" in written
    assert "n = 80 test images in 60 groups" in figure.get_supxlabel().replace("\n", " ")


def test_one_set_needs_no_headings_and_an_unknown_interval_says_so(overfitted):
    table = overfitted[overfitted["set"] == "original"].drop(columns="set").assign(gap_low=np.nan)
    axes = gap(table).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["s-cnn", "dkse 1x1+5x5"]
    assert "+0.200  no interval" in [text.get_text() for text in axes.texts]


def test_a_table_of_gaps_of_another_form_is_refused(overfitted):
    with pytest.raises(ReportError, match="no column 'gap_low'"):
        gap(overfitted.drop(columns="gap_low"))
    with pytest.raises(ReportError, match="no rows"):
        gap(overfitted.iloc[:0])
