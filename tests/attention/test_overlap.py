"""The pointing game on maps drawn by hand."""

import math

import numpy as np
import pytest
import torch

from artnb.attention.overlap import cue_share, overlaps

MASKS = np.zeros((3, 4, 4), bool)
MASKS[:, :2, :2] = True  # a quarter of the area


def test_the_share_is_that_of_the_positive_part():
    maps = torch.zeros(3, 4, 4)
    maps[0, 0, 0], maps[0, 3, 3], maps[0, 0, 3] = 3.0, 1.0, -50.0  # what speaks against counts nowhere
    maps[1, 3, 3] = 2.0
    maps[2, 1, 1], maps[2, 1, 0] = 2.0, -2.0
    np.testing.assert_allclose(cue_share(maps, MASKS), [0.75, 0.0, 1.0])


def test_a_map_that_is_nowhere_positive_has_no_share():
    shares = cue_share(torch.stack([torch.zeros(4, 4), -torch.ones(4, 4), torch.ones(4, 4)]), MASKS)
    assert np.isnan(shares[:2]).all()
    assert shares[2] == pytest.approx(0.25)


def test_the_share_does_not_depend_on_the_scale_of_a_map():
    maps = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0))
    scale = torch.tensor([1e-3, 1.0, 1e4])[:, None, None]
    np.testing.assert_allclose(cue_share(maps, MASKS), cue_share(maps * scale, MASKS), rtol=1e-5)


def test_a_row_for_each_map_with_its_interval_and_its_chance():
    rng = np.random.default_rng(0)
    masks = np.zeros((60, 8, 8), bool)
    masks[:, :4] = True
    good = rng.uniform(0, 1, (60, 8, 8))
    good[:, 4:] *= 0.25
    blind = rng.uniform(0, 1, (60, 8, 8))
    blind[:6] = -1
    table = overlaps({"good": torch.tensor(good), "blind": torch.tensor(blind)}, masks)
    assert list(table) == ["map", "overlap", "low", "high", "images", "empty", "chance"]
    assert table["map"].tolist() == ["good", "blind"]
    assert table["images"].tolist() == [60, 54]
    assert table["empty"].tolist() == [0, 6]
    assert table["chance"].tolist() == [0.5, 0.5]
    for shares, (_, row) in zip(
        (cue_share(torch.tensor(good), masks), cue_share(torch.tensor(blind[6:]), masks[6:])),
        table.iterrows(),
        strict=True,
    ):
        error = 1.96 * shares.std(ddof=1) / math.sqrt(len(shares))
        assert row["overlap"] == pytest.approx(shares.mean())
        assert row["low"] == pytest.approx(shares.mean() - error, abs=0.15 * error)
        assert row["high"] == pytest.approx(shares.mean() + error, abs=0.15 * error)
    assert table.loc[0, "low"] > 0.75
    assert table.loc[1, "low"] < 0.5 < table.loc[1, "high"]


@pytest.mark.parametrize("positive", [0, 1])
def test_of_too_few_maps_there_is_no_interval(positive):
    maps = -torch.ones(3, 4, 4)
    maps[:positive] = 1
    [row] = overlaps({"few": maps}, MASKS).to_dict("records")
    assert row["images"] == positive
    assert row["empty"] == 3 - positive
    assert math.isnan(row["overlap"])
    assert math.isnan(row["low"])


def test_the_interval_is_the_same_every_time():
    maps = {"map": torch.rand(20, 4, 4, generator=torch.Generator().manual_seed(1))}
    masks = np.broadcast_to(MASKS[0], (20, 4, 4))
    first, second = overlaps(maps, masks), overlaps(maps, masks)
    assert first.equals(second)
