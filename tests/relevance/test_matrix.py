"""The matrix against planted structure, all orders of partners, and the gains that it must sum to."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from artnb.errors import RelevanceError
from artnb.relevance import gain
from artnb.relevance.matrix import TOGETHER, matrix, set_gains, shapley
from artnb.training.design import all_subsets

FIELDS = ("painting", "architecture", "sculpture", "garden")
IMAGES, GROUPS = 1000, 50


def predictions(level, fields=FIELDS, seeds=2, noise=None) -> pd.DataFrame:
    """Of every set of fields: of `IMAGES` images of a field, the share `level(field, partners)` is right."""
    tables = []
    groups = [f"{i % GROUPS:02}" for i in range(IMAGES)]
    for subset in all_subsets(fields):
        for field in subset:
            share = level(field, frozenset(subset) - {field})
            for seed in range(seeds):
                right = np.arange(IMAGES) < round(share * IMAGES)
                if noise is not None:
                    right = noise.random(IMAGES) < share
                answers = {"id": [f"{field}-{i:04}" for i in range(IMAGES)], "correct": right}
                columns = {"method": "+".join(subset), "seed": seed, "field": field}
                tables.append(pd.DataFrame(answers).assign(**columns, group=groups))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def planted() -> dict[tuple[str, str], float]:
    """What learning with the second adds to the first, asymmetric, in thousandths."""
    rng = np.random.default_rng(0)
    return {(a, b): rng.integers(-20, 60) / 1000 for a in FIELDS for b in FIELDS if a != b}


@pytest.fixture(scope="module")
def additive(planted) -> pd.DataFrame:
    return predictions(lambda field, partners: 0.6 + sum(planted[field, partner] for partner in partners))


def test_planted_additions_are_found_exactly(additive, planted):
    table = matrix(additive).set_index(["field", "partner"])
    for (field, partner), added in planted.items():
        assert table.loc[(field, partner), "gain"] == pytest.approx(added)
    together = table.xs(TOGETHER, level="partner")["gain"]
    for field in FIELDS:
        assert together[field] == pytest.approx(sum(planted[field, b] for b in FIELDS if b != field))
    assert (table["low"] <= table["gain"]).all()
    assert (table["gain"] <= table["high"]).all()
    assert (table[["seeds", "images", "groups"]].to_numpy() == (2, IMAGES, GROUPS)).all()


def test_what_is_not_additive_is_the_mean_over_all_orders_of_the_partners():
    rng = np.random.default_rng(1)
    value = {}

    def level(field, partners) -> float:
        return value.setdefault((field, partners), rng.integers(500, 900) / 1000)

    table = matrix(predictions(level, seeds=1)).set_index(["field", "partner"])["gain"]
    for field in FIELDS:
        others = [other for other in FIELDS if other != field]
        for partner in others:
            orders = [frozenset(order[: order.index(partner)]) for order in permutations(others)]
            added = [value[field, before | {partner}] - value[field, before] for before in orders]
            assert table[field, partner] == pytest.approx(np.mean(added))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shares_of_all_orders_sum_to_one(count):
    sets = list(shapley("0", [str(player) for player in range(count)]))
    assert sum(weight for _, weight in sets) == pytest.approx(1)
    assert len(set(sets)) == 2 ** (count - 1)


def test_of_two_fields_it_is_the_gain_with_its_interval():
    noise = np.random.default_rng(2)
    table = predictions(lambda field, partners: 0.6 + 0.1 * len(partners), FIELDS[:2], 3, noise)
    both = matrix(table)
    painting = table[table["field"] == "painting"]
    expected = gain(painting, baseline="painting").loc[0, ["gain", "low", "high"]]
    for partner in ("architecture", TOGETHER):
        row = both[(both["field"] == "painting") & (both["partner"] == partner)].iloc[0]
        assert row[["gain", "low", "high"]].tolist() == expected.tolist()


def test_the_whole_is_the_gain_of_the_whole_set_and_the_partners_sum_to_it():
    noise = np.random.default_rng(3)
    answers = predictions(lambda field, partners: 0.6 + 0.03 * len(partners), FIELDS[:3], 2, noise)
    added, sets = matrix(answers), set_gains(answers)
    whole = sets[sets["method"] == "+".join(FIELDS[:3])].set_index("field")
    together = added[added["partner"] == TOGETHER].set_index("field")
    names = ["gain", "low", "high"]
    pd.testing.assert_frame_equal(together[names], whole[names])
    single = added[added["partner"] != TOGETHER].groupby("field")["gain"].sum()
    np.testing.assert_allclose(single[whole.index], whole["gain"])


@pytest.mark.parametrize(("added", "fewest", "most"), [(0.0, 0, 1 / 8), (0.1, 0.9, 1)])
def test_intervals_exclude_zero_where_something_is_shared_and_seldom_elsewhere(added, fewest, most):
    tables = [
        matrix(predictions(lambda _, partners: 0.6 + added * len(partners), FIELDS[:3], 4, noise))
        for noise in map(np.random.default_rng, range(6))
    ]
    table = pd.concat(tables).query(f"partner != '{TOGETHER}'")
    assert len(table) == 36
    assert fewest <= ((table["low"] > 0) | (table["high"] < 0)).mean() <= most


def test_gains_of_sets_are_over_the_field_alone(additive, planted):
    table = set_gains(additive)
    assert len(table) == 4 * 7
    row = table[(table["method"] == "painting+sculpture+garden") & (table["field"] == "garden")].iloc[0]
    assert row["gain"] == pytest.approx(planted["garden", "painting"] + planted["garden", "sculpture"])


def faulty(answers: pd.DataFrame):
    """What can be wrong with a table, and a part of the message that says so."""
    pair = answers["method"] == "painting+garden"
    yield answers[~pair], r"painting\+garden was not learnt from seed 0: the matrix needs all sets"
    yield answers[~(pair & (answers["seed"] == 1))], r"painting\+garden was not learnt from seed 1"
    yield answers.replace({"method": {"painting": "single"}}), "'single' answers for painting and is no set"
    yield answers.replace({"method": {"painting": "garden"}}), "'garden' answers for painting and is no set"
    yield answers.drop(index=0), "leaves 1 of 1000 images unanswered"


@pytest.mark.parametrize("fault", range(5))
def test_what_is_no_matrix_is_refused(additive, fault):
    few = additive[~additive["method"].str.contains("architecture|sculpture")].reset_index(drop=True)
    table, message = list(faulty(few))[fault]
    with pytest.raises(RelevanceError, match=message):
        matrix(table)
