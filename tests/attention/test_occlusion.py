"""Blurring is what it says, a region that decides is told from others, and means have intervals."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import bootstrap
from torch import nn

from artnb.attention.occlusion import (
    BLUR,
    PLACES,
    answer,
    blurred,
    effect_of_blurring,
    mean_effects,
    moved,
    probabilities,
)
from artnb.errors import ModelError, RelevanceError
from artnb.images.augmentation import standardise
from artnb.training import TrainingConfig, fit


class Speck(nn.Module):
    """Says `artistic` by the contrast of the finest texture that it finds."""

    def __init__(self):
        super().__init__()
        self.edges = nn.Conv2d(3, 1, 3, padding=1, padding_mode="reflect", bias=False)
        self.edges.weight.data[:] = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]) / 3
        self.drop = nn.Dropout()

    def attention_layers(self, task):
        return {"individual": self.edges}

    def forward(self, images, task):
        contrast = self.drop(self.edges(images)).square().mean((1, 2, 3))
        return torch.stack([torch.ones_like(contrast), contrast / 5], dim=1)


@pytest.fixture
def speckled():
    """Two grey pictures of 32 px; the first has a chequered patch of 8 px in a corner."""
    images = torch.full((2, 3, 32, 32), 128, dtype=torch.uint8)
    patch = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 255
    images[0, :, 4:12, 4:12] = patch.to(torch.uint8)
    return images


def ask(images, targets=None, model=None):
    return answer(
        SimpleNamespace(method="single"), model or Speck(), images, ["a", "b"][: len(images)], "any", targets
    )


def test_a_blur_is_gaussian_inside_the_mask_and_nothing_outside():
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), dtype=np.uint8))
    masks = torch.zeros(2, 64, 64, dtype=torch.bool)
    masks[0, 10:30, 40:] = True
    result = blurred(images, masks)
    assert torch.equal(result[1], images[1])
    assert torch.equal(result[0][:, ~masks[0]], images[0][:, ~masks[0]])
    deviation = BLUR * 64
    smooth = gaussian_filter(
        images[0].numpy().astype(float),
        deviation,
        axes=(1, 2),
        mode="mirror",
        radius=int(np.ceil(3 * deviation)),
    )
    inside = masks[0].numpy()
    np.testing.assert_allclose(result[0].numpy()[:, inside], smooth[:, inside], atol=0.51)


def test_masks_of_another_form_are_refused():
    images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
    for masks in (torch.zeros(1, 32, 32, dtype=torch.bool), torch.zeros(2, 32, 32)):
        with pytest.raises(ModelError, match=r"need \(2, 32, 32\), bool"):
            blurred(images, masks)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 40), st.integers(0, 40))
def test_a_moved_region_keeps_its_area_and_comes_back(seed, down, right):
    masks = torch.from_numpy(np.random.default_rng(seed).random((3, 8, 8)) < 0.4)
    shifts = np.array([[down, right], [0, 0], [8, 16]])
    there = moved(masks, shifts)
    assert torch.equal(there.flatten(1).sum(1), masks.flatten(1).sum(1))
    assert torch.equal(there[1:], masks[1:])
    assert there[0, down % 8, right % 8] == masks[0, 0, 0]
    assert torch.equal(moved(there, -shifts), masks)


def test_a_region_that_decides_is_told_from_the_same_area_elsewhere(speckled):
    said = ask(speckled)
    assert list(said.occlusions) == ["single"]
    assert said.targets.tolist() == [1, 0]
    item = said.occlusions["single"]
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[3:13, 3:13] = True
    assert item.regions[0].any()
    assert not (item.regions[0] & ~inside).any()
    # by hand: what is left of the contrast when the region is blurred
    left = blurred(speckled, item.regions)
    after = Speck().eval()(standardise(left), "any").softmax(1)[0, 1]
    before = Speck().eval()(standardise(speckled), "any").softmax(1)[0, 1]
    assert item.deciding[0].item() == pytest.approx((after - before).item(), abs=1e-6)
    assert item.deciding[0] < -0.1
    # the first of the random places is the one that is shown
    there = blurred(speckled, item.elsewhere)
    expected = probabilities(Speck(), there, "any")[0, 1] - said.probabilities[0, 1]
    assert item.random.shape == (PLACES, 2)
    assert item.random[0, 0].item() == pytest.approx(expected.item(), abs=1e-6)
    assert item.random[:, 0].mean() > item.deciding[0] / 2


def test_a_map_without_a_positive_part_has_no_region_and_changes_nothing(speckled):
    item = ask(speckled).occlusions["single"]
    assert not item.regions[1].any()
    assert item.deciding[1] == 0
    assert (item.random[:, 1] == 0).all()


def test_the_label_that_is_asked_for_is_explained(speckled):
    asked = ask(speckled, torch.tensor([0, 0]))
    own = ask(speckled)
    assert asked.targets.tolist() == [0, 0]
    assert not torch.equal(asked.occlusions["single"].maps[0], own.occlusions["single"].maps[0])


def test_an_image_has_the_same_places_in_any_company(speckled):
    alone, together = ask(speckled[:1]).occlusions["single"], ask(speckled).occlusions["single"]
    assert torch.equal(alone.elsewhere[0], together.elsewhere[0])
    torch.testing.assert_close(alone.random[:, 0], together.random[:, 0])


def test_the_model_stays_as_it_was(speckled):
    model = Speck().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    ask(speckled, model=model)
    assert model.training
    assert model.drop.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.edges.weight.grad is None
    assert not model.edges._forward_hooks


@pytest.fixture(scope="module")
def runs(run, data, tmp_path_factory):
    config = TrainingConfig(epochs=1, batch_size=4)
    return [fit("artistry-single", data.only("garden"), config, tmp_path_factory.mktemp("single")), run]


def test_a_batch_has_a_row_for_each_image_and_map(runs, data):
    table = effect_of_blurring(runs, data, "garden", each=2)
    assert table["map"].unique().tolist() == ["single", "multi-2 individual", "multi-2 common"]
    assert len(table) == 12
    part = data.splits["test"]["garden"]
    group = dict(zip(part.ids, part.groups, strict=True))
    assert table["group"].tolist() == [group[id] for id in table["id"]]
    assert table["label"].tolist() == ["non_artistic", "non_artistic", "artistic", "artistic"] * 3
    # by hand, of the single-task network
    rows = [np.flatnonzero(part.ids == id).item() for id in table["id"][:4]]
    images, _ = part.batch(np.array(rows))
    with torch.no_grad():
        says = runs[0].network()(standardise(images), "garden").softmax(1)
    assert table["probability"][:4].tolist() == pytest.approx(says.amax(1).tolist())
    assert table["prediction"][:4].tolist() == [data.classes[best] for best in says.argmax(1)]
    shown = table["area"] > 0
    assert (table[["deciding", "random"]].notna().all(axis=1) == shown).all()
    assert shown.any()
    assert effect_of_blurring(runs, data, "painting", 1)["map"].unique().tolist() == [
        "multi-2 individual", "multi-2 common"
    ]  # fmt: skip
    with pytest.raises(RelevanceError, match="no run knows painting"):
        effect_of_blurring(runs[:1], data, "painting", 1)


def effects(deciding, random, field="garden", kind="single", groups=None):
    """A table of `effect_of_blurring` from changes, seeds x images; NaN where a map is empty."""
    return pd.concat(
        pd.DataFrame(
            {
                "field": field, "map": kind, "seed": seed, "id": [f"{field}-{i:03}" for i in range(len(one))],
                "group": [f"{i}" for i in range(len(one))] if groups is None else groups,
                "deciding": one, "random": two, "area": np.where(np.isnan(one), 0, 0.25),
            }
        )
        for seed, (one, two) in enumerate(zip(np.atleast_2d(deciding), np.atleast_2d(random), strict=True))
    )  # fmt: skip


def test_means_by_hand():
    one = np.full((2, 12), -0.3)
    one[1] = -0.5
    one[0, 0] = np.nan
    garden = effects(one, np.where(np.isnan(one), np.nan, -0.1))
    painting = effects(np.full((2, 12), -0.2), np.full((2, 12), 0.1), "painting")
    table = mean_effects(pd.concat([garden, painting])).set_index("field")
    assert table.index.tolist() == ["garden", "painting", "mean"]
    for name, values in {
        "deciding": [-0.4, -0.2, -0.3], "random": [-0.1, 0.1, 0], "difference": [-0.3, -0.3, -0.3]
    }.items():  # fmt: skip
        for limit in ("", "_low", "_high"):
            np.testing.assert_allclose(table[name + limit], values, atol=1e-12)
    assert table["empty"].tolist() == pytest.approx([1 / 24, 0, 1 / 48])
    assert table["images"].tolist() == [12, 12, 24]
    assert table["area"].tolist() == [0.25] * 3
    assert (table["seeds"] == 2).all()


def test_the_interval_is_the_paired_bootstrap_over_groups():
    rng = np.random.default_rng(0)
    random = rng.normal(-0.1, 0.2, 80)
    deciding = random + rng.normal(-0.05, 0.05, 80)
    row = mean_effects(effects(deciding, random)).iloc[0]
    for name, values in {"deciding": deciding, "difference": deciding - random}.items():
        expected = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=1)
        assert row[f"{name}_low"] == pytest.approx(expected.confidence_interval.low, abs=4e-3)
        assert row[f"{name}_high"] == pytest.approx(expected.confidence_interval.high, abs=4e-3)
    width = row["difference_high"] - row["difference_low"]
    assert width < row["deciding_high"] - row["deciding_low"]
    thrice = effects(
        deciding.repeat(3), random.repeat(3), groups=[f"{i}" for i in range(80) for _ in range(3)]
    )
    grouped = mean_effects(thrice).iloc[0]
    assert grouped["difference_high"] - grouped["difference_low"] == pytest.approx(width, rel=0.05)


def test_too_few_maps_have_no_mean():
    few = np.where(np.arange(12) < 9, -0.3, np.nan)
    row = mean_effects(effects(few, few)).iloc[0]
    assert row[["deciding", "random", "difference"]].isna().all()
