"""Both protocols have one pool and one size, only one parts the works; the lie is found, and only there."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from artnb.catalogue import SPLITS, Catalogue
from artnb.errors import TrainingError
from artnb.images import Store
from artnb.images.augmentation import NO_AUGMENTATION, Augmentation
from artnb.training import TrainingConfig, TrainingData, leak
from artnb.training.data import FieldImages
from artnb.training.leak import AUGMENT_FIRST, SPLIT_FIRST, VARIATION, Leak, by_seed, divided, parted, summary

WORKS, COPIES = 32, 8


@pytest.fixture(scope="module")
def noise() -> TrainingData:
    """Patches of random colours and random labels: nobody can know them, anybody can remember them."""
    rng = np.random.default_rng(0)

    def images(number: int) -> FieldImages:
        pixels = rng.integers(0, 256, (number, 4, 4, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
        ids = np.array([f"{name:064x}" for name in rng.integers(2**62, size=number)])
        store = Store(32, pixels, pd.Index(ids, dtype="str"))
        return FieldImages(store, np.arange(number), torch.arange(number) % 2, ids, ids)

    splits = zip(SPLITS, (WORKS, 8, 100), strict=True)
    return TrainingData(("no", "yes"), {split: {"garden": images(number)} for split, number in splits})


def images(data: TrainingData, split: str = "train") -> FieldImages:
    return data.splits[split]["garden"]


def test_both_protocols_share_a_pool_and_sizes_and_only_one_keeps_works_whole(noise):
    protocols = divided(noise, COPIES, VARIATION, seed=0)
    pools = []
    for data in protocols.values():
        assert [len(images(data, split)) for split in SPLITS] == [192, 32, 32]
        pools.append({id for split in SPLITS for id in images(data, split).ids})
        assert len(pools[-1]) == WORKS * COPIES
        assert all(images(data, split).targets.float().mean() == 0.5 for split in SPLITS)
    assert pools[0] == pools[1]
    groups = {name: [set(images(data, split).groups) for split in SPLITS] for name, data in protocols.items()}
    train, validation, test = groups[SPLIT_FIRST]
    assert not (train & validation) | (train & test) | (validation & test)
    train, validation, test = groups[AUGMENT_FIRST]
    assert validation | test <= train

    def of(seed: int) -> list[str]:
        return images(divided(noise, COPIES, VARIATION, seed)[AUGMENT_FIRST]).ids.tolist()

    assert of(0) == images(protocols[AUGMENT_FIRST]).ids.tolist()
    assert set(of(1)).isdisjoint(of(0))


def test_copies_keep_the_target_and_group_of_their_image_and_differ(noise):
    originals, targets = images(noise).batch(slice(None))
    pool = leak.varied(images(noise), 3, VARIATION, seed=0)
    pixels, copied = pool.batch(slice(None))
    assert len(set(pool.ids)) == 3 * WORKS
    assert copied.reshape(3, -1).eq(targets).all()
    assert (pool.groups.reshape(3, -1) == images(noise).groups).all()
    plain, _ = leak.varied(images(noise), 3, NO_AUGMENTATION, seed=0).batch(slice(None))
    assert plain.reshape(3, *originals.shape).eq(originals).all()
    assert not pixels.eq(plain).flatten(1).all(dim=1).any()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 6), min_size=16, max_size=40), st.integers(0, 3))
def test_every_image_is_in_one_part_groups_stay_whole_and_three_quarters_are_learnt(sizes, seed):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    parts = parted(groups % 2, groups, seed)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(groups)))
    owners = [set(groups[parts[split]]) for split in SPLITS]
    assert sum(map(len, owners)) == len(sizes)
    assert all({0, 1} <= {group % 2 for group in of} for of in owners)
    assert abs(len(parts["train"]) - 3 / 4 * len(groups)) <= 3 * max(sizes)


def test_too_few_groups_or_copies_are_refused(noise):
    with pytest.raises(TrainingError, match="a label has 7 groups to learn from, and 8 parts need one each"):
        parted(np.arange(15) % 2, np.arange(15), seed=0)
    with pytest.raises(TrainingError, match="copies is 1"):
        Leak(None, "garden", TrainingConfig(), copies=1).run()


def test_noise_seems_known_only_where_copies_lie_on_both_sides(noise, tmp_path, monkeypatch):
    monkeypatch.setattr(leak, "load", lambda *_: noise)
    monkeypatch.setattr(leak, "at_once", lambda _: 1)
    row = {"id": "", "field": "garden", "label": "yes", "group": "", "split": "train"}
    asked = Leak(
        Catalogue(tmp_path, pd.DataFrame([row])),
        "garden",
        TrainingConfig(epochs=8, batch_size=16),
        image_size=32,
        seeds=(0,),
        copies=COPIES,
        variation=Augmentation(images_per_draw=1),
    )
    answers = asked.run()
    means = summary(answers).set_index(["protocol", "quantity"])["value"]
    assert means[AUGMENT_FIRST, "claimed"] > 0.85
    for honest in [(SPLIT_FIRST, "claimed"), (SPLIT_FIRST, "true"), (AUGMENT_FIRST, "true")]:
        assert means[honest] < 0.7

    monkeypatch.setattr(leak, "answer", None)  # all is found again
    pd.testing.assert_frame_equal(asked.run(), answers)
    for changed in ({"copies": 9}, {"works": 8}, {"image_size": 64}, {"config": TrainingConfig(epochs=9)}):
        assert not leak.answers_file(replace(asked, **changed), AUGMENT_FIRST, 0).exists()


def answered(table: list[tuple[str, int, str, str, str, bool]]) -> pd.DataFrame:
    return pd.DataFrame(table, columns=["protocol", "seed", "quantity", "id", "group", "correct"])


@pytest.fixture
def study() -> pd.DataFrame:
    """Of each seed 40 claims in 20 groups and 30 truths: 36 and 18 right first, 20 and 15 second."""
    right = {
        (AUGMENT_FIRST, "claimed"): (36, 40),
        (AUGMENT_FIRST, "true"): (18, 30),
        (SPLIT_FIRST, "claimed"): (20, 40),
        (SPLIT_FIRST, "true"): (15, 30),
    }
    return answered(
        [
            (protocol, seed, quantity, f"{quantity} {n}", f"{quantity} {n // 2}", n < correct)
            for (protocol, quantity), (correct, number) in right.items()
            for seed in (0, 1, 2)
            for n in range(number)
        ]
    )


def test_the_numbers_are_those_worked_by_hand(study):
    seeds = by_seed(study)
    assert seeds["seed"].tolist() == [0, 1, 2, 0, 1, 2]
    assert np.allclose(seeds["pretended"], [0.3] * 3 + [0.0] * 3)
    assert seeds[["claimed_images", "true_images"]].drop_duplicates().to_numpy().tolist() == [[40, 30]]
    means = summary(study)
    expected = [0.9, 0.6, 0.3, 0.5, 0.5, 0.0, 0.4, 0.1, 0.3]
    assert np.allclose(means["value"], expected)
    assert (means["low"] <= means["value"]).all()
    assert (means["value"] <= means["high"]).all()
    assert means.iloc[2][["seeds", "images", "groups"]].tolist() == [3, 40, 20]
    assert means.iloc[1][["seeds", "images", "groups"]].tolist() == [3, 30, 15]


def test_intervals_follow_the_groups_and_not_the_images(study):
    """All copies of a work answer alike: the interval is that of 20 groups, not of 4,000 copies."""
    copied = pd.concat([study.assign(id=study["id"] + f" {n}") for n in range(100)], ignore_index=True)
    one, many = (summary(of).iloc[3] for of in (study, copied))
    assert one["value"] == many["value"]
    assert np.isclose(one["high"] - one["low"], many["high"] - many["low"])
    binomial = 2 * 1.96 * np.sqrt(0.25 / 20)
    assert abs((one["high"] - one["low"]) - binomial) < 0.1 * binomial
