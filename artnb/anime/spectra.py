"""Spectra of pictures: what a domain's pictures have of each frequency, wherever it stands in them.

Wu & Chen (2022), Section 4 and Figure 3: "The spectrogram of an image does not have the semantic information
and spatial coordinate correspondence of the original photo". They leave open what is taken of the complex
numbers; here it is log(1 + |F|) of each channel, F the two-dimensional discrete Fourier transform of values
in [0, 1] without a factor, the frequency 0 in the middle.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from scipy.special import stdtrit
from scipy.stats import ttest_ind
from torch import Tensor

FLOOR = 1e-3  # nats, of deviations that something is divided by
GREY = (0.299, 0.587, 0.114)  # Rec. 601


def log_spectra(images: Tensor) -> Tensor:
    """B C H W -> the same: log(1 + |F|), in nats, 0 or more. Where |F| is 0 its gradient is taken for 0."""
    return torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1)).abs().log1p()


def standard(images: Tensor) -> tuple[Tensor, Tensor]:
    """The mean and the deviation of the log spectra of B C H W pictures, at each frequency: C H W twice."""
    spectra = log_spectra(images)
    return spectra.mean(0), spectra.std(0).clamp(min=FLOOR)


def grey(images: Tensor) -> Tensor:
    """B 3 H W -> B 1 H W."""
    return (images * images.new_tensor(GREY).view(3, 1, 1)).sum(1, keepdim=True)


def rings(height: int, width: int) -> np.ndarray:
    """H W: the ring of a frequency, its rounded distance from 0 in cycles per picture's shorter side.

    -1 beyond the highest that all directions have.
    """
    rows, columns = (np.fft.fftshift(np.fft.fftfreq(side)) for side in (height, width))
    shorter = min(height, width)
    ring = np.rint(shorter * np.hypot(rows[:, None], columns)).astype(int)
    return np.where(ring <= shorter // 2, ring, -1)


def profiles(images: Tensor) -> np.ndarray:
    """The mean log spectrum of each grey picture over the rings: B 3 H W -> B K, K = min(H, W) // 2 + 1."""
    spectra = log_spectra(grey(images))[:, 0].flatten(1).double().numpy()
    ring = rings(*images.shape[-2:]).ravel()
    within = ring >= 0
    number = np.bincount(ring[within])
    return np.stack([np.bincount(ring[within], each[within]) / number for each in spectra])


def radial(images: Tensor) -> pd.DataFrame:
    """The profile of a domain, with what other pictures of it might have given.

    Args:
        images: N 3 H W in [0, 1], two or more.

    Returns:
        frequency (cycles per pixel, 0 to 0.5), level (nats), low, high (95 %, by Student's t over pictures),
        images: a row for each ring.
    """
    found = profiles(images)
    half = -stdtrit(len(found) - 1, 0.025) * found.std(0, ddof=1) / np.sqrt(len(found))
    level = found.mean(0)
    frequency = np.arange(len(level)) / min(images.shape[-2:])
    return pd.DataFrame(
        {
            "frequency": frequency,
            "level": level,
            "low": level - half,
            "high": level + half,
            "images": len(found),
        }
    )


def by_domain(domains: Mapping[str, Tensor]) -> pd.DataFrame:
    """`radial` of each, in one table: domain, and its columns."""
    return pd.concat(
        [radial(images).assign(domain=domain) for domain, images in domains.items()], ignore_index=True
    )


def plane(images: Tensor) -> np.ndarray:
    """The mean log spectrum of grey pictures: B 3 H W -> H W, nats."""
    return log_spectra(grey(images))[:, 0].mean(0).numpy()


def differences(images: Tensor, others: Tensor) -> pd.DataFrame:
    """How much more one domain has of low, middle and high frequencies than another, and of all.

    Returns:
        band ("low": up to an eighth of a cycle per pixel, "middle": up to a quarter, "high", "all"),
        difference (nats), low, high (95 %, Welch's t over pictures), images (of both).
    """
    ours, theirs = profiles(images), profiles(others)
    frequency = np.arange(ours.shape[1]) / min(images.shape[-2:])
    ends = {"low": (0, 0.125), "middle": (0.125, 0.25), "high": (0.25, 0.5), "all": (0, 0.5)}
    rows = []
    for band, (least, most) in ends.items():
        within = (frequency > least) & (frequency <= most)
        interval = ttest_ind(ours[:, within].mean(1), theirs[:, within].mean(1), equal_var=False)
        low, high = interval.confidence_interval()
        apart = ours[:, within].mean() - theirs[:, within].mean()
        rows.append({"band": band, "difference": apart, "low": low, "high": high})
    return pd.DataFrame(rows).assign(images=len(images) + len(others))


def distance(images: Tensor, others: Tensor) -> float:
    """How far apart two sets' profiles are: the mean over the rings of their absolute difference, nats.

    Frequency 0, which is a picture's brightness, is left out.
    """
    apart = profiles(images).mean(0) - profiles(others).mean(0)
    return float(np.abs(apart[1:]).mean())
