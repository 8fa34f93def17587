"""Panels carry the numbers of the three tables."""

import io
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from artnb.errors import ReportError
from artnb.figures.affinities import affinities
from artnb.figures.palette import FIELDS, WIDTH


@pytest.fixture
def drawn(near, added, ranked):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = affinities(near, added, ranked)
        figure.savefig(io.BytesIO(), format="png")
    return figure


def test_it_can_be_read(drawn):
    note = drawn.get_supxlabel().replace("\n", " ")
    assert "mean of 2 seeds" in note
    assert "garden 300; in 750 groups" in note
    assert drawn.get_size_inches()[0] == WIDTH


def test_a_panel_says_how_far_it_agrees_and_what_it_costs(drawn):
    titles = [axes.get_title(loc="left") for axes in drawn.axes]
    assert titles[0] == "lookahead, cost 0.045\nρ = −0.50 [−0.84, +0.10], n = 6"
    assert titles[2] == "CKA of branches, cost 2.2\nρ = not defined, n = 3"
    assert len(drawn.axes) == 6
    assert not drawn.axes[5].axison
    assert [text.get_text() for text in drawn.axes[5].get_legend().get_texts()] == [
        "painting",
        "sculpture",
        "garden",
    ]


def test_a_point_stands_at_the_mean_of_the_seeds_and_at_the_gain(drawn, near, added):
    axes = drawn.axes[0]
    points = {
        (line.get_xdata()[0], line.get_ydata()[0]): to_hex(line.get_color())
        for line in axes.lines
        if line.get_marker() == "o"
    }
    assert len(points) == 6
    affinity = near.query("method == 'lookahead' and field == 'garden' and partner == 'painting'")["affinity"]
    assert points[affinity.mean(), 0.06] == FIELDS["garden"].lower()
    spans = [(tuple(line.get_xdata()), tuple(line.get_ydata())) for line in axes.lines]
    assert ((affinity.mean(),) * 2, (0.02, 0.1)) in spans
    assert ((affinity.min(), affinity.max()), (0.06, 0.06)) in spans


def test_gains_without_intervals_and_methods_of_ones_own_can_be_drawn(near, added, ranked):
    own = {"method": {"transfer": "mine"}}
    figure = affinities(near.replace(own), added.assign(low=np.nan, high=np.nan), ranked.replace(own))
    assert figure.axes[4].get_xlabel() == "affinity"


@pytest.mark.parametrize("place", range(3))
def test_a_table_without_a_column_or_rows_is_refused(near, added, ranked, place):
    tables: list[pd.DataFrame] = [near, added, ranked]
    column = ("partner", "gain", "cost")[place]
    with pytest.raises(ReportError, match=f"no column '{column}'"):
        affinities(*(t.drop(columns=column) if i == place else t for i, t in enumerate(tables)))
    with pytest.raises(ReportError, match="no rows"):
        affinities(*(t.iloc[:0] if i == place else t for i, t in enumerate(tables)))
