"""All affinities of a small design, and their agreement with a matrix worked by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from artnb.errors import RelevanceError, RunError
from artnb.relevance.affinities import affinities, compare, interval, networks_of
from artnb.relevance.lookahead import gradient_affinities
from artnb.relevance.representations import branch_similarity, exchange_affinity, network_similarity
from artnb.training import Design, TrainingConfig, fit

FIELDS = ("painting", "garden", "sculpture")
METHODS = ["lookahead", "gradient cosine", "CKA of branches", "CKA of networks", "transfer", "exchange"]


@pytest.fixture(scope="module")
def design(painted) -> Design:
    """Of the pairs only one, which is not needed."""
    subsets = (*((field,) for field in FIELDS), FIELDS[:2], FIELDS)
    config = TrainingConfig(epochs=1, batch_size=4, device="cpu")
    return Design(painted, 32, config, ("artistry-multi-2",), (0, 1), fields=FIELDS, subsets=subsets)


@pytest.fixture(scope="module")
def found(design) -> pd.DataFrame:
    for trial in design.trials:
        fit(*trial.job)
    return affinities(design, batches=1)


def test_every_method_says_something_of_every_pair_from_every_seed(found):
    assert list(found.columns) == ["seed", "method", "field", "partner", "affinity", "seconds"]
    rows = found.groupby(["seed", "method"], sort=False).size()
    assert rows.index.tolist() == [(seed, method) for seed in (0, 1) for method in METHODS]
    assert rows.tolist() == [6, 6, 3, 6, 6, 6] * 2
    assert found["affinity"].notna().all()
    assert (found["field"] != found["partner"]).all()
    first, second = (found[found["seed"] == seed]["affinity"].to_numpy() for seed in (0, 1))
    assert (first != second).mean() > 0.5


def test_affinities_are_those_of_the_design_s_own_networks(design, found):
    alone, together = networks_of(design, 1)
    assert (together.method, together.config.seed) == ("painting+garden+sculpture", 1)
    assert {field: trial.method for field, trial in alone.items()} == {field: field for field in FIELDS}
    data = together.data
    gradients = gradient_affinities(together.model, data, together.config, 1)
    networks = {field: trial.run.network() for field, trial in alone.items()}
    expected = {
        "lookahead": gradients,
        "gradient cosine": gradients,
        "CKA of branches": branch_similarity(together.run.network(), data),
        "CKA of networks": network_similarity(networks, data),
        "exchange": exchange_affinity(networks, data),
    }
    for method, table in expected.items():
        of_method = found[(found["seed"] == 1) & (found["method"] == method)]
        pd.testing.assert_frame_equal(
            of_method[["field", "partner", "affinity"]].reset_index(drop=True),
            table.rename(columns={method: "affinity"})[["field", "partner", "affinity"]],
        )


def test_a_method_pays_for_the_trainings_that_it_needs(design, found):
    seconds = found.drop_duplicates(["seed", "method"]).set_index(["seed", "method"])["seconds"]
    assert seconds[0, "lookahead"] == seconds[0, "gradient cosine"]
    for seed in (0, 1):
        alone, together = networks_of(design, seed)
        needed = sum(trial.run.description["seconds"] for trial in alone.values())
        assert seconds[seed, "transfer"] > needed
        assert seconds[seed, "CKA of networks"] > needed
        assert seconds[seed, "CKA of branches"] > together.run.description["seconds"]
        assert seconds[seed, "lookahead"] > 0


def test_two_models_do_as_well_and_controls_are_not_looked_at(design):
    pair = replace(design, models=("artistry-single", "artistry-multi-2"), subsets=(), controls=("permuted",))
    alone, together = networks_of(pair, 0)
    assert {trial.model for trial in alone.values()} == {"artistry-single"}
    assert (together.method, tuple(alone)) == ("multi-2", FIELDS)


@pytest.mark.parametrize(
    "other",
    [
        {"subsets": (("painting",), ("garden",), FIELDS)},
        {"subsets": tuple((field,) for field in FIELDS)},
        {"subsets": ()},
        {"subsets": (), "models": ("artistry-single", "artistry-multi-2", "artistry-multi-3")},
        {"subsets": (), "fields": ("garden",)},
    ],
)
def test_designs_that_lack_a_network_or_have_it_twice_are_refused(design, other):
    with pytest.raises(RelevanceError, match="one network of each field alone and one of all fields"):
        networks_of(replace(design, **other), 0)


def test_networks_that_are_not_trained_are_named(design):
    with pytest.raises(RunError, match="holds no finished run"):
        affinities(replace(design, seeds=(7,)))


def pairs(values: dict[tuple[str, str], float], name: str) -> pd.DataFrame:
    rows = [{"field": field, "partner": partner, name: value} for (field, partner), value in values.items()]
    return pd.DataFrame(rows)


@pytest.fixture
def added() -> pd.DataFrame:
    places = [(field, partner) for field in "abcd" for partner in "abcd" if field != partner]
    gains = pairs({place: 0.01 * number for number, place in enumerate(places)}, "gain")
    together = pairs({(field, "together"): number for number, field in enumerate("abcd")}, "gain")
    return pd.concat([gains, together], ignore_index=True)


def test_rank_correlation_and_cost_are_those_worked_by_hand(added):
    """Of 12 ranks the first two change places: rho = 1 - 6 * 2 / (12 * 143)."""
    single = added[added["partner"] != "together"]
    affinity = single.rename(columns={"gain": "affinity"}).assign(method="one")
    affinity["affinity"] = np.exp(30 * affinity["affinity"])
    affinity.loc[[0, 1], "affinity"] = affinity.loc[[1, 0], "affinity"].to_numpy()
    seeds = [
        affinity.assign(seed=0, affinity=affinity["affinity"] + 1, seconds=10.0),
        affinity.assign(seed=1, affinity=affinity["affinity"] - 1, seconds=20.0),
    ]
    opposed = added[added["partner"] == "together"].rename(columns={"gain": "affinity"})
    opposed = opposed.assign(method="other", affinity=-opposed["affinity"], seed=0, seconds=60.0)
    shuffled = pd.concat([*seeds, opposed]).sample(frac=1, random_state=0).sort_values("method")
    table = compare(added, shuffled, 120.0)
    assert table["method"].tolist() == ["one", "other"]
    assert table["correlation"].tolist() == pytest.approx([1 - 12 / (12 * 143), -1])
    assert table["pairs"].tolist() == [12, 4]
    assert table["seconds"].tolist() == [30, 60]
    assert table["cost"].tolist() == [0.25, 0.5]
    assert table.loc[0, "low"] < table.loc[0, "correlation"] < table.loc[0, "high"] <= 1
    assert table.loc[1, ["low", "high"]].isna().all()


def test_the_interval_is_bonett_and_wright_s():
    """At 0.5 of 12: z = 0.549306, standard error sqrt(1.125 / 9) = 0.353553, half width 0.692952."""
    assert interval(0.5, 12) == pytest.approx(
        (np.tanh(0.549306 - 0.692952), np.tanh(0.549306 + 0.692952)), abs=1e-6
    )
    assert np.isnan([*interval(0.5, 3), *interval(1.0, 12), *interval(np.nan, 12)]).all()


def test_an_affinity_that_never_differs_has_no_correlation(added):
    flat = added.drop(columns="gain").assign(method="flat", seed=0, affinity=0.3, seconds=1.0)
    assert compare(added, flat, 1.0)[["correlation", "low", "high"]].isna().all(axis=None)


def test_other_fields_than_the_matrix_has_are_refused(added):
    other = pairs({("x", "y"): 1.0}, "affinity").assign(method="one", seed=0, seconds=1.0)
    with pytest.raises(RelevanceError, match="one has no pair of fields that the matrix has"):
        compare(added, other, 1.0)
