"""Dots, lines and published marks carry the numbers of the tables."""

import numpy as np
import pytest

from artnb.figures import accuracies, gains, overlaps
from artnb.figures.palette import FIELDS, GREY


def drawn(axes):
    """What stands in the axes: dots (x, y), lines (low, high, y), and the names of the rows at their y."""
    points = [line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata()) == 1]
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in points]
    intervals = [(*line.get_xdata(), line.get_ydata()[0]) for line in axes.lines if line.get_linewidth() == 2]
    names = {
        tick: label.get_text() for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    }
    return dots, intervals, names


def test_dots_and_lines_are_the_table(estimates):
    figure = accuracies(estimates)
    dots, intervals, names = drawn(figure.axes[0])
    methods = set(estimates["method"])
    for (x, y), (low, high, _) in zip(dots, intervals, strict=True):
        field = names[max(place for place, name in names.items() if place < y and name not in methods)]
        row = estimates[(estimates["field"] == field) & (estimates["method"] == names[y])].iloc[0]
        assert [x, low, high] == row[["accuracy", "low", "high"]].tolist()
    assert len(dots) == len(estimates)


def test_the_numbers_stand_beside_the_dots(estimates):
    texts = [text.get_text() for text in gains(estimates).axes[0].texts]
    assert "−0.100  [0.530, 0.650]" not in texts
    assert "−0.100  [+0.530, +0.650]" in texts
    assert len(texts) == len(estimates)


def test_single_is_grey_and_a_field_has_its_colour(estimates):
    axes = accuracies(estimates).axes[0]
    colours = [line.get_color() for line in axes.lines if line.get_linewidth() == 2]
    assert colours[:4] == [GREY] * 4
    assert colours[5:9] == list(FIELDS.values())
    assert [label.get_color() for label in axes.get_yticklabels() if label.get_text() == "garden"] == [
        FIELDS["garden"]
    ]


def test_published_values_stand_in_their_rows_and_only_there(estimates):
    published = estimates[["method", "field", "accuracy"]].assign(accuracy=0.5, source="Sato, Table 4")
    published.loc[0, "field"] = "poster"
    published.loc[1, "method"] = "multi-7"
    marks = [line for line in accuracies(estimates, published).axes[0].lines if line.get_marker() == "D"]
    assert len(marks) == 1
    assert len(marks[0].get_xdata()) == len(estimates) - 2
    rows = {y for _, y in drawn(accuracies(estimates).axes[0])[0]}
    assert set(marks[0].get_ydata()) <= rows
    (key,) = accuracies(estimates, published).axes[0].get_legend().get_texts()
    assert key.get_text() == "published (Sato, Table 4), on other images"
    assert accuracies(estimates, published.assign(method="other")).axes[0].get_legend() is None


def test_a_gain_has_its_line_of_none(estimates):
    figure = gains(estimates[estimates["method"] == "multi-2"])
    axes = figure.axes[0]
    assert any(list(line.get_xdata()) == [0, 0] for line in axes.lines)
    assert [label.get_text() for label in axes.get_yticklabels()] == [*FIELDS, "mean"]
    assert "multi-2" in figure.get_suptitle()


def test_the_note_says_what_the_intervals_are_of(estimates):
    assert "3 seeds and groups" in accuracies(estimates).get_supxlabel().replace("\n", " ")
    alone = accuracies(estimates.assign(seeds=1)).get_supxlabel().replace("\n", " ")
    assert "one seed only" in alone
    assert "painting 80" in alone
    assert "240 groups" in alone
    sets = accuracies(estimates.assign(set=estimates["field"])).get_supxlabel().replace("\n", " ")
    assert "n = 80 test images in 60 groups" in sets


def test_an_interval_that_is_not_known_draws_no_line(estimates):
    dots, intervals, _ = drawn(accuracies(estimates.assign(low=np.nan, high=np.nan)).axes[0])
    assert len(dots) == len(estimates)
    assert np.isnan([low for low, _, _ in intervals]).all()


def test_overlaps_are_the_table_and_chance_stands_in_every_row(overlap):
    axes = overlaps(overlap).axes[0]
    dots, _, _ = drawn(axes)
    assert sorted(x for x, _ in dots) == pytest.approx(sorted(overlap["overlap"]))
    chance = next(line for line in axes.lines if line.get_marker() == "|")
    assert list(chance.get_xdata()) == [0.1] * 12
    assert sorted(chance.get_ydata()) == sorted(y for _, y in dots)
    assert not [
        line for line in overlaps(overlap.drop(columns="chance")).axes[0].lines if line.get_marker() == "|"
    ]
