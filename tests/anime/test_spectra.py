"""Spectra: known pictures, NumPy as the oracle."""

import numpy as np
import pytest
import torch

from artnb.anime.spectra import differences, distance, log_spectra, profiles, radial, rings, standard


def test_as_numpy_has_it():
    images = torch.rand(2, 3, 16, 20, dtype=torch.float64)
    expected = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(images.numpy()), axes=(-2, -1))))
    torch.testing.assert_close(log_spectra(images), torch.from_numpy(expected))


def test_a_wave_is_two_points_and_a_flat_picture_one():
    x = torch.arange(32)
    wave = torch.cos(2 * torch.pi * 4 * x / 32).expand(1, 1, 32, 32)
    found = log_spectra(wave)[0, 0]
    assert sorted(map(tuple, (found > 1).nonzero().tolist())) == [(16, 12), (16, 20)]
    assert found[16, 12].item() == pytest.approx(np.log1p(32 * 32 / 2), rel=1e-4)
    flat = log_spectra(torch.full((1, 1, 32, 32), 0.5))[0, 0]
    assert (flat > 1e-3).nonzero().tolist() == [[16, 16]]


def test_it_has_gradients_where_a_frequency_is_missing():
    images = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    log_spectra(images).sum().backward()
    assert images.grad.isfinite().all()
    images = torch.rand(1, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(log_spectra, images)


def test_moving_a_picture_round_changes_no_magnitude():
    images = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(
        log_spectra(images.roll((3, 5), (2, 3))), log_spectra(images), atol=1e-4, rtol=0
    )


def test_rings_by_hand():
    expected = [
        [-1, 2, 2, 2], [2, 1, 1, 1], [2, 1, 0, 1], [2, 1, 1, 1],
    ]  # fmt: skip
    np.testing.assert_array_equal(rings(4, 4), expected)


def test_a_wave_lies_in_its_ring_and_noise_in_all():
    x = torch.arange(32)
    wave = (0.5 + 0.5 * torch.cos(2 * torch.pi * 5 * x / 32)).expand(2, 3, 32, 32)
    found = profiles(wave)
    assert found.shape == (2, 17)
    assert found[0, 1:].argmax() + 1 == 5
    noise = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    level = radial(noise)
    assert level["frequency"].iloc[-1] == 0.5
    assert level["level"].iloc[1:].std() < 0.1
    assert (level["low"] <= level["level"]).all()


def test_blurred_pictures_are_farther_away_the_more_they_are_blurred():
    noise = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    less, more = (torch.nn.functional.avg_pool2d(noise, side, 1, side // 2) for side in (3, 5))
    assert distance(noise, noise) == 0
    assert 0 < distance(less, noise) < distance(more, noise)


def test_the_standard_is_that_of_the_set():
    images = torch.rand(16, 3, 8, 8)
    mean, deviation = standard(images)
    standardised = (log_spectra(images) - mean) / deviation
    torch.testing.assert_close(standardised.mean(0), torch.zeros(3, 8, 8), atol=1e-4, rtol=0)
    torch.testing.assert_close(standardised.std(0), torch.ones(3, 8, 8), atol=1e-3, rtol=0)
    assert (standard(torch.full((2, 3, 8, 8), 0.5))[1] > 0).all()


def test_bands_are_those_that_differ():
    """A wave of one frequency more: its band, and all, lie above; the others are as they were."""
    noise = torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    wave = torch.cos(2 * torch.pi * 6 * torch.arange(32) / 32)
    more = noise + 0.5 * (wave[:, None] + wave)
    found = differences(more, noise).set_index("band")
    assert found.loc["middle", "low"] > 0
    assert found.loc["low", "difference"] == pytest.approx(0, abs=1e-4)
    assert found.loc["high", "difference"] == pytest.approx(0, abs=0.05)
    assert found.loc["middle", "difference"] > found.loc["all", "difference"] > 0
    assert set(found["images"]) == {32}
