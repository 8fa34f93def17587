"""The geometry of canons, decoys and poses; the constants are free, the laws are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, procrustes
from scipy.spatial.distance import pdist
from sklearn.metrics import roc_auc_score

from artnb.atelier import canon as module
from artnb.atelier.canon import broken, canon, distances, posed

SEEDS = st.integers(0, 10**6)


def misfit(points: np.ndarray, placed: np.ndarray) -> float:
    """The sum of squares that no turn, scale and shift of `points` takes from `placed`."""
    return procrustes(points, placed)[2] * ((placed - placed.mean(0)) ** 2).sum()


def turn_and_scale(points: np.ndarray, placed: np.ndarray) -> tuple[float, float]:
    """Of the best similarity without reflection, by complex regression."""
    z, w = (p[:, 0] + 1j * p[:, 1] for p in (points - points.mean(0), placed - placed.mean(0)))
    factor = np.vdot(z, w) / np.vdot(z, z)
    return float(np.angle(factor)), float(np.abs(factor))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_a_canon_keeps_its_reach_and_its_spacing(seed):
    points = canon(seed, "garden")
    assert points.shape == (module.ACCENTS, 2)
    assert np.abs(points).max() <= module.REACH
    assert pdist(points).min() > module.SPACING
    np.testing.assert_array_equal(points, canon(seed, "garden"))


def test_canons_differ_by_seed_and_by_name():
    canons = [canon(seed, name) for seed in range(3) for name in ("garden", "painting", "all fields")]
    for index, first in enumerate(canons):
        assert all(procrustes(first, second)[2] > 0.01 for second in canons[index + 1 :])


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_a_decoy_has_some_accents_out_of_place_and_the_canons_number_reach_and_spacing(seed):
    points = canon(seed, "garden")
    before = points.copy()
    decoy = broken(points, np.random.default_rng(seed))
    np.testing.assert_array_equal(points, before)
    assert decoy.shape == points.shape
    moved = np.linalg.norm(decoy - points, axis=1)
    assert np.count_nonzero(moved) == module.OUT_OF_PLACE
    low, high = module.DISPLACEMENT
    assert all(low < distance < high for distance in moved[moved > 0])
    assert np.abs(decoy).max() <= module.REACH
    assert pdist(decoy).min() > module.SPACING


def test_every_accent_is_out_of_place_at_times():
    points, rng = canon(0, "garden"), np.random.default_rng(0)
    moved = sum(np.any(broken(points, rng) != points, axis=1).astype(int) for _ in range(300))
    expected = 300 * module.OUT_OF_PLACE / module.ACCENTS
    assert np.abs(moved - expected).max() < 5 * np.sqrt(expected)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS)
def test_posed_accents_keep_the_margin(seed):
    placed = posed(canon(seed, "garden"), np.random.default_rng(seed))
    assert placed.min() >= module.MARGIN
    assert placed.max() <= 1 - module.MARGIN


@pytest.fixture
def roomy(monkeypatch):
    """Scales at which no accent meets the margin, whatever the turn."""
    monkeypatch.setattr(module, "SCALE", (0.5, 0.6))
    monkeypatch.setattr(module, "REACH", 0.38)
    monkeypatch.setattr(module, "SPACING", 0.2)
    monkeypatch.setattr(module, "MARGIN", 0.07)
    monkeypatch.setattr(module, "TURN", 0.3)
    monkeypatch.setattr(module, "SHIFT", 0.02)


def test_without_unevenness_a_pose_is_a_similarity(roomy, monkeypatch):
    monkeypatch.setattr(module, "UNEVENNESS", 0.0)
    rng = np.random.default_rng(0)
    found = []
    for seed in range(200):
        points = canon(seed, "garden")
        placed = posed(points, rng)
        assert misfit(points, placed) < 1e-20
        turn, scale = turn_and_scale(points, placed)
        found.append((turn, scale))
        similar = (points - points.mean(0)) @ rotation(turn).T * scale + placed.mean(0)
        np.testing.assert_allclose(similar, placed, atol=1e-12)  # no reflection: a canon has a handedness
    turns, scales = np.array(found).T
    assert turns.std() == pytest.approx(0.3, rel=0.2)
    assert abs(turns.mean()) < 0.3 * 4 / np.sqrt(200)
    assert 0.5 <= scales.min() < 0.51
    assert 0.59 < scales.max() <= 0.6


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_what_a_similarity_leaves_is_the_unevenness(roomy, monkeypatch):
    monkeypatch.setattr(module, "UNEVENNESS", 0.01)
    rng = np.random.default_rng(0)
    left = [misfit(points, posed(points, rng)) for points in (canon(seed, "garden") for seed in range(300))]
    free = 2 * module.ACCENTS - 4  # a similarity takes up four of the coordinates' freedoms
    assert np.mean(left) / free == pytest.approx(0.01**2, rel=0.12)


def test_poses_are_moved_as_a_whole_around_the_middle(roomy, monkeypatch):
    monkeypatch.setattr(module, "UNEVENNESS", 0.0)
    rng = np.random.default_rng(0)
    shifts = []
    for seed in range(300):
        points = canon(seed, "garden")
        placed = posed(points, rng)
        turn, scale = turn_and_scale(points, placed)
        shifts.append(placed.mean(0) - 0.5 - rotation(turn) @ points.mean(0) * scale)
    assert np.std(shifts, axis=0) == pytest.approx([0.02, 0.02], rel=0.2)
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.02 * 4 / np.sqrt(300)


def test_a_pose_of_the_canon_is_nearer_to_it_than_a_pose_of_a_decoy():
    rng = np.random.default_rng(0)
    for seed in range(5):
        points = canon(seed, "garden")
        true = [procrustes(points, posed(points, rng))[2] for _ in range(100)]
        decoys = [procrustes(points, posed(broken(points, rng), rng))[2] for _ in range(100)]
        assert roc_auc_score([0] * 100 + [1] * 100, true + decoys) > 0.8


@pytest.fixture(scope="module")
def poses() -> dict[str, list[np.ndarray]]:
    """Of a canon and of its decoy, for 600 canons."""
    rng = np.random.default_rng(0)
    canons = [canon(seed, "garden") for seed in range(600)]
    return {
        "true": [posed(points, rng) for points in canons],
        "decoys": [posed(broken(points, rng), rng) for points in canons],
    }


@pytest.mark.parametrize(
    "statistic",
    [
        lambda points: ConvexHull(points).volume,
        lambda points: pdist(points).mean(),
        lambda points: pdist(points).min(),
        lambda points: np.linalg.norm(points - 0.5, axis=1).mean(),
    ],
    ids=["hull", "mean distance", "least distance", "distance from the middle"],
)
def test_decoys_differ_from_canons_in_nothing_that_all_canons_share(poses, statistic):
    """Else two fields with canons of their own would have something in common after all."""
    values = [statistic(points) for points in poses["true"] + poses["decoys"]]
    assert abs(roc_auc_score([0] * 600 + [1] * 600, values) - 0.5) < 0.08


def test_distances_are_those_of_scipy():
    points = np.random.default_rng(0).random((7, 2))
    np.testing.assert_allclose(distances(points), pdist(points))
