"""The published tables, digit by digit where the paper prints them, and beside ours."""

import pandas as pd
import pytest

from artnb.relevance import accuracy, published


def test_tables_as_printed():
    assert published.table_4().to_numpy().tolist() == [
        ["single", 0.6834, 0.8353, 0.7280, 0.8825],
        ["multi-1", 0.7128, 0.8518, 0.7482, 0.9295],
        ["multi-2", 0.6957, 0.8650, 0.7820, 0.9314],
        ["multi-3", 0.7086, 0.8482, 0.7490, 0.9167],
    ]
    assert published.table_2()["method"].tolist() == ["single", "multi-1"]
    assert published.table_3()["parameters"].tolist() == [9_700_722, 26_699_634, 9_184_626, 4_694_898]


def test_gains_and_means():
    gains = published.gains().set_index(["method", "field"])["gain"]
    assert gains["multi-1", "garden"] == pytest.approx(0.0470)
    assert gains["multi-2", "mean"] == pytest.approx((0.0123 + 0.0297 + 0.0540 + 0.0489) / 4)
    assert (gains > 0).all()
    means = published.accuracies().query("field == 'mean'").set_index("method")["accuracy"]
    assert means["single"] == pytest.approx(0.7823)


def ours(fields):
    rows = [
        {"method": method, "seed": 0, "field": field, "id": str(i), "group": str(i), "correct": i < right}
        for method, right in (("single", 2), ("multi-2", 3))
        for field in fields
        for i in range(4)
    ]
    return accuracy(pd.DataFrame(rows))


def test_ours_stand_below_theirs():
    table = published.side_by_side(ours(published.FIELDS)).set_index(["method", "source"])
    assert table.loc[("single", "published"), "sculpture"] == 0.7280
    assert table.loc[("single", "here"), "sculpture"] == 0.5
    assert table.loc[("multi-2", "here, low"), "mean"] <= 0.75 <= table.loc[("multi-2", "here, high"), "mean"]
    assert table.index[0] == ("single", "published")
    assert ("multi-3", "published") in table.index
    assert ("multi-3", "here") not in table.index


def test_fields_that_the_paper_has_not():
    table = published.side_by_side(ours(["painting", "poster"])).set_index(["method", "source"])
    assert table.loc[("single", "published"), "painting"] == 0.6834
    assert table.loc[("single", "published"), ["poster", "mean"]].isna().all()
    alone = published.side_by_side(ours(["poster"]))
    assert set(alone["source"]) == {"here", "here, low", "here, high"}
