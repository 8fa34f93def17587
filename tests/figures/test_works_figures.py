"""The curves are the tables', a pair of panels for each field, all on one scale."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures.palette import FIELDS, GREY
from artnb.figures.works import gain_by_works


def curves(axes):
    """Colour and points of each line with marks."""
    return [
        (line.get_color(), *np.transpose(line.get_xydata()).tolist())
        for line in axes.lines
        if line.get_marker() != "None"
    ]


def bands(axes):
    """The corners of each band."""
    return [{tuple(corner) for corner in band.get_paths()[0].vertices} for band in axes.collections]


def test_each_field_has_its_gain_above_its_accuracies(by_works):
    gains, accuracies = by_works
    shown = gain_by_works(gains, accuracies).axes
    assert len(shown) == 10
    for place, (field, colour) in enumerate([*FIELDS.items(), ("mean", "#262626")]):
        above, below = shown[place], shown[place + 5]
        assert above.get_title(loc="left") == field
        of_field = gains[gains["field"] == field]
        assert curves(above) == [(colour, of_field["works"].tolist(), of_field["gain"].tolist())]
        corners = {*zip(of_field["works"], of_field["low"], strict=True)}
        assert corners | {*zip(of_field["works"], of_field["high"], strict=True)} <= bands(above)[0]
        both = accuracies[accuracies["field"] == field]
        single, multi = (both[both["method"] == method] for method in ("single", "multi-2"))
        assert curves(below) == [
            (GREY, single["works"].tolist(), single["accuracy"].tolist()),
            (colour, multi["works"].tolist(), multi["accuracy"].tolist()),
        ]


def test_works_in_another_order_draw_the_same(by_works):
    gains, accuracies = by_works
    turned = gain_by_works(gains[::-1], accuracies[::-1])
    found = {axes.get_title(loc="left"): curves(axes) for axes in turned.axes}
    for axes in gain_by_works(gains, accuracies).axes[:5]:
        assert found[axes.get_title(loc="left")] == curves(axes)


def test_doublings_are_equally_far_apart_and_all_panels_have_one_scale(by_works):
    axes = gain_by_works(*by_works).axes
    for row in (axes[:5], axes[5:]):
        assert len({panel.get_ylim() for panel in row}) == 1
    below = axes[5]
    assert [label.get_text() for label in below.get_xticklabels()] == ["20", "40", "80", "160"]
    places = below.transData.transform([(works, 0.5) for works in (20, 40, 80)])[:, 0]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])


def test_more_fields_than_stand_abreast_go_on_below(by_works):
    more = [pd.concat([table, table.assign(field=table["field"] + " II")]) for table in by_works]
    assert len(gain_by_works(*more).axes) == 20
    three = [table[table["field"].isin(["painting", "garden"])] for table in by_works]
    assert len(gain_by_works(*three).axes) == 4
    six = [table[~table["field"].isin(["mean II", "garden II", "painting II"])] for table in more]
    assert len(gain_by_works(*six).axes) == 14


def test_the_note_counts(by_works):
    note = gain_by_works(*by_works).get_supxlabel().replace("\n", " ")
    assert "3 seeds and groups of test images" in note
    assert "painting 80" in note
    assert "240 groups" in note


def test_a_table_without_a_column_or_rows_is_refused(by_works):
    gains, accuracies = by_works
    with pytest.raises(ReportError, match="gains have no column 'works'"):
        gain_by_works(gains.drop(columns="works"), accuracies)
    with pytest.raises(ReportError, match="accuracies have no column 'accuracy'"):
        gain_by_works(gains, gains)
    with pytest.raises(ReportError, match="no gains to draw"):
        gain_by_works(gains.iloc[:0], accuracies)
