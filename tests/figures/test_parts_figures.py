"""Differences stand below their question, accuracies at their number, each with its interval."""

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures import ablation, against


def test_each_variant_stands_below_its_question(ablated):
    axes = ablation(ablated).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["layer", "6", "9", "branches", "1x1+5x5", "r", "8"]
    places = dict(zip(axes.get_yticks(), names, strict=True))
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    found = [(places[line.get_ydata()[0]], line.get_xdata()[0]) for line in dots]
    assert found == list(zip(ablated["variant"], ablated["gain"], strict=True))
    intervals = [list(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 2]
    assert intervals == ablated[["low", "high"]].to_numpy().tolist()
    assert "−0.030  [−0.050, +0.000]" in [text.get_text() for text in axes.texts]
    assert any(list(line.get_xdata()) == [0, 0] for line in axes.lines)


def test_published_differences_stand_in_their_rows_and_only_there(ablated):
    published = ablated[["question", "variant", "gain"]].assign(gain=0.05)
    published.loc[0, "variant"] = "12"
    axes = ablation(ablated, published).axes[0]
    marks = [line for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in marks] == [0.05] * 3
    assert axes.get_legend().get_texts()[0].get_text() == "published, on other images"


def test_a_variant_alone_is_named_in_the_title(ablated):
    figure = ablation(ablated.iloc[:1].assign(low=np.nan, high=np.nan))
    assert figure.get_suptitle().endswith(": 6")
    assert [text.get_text() for text in figure.axes[0].texts] == ["+0.020  no interval"]


def test_accuracies_stand_at_their_numbers_above_the_gains(by_modules):
    figure = against(*by_modules[:1], "modules", by_modules[1], "recalibration modules")
    accuracy, gain = figure.axes
    above, below = accuracy.lines[0], gain.lines[0]
    assert above.get_xydata().tolist() == [[0, 0.7], [3, 0.75], [16, 0.8]]
    assert below.get_xydata().tolist() == [[3, 0.05], [16, 0.1]]
    corners = {tuple(corner) for corner in gain.collections[0].get_paths()[0].vertices}
    assert {(3, -0.01), (3, 0.09), (16, 0.04), (16, 0.2)} <= corners
    assert [text.get_text() for text in accuracy.texts] == ["0.700", "0.750", "0.800"]
    assert [label.get_text() for label in gain.get_xticklabels()] == ["0", "3", "16"]
    assert gain.get_xlabel() == "recalibration modules"
    assert "over modules 0" in figure.get_supxlabel().replace("\n", " ")


def test_without_gains_there_is_one_panel(by_modules):
    figure = against(by_modules[0], "modules")
    assert len(figure.axes) == 1
    assert figure.axes[0].get_xlabel() == "modules"
    assert "Gain" not in figure.get_supxlabel()


def test_the_interval_of_a_single_gain_is_drawn(by_modules):
    accuracies, gains = by_modules
    (panel,) = (
        axes
        for axes in against(accuracies, "modules", gains.iloc[:1], "modules").axes
        if axes.get_ylabel() == "gain"
    )
    ends = [segment[:, 1].tolist() for lines in panel.collections[:1] for segment in lines.get_segments()]
    assert ends == gains.iloc[:1][["low", "high"]].to_numpy().tolist()


def test_tables_of_another_form_are_refused(ablated, by_modules):
    with pytest.raises(ReportError, match="no column 'question'"):
        ablation(ablated.drop(columns="question"))
    with pytest.raises(ReportError, match="no rows"):
        ablation(ablated.iloc[:0])
    with pytest.raises(ReportError, match="accuracies have no column 'layers'"):
        against(by_modules[0], "layers")
    with pytest.raises(ReportError, match="gains have no column 'gain'"):
        against(by_modules[0], "modules", by_modules[0])
