import re

import numpy as np
import pandas as pd

from artnb.reporting.tables import cells, to_html


def test_a_column_has_the_decimals_that_its_numbers_need():
    assert cells(pd.Series([0.5, 0.12345, np.nan])) == ["0.500", "0.123", "–"]
    assert cells(pd.Series([3.0, np.nan])) == ["3", "–"]
    assert cells(pd.Series([1890, 1905])) == ["1890", "1905"]
    assert cells(pd.Series([9_700_722, 12])) == ["9,700,722", "12"]
    assert cells(pd.Series([0.00002, 0.2])) == ["2e−05", "0.2"]
    assert cells(pd.Series([-0.5, 0.0])) == ["−0.500", "0.000"]
    assert cells(pd.Series([True, False])) == ["yes", "no"]
    assert cells(pd.Series(["Käthe", None])) == ["Käthe", "–"]
    assert cells(pd.Series([], dtype=float)) == []


def test_numbers_stand_right_and_text_left():
    html = to_html(pd.DataFrame({"art_field": ["garden"], "gain": [0.1], "holds": [True]}))
    assert re.findall(r'<td style="text-align:(\w+)">', html) == ["left", "right", "left"]
    assert ">art field<" in html


def test_text_is_escaped():
    html = to_html(pd.DataFrame({"<b>": ["<script>alert(1)</script>"]}))
    assert "<script>" not in html
    assert "<b>" not in html


def test_a_long_table_says_what_it_leaves_out():
    html = to_html(pd.DataFrame({"n": range(1200)}), longest=10)
    assert html.count("<tr>") == 11
    assert "The first 10 of 1,200 rows." in html
