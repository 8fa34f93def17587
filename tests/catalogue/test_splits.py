import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artnb.catalogue import check_splits, split
from artnb.catalogue.splits import most_frequent_split
from artnb.errors import CatalogueError, LeakageError

STRATA = [(field, label) for field in ("painting", "garden") for label in ("artistic", "non_artistic")]


def table(sizes: list[int], strata=STRATA) -> pd.DataFrame:
    """Groups of the given sizes in every stratum."""
    rows = [
        (field, label, f"{field} {label} {group}")
        for field, label in strata
        for group, size in enumerate(sizes)
        for _ in range(size)
    ]
    made = pd.DataFrame(rows, columns=["field", "label", "group"])
    ids = [f"{n:064x}" for n in range(len(made))]
    return made.assign(id=ids, path=[f"{n}.jpg" for n in range(len(made))], phash="", split="")


def shares(made: pd.DataFrame) -> pd.DataFrame:
    found = pd.crosstab([made["field"], made["label"]], made["split"], normalize="index")
    return found[["train", "validation", "test"]]


@pytest.mark.parametrize(
    "sizes", [[1] * 100, [3] * 50 + [1] * 50, [30, 25, 20] + [1] * 25, [9, 7, 5, 3, 2] * 10]
)
def test_the_fractions_are_met_to_a_small_group_in_every_stratum(sizes):
    made = split(table(sizes))
    check_splits(made)
    assert (shares(made) - [0.7, 0.1, 0.2]).abs().max(axis=None) <= min(sizes) / sum(sizes) + 1e-9


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 12), min_size=3, max_size=25), st.integers(0, 5))
def test_any_three_groups_of_a_label_suffice_and_nothing_leaks(sizes, seed):
    check_splits(split(table(sizes), seed=seed))


def test_groups_across_fields_stay_whole():
    made = table([2] * 60)
    rng = np.random.default_rng(0)
    across = rng.random(len(made)) < 0.3
    made.loc[across, "group"] = [f"creator {n}" for n in rng.integers(0, 40, across.sum())]
    made = split(made)
    check_splits(made)
    assert (shares(made) - [0.7, 0.1, 0.2]).abs().max(axis=None) < 0.02


def test_the_seed_decides_and_the_order_of_the_rows_does_not():
    made = table([2] * 40)
    once = split(made, seed=3)
    again = split(made.sample(frac=1, random_state=5), seed=3).sort_index()
    pd.testing.assert_frame_equal(once, again)
    assert (split(made, seed=4)["split"] != once["split"]).any()


def test_rows_keep_their_split_and_groups_follow_the_most_of_theirs():
    made = table([2] * 20)
    first = split(made.iloc[::2])
    grown = split(made.assign(split=first["split"].reindex(made.index, fill_value="")), seed=9)
    pd.testing.assert_series_equal(grown.loc[first.index, "split"], first["split"])
    check_splits(grown)
    joined = made.assign(split=["test", "test", "test", "train", ""] + [""] * (len(made) - 5))
    joined.loc[:4, "group"] = "one work"
    assert split(joined).loc[:4, "split"].tolist() == ["test"] * 5


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["train", "validation", "test"])), min_size=1)
)
def test_the_most_frequent_split_is_the_mode_of_the_group(rows):
    made = pd.DataFrame(rows, columns=["group", "split"])
    expected = made.groupby("group")["split"].agg(lambda splits: splits.mode()[0])
    assert most_frequent_split(made).to_dict() == expected.to_dict()


def test_too_few_groups_are_refused_by_field_and_label():
    made = table([5] * 4)
    poor = (made["field"] == "garden") & (made["label"] == "artistic")
    made.loc[poor, "group"] = "one garden"
    with pytest.raises(CatalogueError, match="garden, artistic: 20 images in 1 groups"):
        split(made)


@pytest.mark.parametrize(
    "fractions",
    [
        {"train": 1.0},
        {"train": 0.7, "validation": 0.1, "test": 0.1},
        {"train": 1, "validation": 0, "test": 0},
    ],
)
def test_wrong_fractions_are_refused(fractions):
    with pytest.raises(CatalogueError, match="share 1 among"):
        split(table([1] * 9), fractions)


def test_leaks_are_proved_with_the_group_and_the_files():
    sound = split(table([1] * 30))
    one = {name: sound.index[sound["split"] == name][0] for name in ("train", "test")}

    group = sound.copy()
    group.loc[list(one.values()), "group"] = "Rouen cathedral"
    with pytest.raises(LeakageError, match=r"group Rouen cathedral lies in test, train.*\.jpg \(t"):
        check_splits(group)

    same_bytes = sound.copy()
    same_bytes.loc[list(one.values()), "id"] = "f" * 64
    with pytest.raises(LeakageError, match=r"same picture f{64}"):
        check_splits(same_bytes)

    same_picture = sound.copy()
    same_picture.loc[list(one.values()), "phash"] = ["0123456789abcdef", "0123456789abcdec"]
    with pytest.raises(LeakageError, match=f"same picture.*{sound['path'][one['train']]}"):
        check_splits(same_picture)


def test_rows_without_a_split_and_splits_without_a_label_are_refused():
    sound = split(table([1] * 30))
    with pytest.raises(CatalogueError, match=r"1 images have no split: 0\.jpg"):
        check_splits(sound.assign(split=sound["split"].where(sound.index != 0, "")))
    gone = (sound["field"] == "garden") & (sound["label"] == "artistic") & (sound["split"] == "validation")
    with pytest.raises(CatalogueError, match="garden, artistic: no image in validation"):
        check_splits(sound[~gone])
