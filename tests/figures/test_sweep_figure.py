"""What a sweep's figure shows is the table's: dots, means, a panel a result."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures.sweep import LARGEST, in_order, sweep, written


@pytest.fixture
def swept() -> pd.DataFrame:
    """Two results of three rates, two widths and two seeds."""
    rows = [
        (f"{seed}{rate}{width}", seed, rate, width, panel, scale * (rate + width + seed))
        for panel, scale in (("accuracy", 1.0), ("loss", -2.0))
        for seed in (0, 1)
        for rate in (0.1, 0.001, 0.01)
        for width in (8, 4)
    ]
    return pd.DataFrame(rows, columns=["combination", "seed", "rate", "width", "panel", "value"])


def drawn(axes):
    return [np.asarray(line.get_xydata(), float) for line in axes.lines]


def test_dots_are_combinations_and_lines_their_means(swept):
    figure = sweep(swept, "rate", "width")
    accuracy, loss = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["accuracy", "loss"]
    assert [tick.get_text() for tick in accuracy.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    dots, means, dots_of_8, means_of_8 = drawn(accuracy)
    assert len(dots) == len(dots_of_8) == 6
    assert means[:, 1] == pytest.approx([4.501, 4.51, 4.6])  # over seeds 0 and 1
    assert means_of_8[:, 1] == pytest.approx([8.501, 8.51, 8.6])
    assert drawn(loss)[1][:, 1] == pytest.approx(-2 * means[:, 1])
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["4", "8"]
    assert "12 combinations" in figure.get_supxlabel()
    assert "the same rate and width" in figure.get_supxlabel()


def test_without_lines_there_is_one_and_no_legend(swept):
    figure = sweep(swept, "rate")
    assert [len(axes.lines) for axes in figure.axes] == [2, 2]
    assert drawn(figure.axes[0])[1][:, 1] == pytest.approx([6.501, 6.51, 6.6])
    assert not figure.legends


def test_more_panels_than_fit_are_said(swept):
    many = pd.concat([swept.assign(panel=f"result {n}") for n in range(LARGEST + 3)])
    figure = sweep(many, "rate")
    assert len(figure.axes) == LARGEST
    assert f"The first {LARGEST} of {LARGEST + 3} results" in figure.get_supxlabel()


def test_values_in_order():
    assert in_order(pd.Series([3, 1, 3, 2])) == [1, 2, 3]
    assert in_order(pd.Series(["b", "a", "b"])) == ["b", "a"]
    assert [written(value) for value in (0.0003, -1, True, "multi-2")] == ["0.0003", "−1", "yes", "multi-2"]


def test_a_table_without_a_column_or_rows_is_refused(swept):
    with pytest.raises(ReportError, match="no column 'depth'"):
        sweep(swept, "rate", "depth")
    with pytest.raises(ReportError, match="no rows"):
        sweep(swept.iloc[:0], "rate")
