"""L-BFGS between bounds against SciPy's L-BFGS-B."""

import numpy as np
import torch
from scipy.optimize import minimize

from artnb.style.lbfgs import LBFGS, LONGEST


def test_it_comes_where_scipy_comes():
    """An ill-conditioned quadratic whose free minimum lies outside some of the bounds."""
    drawn = np.random.default_rng(0)
    basis, _ = np.linalg.qr(drawn.normal(size=(20, 20)))
    curvature = basis @ np.diag(np.geomspace(1, 100, 20)) @ basis.T
    centre = drawn.uniform(-0.5, 1.5, 20)
    theirs = minimize(
        lambda x: ((x - centre) @ curvature @ (x - centre) / 2, curvature @ (x - centre)),
        np.full(20, 0.5),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, 1)] * 20,
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    assert ((theirs.x == 0) | (theirs.x == 1)).sum() > 3

    matrix, middle = torch.from_numpy(curvature), torch.from_numpy(centre)
    ours = LBFGS(torch.full((20,), 0.5, dtype=torch.float64))
    for _ in range(300):
        ours.step(matrix @ (ours.point - middle))
    np.testing.assert_allclose(ours.point, theirs.x, atol=1e-5)


def test_no_step_is_longer_than_the_longest():
    ours = LBFGS(torch.full((2, 3), 0.5))
    before = ours.point
    for gradient in (1e9, -1e-9, 1e9, 0.0):
        after = ours.step(torch.full((2, 3), gradient))
        assert (after - before).square().mean().sqrt() <= LONGEST * 1.001
        assert after.isfinite().all()
        before = after
