"""Kappas against published examples, other libraries, and what must hold of any."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

from artnb.catalogue import Catalogue
from artnb.collect.agreement import agreement, confusions, estimate
from artnb.collect.labels import read_words
from artnb.seeding import generator

FLEISS = (  # 10 subjects, 14 raters, 5 categories: the worked example of the article "Fleiss' kappa", 0.210
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip


def said(labels: np.ndarray, field: str = "garden") -> pd.DataFrame:
    """Words from labels, images x annotators; "" is a skip."""
    rows = [
        (f"{field}{image}", field, label or None, f"by{by:02}", "", False)
        for (image, by), label in np.ndenumerate(np.asarray(labels, object))
    ]
    table = pd.DataFrame(rows, columns=["id", "field", "label", "by", "at", "adjudicates"])
    return table.astype({"label": "str"})


def in_groups(words: pd.DataFrame, of: int = 1) -> Catalogue:
    """A catalogue in which every `of` images are a group."""
    images = words.drop_duplicates(["id", "field"])
    return Catalogue(None, images.assign(group=[f"{n // of}" for n in range(len(images))]))


def measured(labels: np.ndarray, of: int = 1) -> pd.DataFrame:
    words = said(labels)
    return agreement(words, in_groups(words, of))


def test_the_worked_example_of_fleiss():
    labels = [[str(c) for c, number in enumerate(row) for _ in range(number)] for row in FLEISS]
    row = estimate(pd.DataFrame(np.array(labels)), pd.Series(range(10)))
    assert round(row["kappa"], 3) == 0.210
    assert round(row["agreement"], 3) == 0.378
    assert (row["images"], row["groups"]) == (10, 10)


def test_the_worked_example_of_cohen():
    """50 grant proposals: both say yes 20 times, no 15 times; the article "Cohen's kappa", 0.40."""
    labels = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    row = measured(np.array(labels)).iloc[0]
    assert row["kappa"] == pytest.approx(0.4)
    assert row["agreement"] == pytest.approx(0.7)
    assert row["measure"] == "Cohen's kappa"
    assert row["low"] < 0.4 < row["high"]


tables = st.integers(2, 4).flatmap(
    lambda annotators: st.lists(
        st.tuples(*[st.sampled_from(["a", "b", "c"])] * annotators), min_size=2, max_size=12
    )
)


@settings(max_examples=20, deadline=None)
@given(tables)
def test_every_kappa_is_that_of_sklearn_and_statsmodels(rows):
    labels = np.array(rows)
    table = measured(labels)
    names = [f"by{n:02}" for n in range(labels.shape[1])]
    for row in table.itertuples():
        columns = [names.index(name) for name in row.annotators.split(", ")]
        chosen = labels[:, columns]
        if len(np.unique(chosen)) == 1:
            assert np.isnan(row.kappa)
            assert row.reason.startswith("all labels are")
        elif row.measure == "Cohen's kappa":
            assert row.kappa == pytest.approx(cohen_kappa_score(*chosen.T))
            assert row.agreement == pytest.approx((chosen[:, 0] == chosen[:, 1]).mean())
        else:
            assert row.kappa == pytest.approx(fleiss_kappa(aggregate_raters(chosen)[0]))
    defined = table[table["low"].notna()]
    assert (defined["low"] <= defined["high"]).all()
    assert (defined["high"] <= 1).all()


def annotators(images: int, groups_of: int, errors: tuple[float, ...], seed: int) -> np.ndarray:
    """Labels of annotators that err at these rates, all images of a group alike."""
    rng = generator(seed, "annotators")
    truth = rng.integers(0, 2, images // groups_of)
    wrong = [rng.random(len(truth)) < error for error in errors]
    return np.repeat(np.stack([truth ^ err for err in wrong], axis=1), groups_of, axis=0).astype(str)


def test_with_independent_images_the_interval_is_the_asymptotic_one():
    labels = annotators(1000, 1, (0.1, 0.2), 0)
    row = measured(labels).iloc[0]
    theory = cohens_kappa(pd.crosstab(labels[:, 0], labels[:, 1]).to_numpy())
    assert row["low"] == pytest.approx(theory.kappa_low, abs=0.01)
    assert row["high"] == pytest.approx(theory.kappa_upp, abs=0.01)


def test_images_of_one_group_are_no_independent_evidence():
    labels = annotators(400, 4, (0.1, 0.2), 1)
    alone, grouped = measured(labels).iloc[0], measured(labels, of=4).iloc[0]
    assert alone["kappa"] == grouped["kappa"]
    widths = [row["high"] - row["low"] for row in (alone, grouped)]
    assert widths[1] / widths[0] == pytest.approx(2, abs=0.3)  # √4
    assert (grouped["images"], grouped["groups"]) == (400, 100)


def test_the_interval_is_the_same_every_time():
    labels = annotators(60, 1, (0.1, 0.2, 0.3), 2)
    pd.testing.assert_frame_equal(measured(labels), measured(labels))


def test_what_cannot_be_measured_says_why():
    one = said(np.array([["a"], ["b"]]))
    alike = said(np.array([["a", "a"], ["a", "a"]]), "painting")
    apart = said(np.array([["a", ""], ["", "b"]]), "sculpture")
    group = said(np.array([["a", "a"], ["b", "a"]]), "atrium")
    words = pd.concat([one, alike, apart, group])
    catalogue = Catalogue(None, words.drop_duplicates(["id", "field"]).assign(group="g"))
    table = agreement(words, catalogue).set_index("field")
    assert table["reason"].to_dict() == {
        "atrium": "all images are one group: no interval can be drawn from it",
        "garden": "only by00 has given labels",
        "painting": "all labels are a: chance alone would agree as well",
        "sculpture": "no image has a label of each",
    }
    assert table.loc["atrium", "kappa"] == 0
    assert list(table.index) == ["painting", "sculpture", "garden", "atrium"]
    assert table["kappa"].isna().tolist() == [True, True, True, False]
    assert table["low"].isna().all()
    assert table.loc["painting", "agreement"] == 1
    assert table["images"].to_dict() == {"atrium": 2, "garden": 2, "painting": 2, "sculpture": 0}


def test_only_images_that_all_labelled_count_and_adjudications_do_not():
    words = said(np.array([["a", "a", "b"], ["a", "b", ""], ["b", "b", "b"], ["b", "a", "a"]]))
    settled = words.iloc[:2].assign(label="b", adjudicates=True, by="boss")
    table = agreement(pd.concat([words, settled]), in_groups(words)).set_index("annotators")
    assert table["images"].to_dict() == {
        "by00, by01": 4, "by00, by02": 3, "by01, by02": 3, "by00, by01, by02": 3
    }  # fmt: skip


def test_an_image_that_left_the_catalogue_is_a_group_of_its_own():
    words = said(annotators(40, 1, (0.1, 0.3), 3))
    part = Catalogue(None, in_groups(words).table.iloc[:30])
    pd.testing.assert_frame_equal(agreement(words, part), agreement(words, in_groups(words)))


def test_no_words_no_rows(tmp_path):
    words = read_words(tmp_path)
    assert agreement(words, in_groups(words)).empty
    assert confusions(words).empty


def test_confusions_count_every_pair_of_labels():
    words = said(np.array([["a", "b"], ["a", "b"], ["a", "a"], ["c", "a"], ["c", ""]]))
    table = confusions(words)
    assert (table[["field", "first", "second"]] == ["garden", "by00", "by01"]).all(axis=None)
    found = table.set_index(["label_first", "label_second"])["images"]
    assert found[found > 0].to_dict() == {("a", "a"): 1, ("a", "b"): 2, ("c", "a"): 1}
    assert len(found) == 9
