"""Points, lines and marks carry the numbers of the tables."""

import io
import warnings

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures.palette import FIELDS, INK, WIDTH
from artnb.figures.planted import false_alarms, planted, power


@pytest.fixture
def drawings(outcomes, fit, curves):
    return {
        "planted": lambda: planted(outcomes, fit),
        "power": lambda: power(curves),
        "false_alarms": lambda: false_alarms(outcomes),
    }


@pytest.mark.parametrize("name", ["planted", "power", "false_alarms"])
def test_it_can_be_read(drawings, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawings[name]()
        figure.savefig(io.BytesIO(), format="png")
    assert figure.get_suptitle()
    assert "n" in figure.get_supxlabel()
    assert figure.get_size_inches()[0] == WIDTH


def test_every_experiment_stands_left_of_its_commonality_with_its_interval(outcomes, fit):
    axes = planted(outcomes, fit).axes[0]
    means = outcomes[outcomes["field"] == "mean"]
    points = axes.lines[0].get_xydata()
    np.testing.assert_allclose(points[:, 1], means["gain"])
    left = means["planted"].to_numpy() - points[:, 0]
    assert ((left > 0) & (left < 0.1)).all()
    assert len(np.unique(points[:, 0])) == len(points)
    ends = [segment[:, 1] for segment in axes.collections[0].get_segments()]
    np.testing.assert_allclose(ends, means[["low", "high"]])


def test_an_interval_of_few_ateliers_does_not_set_the_scale(outcomes, fit):
    calm = planted(outcomes, fit).axes[0].get_ylim()
    half = fit["planted"].eq(0.5) & fit["quantity"].eq("mean")
    wild = fit.assign(low=fit["low"].mask(half, -0.6), n=fit["n"].mask(half, 2))
    assert planted(outcomes, wild).axes[0].get_ylim() == calm
    assert planted(outcomes, wild.assign(n=3)).axes[0].get_ylim()[0] < -0.6


def test_the_line_its_slope_and_the_means_are_those_of_the_fit(outcomes, fit):
    axes = planted(outcomes, fit).axes[0]
    _, line, means, zero = axes.lines
    for drawn, quantity in ((line, "line"), (means, "mean")):
        expected = fit[fit["quantity"] == quantity]
        np.testing.assert_allclose(drawn.get_xydata(), expected[["planted", "estimate"]])
    assert list(zero.get_ydata()) == [0, 0]
    assert axes.get_title(loc="left") == "slope +0.080  [+0.050, +0.110]"
    note = planted(outcomes, fit).get_supxlabel().replace("\n", " ")
    assert "the line over 4. n: 12 experiments in 4 ateliers" in note
    assert "3 seeds and 400 test images in 390 groups" in note


def test_a_panel_for_each_number_of_seeds_a_line_for_each_commonality(curves):
    figure = power(curves)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["2 seeds", "5 seeds"]
    for axes, seeds in zip(figure.axes, (2, 5), strict=True):
        *lines, goal = axes.lines
        assert list(goal.get_ydata()) == [0.8, 0.8]
        for line, share in zip(lines, (0, 0.5, 1), strict=True):
            curve = curves[(curves["seeds"] == seeds) & (curves["planted"] == share)]
            np.testing.assert_allclose(line.get_xydata(), curve[["images", "power"]])
    assert [text.get_text() for text in figure.legends[0].texts] == ["1 (+0.08)", "0.5 (+0.04)", "0 (0)"]


def test_intervals_clear_of_zero_are_marked_and_counted(outcomes):
    figure = false_alarms(outcomes)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["painting\n2 of 4", "garden\n0 of 4", "mean\n1 of 4"]
    for axes, colour, found in zip(
        figure.axes, (FIELDS["painting"], FIELDS["garden"], INK), (2, 0, 1), strict=True
    ):
        including, excluding, _ = axes.lines
        assert len(excluding.get_xdata()) == found
        assert excluding.get_color() == colour
        gains = np.concatenate([including.get_xydata(), excluding.get_xydata()])
        assert (np.diff(gains[np.argsort(gains[:, 0]), 1]) >= 0).all()


def test_a_table_without_a_column_or_rows_is_refused(outcomes, fit, curves):
    with pytest.raises(ReportError, match="no column 'atelier'"):
        planted(outcomes.drop(columns="atelier"), fit)
    with pytest.raises(ReportError, match="no outcomes of the mean"):
        planted(outcomes[outcomes["field"] != "mean"], fit)
    with pytest.raises(ReportError, match="no column 'estimate'"):
        planted(outcomes, fit.drop(columns="estimate"))
    with pytest.raises(ReportError, match="no column 'power'"):
        power(curves.drop(columns="power"))
    with pytest.raises(ReportError, match="no outcomes at commonality 0"):
        false_alarms(outcomes[outcomes["planted"] > 0])
