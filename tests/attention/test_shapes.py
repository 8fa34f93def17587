"""The shape of discs, Gaussians and points, whose measures are known, and what must not change them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from artnb.attention.shapes import bright_overlap, pointing, shape
from artnb.errors import ModelError

SIZE = 64
Y, X = np.mgrid[:SIZE, :SIZE]


def disc(y, x, radius, height=1.0):
    return torch.tensor(height * (np.hypot(Y - y, X - x) <= radius))


def gaussian(y, x, deviation):
    return torch.tensor(np.exp(-((Y - y) ** 2 + (X - x) ** 2) / (2 * deviation**2)))


def test_a_disc():
    map = disc(20, 40, 9)
    pixels = int(map.sum())
    [row] = shape(map[None]).to_dict("records")
    assert row["area"] == pixels / SIZE**2
    assert row["spread"] == pytest.approx(np.log(pixels) / np.log(SIZE**2))
    assert (row["y"], row["x"]) == pytest.approx((20.5 / SIZE, 40.5 / SIZE))
    assert row["foci"] == 1


@pytest.mark.parametrize("deviation", [4.0, 7.0])
def test_a_gaussian(deviation):
    """Its differential entropy is ln(2 pi e s^2), and it is above half within the radius s sqrt(2 ln 2)."""
    [row] = shape(gaussian(32, 32, deviation)[None]).to_dict("records")
    nats = np.log(2 * np.pi * np.e * deviation**2)
    assert row["spread"] == pytest.approx(nats / np.log(SIZE**2), rel=1e-3)
    assert row["area"] == pytest.approx(2 * np.pi * np.log(2) * deviation**2 / SIZE**2, rel=0.05)
    assert (row["y"], row["x"], row["foci"]) == pytest.approx((32.5 / SIZE, 32.5 / SIZE, 1), rel=1e-3)


def test_an_even_map_and_a_point():
    point = torch.zeros(SIZE, SIZE)
    point[3, 5] = 7.0
    even, at = shape(torch.stack([torch.ones(SIZE, SIZE), point])).to_dict("records")
    assert even == pytest.approx({"spread": 1, "area": 1, "foci": 1, "y": 0.5, "x": 0.5})
    assert (at["spread"], at["area"]) == (0, 1 / SIZE**2)
    assert at["foci"] == 0  # smaller than anything that a map of 16 x 16 cells can show


def test_the_spread_is_the_entropy_of_scipy():
    maps = torch.randn(5, 8, 9, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    expected = entropy(maps.relu().flatten(1).numpy(), axis=1) / np.log(72)
    np.testing.assert_allclose(shape(maps)["spread"], expected)


def test_foci_are_counted():
    near, far = disc(10, 10, 4), disc(45, 45, 6)
    corner = torch.zeros(SIZE, SIZE)
    corner[10:14, 10:14] = corner[14:18, 14:18] = 1  # they meet at a corner
    maps = {
        "one": far,
        "two": near + far,
        "a third below half": near + far + disc(10, 50, 4, 0.49),
        "a third too small": near + far + disc(10, 50, 0.5),
        "against": near + far - 5 * disc(10, 50, 4),
        "corner": corner,
    }
    counted = shape(torch.stack([map.double() for map in maps.values()]))["foci"]
    assert dict(zip(maps, counted, strict=True)) == {
        "one": 1, "two": 2, "a third below half": 2, "a third too small": 2, "against": 2, "corner": 1
    }  # fmt: skip


def test_what_has_no_positive_part_has_no_shape():
    table = shape(torch.stack([-disc(9, 9, 5), torch.zeros(SIZE, SIZE), disc(9, 9, 5)]))
    assert table.isna().all(axis=1).tolist() == [True, True, False]
    assert shape(-torch.ones(2, 4, 4)).isna().all(axis=None)
    assert shape(torch.ones(0, 4, 4)).empty


def test_what_is_not_finite_is_refused():
    with pytest.raises(ModelError, match="not finite"):
        shape(torch.tensor([[[1.0, float("nan")]]]))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-6, 1e6))
def test_a_positive_factor_changes_nothing(seed, scale):
    maps = torch.randn(3, 12, 12, dtype=torch.double, generator=torch.Generator().manual_seed(seed))
    np.testing.assert_allclose(shape(scale * maps), shape(maps), rtol=1e-9)
    np.testing.assert_array_equal(bright_overlap(scale * maps, maps), 1)


@settings(max_examples=30, deadline=None)
@given(down=st.integers(-15, 15), right=st.integers(-15, 15), radius=st.integers(2, 14))
def test_shifting_moves_the_centre_and_nothing_else(down, right, radius):
    before, after = shape(torch.stack([disc(31, 31, radius), disc(31 + down, 31 + right, radius)])).to_numpy()
    np.testing.assert_allclose(after - before, [0, 0, 0, down / SIZE, right / SIZE], atol=1e-9)


def test_overlap_by_hand():
    one, two, against = torch.zeros(4, 4), torch.zeros(4, 4), -torch.ones(4, 4)
    one[0], two[:, 0] = torch.tensor([4.0, 3.0, 2.0, 1.9]), torch.tensor([8.0, 4.0, 4.0, 1.0])
    first, second = torch.stack([one, one, one, against]), torch.stack([two, one, against, against])
    expected = [1 / 5, 1, np.nan, np.nan]  # three places each, one of them the same
    np.testing.assert_allclose(bright_overlap(first, second), expected)
    np.testing.assert_allclose(bright_overlap(second, first), expected)


def test_pointing_by_hand():
    masks = np.zeros((4, 4, 4), bool)
    masks[:, :2, :2] = True
    maps = torch.zeros(4, 4, 4)
    maps[0, 1, 1], maps[0, 3, 3] = 2.0, 1.9
    maps[1, 1, 1], maps[1, 3, 3] = -9.0, 0.1
    maps[2] = -1 + torch.eye(4) * 0.5
    np.testing.assert_array_equal(pointing(maps, masks), [1, 0, np.nan, np.nan])
