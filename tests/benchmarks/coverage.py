"""How often intervals of a gain exclude the truth, where the truth is no gain.

    python tests/benchmarks/coverage.py

Simulated studies: two networks from each of S seeds answer for the images of G groups (of 1 to 3 images). An
answer is right where a normal variable is positive: the difficulty of the group and of the image, alike for
both networks; what in them suits one of the networks; how well the seed has turned out, so that the gain has
the standard deviation `seed sd` between seeds; and chance. Both networks are right in 0.8 of the answers on
average, so that an interval of the gain should exclude 0 in 5 of 100 studies: in columns, the share that does
and the mean half width; of 1000 studies, 200 where an interval is drawn.

two-way t       `relevance.gains`
Satterthwaite   t with the variance clustered by seeds and groups, and Satterthwaite's degrees of freedom
fewest          the same with one degree of freedom less than there are seeds (or groups, if they are fewer)
pigeonhole      percentiles of Owen's bootstrap, which draws seeds and groups independently
BCa             SciPy's, over groups alone, of the scores averaged over seeds
sign flips      of the groups' scores averaged over seeds (only the share: a test without an interval)
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats
from tqdm.auto import tqdm

from artnb.relevance.gains import estimate
from artnb.seeding import generator

STUDIES, STUDIES_OF_DRAWS = 1000, 200
DRAWS = 1000
SEEDS, GROUPS, SEED_SD = (2, 3, 5, 10), (50, 300), (0.0, 0.02, 0.05)
ACCURACY = 0.8
VARIANCES = {"group": 0.2, "image": 0.3, "group, network": 0.06, "image, network": 0.06, "chance": 0.38}

Interval = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[float, float]]


def main() -> None:
    settings = [(seeds, groups, sd) for seeds in SEEDS for groups in GROUPS for sd in SEED_SD]
    rows = []
    for setting in tqdm(settings, unit="setting"):
        rng = generator(0, "coverage", *setting)
        gains = [study(*setting, rng) for _ in range(STUDIES)]
        row = dict(zip(("seeds", "groups", "seed sd"), setting, strict=True))
        for name, (interval, studies) in METHODS.items():
            low, high = np.transpose([interval(*gain, rng) for gain in gains[:studies]])
            row[name] = ((low > 0) | (high < 0)).mean()
            row[f"± {name}"] = ((high - low) / 2).mean()
        rows.append(row)
    print(pd.DataFrame(rows).drop(columns="± sign flips").round(3).to_string(index=False))


def study(seeds: int, groups: int, seed_sd: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The summed differences of right answers, S G, and the number of images in each group, G."""
    sizes = rng.choice([1, 1, 2, 3], groups)
    of_image = np.repeat(np.arange(groups), sizes)
    sd = {name: variance**0.5 for name, variance in VARIANCES.items()}
    common = rng.normal(0, sd["group"], groups)[of_image] + rng.normal(0, sd["image"], len(of_image))
    own = rng.normal(0, sd["group, network"], (2, 1, groups))[..., of_image]
    own = own + rng.normal(0, sd["image, network"], (2, 1, len(of_image)))
    mean = stats.norm.ppf(ACCURACY)
    luck = rng.normal(0, seed_sd / (2**0.5 * stats.norm.pdf(mean)), (2, seeds, 1))
    chance = rng.normal(0, sd["chance"], (2, seeds, len(of_image)))
    single, multi = (mean + common + own + luck + chance > 0).astype(float)
    starts = np.cumsum(sizes) - sizes
    return np.add.reduceat(multi - single, starts, axis=1), sizes


def two_way(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    found = estimate(sums, sizes)
    return found.value - found.half_width(), found.value + found.half_width()


def satterthwaite(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    value, variances, variance = clustered(sums, sizes)
    seeds, groups = sums.shape
    freedoms = np.array([seeds - 1, groups - 1, (seeds - 1) * (groups - 1)])
    freedom = max(variance**2 / (variances**2 / freedoms).sum(), 1)
    return stats.t.interval(0.95, freedom, value, variance**0.5)


def fewest(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    value, _, variance = clustered(sums, sizes)
    return stats.t.interval(0.95, min(sums.shape) - 1, value, variance**0.5)


def clustered(sums: np.ndarray, sizes: np.ndarray) -> tuple[float, np.ndarray, float]:
    """The gain; its variance by seeds, by groups and by both; these put together, at least the larger."""
    found = estimate(sums, sizes)
    of_seeds = found.by_seed.var(ddof=1) / len(sums)
    (of_groups,), (noise,) = found.between, found.noise
    together = max(of_seeds + of_groups - noise, of_seeds, of_groups)
    return found.value, np.array([of_seeds, of_groups, noise]), together


def pigeonhole(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    of_seeds, of_groups = (rng.multinomial(n, np.full(n, 1 / n), DRAWS).astype(float) for n in sums.shape)
    drawn = ((of_seeds @ sums) * of_groups).sum(axis=1) / (len(sums) * (of_groups @ sizes))
    return tuple(np.quantile(drawn, [0.025, 0.975]))


def bca(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    def ratio(of_groups, sizes, axis):
        return of_groups.sum(axis) / sizes.sum(axis)

    data = sums.mean(axis=0), sizes.astype(float)
    found = stats.bootstrap(data, ratio, paired=True, vectorized=True, n_resamples=DRAWS, rng=rng)
    return found.confidence_interval


def sign_flips(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """The limits of what is no surprise, taken from the mean: they exclude 0 where the test rejects."""
    of_groups = sums.mean(axis=0)
    flipped = np.abs(rng.choice([-1.0, 1.0], (DRAWS, len(sizes))) @ of_groups)
    least = np.quantile(flipped, 0.95)
    return of_groups.sum() - least, of_groups.sum() + least


METHODS: dict[str, tuple[Interval, int]] = {
    "two-way t": (two_way, STUDIES),
    "Satterthwaite": (satterthwaite, STUDIES),
    "fewest": (fewest, STUDIES),
    "pigeonhole": (pigeonhole, STUDIES_OF_DRAWS),
    "BCa": (bca, STUDIES_OF_DRAWS),
    "sign flips": (sign_flips, STUDIES_OF_DRAWS),
}

if __name__ == "__main__":
    main()
