"""Which channels of the common branch each field uses: what fields share, and what merely lies side by side.

Sato, Sakaue & Sato leave the analysis of the common layers for later. Here it starts from what each channel
adds to each answer (see `attribution`). Every number stands beside that of the network at its start and that
of the trained network with other heads, neither of which can know what fields have in common.

Intervals are percentile intervals of the pigeonhole bootstrap (Owen, Annals of Applied Statistics 1, 2007):
seeds are drawn for all fields, groups of images within each field. Where seeds are few and differ much they
are too narrow: of accuracies about one in ten misses the truth with three seeds, three in twenty with two
(see `relevance.gains`).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from artnb.attention.attribution import OTHER_HEADS, START, TRAINED, ChannelUse
from artnb.errors import RelevanceError
from artnb.seeding import generator

COLUMNS = {TRAINED: "estimate", START: "start", OTHER_HEADS: "other_heads"}  # of tables
SHARED, UNUSED, MEAN = "shared", "unused", "mean"
OWN = 2  # so many times as much as any other field must a field use a channel that is its own
DRAWS = 2000
LEVEL = 0.95


def common_share(uses: Iterable[ChannelUse]) -> pd.DataFrame:
    """How much of each field's answers comes from the common branch.

    Of their *size*: a channel that speaks for the label and one that speaks against it both count. Every
    image counts the same, however sure the network is of it.

    Args:
        uses: see `attribution.channel_use`.

    Returns:
        One row per method and field, then for `mean`, the unweighted mean over fields: method, field, share
        (of the attributions' size, in [0, 1]), low, high, start and other_heads (the share in those
        networks), seeds, images, groups. With one group there is no interval, and no share where an image
        is to the network what the baseline is (NaN).
    """
    rows = []
    for method, table in _by_method(uses):
        seeds, estimates = _weights(len(table), "seeds"), []
        for field in table.columns.unique("field"):
            shares = {name: np.stack([use.shares for use in table[name, field]]) for name in COLUMNS}
            groups = table[TRAINED, field].iloc[0].groups
            weights = image_weights(groups, field)
            draws = ((seeds @ shares[TRAINED]) * weights).sum(axis=1) / (len(table) * weights.sum(axis=1))
            means = {COLUMNS[name]: of_network.mean() for name, of_network in shares.items()}
            counts = {"images": len(groups), "groups": len(np.unique(groups))}
            estimates.append({"field": field, "draws": draws} | means | counts)
        rows += [{"method": method, "seeds": len(table)} | row for row in _with_mean(estimates)]
    columns = ["method", "field", "share", "low", "high", "start", "other_heads", "seeds", "images", "groups"]
    return pd.DataFrame(rows).rename(columns={"estimate": "share"})[columns]


def channel_profiles(uses: Iterable[ChannelUse]) -> pd.DataFrame:
    """How much each field uses each channel of the common branch, and whose channel it is.

    The channels of two runs have nothing to do with each other, and the logits of two fields have no common
    scale: only shares can be compared, within one network.

    Args:
        uses: see `attribution.channel_use`.

    Returns:
        One row per network, field and channel: method, seed, network, field, channel, size (mean absolute
        attribution, in logits), share (of the field's sum over the channels), user (the field that uses the
        channel at least `OWN` times as much as any other; "shared" where there is none, "unused" where nobody
        does), images, groups.
    """
    keys, tables = ["method", "seed", "network"], []
    for names, of_network in _frame(uses).groupby(keys, sort=False):
        sizes = np.stack([use.profile for use in of_network["use"]])
        totals = sizes.sum(axis=1, keepdims=True)
        shares = np.divide(sizes, totals, out=np.zeros(sizes.shape), where=totals > 0)
        users = users_of(shares, of_network["field"])
        for use, size, share in zip(of_network["use"], sizes, shares, strict=True):
            columns = dict(zip(keys, names, strict=True)) | {"field": use.field, "channel": range(len(size))}
            columns |= {"size": size, "share": share, "user": users}
            counts = {"images": len(use.groups), "groups": len(np.unique(use.groups))}
            tables.append(pd.DataFrame(columns | counts))
    return pd.concat(tables, ignore_index=True)


def users_of(shares: np.ndarray, fields: Sequence[str]) -> np.ndarray:
    """Whose each channel is (see `channel_profiles`), of shares fields x channels."""
    second, first = np.sort(np.vstack([np.zeros(shares.shape[1]), shares]), axis=0)[-2:]
    most = np.array(fields, dtype=object)[shares.argmax(axis=0)]
    return np.where(first == 0, UNUSED, np.where(first >= OWN * second, most, SHARED))


def channel_overlap(uses: Iterable[ChannelUse]) -> pd.DataFrame:
    """Do two fields use the same channels of the common branch?

    The overlap is Spearman's rank correlation of their profiles (see `channel_profiles`) over the channels,
    whose mean is 0 where the channels are permuted; over seeds it is a mean. What heads without knowledge
    would share is `other_heads`; from `start` all training sets out. The noise of few images lowers an
    overlap, and its interval once more.

    Args:
        uses: see `attribution.channel_use`.

    Returns:
        One row per method and pair of fields, then for the pairs' mean: method, pair, overlap in [-1, 1],
        low, high, start and other_heads (the overlap in those networks), seeds, channels. NaN where a field
        uses all channels alike; with one group there is no interval.

    Raises:
        RelevanceError: a method knows one field only.
    """
    rows = []
    for method, table in _by_method(uses):
        fields = table.columns.unique("field")
        if len(fields) < 2:
            raise RelevanceError(
                f"{method} has learnt {fields[0]} alone: an overlap is of two fields or more"
            )
        ranks = {key: ranked(np.stack([use.profile for use in column])) for key, column in table.items()}
        drawn = {field: np.stack([drawn_ranks(use) for use in table[TRAINED, field]], 1) for field in fields}
        seeds, estimates = _weights(len(table), "seeds"), []
        for first, second in combinations(fields, 2):
            draws = (seeds * np.vecdot(drawn[first], drawn[second])).sum(axis=1) / len(table)
            means = {
                column: np.vecdot(ranks[name, first], ranks[name, second]).mean()
                for name, column in COLUMNS.items()
            }
            estimates.append({"field": f"{first}, {second}", "draws": draws} | means)
        counts = {"method": method, "seeds": len(table), "channels": ranks[TRAINED, fields[0]].shape[1]}
        rows += [counts | row for row in _with_mean(estimates)]
    columns = ["method", "pair", "overlap", "low", "high", "start", "other_heads", "seeds", "channels"]
    return pd.DataFrame(rows).rename(columns={"field": "pair", "estimate": "overlap"})[columns]


def ranked(profiles: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, centred and of length 1: their products are Spearman's correlations."""
    ranks = rankdata(profiles, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(ranks, axis=-1, keepdims=True)
    return np.divide(ranks, length, out=np.full(ranks.shape, np.nan), where=length > 0)


def drawn_ranks(use: ChannelUse) -> np.ndarray:
    """The profile's ranks in every draw of groups, DRAWS C."""
    return ranked(image_weights(use.groups, use.field) @ np.abs(use.attributions["common"]))


def image_weights(groups: np.ndarray, field: str) -> np.ndarray:
    """How often each draw takes each image, DRAWS N: as often as its group; NaN where there is only one."""
    names, member = np.unique(groups, return_inverse=True)
    weights = _weights(len(names), "groups", field)
    return weights[:, member] if len(names) > 1 else np.full((DRAWS, len(groups)), np.nan)


def _weights(count: int, *names: object) -> np.ndarray:
    rng = generator(0, "channels", *names)
    return rng.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(float)


def _frame(uses: Iterable[ChannelUse]) -> pd.DataFrame:
    uses = list(uses)
    if not uses:
        raise RelevanceError("there is nothing to compare: ask `channel_use` first")
    keys = ("method", "seed", "network", "field")
    return pd.DataFrame({key: [getattr(use, key) for use in uses] for key in keys} | {"use": uses})


def _by_method(uses: Iterable[ChannelUse]) -> Iterator[tuple[str, pd.DataFrame]]:
    """The uses of each method, seeds x (network, field)."""
    for method, of_method in _frame(uses).groupby("method", sort=False):
        yield method, of_method.pivot_table("use", "seed", ["network", "field"], aggfunc="first", sort=False)


def _with_mean(estimates: list[dict]) -> Iterator[dict]:
    """Each row with the interval of its draws, then the mean of several, with the sums of their images."""
    if len(estimates) > 1:
        together = {"images": np.sum, "groups": np.sum}
        columns = {name: [row[name] for row in estimates] for name in estimates[0] if name != "field"}
        mean = {name: together.get(name, np.mean)(values, axis=0) for name, values in columns.items()}
        estimates = [*estimates, {"field": MEAN} | mean]
    for row in estimates:
        low, high = np.quantile(row.pop("draws"), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        yield row | {"low": low, "high": high}
