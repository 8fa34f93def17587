"""Differences that were planted are found, those of seeds and images alone are not, and empty maps count."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import bootstrap
from torch.nn import functional as F

from artnb.attention.comparison import (
    LEAST,
    FieldMaps,
    agreement,
    differences,
    evidence,
    field_maps,
    measure,
    noise_floor,
)
from artnb.attention.explaining import explain
from artnb.attention.shapes import shape
from artnb.errors import RelevanceError
from artnb.images.augmentation import standardise
from artnb.training import TrainingConfig, fit

PASSED = pd.DataFrame({"field": "garden", "map": ["single", "multi-2"], "correlation": 0.1, "images": 9})


@pytest.fixture(scope="module")
def runs(run, data, tmp_path_factory):
    """single and multi-2 of seeds 0 and 1; `run` is one of them."""
    folder = tmp_path_factory.mktemp("compared")
    of_seed = [TrainingConfig(epochs=1, batch_size=4, seed=seed) for seed in (0, 1)]
    singles = [fit("artistry-single", data.only("garden"), config, folder) for config in of_seed]
    other = fit("artistry-multi-2", data.only("painting", "garden"), of_seed[1], folder)
    return [run, *singles, other]


@pytest.fixture(scope="module")
def item(runs, data):
    return field_maps(runs, data, "garden", each=2)


def test_field_maps_are_those_of_explain_by_seed(item, runs, data):
    assert item.seeds == (0, 1)
    assert list(item.maps) == ["multi-2", "multi-2 individual", "multi-2 common", "single"]
    assert item.labels.tolist() == ["non_artistic"] * 2 + ["artistic"] * 2
    part = data.splits["test"]["garden"]
    assert [part.groups[part.ids == image].item() for image in item.ids] == item.groups.tolist()
    alone = explain(runs[2:], data, "garden", each=2)
    assert torch.equal(item.maps["multi-2 common"][1], alone.maps["multi-2 common"])
    assert torch.equal(item.maps["single"][1], alone.maps["single"])


def test_the_map_of_a_whole_network_is_grad_cam_of_its_branches_concatenated(item, runs, data):
    network, explained = runs[0].network(), explain([], data, "garden", each=2)
    activations = []
    for layer in network.attention_layers("garden").values():
        layer.register_forward_hook(lambda _, __, out: activations.append(out))
    images = standardise(torch.from_numpy(explained.images).permute(0, 3, 1, 2))
    logits = network(images, "garden").gather(1, explained.targets[:, None]).sum()
    gradients = torch.cat(torch.autograd.grad(logits, activations), dim=1)
    weighted = gradients.mean((2, 3), keepdim=True) * torch.cat(activations, dim=1)
    expected = F.interpolate(weighted.sum(1, keepdim=True), (32, 32), mode="bilinear")[:, 0].detach()
    torch.testing.assert_close(item.maps["multi-2"][0], expected, rtol=1e-4, atol=1e-6)


def test_seeds_with_other_networks_are_not_compared(runs, data):
    with pytest.raises(RelevanceError, match="train every model with every seed"):
        field_maps(runs[:3], data, "garden", each=1)
    with pytest.raises(RelevanceError, match="none"):
        field_maps(runs, data, "architecture", each=1)


def squares(sides, y=0, x=0):
    """Maps of 16 x 16 with a bright square each."""
    maps = torch.full((len(sides), 16, 16), -1.0)
    for map, side in zip(maps, sides, strict=True):
        map[y : y + side, x : x + side] = 1
    return maps


def field(maps, name="garden", groups=None, artistic=0):
    """Maps of one field: kind -> seeds x images; the first `artistic` images are so."""
    seeds, images = next(iter(maps.values())).shape[:2]
    ids = np.array([f"{name}-{image:02}" for image in range(images)])
    labels = np.where(np.arange(images) < artistic, "artistic", "non_artistic")
    return FieldMaps(name, tuple(range(seeds)), ids, ids if groups is None else groups, labels, maps)


def test_measures_are_those_of_each_map():
    item = field({"single": torch.stack([squares([3, 4, 0]), squares([5, 6, 7])])})
    table = measure([item], {"garden-01": np.eye(16, dtype=bool)})
    of_map = table[table["seed"] == 1].pivot_table("value", "id", "measure")
    for name, values in shape(item.maps["single"][1]).items():
        np.testing.assert_allclose(of_map[name], values)
    assert table[table["measure"] == "area"]["value"].isna().tolist() == [False, False, True] + [False] * 3
    cue = table[table["measure"].isin(["cue share", "pointing"])]
    assert set(cue["id"]) == {"garden-01"}
    assert cue[cue["measure"] == "cue share"]["value"].tolist() == pytest.approx([4 / 16, 6 / 36])
    assert cue[cue["measure"] == "pointing"]["value"].tolist() == [1, 1]


def test_a_difference_by_hand():
    """Areas of squares: single 4 x 4 and 5 x 5 by seed, multi-2 6 x 6 and 7 x 7; one pair is empty."""
    single = torch.stack([squares([4] * 12), squares([5] * 11 + [0])])
    multi = torch.stack([squares([6] * 12), squares([7] * 12)])
    table = differences(measure([field({"single": single, "multi-2": multi})]), PASSED)
    row = table.set_index("measure").loc["area"]
    assert row["comparison"] == "multi-2 − single"
    first, second = np.array([36, 49]) / 256, np.array([16, 25]) / 256
    assert row["first"] == pytest.approx(first.mean())
    assert row["second"] == pytest.approx(second.mean())
    assert row["difference"] == pytest.approx((first - second).mean())
    assert (row["seeds"], row["images"], row["groups"], row["empty"]) == (2, 12, 12, 1 / 24)
    # t(0.975, 2) times the pooled standard deviation of seeds times sqrt(2 / 2)
    pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    assert row["floor"] == pytest.approx(4.302653 * pooled)
    assert row["low"] == row["high"] == pytest.approx(row["difference"])  # all images are alike


def test_only_images_with_both_maps_are_paired():
    """The image that single leaves empty would have been multi-2's largest."""
    sides = [4] * 11
    single, multi = squares([*sides, 0])[None], squares([*sides, 15])[None]
    table = differences(measure([field({"single": single, "multi-2": multi})]), PASSED).set_index("measure")
    assert table.loc["area", "difference"] == 0
    assert table.loc["area", "empty"] == pytest.approx(1 / 12)
    assert table.loc["area", "images"] == 11


def test_a_seed_without_enough_maps_does_not_count():
    single = torch.stack([squares([4] * 12), squares([15] * (LEAST - 1) + [0] * (13 - LEAST))])
    multi = torch.stack([squares([4] * 12), squares([4] * 12)])
    table = differences(measure([field({"single": single, "multi-2": multi})]), PASSED).set_index("measure")
    assert (table.loc["area", "seeds"], table.loc["area", "difference"]) == (1, 0)
    assert np.isnan(table.loc["area", "floor"])
    assert not table["beyond"].any()
    nothing = field({"single": -torch.ones(2, 12, 16, 16), "multi-2": multi})
    table = differences(measure([nothing]), PASSED).set_index("measure")
    assert table.loc["area", ["seeds", "images", "empty"]].tolist() == [0, 0, 1]
    assert table[["difference", "low", "high", "floor"]].isna().all(axis=None)


def areas(kinds, name="garden", groups=None):
    """A table of `measure` from areas, kind -> seeds x images."""
    rows = [
        (name, kind, seed, f"{name}-{image}", groups[image] if groups is not None else f"{image}", "", value)
        for kind, of_seeds in kinds.items()
        for seed, of_images in enumerate(of_seeds)
        for image, value in enumerate(of_images)
    ]
    columns = ["field", "map", "seed", "id", "group", "label", "value"]
    return pd.DataFrame(rows, columns=columns).assign(measure="area")


def test_the_interval_is_the_paired_bootstrap():
    rng = np.random.default_rng(0)
    level = rng.uniform(0.2, 0.6, 80)
    kinds = {"single": [level], "multi-2": [level + rng.normal(0.02, 0.05, 80)]}
    row = differences(areas(kinds), PASSED).iloc[0]
    apart = kinds["multi-2"][0] - level
    expected = bootstrap((apart,), np.mean, method="percentile", n_resamples=20_000, rng=1)
    assert row["low"] == pytest.approx(expected.confidence_interval.low, abs=1e-3)
    assert row["high"] == pytest.approx(expected.confidence_interval.high, abs=1e-3)


def test_copies_of_an_image_in_its_group_are_no_further_evidence():
    rng = np.random.default_rng(0)
    kinds = {kind: rng.uniform(0, 1, (2, 40)) for kind in ("single", "multi-2")}
    thrice = {kind: values.repeat(3, axis=1) for kind, values in kinds.items()}
    once, grouped, alone = (
        differences(table, PASSED).iloc[0]
        for table in (
            areas(kinds, groups=[f"{image:02}" for image in range(40)]),
            areas(thrice, groups=np.arange(40).repeat(3).astype("U2")),
            areas(thrice),
        )
    )
    width = once["high"] - once["low"]
    assert grouped["high"] - grouped["low"] == pytest.approx(width, rel=0.05)
    assert alone["high"] - alone["low"] < 0.7 * width


def test_artistic_and_not_are_compared_though_their_images_are_others():
    maps = torch.stack([squares([8] * 10 + [4] * 20), squares([8] * 10 + [4] * 20)])
    table = differences(measure([field({"single": maps}, artistic=10)]), PASSED).set_index("measure")
    assert set(table["comparison"]) == {"single: artistic − not"}
    assert table.loc["area", "difference"] == pytest.approx((64 - 16) / 256)
    assert table.loc["area", ["images", "empty"]].tolist() == [30, 0]
    assert table.loc["area", "beyond"]


def test_the_mean_counts_every_field_the_same():
    rng = np.random.default_rng(0)
    tables = [
        areas({"single": np.zeros((3, n)), "multi-2": rng.normal(effect, 0.1, (3, n))}, name)
        for name, n, effect in (("garden", 20, 0.1), ("painting", 60, 0.3))
    ]
    garden, painting, mean = differences(pd.concat(tables), PASSED).to_dict("records")
    assert [garden["field"], painting["field"], mean["field"]] == ["garden", "painting", "mean"]
    assert mean["difference"] == pytest.approx((garden["difference"] + painting["difference"]) / 2)
    assert mean["high"] - mean["low"] < garden["high"] - garden["low"]
    assert (mean["images"], mean["groups"], mean["seeds"]) == (80, 80, 3)


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_differences_of_seeds_alone_stay_within_the_floor(seeds):
    rng = np.random.default_rng(seeds)
    sides = rng.normal(0.4, 0.1, (4000, 2, seeds))
    within = [abs(first.mean() - second.mean()) <= noise_floor(first, second) for first, second in sides]
    assert np.mean(within) == pytest.approx(0.95, abs=0.012)


def test_what_was_planted_is_beyond_the_noise_and_what_was_not_is_within():
    rng = np.random.default_rng(2)
    found = {0.0: 0, 0.2: 0}
    for effect in found:
        for _ in range(12):
            multi, single = rng.normal(0.4, 0.02, (2, 3, 1)) + rng.normal(0, 0.1, (2, 3, 40))
            multi += effect
            found[effect] += differences(areas({"single": single, "multi-2": multi}), PASSED)["beyond"].sum()
    assert found[0.0] <= 1
    assert found[0.2] == 12


def test_maps_that_failed_the_check_are_evidence_of_nothing():
    rows = [("garden", "single", 0.9), ("painting", "single", 0.8), ("garden", "multi-2 common", -0.7)]
    rows += [("garden", "multi-2 individual", 0.1), ("garden", "multi-3", 0.6), ("painting", "multi-3", 0.2)]
    check = pd.DataFrame(rows, columns=["field", "map", "correlation"])
    table = evidence(check).set_index("map")
    assert table["evidence"].to_dict() == {
        "single": False, "multi-2 common": False, "multi-2 individual": True, "multi-3": True
    }  # fmt: skip
    assert table.loc["multi-3", ["correlation", "fields"]].tolist() == pytest.approx([0.4, 2])
    kinds = {kind: np.full((2, 12), level) for kind, level in (("single", 0.1), ("multi-2", 0.9))}
    measured = areas(kinds)
    assert differences(measured, PASSED)[["evidence", "beyond"]].to_numpy().tolist() == [[True, True]]
    halves = pd.DataFrame(
        {"map": ["single", "multi-2 common", "multi-2 individual"], "correlation": 0.1, "field": "garden"}
    )
    assert differences(measured, halves)["beyond"].all()
    failed = halves.assign(correlation=[0.1, 0.1, 0.9])
    for other in (failed, PASSED[PASSED["map"] == "single"]):
        assert not differences(measured, other)[["evidence", "beyond"]].any(axis=None)


def test_one_kind_of_map_is_nothing_to_compare():
    with pytest.raises(RelevanceError, match="nothing to compare"):
        differences(areas({"single": np.ones((2, 12))}), PASSED)


def test_agreement_by_hand():
    """Every second image is bright above, the others below: by chance no two of them agree."""
    same = torch.stack([squares([4], y)[0] for y in (0, 8)] * 8)
    half = torch.stack([squares([4], y, 2)[0] for y in (0, 8)] * 8)  # two columns to the right
    item = field({"single": torch.stack([same, same]), "multi-2": torch.stack([half, half])})
    table = agreement([item], PASSED).set_index("pair")
    assert table["overlap"].to_dict() == pytest.approx(
        {"multi-2, two seeds": 1, "single, two seeds": 1, "multi-2 and single": 8 / 24}
    )
    assert table["chance"].tolist() == [0, 0, 0]
    assert table["low"].tolist() == pytest.approx([1, 1, 1 / 3])
    assert (table["seeds"] == 2).all()
    assert table["evidence"].all()


def test_maps_that_look_alike_in_every_image_agree_by_chance_only():
    single, multi = squares(np.random.default_rng(0).integers(3, 9, 480)).reshape(2, 3, 80, 16, 16)
    table = agreement([field({"single": single, "multi-2": multi})], PASSED)
    assert (table["low"] < 0.03).all()
    assert (table["overlap"] > 0.3).all()


def test_empty_maps_and_single_seeds_in_an_agreement():
    maps = squares([4] * 14 + [0] * 2).expand(2, 16, 16, 16)
    table = agreement([field({"single": maps, "multi-2": maps})], PASSED)
    assert table["empty"].tolist() == pytest.approx(
        [3 / 16] * 3
    )  # two images, and the one before which one lies
    assert table["images"].tolist() == [13] * 3
    with pytest.raises(RelevanceError, match="garden has maps of one seed"):
        agreement([field({"single": maps[:1], "multi-2": maps[:1]})], PASSED)
