import io
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.cluster import AgglomerativeClustering

from artnb.catalogue import group_images, perceptual_hash
from artnb.catalogue.duplicates import FEWEST_BITS_SET, MAX_DISTANCE, near_pairs, same_value
from artnb.errors import CatalogueError

CENTRE = (1 << 32) - 1


def rows(hashes, **columns) -> pd.DataFrame:
    ids = [f"{n:064x}" for n in range(len(hashes))]
    return pd.DataFrame({"id": ids, "phash": hashes, "work": ""}).assign(**columns)


def picture(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


near_or_far = st.one_of(
    st.sets(st.integers(0, 63), max_size=8).map(lambda flips: CENTRE ^ sum(1 << bit for bit in flips)),
    st.integers(0, 2**64 - 1),
)


@settings(deadline=None, max_examples=200)
@given(st.sets(near_or_far, min_size=2, max_size=30), st.integers(0, 20))
def test_the_bands_miss_no_near_pair_and_invent_none(hashes, max_distance):
    hashes = np.array(sorted(hashes), np.uint64)
    found = {frozenset(pair.tolist()) for pairs in near_pairs(hashes, max_distance) for pair in pairs.T}
    by_hand = {
        frozenset((i, j))
        for i in range(len(hashes))
        for j in range(i)
        if bin(int(hashes[i]) ^ int(hashes[j])).count("1") <= max_distance
    }
    assert found == by_hand


crowded = st.sets(st.integers(0, 63), max_size=5).map(lambda flips: CENTRE ^ sum(1 << bit for bit in flips))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.one_of(crowded, near_or_far), st.sampled_from(["", "a", "b"])), max_size=40),
    st.sampled_from([0, 2, 6, 12]),
)
def test_groups_are_those_of_comparing_every_two_rows(drawn, max_distance):
    table = rows([f"{h:016x}" for h, _ in drawn], work=[work for _, work in drawn])
    compared = [bin(h).count("1") >= FEWEST_BITS_SET for h, _ in drawn]
    expected = list(range(len(drawn)))
    for i, (h, work) in enumerate(drawn):
        for j, (other, same) in enumerate(drawn[:i]):
            near = compared[i] and compared[j] and bin(h ^ other).count("1") <= max_distance
            if near or (work and work == same):
                low, high = sorted((expected[i], expected[j]))
                expected = [low if name == high else name for name in expected]
    group = group_images(table, max_distance=max_distance)
    assert group.tolist() == [f"{n:064x}" for n in expected]


def planted(number: int) -> pd.DataFrame:
    """`number` skewed hashes, and a copy of each with three bits set and three cleared."""
    rng = np.random.default_rng(0)
    weight = np.linspace(0.5, 2, 64)  # of each bit to be set: half of them much likelier than others
    order = (rng.random((number, 64)) * weight).argsort(axis=1)
    is_set = np.zeros((number, 64), bool)
    np.put_along_axis(is_set, order[:, 32:], True, axis=1)
    copies = is_set.copy()
    np.put_along_axis(copies, order[:, 29:32], True, axis=1)
    np.put_along_axis(copies, order[:, 32:35], False, axis=1)
    hashes = np.packbits(np.concatenate([is_set, copies]), axis=1)
    return rows([row.tobytes().hex() for row in hashes])


def test_every_copy_among_many_is_found_in_little_memory():
    table = planted(20_000)
    tracemalloc.start()
    group = group_images(table).to_numpy()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (group[:20_000] == group[20_000:]).all()
    assert len(set(group)) > 0.9 * 20_000
    assert peak < 2_000 * len(table)


def test_one_long_text_does_not_make_all_rows_long():
    texts = pd.Series(["x" * 100_000, *(f"{n // 2}" for n in range(20_000))], dtype="str")
    tracemalloc.start()
    pairs = same_value(texts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000
    assert pairs[:, :4].tolist() == [[0, 1, 2, 3], [0, 1, 1, 3]]


def test_a_table_without_rows_has_no_groups():
    assert group_images(rows([])).empty


def test_groups_are_those_of_single_linkage_clustering():
    rng = np.random.default_rng(0)
    seeds = [sum(1 << int(bit) for bit in rng.choice(64, 32, replace=False)) for _ in range(60)]
    hashes = [
        seeds[n % 60] ^ (1 << int(a)) ^ (1 << int(b))
        for n, (a, b) in enumerate(rng.integers(0, 64, (400, 2)))
    ]
    bits = np.array([[h >> bit & 1 for bit in range(64)] for h in hashes])
    oracle = AgglomerativeClustering(
        None, metric="manhattan", linkage="single", distance_threshold=MAX_DISTANCE + 0.5
    ).fit_predict(bits)
    ours = group_images(rows([f"{h:016x}" for h in hashes]))
    assert len(set(oracle)) == ours.nunique() == len(set(zip(oracle, ours, strict=True)))


def test_chains_of_unlike_relations_join_and_the_smallest_id_names_the_group():
    table = rows(
        ["", f"{CENTRE:016x}", f"{CENTRE ^ 7:016x}", "", "", ""],
        work=["", "cathedral", "", "cathedral", "", ""],
        creator=["", "", "", "Rodin", "Rodin", ""],
    )
    table.loc[5, "id"] = table.loc[0, "id"]
    group = group_images(table, by=("work", "creator"))
    assert group.tolist() == [table["id"][n] for n in (0, 1, 1, 1, 1, 0)]
    shuffled = table.sample(frac=1, random_state=2)
    pd.testing.assert_series_equal(group_images(shuffled, by=("work", "creator")).sort_index(), group)
    assert group_images(table, by=()).nunique() == 4


def test_unknown_values_and_flat_images_bind_nothing():
    flat = [Image.new("RGB", (80, 60), colour) for colour in ("black", "white", "grey", "#123456")]
    ramps = [Image.linear_gradient("L"), Image.linear_gradient("L").rotate(90)]
    hashes = [perceptual_hash(image) for image in (*flat, *ramps)]
    assert len(set(hashes)) < len(hashes)
    assert group_images(rows([*hashes, "", ""])).nunique() == len(hashes) + 2
    assert bin(int(perceptual_hash(picture(0)), 16)).count("1") == 32 > FEWEST_BITS_SET


@pytest.mark.parametrize(
    "copy",
    [
        lambda image: encoded(image, 30),
        lambda image: image.resize((image.width // 2, image.height // 2)),
        lambda image: encoded(image.resize((96, 72)), 75),
        lambda image: image.convert("L"),
    ],
)
def test_a_copy_of_a_picture_is_grouped_with_it_and_other_pictures_are_not(copy):
    pictures = [picture(seed) for seed in range(20)]
    hashes = [perceptual_hash(image) for image in (*pictures, *map(copy, pictures))]
    group = group_images(rows(hashes)).to_numpy()
    assert (group[:20] == group[20:]).all()
    assert len(set(group)) == 20


def test_an_unknown_column_is_named():
    with pytest.raises(CatalogueError, match="cannot group by artist"):
        group_images(rows([""]), by=("artist",))
