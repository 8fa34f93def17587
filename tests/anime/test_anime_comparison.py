"""Metrics against second computations, and gains by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.metrics.pairwise import polynomial_kernel

from artnb.anime import comparison
from artnb.anime.config import AnimeConfig
from artnb.anime.metrics import Embedding, content_distance, kernel_distance
from artnb.errors import AnimeError

LAYERS = ("conv1_2", "conv2_1")


def test_the_kernel_distance_is_the_unbiased_mmd(domains, features):
    photos, anime = (images.float() / 255 for images in domains)
    first, second = (Embedding(features, LAYERS)(images).double().numpy() for images in domains)
    n, d = first.shape
    kernel = {
        key: polynomial_kernel(a, b, degree=3, gamma=1 / d, coef0=1)
        for key, (a, b) in {"aa": (first, first), "bb": (second, second), "ab": (first, second)}.items()
    }
    within = sum((kernel[key].sum() - np.trace(kernel[key])) / (n * (n - 1)) for key in ("aa", "bb"))
    expected = within - 2 * kernel["ab"].mean()
    found = kernel_distance(photos, anime, features, LAYERS)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert found > kernel_distance(photos[:6], photos[6:], features, LAYERS)
    with pytest.raises(AnimeError, match="two or more"):
        kernel_distance(photos[:1], anime, features, LAYERS)


def test_the_content_distance_is_nothing_of_the_same(domains, features):
    photos = domains[0].float() / 255
    assert content_distance(photos, photos, features, LAYERS) == 0
    less, more = (content_distance((photos + by).clamp(0, 1), photos, features, LAYERS) for by in (0.02, 0.2))
    assert 0 < less < more


def table(**values):
    rows = [
        {"objective": name, "seed": seed, "metric": "kernel distance", "value": value, "images": 8}
        for name, of_one in values.items()
        for seed, value in enumerate(of_one)
    ]
    return pd.DataFrame(rows)


def test_gains_are_paired_by_seed():
    found = comparison.gains(table(fsgan=[1.0, 2.0, 3.0], cartoongan=[1.5, 2.4, 3.9]), "fsgan").iloc[0]
    apart = np.array([0.5, 0.4, 0.9])
    low, high = stats.t.interval(0.95, 2, apart.mean(), stats.sem(apart))
    assert (found["gain"], found["low"], found["high"]) == pytest.approx((0.6, low, high))
    assert found["p"] == pytest.approx(stats.ttest_1samp(apart, 0).pvalue, rel=1e-6)
    assert found["p_holm"] == found["p"]
    assert (found["seeds"], found["images"]) == (3, 8)


def test_one_seed_has_no_interval_and_a_missing_seed_is_named():
    found = comparison.gains(table(fsgan=[1.0], cartoongan=[1.5]), "cartoongan").iloc[0]
    assert found["gain"] == pytest.approx(-0.5)
    assert np.isnan([found["low"], found["high"], found["p"]]).all()
    with pytest.raises(AnimeError, match="fsgan lacks a seed"):
        comparison.gains(table(fsgan=[1.0], cartoongan=[1.5, 2.0]), "cartoongan")
    with pytest.raises(AnimeError, match="needs 'gan' and another"):
        comparison.gains(table(fsgan=[1.0]), "gan")


def test_objectives_are_trained_and_measured_in_one_budget(domains, features, tmp_path):
    small = AnimeConfig(
        width=4, blocks=0, judge_width=4, crop=32, batch_size=2, warm_up=1, steps=2,
        layers=("conv2_1",),
    )  # fmt: skip
    runs = comparison.trained(*domains, {"fsgan": small}, [0, 1], features, tmp_path)
    assert [run.description["config"]["seed"] for run in runs.values()] == [0, 1]
    photos, anime = (images.float() / 255 for images in domains)
    found = comparison.measured(runs, photos, anime, features, LAYERS)
    assert len(found) == 2 * 2 * 3
    untouched = found.query("objective == 'photograph'").set_index(["seed", "metric"])["value"]
    assert untouched[0].equals(untouched[1])
    assert untouched[0, "content distance"] == 0
    means = comparison.means(found).set_index(["objective", "metric"])
    assert means.loc[("fsgan", "kernel distance"), "value"] == pytest.approx(
        found.query("objective == 'fsgan' and metric == 'kernel distance'")["value"].mean()
    )
    assert torch.isfinite(torch.tensor(found["value"].to_numpy())).all()
