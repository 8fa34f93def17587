"""Claims and truths stand above, what is pretended to below, each as the table has it."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures import leak

PROTOCOLS = ("augment_then_split", "split_then_augment", "difference")
QUANTITIES = ("claimed", "true", "pretended")


@pytest.fixture
def claims() -> pd.DataFrame:
    table = pd.MultiIndex.from_product([PROTOCOLS, QUANTITIES], names=["protocol", "quantity"]).to_frame(
        False
    )
    table["value"] = [0.9, 0.6, 0.3, 0.55, 0.6, -0.05, 0.35, 0.0, 0.35]
    table["low"], table["high"] = table["value"] - 0.1, table["value"] + 0.05
    return table.assign(seeds=3, images=[450, 300, 450] * 3, groups=[60, 200, 60] * 3)


def test_dots_lines_and_numbers_are_the_table(claims):
    accuracy, excess = leak(claims).axes
    for axes, rows in ((accuracy, [0, 1, 3, 4]), (excess, [2, 5, 8])):
        lines = [line for line in axes.lines if line.get_linewidth() == 2]
        dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() not in ("None", None, "")]
        expected = claims.loc[rows]
        assert np.allclose([line.get_xdata() for line in lines], expected[["low", "high"]])
        assert np.allclose(dots, expected["value"])
        assert len(axes.texts) == len(rows)
    assert accuracy.texts[0].get_text() == "0.900  [0.800, 0.950]"
    assert excess.texts[1].get_text() == "−0.050  [−0.150, +0.000]"
    names = [label.get_text() for label in excess.get_yticklabels()]
    assert names == ["augment, then split", "split, then augment", "difference"]


def test_the_note_says_of_how_many(claims):
    note = " ".join(leak(claims).get_supxlabel().split())
    assert "450 images of 60 groups over all seeds" in note
    assert "test images, 300 images of 200 groups" in note
    assert "3 seeds" in note


def test_a_table_without_a_column_or_rows_is_refused(claims):
    with pytest.raises(ReportError, match="no column 'quantity'"):
        leak(claims.drop(columns="quantity"))
    with pytest.raises(ReportError, match="no rows"):
        leak(claims.iloc[:0])
