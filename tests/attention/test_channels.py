"""Shares, profiles and overlaps of attributions that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from artnb.attention.attribution import OTHER_HEADS, START, TRAINED, ChannelUse
from artnb.attention.channels import (
    channel_overlap,
    channel_profiles,
    common_share,
    image_weights,
    ranked,
    users_of,
)
from artnb.errors import RelevanceError

NETWORKS = (TRAINED, START, OTHER_HEADS)


def use(field, common, individual=None, seed=0, network=TRAINED, groups=None):
    common = np.asarray(common, dtype=float)
    individual = np.ones((len(common), 1)) if individual is None else np.asarray(individual, dtype=float)
    groups = np.arange(len(common)) if groups is None else np.asarray(groups)
    values = {"individual": individual, "common": common}
    return ChannelUse("multi-2", seed, network, field, groups, values)


def everywhere(*uses):
    """The same in the networks that cannot know."""
    return [
        ChannelUse(item.method, item.seed, network, item.field, item.groups, item.attributions)
        for network in NETWORKS
        for item in uses
    ]


def random_uses(images=40, channels=12, seeds=1, rng=None):
    rng = rng or np.random.default_rng(0)
    return [
        use(
            field,
            rng.normal(size=(images, channels)) * rng.uniform(0.1, 2, channels),
            seed=seed,
            network=name,
        )
        for seed in range(seeds)
        for name in NETWORKS
        for field in ("painting", "garden", "sculpture")
    ]


def test_the_share_by_hand():
    """Painting: 2/3 and 3/4 under one seed, 0 and 1/2 under the other; garden always 1/2."""
    uses = [
        use("painting", [[1, -1], [0, 3]], seed=0),
        use("garden", [[1, 0]] * 2, seed=0),
        use("painting", [[0, 0], [1, 0]], seed=1),
        use("garden", [[0, -1]] * 2, seed=1),
    ]
    other = [use(item.field, [[9, 0]] * 2, seed=item.seed, network=OTHER_HEADS) for item in uses]
    start = [use(item.field, [[4, 0]] * 2, seed=item.seed, network=START) for item in uses]
    table = common_share([*uses, *start, *other])
    assert table["field"].tolist() == ["painting", "garden", "mean"]
    of_painting = (2 / 3 + 3 / 4 + 0 + 1 / 2) / 4
    np.testing.assert_allclose(table["share"], [of_painting, 0.5, (of_painting + 0.5) / 2])
    np.testing.assert_allclose(table["start"], 0.8)
    np.testing.assert_allclose(table["other_heads"], 0.9)
    assert table["seeds"].tolist() == [2, 2, 2]
    assert table["images"].tolist() == table["groups"].tolist() == [2, 2, 4]
    # drawn are the corners: both times the same seed and the same image
    assert table.loc[0, ["low", "high"]].tolist() == [0, 0.75]
    np.testing.assert_allclose(table.loc[1, ["low", "high"]].astype(float), 0.5)


def test_the_interval_is_that_of_a_mean_over_groups():
    """Of 60 works, four images each, all alike: the error of the mean of 60 values, not of 240."""
    works = np.random.default_rng(1).uniform(0.1, 9, (60, 1))
    uses = everywhere(use("garden", np.repeat(works, 4, axis=0), groups=np.repeat(np.arange(60), 4)))
    [row] = common_share(uses).to_dict("records")
    shares = works / (1 + works)
    error = 1.96 * shares.std(ddof=1) / np.sqrt(60)
    assert row["low"] == pytest.approx(row["share"] - error, abs=0.1 * error)
    assert row["high"] == pytest.approx(row["share"] + error, abs=0.1 * error)
    assert (row["images"], row["groups"]) == (240, 60)


def test_seeds_that_differ_widen_the_interval():
    alike = [use("garden", np.full((50, 1), 1.0), seed=seed) for seed in range(5)]
    apart = [
        use("garden", np.full((50, 1), size), seed=seed) for seed, size in enumerate((0.1, 0.5, 1, 2, 9))
    ]
    (narrow,), (wide,) = (common_share(everywhere(*uses)).to_dict("records") for uses in (alike, apart))
    assert narrow["high"] == pytest.approx(narrow["low"])
    assert wide["low"] < wide["share"] - 0.1 < wide["share"] + 0.1 < wide["high"]
    assert wide["seeds"] == 5


def test_of_one_group_there_is_no_interval():
    uses = everywhere(*(use(field, [[1, 2], [3, 1], [1, 1]], groups=[7, 7, 7]) for field in "ab"))
    for table, value in ((common_share(uses), "share"), (channel_overlap(uses), "overlap")):
        assert table[["low", "high"]].isna().all(axis=None)
        assert table[value].notna().all()


def test_whose_a_channel_is():
    shares = np.array([[0.2, 0.2, 0.0, 0.1, 0.5], [0.1, 0.11, 0.0, 0.39, 0.4], [0.1, 0.0, 0.0, 0.1, 0.8]])
    users = ["painting", "shared", "unused", "garden", "shared"]
    assert users_of(shares, ["painting", "garden", "sea"]).tolist() == users
    assert users_of(shares[:1], ["painting"]).tolist() == [
        "painting",
        "painting",
        "unused",
        *["painting"] * 2,
    ]


def test_profiles_are_shares_within_a_field():
    uses = everywhere(use("painting", [[1, -3, 0], [-3, 1, 0]]), use("garden", [[0, 30, 0], [20, 10, 0]]))
    table = channel_profiles(uses)
    assert len(table) == 3 * 2 * 3
    trained = table[table["network"] == TRAINED]
    np.testing.assert_allclose(trained["size"], [2, 2, 0, 10, 20, 0])
    np.testing.assert_allclose(trained["share"], [0.5, 0.5, 0, 1 / 3, 2 / 3, 0])
    assert trained["user"].tolist() == ["shared", "shared", "unused"] * 2
    assert trained["channel"].tolist() == [0, 1, 2] * 2
    assert (trained["images"] == 2).all()
    assert channel_profiles([use("garden", np.zeros((2, 3)))])["share"].tolist() == [0, 0, 0]


def test_the_overlap_is_scipys_rank_correlation():
    uses = random_uses(seeds=2)
    table = channel_overlap(uses)
    assert table["pair"].tolist() == ["painting, garden", "painting, sculpture", "garden, sculpture", "mean"]
    of = {(item.network, item.seed, item.field): item.profile for item in uses}
    for row in table[:-1].to_dict("records"):
        first, second = row["pair"].split(", ")
        for name, column in ((TRAINED, "overlap"), (START, "start"), (OTHER_HEADS, "other_heads")):
            each = [spearmanr(of[name, seed, first], of[name, seed, second]).statistic for seed in (0, 1)]
            assert row[column] == pytest.approx(np.mean(each))
    assert table["overlap"].iloc[-1] == pytest.approx(table["overlap"][:-1].mean())
    assert (table["channels"] == 12).all()


def test_an_overlap_that_is_planted_is_found():
    """Two fields use the same channels, the third the opposite ones; their images are drawn apart."""
    rng, scale = np.random.default_rng(2), np.linspace(0.1, 3, 30)
    sizes = {"painting": scale, "garden": scale, "sea": scale[::-1]}
    table = channel_overlap(everywhere(*(use(f, rng.normal(size=(80, 30)) * s) for f, s in sizes.items())))
    same, *opposite = table[:-1].to_dict("records")
    assert 0.9 < same["low"] < same["overlap"] <= 1
    assert all(row["high"] < -0.9 for row in opposite)


def test_permuted_channels_have_no_overlap():
    rng = np.random.default_rng(3)
    profile = rng.gamma(1, size=64)
    drawn = np.array([rng.permutation(profile) for _ in range(2000)])
    overlaps = np.vecdot(ranked(drawn), ranked(profile))
    assert abs(overlaps.mean()) < 0.01
    assert overlaps.std() == pytest.approx(1 / np.sqrt(63), rel=0.06)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(1e-6, 1e6))
def test_neither_the_order_of_channels_nor_a_fields_scale_changes_an_overlap(seed, scale):
    rng = np.random.default_rng(seed)
    one, two = rng.gamma(1, size=(2, 20))
    order = rng.permutation(20)
    expected = np.vdot(ranked(one), ranked(two))
    assert np.vdot(ranked(scale * one[order]), ranked(two[order])) == pytest.approx(expected)
    assert -1 - 1e-9 <= expected <= 1 + 1e-9
    assert np.vdot(ranked(one), ranked(one)) == pytest.approx(1)


def test_a_group_is_drawn_whole():
    weights = image_weights(np.array(["a", "b", "a", "c"]), "garden")
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), 3)
    assert np.ptp(weights[:, 1]) > 1
    assert not np.array_equal(weights, image_weights(np.array(["a", "b", "a", "c"]), "painting"))


def test_a_field_that_uses_all_channels_alike_has_no_overlap():
    uses = everywhere(use("painting", [[1, 2], [2, 1]]), use("garden", [[1, 2], [1, 3]]))
    assert channel_overlap(uses)["overlap"].isna().all()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(RelevanceError, match="garden alone"):
        channel_overlap(everywhere(use("garden", [[1, 2], [2, 1]])))
    for table in (common_share, channel_profiles, channel_overlap):
        with pytest.raises(RelevanceError, match="channel_use"):
            table([])


def test_the_same_every_time():
    first, second = (channel_overlap(random_uses(seeds=2)) for _ in range(2))
    assert first.equals(second)
