"""Conversions whose flicker is known, measured and compared."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import ttest_rel

from artnb.anime.steadiness import by_gram, compared, flickers
from artnb.atelier.scenes import moving_scene
from artnb.errors import FilmError
from artnb.style import StyleConfig, random_vgg19, stylize


def film(seed: int, frames: int = 6) -> list[torch.Tensor]:
    pictures = torch.from_numpy(moving_scene(seed, frames, 48)) / 255
    return list(pictures.permute(0, 3, 1, 2) * 0.6 + 0.2)


def halved(images):
    """All differences are half as large."""
    return images / 2 + 0.25


def restless(images):
    """As a style that is found anew for each frame: what it adds is never the same."""
    noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(int(images.sum())))
    return (images + 0.2 * (noise - 0.5)).clamp(0, 1)


def test_known_flicker_is_found_in_every_film():
    films = {f"film {seed}": film(seed) for seed in range(3)}
    table = flickers(
        films, {"itself": lambda images: images, "halved": halved, "restless": restless}, batch=4
    )
    wide = table.set_index(["conversion", "film"])
    assert wide.loc["itself", "plain"].to_numpy() == pytest.approx(1)
    assert wide.loc["itself", "warped"].to_numpy() == pytest.approx(1)
    assert wide.loc["halved", "plain"].to_numpy() == pytest.approx(0.5, rel=1e-3)
    assert (wide.loc["restless", "warped"] > 1.1).all()
    assert (wide.loc["itself", "change"] == 0).all()
    assert wide.loc["restless", "change"].to_numpy() == pytest.approx(0.05, abs=0.002)

    found = compared(table, "itself").set_index("conversion")
    assert found.loc["restless", "low"] > 1
    assert found.loc["halved", "high"] < 1


def test_the_comparison_is_a_paired_t_test_of_logarithms():
    rng = np.random.default_rng(0)
    first, second = rng.lognormal(size=(2, 7))
    rows = [
        {"film": n, "conversion": name, "warped": of_film}
        for name, of_films in (("a", first), ("b", second))
        for n, of_film in enumerate(of_films)
    ]
    [row] = compared(pd.DataFrame(rows), "b").to_dict("records")
    oracle = ttest_rel(np.log(first), np.log(second))
    low, high = oracle.confidence_interval(0.95)
    assert row["p"] == pytest.approx(oracle.pvalue)
    assert (row["low"], row["high"]) == (pytest.approx(np.exp(low)), pytest.approx(np.exp(high)))
    assert row["times"] == pytest.approx(np.exp(np.log(first / second).mean()))
    assert row["films"] == 7


def test_by_gram_each_frame_is_a_style_transfer_of_its_own():
    features = random_vgg19(0, "conv1_2")
    config = StyleConfig(size=48, evaluations=3).within(features.layers)
    manner = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    frames = torch.stack(film(0, 2))
    with torch.inference_mode():
        made = by_gram(manner, features, config)(frames)
    for image, frame in zip(made, frames, strict=True):
        torch.testing.assert_close(image[None], stylize(frame[None], manner, features, config).image)
    assert (made - frames).abs().mean() > 0.001


def test_too_little_is_refused():
    with pytest.raises(FilmError, match="has 1 frames"):
        flickers({"a": film(0, 1)}, {"itself": lambda images: images})
    table = flickers({"a": film(0, 3)}, {"itself": lambda images: images})
    for against in ("itself", "other"):
        with pytest.raises(FilmError, match="nothing to compare"):
            compared(table, against)
