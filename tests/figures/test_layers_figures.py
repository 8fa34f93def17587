"""The strongest channels of each layer stand in order, on one scale of the layer."""

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures import feature_maps


def test_the_strongest_channels_stand_first_on_one_scale(images, layers):
    lines = np.reshape(feature_maps(images[0], layers).axes[:24], (3, 8))
    np.testing.assert_array_equal(lines[0, 0].images[0].get_array(), images[0])
    assert [axes.get_xlabel() for axes in lines[1]] == [f"channel {number}" for number in range(11, 3, -1)]
    for axes, number in zip(lines[1], range(11, 3, -1), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), layers["stem"][number])
        assert axes.images[0].get_clim() == (0, layers["stem"].max())
        assert axes.images[0].get_interpolation() == "nearest"
    assert lines[1, 0].get_ylabel() == "stem\n12 × 6 × 6\n0 to 12"


def test_a_layer_of_few_channels_without_an_answer_says_so(images, layers):
    lines = np.reshape(feature_maps(images[0], layers).axes[:24], (3, 8))
    assert lines[2, 0].get_ylabel() == "layer1.0.conv2\n3 × 2 × 4\nnothing positive"
    assert [bool(axes.images) for axes in lines[2]] == [True] * 3 + [False] * 5


def test_layers_of_another_form_are_refused(images, layers):
    with pytest.raises(ReportError, match="nothing to draw"):
        feature_maps(images[0], {})
    with pytest.raises(ReportError, match="'stem' is \\(1, 12, 6, 6\\)"):
        feature_maps(images[0], {"stem": layers["stem"][None]})
    with pytest.raises(ReportError, match="finite"):
        feature_maps(images[0], {"stem": layers["stem"] * np.nan})
    with pytest.raises(ReportError, match="H W 3, uint8"):
        feature_maps(images[0] / 255, layers)
