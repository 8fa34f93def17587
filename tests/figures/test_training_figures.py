"""Curves are means over seeds, bands their range; reliability against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve

from artnb.errors import ReportError
from artnb.figures import calibration, learning_curves
from artnb.figures.training import reliability


def test_a_curve_is_the_mean_over_seeds_and_its_band_the_range(history):
    figure = learning_curves(history, split="train")
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(history["field"].unique())
    garden = history.query("field == 'garden' and split == 'train' and method == 'multi-2'")
    by_epoch = garden.groupby("epoch")["accuracy"]
    axes = figure.axes[3]
    curve = next(line for line in axes.lines if line.get_label() == "multi-2")
    np.testing.assert_allclose(curve.get_xdata(), [1, 2, 3, 4, 5])
    np.testing.assert_allclose(curve.get_ydata(), by_epoch.mean())
    band = axes.collections[1].get_paths()[0].vertices
    for epoch, (low, high) in by_epoch.agg(["min", "max"]).iterrows():
        heights = band[band[:, 0] == epoch][:, 1]
        assert heights.min() == pytest.approx(low)
        assert heights.max() == pytest.approx(high)


def test_another_metric_and_a_split_that_is_not_there(history):
    axes = learning_curves(history, metric="loss").axes[0]
    assert axes.get_ylabel() == "cross-entropy (nats)"
    with pytest.raises(ReportError, match="split 'test'"):
        learning_curves(history, split="test")
    with pytest.raises(ReportError, match="no column 'auroc'"):
        learning_curves(history, metric="auroc")


@pytest.mark.parametrize("fields", [1, 2, 5, 7])
def test_any_number_of_fields_has_a_panel_each(fields, history, predictions):
    names = [f"field {i}" for i in range(fields)]
    copies = [history[history["field"] == "garden"].assign(field=name) for name in names]
    figure = learning_curves(pd.concat(copies))
    assert [axes.get_title(loc="left") for axes in figure.axes] == names
    copies = [predictions[predictions["field"] == "garden"].assign(field=name) for name in names]
    assert len(calibration(pd.concat(copies)).axes) == fields


def test_reliability_is_that_of_scikit_learn(predictions):
    bins = reliability(predictions)
    share, probability = calibration_curve(predictions["target"], predictions["probability"], n_bins=10)
    np.testing.assert_allclose(bins["share"], share)
    np.testing.assert_allclose(bins["probability"], probability)
    assert bins["predictions"].sum() == len(predictions)


def test_reliability_and_its_error_by_hand():
    table = pd.DataFrame(
        {
            "method": "single",
            "seed": 0,
            "field": "garden",
            "probability": [0.0, 0.05, 0.95, 1.0],
            "target": [0, 1, 1, 1],
        }
    )
    bins = reliability(table)
    assert bins["probability"].tolist() == pytest.approx([0.025, 0.975])
    assert bins["share"].tolist() == [0.5, 1.0]
    axes = calibration(table).axes[0]
    assert axes.texts[0].get_text() == "ECE\nsingle 0.250"  # (2 * 0.475 + 2 * 0.025) / 4
    np.testing.assert_allclose(axes.collections[0].get_offsets(), bins[["probability", "share"]])
