"""What one field's network says of another, against scikit-learn, DeLong's variance and the networks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from artnb.errors import RelevanceError, RunError
from artnb.relevance import exchange as module
from artnb.relevance.exchange import exchange, parts_of_area
from artnb.relevance.gains import estimate
from artnb.training import Design, TrainingConfig, fit
from artnb.training.loop import logits_of

FIELDS = ("painting", "garden")


@pytest.fixture(scope="module")
def design(painted) -> Design:
    subsets = (("painting",), ("garden",), FIELDS)
    config = TrainingConfig(epochs=1, batch_size=4, device="cpu")
    return Design(painted, 32, config, ("artistry-multi-2",), (0, 1), fields=FIELDS, subsets=subsets)


@pytest.fixture(scope="module")
def learnt(design) -> Design:
    for trial in design.trials:
        fit(*trial.job)
    return design


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30))
def test_parts_sum_to_the_area_with_ties(images):
    positive, scores = map(np.array, zip(*images, strict=True))
    if positive.all() or not positive.any():
        return
    parts = parts_of_area(positive, scores)
    assert parts.mean() == pytest.approx(roc_auc_score(positive, scores))
    flipped = parts_of_area(~positive, -scores)
    np.testing.assert_allclose(parts, flipped, atol=1e-12)  # what is above is then below


def test_the_interval_of_one_network_is_delong_s():
    """DeLong et al., Eqs. (4) to (8), written out; each image is a group of its own."""
    rng = np.random.default_rng(0)
    positive = np.repeat([True, False], [300, 200])
    scores = rng.normal(positive * 0.8, 1)
    above = (scores[positive][:, None] > scores[~positive]).astype(float)
    variance = above.mean(1).var(ddof=1) / 300 + above.mean(0).var(ddof=1) / 200
    found = estimate(parts_of_area(positive, scores)[None], np.ones(500))
    assert found.value == pytest.approx(above.mean())
    expected = stats.t.ppf(0.975, 499) * np.sqrt(variance)
    assert found.half_width() == pytest.approx(expected, rel=0.01)


def test_every_network_is_asked_about_every_field(learnt):
    table = exchange(learnt).set_index(["field", "partner"])
    assert list(table.index) == [(field, partner) for field in FIELDS for partner in FIELDS]
    for field, partner in table.index:
        areas = []
        for seed in (0, 1):
            (trial,) = (t for t in learnt.trials if (t.method, t.config.seed) == (partner, seed))
            images = learnt.data(seed).splits["test"][field]
            logits, targets = logits_of(trial.run.network(), images, partner)
            areas.append(roc_auc_score(targets, logits[:, 1] - logits[:, 0]))
        row = table.loc[field, partner]
        assert row["auroc"] == pytest.approx(np.mean(areas), abs=1e-6)
        assert (row["seeds"], row["images"]) == (2, len(images))
        assert 0 <= row["low"] <= row["auroc"] <= row["high"] <= 1


def test_a_concept_in_common_is_found_and_another_is_not(monkeypatch):
    """Networks that answer by a number of the image: two fields go by the same number, one by its own."""
    rng = np.random.default_rng(1)
    rows = []
    for field in ("a", "b", "c"):
        traits = rng.normal(size=(400, 2))
        positive = traits[:, int(field == "c")] > 0
        for partner in ("a", "b", "c"):
            for seed in range(4):
                scores = traits[:, int(partner == "c")] + rng.normal(size=400)
                names = [f"{field}{i}" for i in range(400)]
                columns = {"field": field, "partner": partner, "seed": seed, "id": names, "group": names}
                rows.append(pd.DataFrame(columns | {"part": parts_of_area(positive, scores)}))
    monkeypatch.setattr(module, "answered", lambda design, split: pd.concat(rows))
    table = exchange(None).set_index(["field", "partner"])
    assert table.loc[("a", "b"), "low"] > 0.7
    assert table.loc[("b", "a"), "low"] > 0.7
    for pair in (("a", "c"), ("c", "a"), ("b", "c"), ("c", "b")):
        assert table.loc[pair, "low"] < 0.5 < table.loc[pair, "high"]


def test_what_cannot_be_asked_is_refused(design, learnt):
    with pytest.raises(RelevanceError, match="must be learnt alone, by one model"):
        exchange(replace(learnt, subsets=(FIELDS,)))
    with pytest.raises(RelevanceError, match="must be learnt alone, by one model"):
        exchange(replace(learnt, models=("artistry-single", "s-cnn"), fields=("garden",), subsets=()))
    with pytest.raises(RunError):
        exchange(replace(design, seeds=(7,)))


def test_controls_and_networks_of_several_fields_are_not_asked(learnt):
    pair = replace(
        learnt, models=("artistry-single", "artistry-multi-2"), subsets=(), controls=("permuted",), seeds=(0,)
    )
    for trial in pair.trials:
        if len(trial.data.fields) == 1:
            fit(*trial.job)
    assert len(exchange(pair)) == 4
