"""Streams of random numbers: known values, because whoever changes them changes every result."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artnb.seeding import derive, generator

NAMES = st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=4)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ((0,), 7210762507766007076),
        ((0, "batches", "garden", 1), 8005574771759251047),
        ((1, "canon", "all fields"), 7017815140054710320),
        ((-3, "é"), 2229053180555595906),
    ],
)
def test_known_streams(arguments, value):
    assert derive(*arguments) == value


def test_a_known_generator():
    assert generator(0, "picture", "garden", 7).integers(0, 1000, 5).tolist() == [457, 170, 842, 254, 445]


@given(seed=st.integers(), names=NAMES)
def test_seeds_fit_torch_and_numpy(seed, names):
    assert 0 <= derive(seed, *names) < 2**63


@given(seed=st.integers(), names=NAMES, other=NAMES)
def test_other_names_are_other_streams(seed, names, other):
    if list(map(str, names)) != list(map(str, other)):
        assert derive(seed, *names) != derive(seed, *other)
    assert derive(seed, *names) != derive(seed + 1, *names)


def test_names_do_not_run_together():
    assert len({derive(0, "ab", "c"), derive(0, "a", "bc"), derive(0, "abc"), derive(0, "a", "b", "c")}) == 4


def test_a_stream_does_not_depend_on_what_was_drawn_before():
    alone = generator(5, "b").random(4)
    generator(5, "a").random(100)
    np.random.seed(3)  # noqa: NPY002
    np.testing.assert_array_equal(generator(5, "b").random(4), alone)


def test_streams_are_uncorrelated():
    draws = np.array([generator(0, "stream", index).normal(size=1000) for index in range(30)])
    correlations = np.corrcoef(draws)[np.triu_indices(30, 1)]
    assert np.abs(correlations).max() < 0.15  # 4.7 standard errors, of 435
    assert abs(correlations.mean()) < 0.01


def test_numpy_integers_count_as_integers():
    assert derive(np.int64(3), np.int64(4)) == derive(3, 4)
