"""Methods of style transfer compared over many pairs of a content and a style picture.

Li compare by the average of a number of pictures that they do not give, and print no interval. Here every
method treats the same pairs, methods are compared pair by pair, and the interval of a mean says what other
photographs *and* other styles might have given. A photograph that is in several pairs is one piece of
evidence, and so is a style: V_c, the variance of the mean where the contents are drawn anew, comes from their
summed residuals, V_s from those of the styles; both count V_cs, that of the pairs by themselves, so that
V_c + V_s - V_cs is the variance of the mean (Cameron, Gelbach & Miller, "Robust Inference With Multiway
Clustering", Journal of Business & Economic Statistics 29, 2011). As few of each say little, each variance is
given the quantile t of its own degrees of freedom, as in `artnb.relevance.gains`:

    half width^2 = t(C - 1)^2 V_c + t(S - 1)^2 V_s - min(t)^2 V_cs, and at least each of these terms.

Where every pair has pictures of its own, that is Student's interval of paired differences. With one content
it is over styles alone and says nothing of other contents, and so with one style.

How often it misses the truth, where 5 in 100 are meant to, beside Student's t over pairs as if all were
independent, and both mean half widths (1,500 drawings; every content with every style, deviations of the
contents, the styles and the pairs):

    contents  styles  deviations     this module      t over pairs
       4        4     0, 0, 1       0.003 ± 0.96      0.046 ± 0.52
       4        4     1, 1, 1       0.023 ± 2.15      0.277 ± 0.84
       6        4     1, 0, 1       0.031 ± 1.17      0.213 ± 0.57
      10        8     1, 1, 1       0.041 ± 1.06      0.447 ± 0.37
      20        5     0.5, 0.5, 1   0.045 ± 0.67      0.367 ± 0.24
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.special import stdtrit
from torch import Tensor

from artnb.errors import StyleError
from artnb.seeding import generator
from artnb.significance import holm, p_of
from artnb.style.metrics import fitted, similarity

LEVEL = 0.95
AGAINST = ("style", "content")
KEYS = ["pair", "method", "against", "metric"]
COLUMNS = ("pair", "content", "style", "method", "against", "metric", "value")
DIFFERENCE, PERCENT = "difference", "percent"
Distance = Callable[[Tensor, Tensor], Tensor]


def controls(content: Tensor, style: Tensor, seed: int = 0) -> dict[str, Tensor]:
    """Pictures that no style transfer made, to see what a metric rewards.

    Args:
        content, style: 1 3 H W in [0, 1]; the style comes to the size of the content.
        seed: of the order of the shuffled pixels.

    Returns:
        "style itself" and "content itself"; "blend", half of each; "style shuffled", the pixels of the style
        in random order, which have its colours and nothing of the picture.
    """
    style = fitted(style, content)
    order = torch.from_numpy(generator(seed, "shuffled").permutation(style[0, 0].numel()))
    return {
        "style itself": style,
        "content itself": content,
        "blend": (style + content) / 2,
        "style shuffled": style.flatten(2)[..., order].reshape(style.shape),
    }


def measured(
    pictures: Mapping[str, Tensor],
    content: Tensor,
    style: Tensor,
    distances: Mapping[str, Distance] | None = None,
) -> pd.DataFrame:
    """What each method made of one pair, against the style and against the content.

    Args:
        pictures: method -> its picture, 1 3 H W in [0, 1], all of one size.
        content, style: 1 3 h w in [0, 1], resized to H W.
        distances: further metrics, name -> a function such as `metrics.Lpips` makes.

    Returns:
        method, against ("style" or "content"), metric, value: in that order.

    Raises:
        StyleError: as `metrics.similarity`.
    """
    images = torch.cat(list(pictures.values()))
    tables = []
    for against, picture in zip(AGAINST, (style, content), strict=True):
        table = similarity(images, picture)
        for name, distance in (distances or {}).items():
            table[name] = distance(images, fitted(picture, images)).tolist()
        table.insert(0, "method", list(pictures))
        tables.append(table.melt("method", var_name="metric").assign(against=against))
    return pd.concat(tables, ignore_index=True)[["method", "against", "metric", "value"]]


def means(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over pairs of every metric.

    Args:
        table: one row per pair, method, against and metric, with the columns `COLUMNS`: the tables of
            `measured`, of each pair with its name and the names of its content and style. Every method has
            all pairs.

    Returns:
        method, against, metric, value, low, high (95 %; NaN with one content and one style), images (their
        number, one a pair), contents, styles; in the order of appearance.

    Raises:
        StyleError: a column is missing, a row is there twice, or a method lacks a pair.
    """
    check(table)
    rows = []
    for (method, against, metric), of_one in table.groupby(["method", "against", "metric"], sort=False):
        found = Mean.of(of_one)
        rows.append({"method": method, "against": against, "metric": metric, **found.row("value")})
    return pd.DataFrame(rows)


def gains(table: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """What every other method gains over `baseline`, paired, as a difference and in percent of its mean.

    A percentage is a ratio of means; its interval is that of the differences from the ratio, over the
    baseline's mean (the delta method). Where the interval of the baseline's mean reaches 0 or below there
    is none (NaN). Of a distance, a gain below 0 is the better.

    Args:
        table: as for `means`.
        baseline: the method that the others are measured against.

    Returns:
        method, baseline, against, metric, unit ("difference" or "percent"), gain, low, high, p (two-sided, of
        no gain), p_holm (corrected for all rows of the unit: Holm, Scandinavian Journal of Statistics 6,
        1979), images, contents, styles.

    Raises:
        StyleError: as `means`; or there is no `baseline`, or nothing beside it.
    """
    check(table)
    methods = table["method"].unique().tolist()
    if baseline not in methods or len(methods) < 2:
        raise StyleError(
            f"a gain needs the baseline {baseline!r} and another method; the table has {', '.join(methods)}"
        )
    order = table[["method", "against", "metric"]].drop_duplicates().itertuples(index=False)
    wide = table.pivot_table("value", ["pair", "against", "metric"], "method")
    pairs = table.drop_duplicates("pair").set_index("pair")[["content", "style"]]
    rows = []
    for method, against, metric in order:
        if method == baseline:
            continue
        both = wide.xs((against, metric), level=["against", "metric"]).join(pairs)
        ours, theirs = both[method], both[baseline]
        for unit, gain in ((DIFFERENCE, ours - theirs), (PERCENT, percentages(ours, theirs, both))):
            found = Mean.of(both.assign(value=gain))
            row = {"method": method, "baseline": baseline, "against": against, "metric": metric, "unit": unit}
            rows.append(row | found.row("gain") | {"p": found.p})
    found = pd.DataFrame(rows)
    found.insert(found.columns.get_loc("p") + 1, "p_holm", found["p"].groupby(found["unit"]).transform(holm))
    counts = ["images", "contents", "styles"]
    return found[[*found.columns.drop(counts), *counts]]


def percentages(ours: pd.Series, theirs: pd.Series, pairs: pd.DataFrame) -> pd.Series:
    """A number per pair whose mean is the gain of the mean in percent, and which varies as that does."""
    if not Mean.of(pairs.assign(value=theirs)).low > 0:
        return theirs * np.nan
    ratio = ours.mean() / theirs.mean()
    return 100 * (ratio - 1 + (ours - ratio * theirs) / theirs.mean())


@dataclass(frozen=True)
class Mean:
    """A mean over pairs, and how it varies with the contents and with the styles (see the module)."""

    value: float
    pairs: int
    contents: int
    styles: int
    of_contents: float  # V_c; 0 with one content, as V_s with one style
    of_styles: float
    of_pairs: float

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Mean":
        """Of the column value; `table` has a row per pair and the columns content and style."""
        apart = (table["value"] - table["value"].mean()) / len(table)

        def variance(key: pd.Series) -> float:
            of_each = apart.groupby(key.to_numpy()).sum()
            return len(of_each) / (len(of_each) - 1) * float(of_each @ of_each) if len(of_each) > 1 else 0.0

        return cls(
            float(table["value"].mean()),
            len(table),
            table["content"].nunique(),
            table["style"].nunique(),
            variance(table["content"]),
            variance(table["style"]),
            variance(table.groupby(["content", "style"]).ngroup()),
        )

    def half_width(self, p: float = 1 - LEVEL) -> float:
        """Of the interval of level 1 - `p`; NaN where there is but one pair."""
        levels = np.array([self.contents, self.styles])
        if np.isnan(self.value) or (levels == 1).all():
            return np.nan
        quantiles = stdtrit(np.maximum(levels - 1, 1), p / 2) ** 2  # of t
        parts = quantiles * [self.of_contents, self.of_styles]
        if (levels == 1).any():
            return float(np.sqrt(parts.sum()))
        of_pairs = quantiles.min() * self.of_pairs
        return float(np.sqrt(max(parts.sum() - of_pairs, of_pairs, *parts)))

    @property
    def low(self) -> float:
        return self.value - self.half_width()

    @property
    def high(self) -> float:
        return self.value + self.half_width()

    @property
    def p(self) -> float:
        """Two-sided, of the mean being 0 (see `artnb.significance`)."""
        return p_of(self.value, self.half_width)

    def row(self, name: str) -> dict[str, float]:
        return {
            name: self.value,
            "low": self.low,
            "high": self.high,
            "images": self.pairs,
            "contents": self.contents,
            "styles": self.styles,
        }


def check(table: pd.DataFrame) -> None:
    if missing := [column for column in COLUMNS if column not in table]:
        raise StyleError(f"the table has no column {missing[0]!r}: it needs {', '.join(COLUMNS)}")
    if table.empty:
        raise StyleError("the table has no rows: measure a picture first")
    if not np.isfinite(table["value"]).all():
        row = table[~np.isfinite(table["value"])].iloc[0]
        raise StyleError(f"{row['metric']} of {row['method']}, pair {row['pair']}, is {row['value']}")
    twice = table[table.duplicated(KEYS)]
    if len(twice):
        row = twice.iloc[0]
        raise StyleError(f"{row['metric']} of {row['method']}, pair {row['pair']}, is there twice")
    if table.groupby("pair")[["content", "style"]].nunique().ne(1).any(axis=None):
        raise StyleError("a pair has two contents or two styles: give each pair a name of its own")
    every = table.groupby(["method", "against", "metric"])["pair"].nunique()
    if (short := every[every != table["pair"].nunique()]).size:
        method = short.index[0][0]
        missing = sorted(set(table["pair"]) - set(table.loc[table["method"] == method, "pair"]))
        raise StyleError(
            f"{method} lacks {', '.join(map(str, missing)) or 'a metric of some pairs'}: compare methods on "
            "the same pairs"
        )
