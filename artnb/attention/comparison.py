"""Maps compared: do two kinds of map differ by more than noise?

Sato et al., Section 6.2, compare maps by eye: in architecture the network "focuses on a single limited place
in single-task learning, but in multi-task learning, the points of interest are distributed throughout". Here
each map gets numbers (see `shapes`), and the difference of their means, multi-task minus single-task, common
minus individual, artistic minus not, is told apart from two noises:

- of images: its interval is a 95 % percentile bootstrap over groups of images. Both sides are drawn with the
  same groups, so that maps of the same image are paired.
- of seeds: the *noise floor*, within which 95 of 100 differences lie between two sets of networks that differ
  in nothing but their seeds: t(0.975, 2S - 2) s sqrt(2 / S) of S seeds, where s is the standard deviation
  of a seed's mean, pooled over both sides. It takes the sides for independent. Of two branches of one network
  it is too wide where they move together from seed to seed, too narrow where one gives way to the other.

Maps without a positive part are counted and not measured, which leaves a selection of images. A kind of map
that has not passed the randomisation check is evidence of nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.stats import t
from torch import Tensor
from tqdm.auto import tqdm

from artnb.attention.explaining import explain
from artnb.attention.overlap import DRAWS, cue_share
from artnb.attention.shapes import bright_overlap, pointing, shape
from artnb.errors import RelevanceError
from artnb.seeding import generator
from artnb.training import Run, TrainingData

LEVEL = 0.95
MEAN = "mean"
ALIKE = 0.5  # from this correlation with maps of untrained copies on, a kind of map is no evidence
LEAST = 10  # images that a network must have maps of on both sides for its seed to count in a field
KEYS = ["field", "map", "seed", "id", "group", "label"]


@dataclass(frozen=True)
class FieldMaps:
    """What networks of several seeds look at in the same images of one field."""

    field: str
    seeds: tuple[int, ...]
    ids: np.ndarray  # N, as are groups and labels
    groups: np.ndarray
    labels: np.ndarray
    maps: Mapping[str, Tensor]  # kind of map -> S N H W, signed and unscaled


class Side(NamedTuple):
    """One side of a difference: a kind of map, of the images of one label or of all."""

    map: str
    label: str | None = None


@dataclass(frozen=True)
class Contrast:
    """Two sides in one field: their means by seed, and the bootstrap's draws of the difference."""

    field: str
    first: np.ndarray  # S
    second: np.ndarray  # S
    draws: np.ndarray  # DRAWS
    images: int
    groups: int
    empty: float


def field_maps(
    runs: Iterable[Run], data: TrainingData, field: str, each: int, split: str = "test"
) -> FieldMaps:
    """`explain` for every seed among `runs`, with one kind of map more where a network has several layers.

    That of the whole network, named by its method: the sum of its layers' maps. Where these are of one size
    (multi-2, multi-3), that is Grad-CAM of the branches concatenated, as the head sees them, for Eq. (2) sums
    over channels; it is the counterpart of a single-task network's map. Of branches of two sizes (multi-1) it
    is no more than the sum. All maps are kept: 3 seeds, 200 images and 4 kinds take 40 MB at 64 pixels.

    Raises:
        RelevanceError: no run knows `field`, or the seeds have different networks.
    """
    by_seed: dict[int, list[Run]] = {}
    for run in runs:
        if field in run.fields:
            by_seed.setdefault(run.config.seed, []).append(run)
    methods = {seed: sorted(run.method for run in of_seed) for seed, of_seed in by_seed.items()}
    if not methods or len(set(map(tuple, methods.values()))) > 1:
        raise RelevanceError(
            f"maps of {field} are compared over seeds, each with the same networks; these are "
            f"{methods or 'none'}: train every model with every seed"
        )
    asked = [
        explain(of_seed, data, field, each, split)
        for of_seed in tqdm(by_seed.values(), desc=f"explaining {field}", unit="seed")
    ]
    part, first = data.splits[split][field], asked[0]
    group = dict(zip(part.ids, part.groups, strict=True))
    return FieldMaps(
        field,
        tuple(by_seed),
        first.ids,
        np.array([group[image] for image in first.ids]),
        np.array([data.classes[target] for target in first.targets]),
        whole({name: torch.stack([item.maps[name] for item in asked]) for name in first.maps}),
    )


def whole(maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The maps, each network's with its sum before them."""
    networks: dict[str, dict[str, Tensor]] = {}
    for name, of_layer in maps.items():
        networks.setdefault(name.split()[0], {})[name] = of_layer
    return {
        name: of_name
        for network, layers in networks.items()
        for name, of_name in ({network: sum(layers.values())} | layers).items()
    }


def measure(items: Iterable[FieldMaps], masks: Mapping[str, np.ndarray] | None = None) -> pd.DataFrame:
    """All measures of all maps.

    Args:
        items: the maps of each field.
        masks: image id -> where its true cue lies, H W, bool, of images whose cue is known; these get the
            measures "cue share" (`overlap.cue_share`) and "pointing" (`shapes.pointing`) too.

    Returns:
        One row per map and measure: field, map, seed, id, group, label, measure, value (NaN where the map is
        nowhere positive).
    """
    masks, tables = masks or {}, []
    for item in items:
        images = pd.DataFrame(
            {"field": item.field, "id": item.ids, "group": item.groups, "label": item.labels}
        )
        known = np.flatnonzero([image in masks for image in item.ids])
        truth = np.array([masks[image] for image in item.ids[known]])
        for name, of_seeds in item.maps.items():
            for seed, maps in zip(item.seeds, of_seeds, strict=True):
                named = images.assign(map=name, seed=seed)
                tables.append(named.join(shape(maps)).melt(KEYS, var_name="measure"))
                if len(known):
                    met = {
                        "cue share": cue_share(maps[known], truth),
                        "pointing": pointing(maps[known], truth),
                    }
                    tables.append(named.iloc[known].assign(**met).melt(KEYS, var_name="measure"))
    return pd.concat(tables, ignore_index=True)


def evidence(check: pd.DataFrame) -> pd.DataFrame:
    """Which kinds of map may be shown as evidence of what a network has learnt.

    Adebayo et al. (2018) give curves and no limit. `ALIKE` is this project's: the mean correlation with maps
    of untrained copies must be below 0.5 in size. (With five copies and one field it has a standard error of
    about 0.2, so that a lower limit would refuse sound maps.)

    Args:
        check: the table of `randomisation_check`.

    Returns:
        map, correlation (mean over fields), fields (their number), evidence (bool).
    """
    by_map = check.groupby("map", sort=False)
    table = by_map.agg(correlation=("correlation", "mean"), fields=("field", "nunique")).reset_index()
    return table.assign(evidence=table["correlation"].abs() < ALIKE)


def differences(measured: pd.DataFrame, check: pd.DataFrame) -> pd.DataFrame:
    """How kinds of map differ, beside the noise of images and of seeds (see above).

    Where two kinds of map are compared, an image counts under a seed if both its maps have a positive part;
    a seed counts in a field if at least `LEAST` images of each side do.

    Args:
        measured: the table of `measure`.
        check: the table of `randomisation_check`, of the same kinds of map.

    Returns:
        One row per measure, comparison and field, then for `mean`, the unweighted mean over fields: measure,
        comparison, field, first and second (means of the sides), difference (first minus second), low and
        high (its interval), floor (of noise; NaN with one seed), evidence (have the maps of both sides passed
        the check?), beyond (they have, and the whole interval lies beyond the floor), seeds, images, groups,
        empty (the share of maps, or of pairs of maps, left out for want of a positive part). Among so many
        rows some are beyond by chance.

    Raises:
        RelevanceError: `measured` has no two kinds of map or of image to compare.
    """
    rows = []
    for name, of_measure in measured.groupby("measure", sort=False):
        for comparison, first, second in comparisons(of_measure["map"].unique(), set(of_measure["label"])):
            contrasts = [
                contrast(of_field, first, second)
                for _, of_field in of_measure.groupby("field", sort=False)
                if {first.map, second.map} <= set(of_field["map"])
            ]
            shown = passes(check, first.map) and passes(check, second.map)
            names = {"measure": name, "comparison": comparison}
            rows += [names | row | {"evidence": shown} for row in estimates(contrasts)]
    if not rows:
        raise RelevanceError(
            "there is nothing to compare: measure maps of single and another network, or of both labels"
        )
    table = pd.DataFrame(rows)
    outside = (table["low"] > table["floor"]) | (table["high"] < -table["floor"])
    return table.assign(beyond=table["evidence"] & outside)


def agreement(items: Iterable[FieldMaps], check: pd.DataFrame) -> pd.DataFrame:
    """How far maps of two networks of different seeds show the same places of an image, beyond chance.

    Measured by `bright_overlap`; chance is its value where one of the two maps is of the image before. What
    two kinds of map share is to be read beside what each kind shares with itself, for from that only the seed
    parts it. (Networks of one seed are not compared: they share their first weights.)

    Args:
        items: the maps of each field, of at least two seeds.
        check: the table of `randomisation_check`, of the same kinds of map.

    Returns:
        One row per pair of kinds and field, then for `mean` over fields: pair, field, overlap, chance,
        difference (overlap minus chance), low and high (its interval; over groups of images, for these
        seeds), evidence (have both kinds passed the check?), seeds, images, groups, empty (the share of
        comparisons left out because a map has no positive part).

    Raises:
        RelevanceError: a field has maps of one seed only.
    """
    items = list(items)
    if alone := [item.field for item in items if len(item.seeds) < 2]:
        raise RelevanceError(f"{alone[0]} has maps of one seed: agreement is that of two, train another")
    pairs: dict[tuple[str, str], None] = {}
    for item in items:
        for _, (first, _), (second, _) in comparisons(item.maps, ()):
            pairs |= dict.fromkeys([(first, first), (second, second), (first, second)])
    rows = []
    for first, second in tqdm(pairs, desc="comparing maps", unit="pair"):
        contrasts = [agreed(item, first, second) for item in items if {first, second} <= set(item.maps)]
        other = second.removeprefix(first.split()[0] + " ")
        pair = f"{first}, two seeds" if first == second else f"{first} and {other}"
        shown = passes(check, first) and passes(check, second)
        rows += [{"pair": pair} | row | {"evidence": shown} for row in estimates(contrasts)]
    table = pd.DataFrame(rows).rename(columns={"first": "overlap", "second": "chance"})
    return table.assign(seeds=len(items[0].seeds)).drop(columns="floor")


def comparisons(maps: Collection[str], labels: Collection[str]) -> Iterator[tuple[str, Side, Side]]:
    """Multi- and single-task, common and individual, artistic and not: those that have both sides."""
    networks = [name for name in maps if " " not in name]
    for network in networks:
        if network != "single" and "single" in networks:
            yield f"{network} − single", Side(network), Side("single")
        branches = Side(f"{network} common"), Side(f"{network} individual")
        if {side.map for side in branches} <= set(maps):
            yield f"{network}: common − individual", *branches
    if {"artistic", "non_artistic"} <= set(labels):
        for name in networks:
            yield f"{name}: artistic − not", Side(name, "artistic"), Side(name, "non_artistic")


def passes(check: pd.DataFrame, kind: str) -> bool:
    """Whether a kind of map has passed the check; that of a whole network has if all its layers have."""
    table = evidence(check)
    own = (table["map"] == kind) | table["map"].str.startswith(f"{kind} ")
    return bool(own.any() and table.loc[own, "evidence"].all())


def contrast(table: pd.DataFrame, first: Side, second: Side) -> Contrast:
    """Two sides of `table`, the rows of one measure and one field."""
    by_run = table.groupby(["map", "seed"])
    wide = pd.DataFrame({run: of_run.set_index("id")["value"] for run, of_run in by_run})
    images = table.drop_duplicates("id").set_index("id").loc[wide.index]
    one, two = (wide[side.map].to_numpy().T for side in (first, second))
    if first.map != second.map:
        one, two = (np.where(np.isnan(one + two), np.nan, values) for values in (one, two))
    of_one, of_two = ((images["label"] == side.label) | (side.label is None) for side in (first, second))
    empty = np.isnan(np.hstack([one[:, of_one], two[:, of_two]])).mean()
    one, two = np.where(of_one, one, np.nan), np.where(of_two, two, np.nan)
    return contrasted(table["field"].iloc[0], one, two, images["group"].to_numpy(), empty)


def agreed(item: FieldMaps, first: str, second: str) -> Contrast:
    """Overlaps of two kinds of map for each pair of seeds, and by chance."""
    same, other = [], []
    for a, b in permutations(range(len(item.seeds)), 2):
        one, two = item.maps[first][a], item.maps[second][b]
        same.append(bright_overlap(one, two))
        other.append(bright_overlap(one, two.roll(1, 0)))
    missing = np.isnan(np.add(same, other))
    sides = (np.where(missing, np.nan, side) for side in (same, other))
    return contrasted(item.field, *sides, item.groups, missing.mean())


def contrasted(field: str, one: np.ndarray, two: np.ndarray, groups: np.ndarray, empty: float) -> Contrast:
    """From the sides' values, S N with NaN where an image does not count, and the images' groups, N."""
    few = np.minimum((~np.isnan(one)).sum(axis=1), (~np.isnan(two)).sum(axis=1)) < LEAST
    one, two = (np.where(few[:, None], np.nan, values) for values in (one, two))
    used = ~np.isnan(np.vstack([one, two])).all(axis=0)
    names, member = np.unique(groups[used], return_inverse=True)
    count, values = len(names), (one[:, used], two[:, used])
    means = [by_seed(side, member, np.ones((1, count)))[:, 0] for side in values]
    draws = np.full(DRAWS, np.nan)
    if count > 1:
        weights = generator(0, "maps", field).multinomial(count, np.full(count, 1 / count), size=DRAWS)
        first, second = (by_seed(side[~few], member, weights).mean(axis=0) for side in values)
        draws = first - second
    return Contrast(field, *means, draws, int(used.sum()), count, float(empty))


def by_seed(values: np.ndarray, member: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Means over images of `values` S N, each image counting as often as `weights` (draws G) say: S draws."""
    of_group, known = np.eye(weights.shape[1])[member], ~np.isnan(values)
    sums, counts = ((part @ of_group) @ weights.T for part in (np.where(known, values, 0), known))
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def estimates(contrasts: Sequence[Contrast]) -> list[dict[str, object]]:
    """A row for each field, and of several one for their mean."""
    rows = [estimate(item.field, [item]) for item in contrasts]
    return [*rows, estimate(MEAN, contrasts)] if len(contrasts) > 1 else rows


def estimate(name: str, contrasts: Sequence[Contrast]) -> dict[str, object]:
    """The mean of `contrasts`, each counting the same; its floor is of the seeds that all of them have."""
    by_field = pd.DataFrame(
        [[pd.Series(item.first).mean(), pd.Series(item.second).mean()] for item in contrasts]
    )
    first, second = by_field.mean(skipna=False)
    low, high = (
        pd.Series(np.mean([item.draws for item in contrasts], axis=0))
        .quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        .tolist()
    )
    sides = np.mean([[item.first, item.second] for item in contrasts], axis=0)
    sides = sides[:, ~np.isnan(sides).any(axis=0)]
    return {
        "field": name,
        "first": first,
        "second": second,
        "difference": first - second,
        "low": low,
        "high": high,
        "floor": noise_floor(*sides),
        "seeds": sides.shape[1],
        "images": sum(item.images for item in contrasts),
        "groups": sum(item.groups for item in contrasts),
        "empty": float(np.mean([item.empty for item in contrasts])),
    }


def noise_floor(first: np.ndarray, second: np.ndarray) -> float:
    """Within which 95 of 100 differences of the means of two sides, by seed, lie by their seeds alone."""
    seeds = len(first)
    if seeds < 2:
        return float("nan")
    deviation = np.sqrt(np.var([first, second], axis=1, ddof=1).mean())
    return float(t.ppf((1 + LEVEL) / 2, 2 * seeds - 2) * deviation * np.sqrt(2 / seeds))
