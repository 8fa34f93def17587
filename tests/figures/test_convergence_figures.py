"""Curves are means over seeds, marked where runs first come near their best; gaps are those of the table."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures import convergence, gap


@pytest.fixture
def converged(converging):
    """When the fixture's runs came near: what `training.convergence` says of them."""
    rows = converging[["method", "set"]].drop_duplicates()
    return rows.assign(epochs=rows["set"].map({"original": 10 / 3, "augmented": 3}), near=0.02)


def lines_of(axes):
    return [line for line in axes.lines if line.get_linestyle() != "None" and len(line.get_xdata()) > 1]


def test_a_line_is_the_mean_over_seeds_and_its_band_the_range(converging, converged):
    figure = convergence(converging, converged)
    single = converging.query("method == 'single' and split == 'validation' and set == 'original'")
    by_epoch = single.groupby("epoch")["accuracy"]
    original, augmented = lines_of(figure.axes[0])
    np.testing.assert_allclose(original.get_ydata(), by_epoch.mean())
    np.testing.assert_allclose(augmented.get_ydata(), [0.4, 0.6, 0.885, 0.9, 0.85])
    assert original.get_linestyle() != augmented.get_linestyle()
    assert original.get_color() != augmented.get_color()
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    assert [band[band[:, 0] == 3][:, 1].min(), band[band[:, 0] == 3][:, 1].max()] == [0.6, 0.785]


def test_the_mark_stands_at_the_epoch_of_the_table(converging, converged):
    figure = convergence(converging, converged)
    original, augmented = (line for line in figure.axes[0].lines if len(line.get_xdata()) == 1)
    assert original.get_xdata()[0] == pytest.approx(10 / 3)
    assert augmented.get_xdata()[0] == 3
    assert augmented.get_ydata()[0] == pytest.approx(0.885)
    assert [text.get_text() for text in figure.axes[0].texts] == ["original 3, augmented 3"]
    assert "within 0.02 of their best" in figure.get_supxlabel().replace("\n", " ")


def test_without_sets_there_is_one_line_and_one_epoch_can_be_drawn(converging, converged):
    alone = (table.query("set == 'original'").drop(columns="set") for table in (converging, converged))
    assert len(lines_of(convergence(*alone).axes[0])) == 1
    first = convergence(converging[converging["epoch"] == 1], converged.assign(epochs=1)).axes[0]
    assert [text.get_text() for text in first.texts] == ["original 1, augmented 1"]


def test_published_accuracies_are_levels_in_the_panel_of_their_method(converging, converged):
    published = pd.DataFrame({"method": ["multi-2", "other"], "epoch": [50, 90], "accuracy": [0.97, 0.1]})
    figure = convergence(converging, converged, published.assign(source="Wu, Figure 4"))
    single, multi = figure.axes
    levels = [line.get_ydata() for line in multi.lines if list(line.get_xdata()) == [0, 1]]
    assert levels == [[0.97, 0.97]]
    assert "by epoch 50" in [text.get_text() for text in multi.texts]
    assert multi.get_xlim()[1] < 6
    assert not any(list(line.get_xdata()) == [0, 1] for line in single.lines)
    assert "Wu, Figure 4" in figure.get_supxlabel().replace("\n", " ")
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1].startswith("published")


def test_histories_of_another_form_are_refused(converging, converged):
    with pytest.raises(ReportError, match="no column 'epoch'"):
        convergence(converging.drop(columns="epoch"), converged)
    with pytest.raises(ReportError, match="no column 'epochs'"):
        convergence(converging, converged.drop(columns="epochs"))
    with pytest.raises(ReportError, match="split 'validation'"):
        convergence(converging[converging["split"] == "train"], converged)
    with pytest.raises(ReportError, match="2 fields"):
        convergence(pd.concat([converging, converging.assign(field="garden")]), converged)


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
