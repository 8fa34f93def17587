"""The claims of Li and Wu about style transfer: their words, their numbers, and tables of `artnb.style`."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artnb.reporting.claims import Claim, judge, read_papers
from artnb.style import changes, gains, means, published, rates

PAPERS = Path(__file__).resolve().parents[3] / "shared" / "papers"
TEXTS = {"Li": "002_066fdc446df57bf7.txt", "Wu": "000_c937da2242af2461.txt"}
KEYS = ["method", "baseline", "against", "metric", "unit"]
METHODS = ("gatys", "ulyanov", "baseline", "l1", "perceptual", "style itself")


def claims_of(name: str) -> dict[str, Claim]:
    [paper] = (paper for paper in read_papers() if paper.name == name)
    return {claim.name: claim for claim in paper.claims}


@pytest.mark.skipif(not PAPERS.exists(), reason="needs the texts of the papers, in ../shared/papers")
@pytest.mark.parametrize("name", TEXTS)
def test_sentences_are_quoted_word_by_word(name):
    text = re.sub(r"\s+", " ", (PAPERS / TEXTS[name]).read_text("utf-8"))
    for claim in claims_of(name).values():
        if name == "Li" or claim.table.startswith("08-style-transfer"):
            assert re.sub(r"\s+", " ", claim.says) in text, claim.name


def test_published_numbers_are_those_of_the_package():
    known = published.gains().set_index(KEYS)["gain"].to_dict()
    above, below = (
        known[method, "ulyanov", "style", "cosine", "difference"] for method in ("l1", "perceptual")
    )
    derived = above - (below - known["perceptual", "gatys", "style", "cosine", "difference"])
    known["l1", "gatys", "style", "cosine", "difference"] = pytest.approx(derived)
    named = {
        tuple(row[key] for key in KEYS): row["published"]
        for claim in claims_of("Li").values()
        for row in claim.rows
        if "published" in row
    }
    assert named == known


def test_what_li_states_holds_of_the_published_numbers():
    held = 0
    for claim in claims_of("Li").values():
        if claim.rule and all("published" in row for row in claim.rows):
            table = pd.DataFrame(claim.rows)
            ends = {end: table["published"] for end in (claim.value, "low", "high")}
            assert judge(claim, table.assign(**ends)).verdict == "holds", claim.name
            held += 1
    assert held == 6


@pytest.fixture
def measured():
    """Twelve pairs; the paper's networks are better in all, but the content is kept worst by perceptual."""
    rng = np.random.default_rng(0)
    levels = dict(zip(METHODS, (0.1, 0.12, 0.15, 0.3, 0.4, 1.0), strict=True))
    rows = [
        (f"{content}, {style}", content, style, method, against, metric, level + rng.normal(0, 0.005))
        for content in "abcd"
        for style in "xyz"
        for against in ("style", "content")
        for metric in ("ssim", "cosine", "mutual_information", "normalised_mutual_information")
        for method, level in levels.items()
    ]
    columns = ["pair", "content", "style", "method", "against", "metric", "value"]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[(table["method"] == "perceptual") & (table["against"] == "content"), "value"] -= 0.39
    itself = (table["method"] == "style itself") & (table["metric"] == "mutual_information")
    table.loc[itself, "value"] += 6
    return table


def test_tables_of_style_are_judged(measured):
    methods = measured[measured["method"] != "style itself"]
    tables = {
        "08-style-transfer/gains": pd.concat(
            [gains(methods, baseline) for baseline in ("gatys", "ulyanov", "baseline")], ignore_index=True
        ),
        "08-style-transfer/similarities": means(measured),
    }
    judged = {name: judge(claim, tables.get(claim.table)) for name, claim in claims_of("Li").items()}
    assert {name: str(judgement.verdict) for name, judgement in judged.items()} == {
        "ssim-above-ulyanov": "holds",
        "ssim-best": "holds",
        "cosine-l1-below-gatys": "fails",
        "cosine-l1-above-ulyanov": "holds",
        "cosine-perceptual-best": "holds",
        "information-above-gatys": "holds",
        "information-above-ulyanov": "holds",
        "information-at-most-one": "fails",
        "perceptual-keeps-the-content": "fails",
        "keeps-more-than-gatys": "fails",
        "l1-transfers-better": "not tested",
        "abstract": "not tested",
        "balance": "not tested",
    }
    assert {item.images for item in judged["ssim-best"].evidence} == {12}


def test_rates_of_innovation_are_judged():
    """Of 40 pairs of their own all are recognised at last, and half of them are new; at first a quarter."""
    number = np.arange(40)
    pairs = pd.DataFrame({"content": number, "style": number, "setting": "baseline", "recognised": True})
    stages = [
        pairs.assign(evaluations=evaluations, innovative=number % 4 < new)
        for evaluations, new in ((50, 1), (300, 2))
    ]
    table = pd.concat(stages)
    tables = {
        "08-style-transfer/innovation-last": rates(table[table["evaluations"] == 300], ["setting"]),
        "08-style-transfer/innovation-changes": changes(table, "evaluations", ["setting"]),
    }
    judged = {name: judge(claim, tables.get(claim.table)) for name, claim in claims_of("Wu").items()}
    assert judged["innovation-increases"].verdict == "holds"
    assert judged["level-innovation"].evidence[0].here == 0.5
    at_least, at_most = (judged[f"innovation-{end}"] for end in ("at-least-60", "at-most-80"))
    assert [item.verdict for item in at_least.evidence] == ["holds", "undecided"]
    assert [item.verdict for item in at_most.evidence] == ["fails", "holds"]
