"""Twenty visitors at once, as tests/benchmarks/visitors.py lets them come."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))


@pytest.mark.slow
def test_of_twenty_visitors_nobody_loses_anything():
    from visitors import load_test

    results, wrong, _, table = load_test(visitors=20, jobs=1)
    assert (results, wrong) == (20, 0), table
