"""The ledger against verdicts worked by hand, the paper's words and numbers, and simulated studies."""

import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artnb.errors import ReportError
from artnb.relevance import gain, published
from artnb.reporting import Page, claims, runner
from artnb.reporting.claims import (
    Claim,
    Evidence,
    Verdict,
    combined,
    judge,
    read_paper,
    read_papers,
    row_verdict,
)
from artnb.reporting.status import NotebookStatus, Status

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT.parent / "shared" / "papers" / "004_f924caf997c7b6bd.txt"


def gains(*intervals: tuple[float, float], **columns) -> pd.DataFrame:
    """A table of one method with the given intervals, their middles the gains, for a, b, c, ..."""
    low, high = np.array(intervals).T
    rows = {"field": list("abcd")[: len(low)], "gain": (low + high) / 2, "low": low, "high": high}
    return pd.DataFrame(rows | {"seeds": 3, "images": 40, "groups": 30} | columns)


def claim(rule: str, fields: str = "abcd", **changes) -> Claim:
    entry = {"table": "04-x/gains", "value": "gain", "rows": [{"field": field} for field in fields]}
    return Claim("c", "Table 1", "It is so.", rule, **entry | changes)


def verdicts(judgement) -> list[str | None]:
    return [item.verdict for item in judgement.evidence]


def test_each_interval_has_its_verdict():
    table = gains((0.01, 0.3), (-0.3, -0.01), (-0.1, 0.2), (np.nan, np.nan))
    above, below = judge(claim("above"), table), judge(claim("below"), table)
    assert verdicts(above) == ["holds", "fails", "undecided", "undecided"]
    assert verdicts(below) == ["fails", "holds", "undecided", "undecided"]
    assert verdicts(judge(claim("above", than=0.25), table)) == ["undecided", "fails", "fails", "undecided"]


def test_all_rows_must_hold_and_one_failure_decides():
    up, down, both = (0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1)
    assert judge(claim("above", "ab"), gains(up, up)).verdict == "holds"
    assert judge(claim("above", "ab"), gains(up, both)).verdict == "undecided"
    assert judge(claim("above", "abc"), gains(up, both, down)).verdict == "fails"
    assert judge(claim("above", "abc"), gains(up, up)).verdict == "not tested"
    failed = judge(claim("above", "abc"), gains(down, up))
    assert (failed.verdict, failed.reason) == ("fails", "")


def test_the_largest_lies_above_each_of_the_others():
    table = gains((0.5, 0.6), (0.1, 0.2), (0.4, 0.55), (0.7, 0.8))
    judged = judge(claim("largest"), table)
    assert verdicts(judged) == [None, "holds", "undecided", "fails"]
    assert judged.verdict == "fails"
    without_first = judge(claim("largest", "ab"), table[1:])
    assert (without_first.verdict, verdicts(without_first)) == ("not tested", ["not tested", "not tested"])


def test_only_a_count_can_equal_a_number():
    rows = [{"name": "net", "published": 12}]
    count = Claim("c", "Table 3", "12 parameters", "equals", "02-x/networks", "parameters", rows, exact=True)
    assert judge(count, pd.DataFrame({"name": ["net"], "parameters": [12]})).verdict == "holds"
    assert judge(count, pd.DataFrame({"name": ["net"], "parameters": [13]})).verdict == "fails"
    assert (
        judge(replace(count, than=13), pd.DataFrame({"name": ["net"], "parameters": [12]})).verdict == "fails"
    )
    measured = claim("equals", rows=[{"field": "a", "published": 0.1}])
    assert judge(measured, gains((0.0, 0.2))).verdict == "undecided"
    assert judge(measured, gains((0.2, 0.3))).verdict == "fails"


def test_noise_is_to_be_exceeded():
    loud = claim("above", "abcd", noise="floor")
    up, down = (0.1, 0.2), (-0.2, -0.1)
    table = gains(up, up, down, down, floor=[0.05, 0.15, 0.05, 0.15])
    assert verdicts(judge(loud, table)) == ["holds", "undecided", "fails", "undecided"]
    assert verdicts(judge(replace(loud, rule="below"), table)) == ["fails", "undecided", "holds", "undecided"]
    unknown = gains(up, down, up, down, floor=np.nan)
    assert set(verdicts(judge(loud, unknown))) == {"undecided"}


def test_levels_are_shown_and_never_judged():
    level = claim("level", "ab")
    judged = judge(level, gains((0.1, 0.2), (-0.2, -0.1)))
    assert (judged.verdict, judged.reason) == ("not tested", claims.LEVEL)
    assert [item.here for item in judged.evidence] == pytest.approx([0.15, -0.15])
    assert judge(level, gains((0.1, 0.2))).reason == claims.LEVEL
    assert judge(level, None).reason == "This report has no table 04-x/gains."


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (None, "no table 04-x/gains"),
        (gains((0.1, 0.2)).drop(columns="low"), "no column low"),
        (gains((0.1, 0.2), field="other"), "no rows with field = a"),
        (pd.concat([gains((0.1, 0.2))] * 2), "2 rows with field = a"),
    ],
)
def test_what_is_missing_is_said(table, reason):
    judged = judge(claim("above", "a"), table)
    assert judged.verdict == "not tested"
    assert reason in judged.reason


def test_unknown_counts_stay_unknown():
    [item] = judge(claim("above", "a"), gains((0.1, 0.2), seeds=np.nan).drop(columns="groups")).evidence
    assert (item.seeds, item.images, item.groups) == (None, 40, None)


def test_evidence_counts_only_where_its_table_says_so():
    checked = claim("above", rows=[{"field": "a", "evidence": True}])
    assert judge(checked, gains((0.1, 0.2), evidence=True)).verdict == "holds"
    assert judge(checked, gains((0.1, 0.2), evidence=False)).verdict == "not tested"


numbers = st.floats(-1, 1).map(lambda number: round(number, 3))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(numbers, numbers).map(sorted), min_size=2, max_size=4), st.integers(0, 3))
def test_the_rules_mirror_each_other(intervals, move):
    table, fields = gains(*intervals), "abcd"[: len(intervals)]
    mirrored = gains(*[(-high, -low) for low, high in intervals])
    assert verdicts(judge(claim("above", fields), table)) == verdicts(judge(claim("below", fields), mirrored))
    moved = gains(*[(low + 8 * move, high + 8 * move) for low, high in intervals])
    assert verdicts(judge(claim("largest", fields), moved)) == verdicts(
        judge(claim("largest", fields), table)
    )


def test_what_is_false_by_a_hair_seldom_seems_to_hold():
    """20,000 studies of two fields without any gain; 95 % intervals of normal estimates."""
    middles = np.random.default_rng(0).normal(size=(20_000, 2))
    studies = [[Evidence({}, low=x - 1.96, high=x + 1.96) for x in study] for study in middles]

    def held(rule: str, rows: int) -> float:
        told = claim(rule, "ab")
        verdicts = ([row_verdict(told, item, study[0]) for item in study[:rows]] for study in studies)
        return np.mean([combined(filter(None, of_study)) == "holds" for of_study in verdicts])

    assert held("above", 1) == pytest.approx(0.025, abs=0.003)
    assert held("above", 2) < 0.002
    assert held("largest", 2) < 0.005  # 0.0028: the difference must exceed 2 x 1.96, not 1.96 x sqrt(2)


# ---------------------------------------------------------------- Sato


def sato() -> dict[str, Claim]:
    return {claim.name: claim for paper in read_papers() if paper.name == "Sato" for claim in paper.claims}


@pytest.mark.skipif(not PAPER.exists(), reason="needs the text of the paper, in ../shared/papers")
def test_sentences_are_quoted_word_by_word():
    text = re.sub(r"\s+", " ", PAPER.read_text("utf-8"))
    for name, claim in sato().items():
        if claim.rule != "level":
            assert re.sub(r"\s+", " ", claim.says) in text, name


def test_published_numbers_are_those_of_the_tables():
    wanted = published.gains().set_index(["method", "field"])["gain"].round(4)
    levels = published.accuracies().set_index(["method", "field"])["accuracy"].round(4)
    parameters = published.table_3().set_index("method")["parameters"]
    checked = 0
    for claim in sato().values():
        for row in claim.rows:
            if "published" not in row:
                continue
            if claim.exact:
                expected = parameters[row["name"].removeprefix("artistry-")]
            elif "comparison" in row:
                first, second = row["comparison"].split(" − ")
                expected = levels[first, row["field"]] - levels[second, row["field"]]
            else:
                expected = (wanted if claim.value == "gain" else levels)[row["method"], row["field"]]
            assert row["published"] == pytest.approx(expected, abs=1e-4), (claim.name, row)
            checked += 1
    assert checked == 39


def test_levels_are_a_table_for_figures():
    levels = claims.published("wu", "05-art-types/training").set_index("method")
    assert levels.loc["resnet50", ["accuracy", "epoch"]].tolist() == [0.99, 20]
    assert levels.loc["transfer", "source"] == "Wu, Section 3.2, Figure 4"
    table = levels.reset_index().assign(accuracy=0.5, low=0.4, high=0.6).drop(columns="epoch")
    (claim,) = (
        claim
        for claim in claims.read_paper(claims.PAPERS / "wu.toml").claims
        if claim.name == "level-training"
    )
    assert [row.here for row in judge(claim, table).evidence] == [0.5] * 3


def test_what_the_paper_states_holds_of_its_own_numbers():
    """With intervals of no width at the published numbers, only what its tables contradict fails."""
    for name, claim in sato().items():
        if claim.rule in ("", "level") or not all("published" in row for row in claim.rows):
            continue
        table = pd.DataFrame(claim.rows)
        table = table.assign(**{end: table["published"] for end in (claim.value, "low", "high")})
        verdict = judge(claim, table).verdict
        assert verdict == ("fails" if name == "same-number-of-parameters" else "holds"), name


def test_our_networks_have_the_published_parameters():
    from artnb.models import describe

    assert judge(sato()["parameters"], pd.DataFrame(describe())).verdict == "holds"


@pytest.mark.parametrize(
    ("right", "verdict"),
    [(lambda i: True, "holds"), (lambda i: i % 2 == 1, "undecided"), (lambda i: False, "fails")],
)
def test_gains_of_relevance_are_judged(right, verdict):
    """Single-task learning knows the images with even numbers."""
    answers = {"single": lambda i: i % 2 == 0, "multi-1": right}
    predictions = pd.DataFrame(
        [
            {"method": method, "seed": seed, "field": field, "id": i, "group": i, "correct": answer(i)}
            for method, answer in answers.items()
            for seed in range(3)
            for field in published.FIELDS
            for i in range(40)
        ]
    )
    judged = judge(sato()["more-accurate-in-all-fields"], gain(predictions))
    assert judged.verdict == verdict
    assert [(item.seeds, item.images) for item in judged.evidence] == [(3, 40)] * 4


def test_claims_name_tables_that_notebooks_keep():
    kept = set()
    for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        source = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        kept |= {f"{path.stem}/{name}" for name in re.findall(r'page\.table\(\s*"([^"]+)"', source)}
    named = {claim.table for paper in read_papers() for claim in paper.claims if claim.table}
    assert named <= kept
    assert {"04-relevance/gains", "02-train/networks"} <= named & kept


# ---------------------------------------------------------------- files

HEAD = 'name = "Nobody"\ntitle = "Nothing"\n[[claims]]\nname = "x"\nplace = "Table 1"\nsays = "So."\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "bad.toml: Invalid value"),
        ('title = "Nothing"', "missing 1 required positional argument: 'name'"),
        (HEAD, "bad.toml, claim 'x': give either a rule or the reason"),
        (HEAD + 'reason = "No."\nrule = "above"', "claim 'x': give either a rule or the reason"),
        (HEAD + 'rule = "above_zero"', "there is no rule 'above_zero'; the rules are above"),
        (HEAD + 'rule = "above"\ntable = "gains"\nvalue = "gain"\nrows = [{}]', "needs a table, as in"),
        (HEAD + 'rule = "largest"\ntable = "4/gains"\nvalue = "gain"\nrows = [{}]', "two rows at least"),
        (HEAD + 'rule = "equals"\ntable = "4/gains"\nvalue = "gain"\nrows = [{}]', "what was published"),
        (HEAD + 'rule = "level"\nnoise = "n"\ntable = "4/gains"\nvalue = "gain"\nrows = [{}]', "noise is"),
        (HEAD + 'reasons = "No."', "unexpected keyword argument 'reasons'"),
        (
            HEAD + 'reason = "No."\n[[claims]]\n' + HEAD.split("[[claims]]\n")[1] + 'reason = "No."',
            "named 'x'",
        ),
    ],
)
def test_a_paper_that_is_not_whole_is_refused(tmp_path, text, message):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ReportError, match=re.escape(message)):
        read_papers(tmp_path)


@pytest.fixture
def made(tmp_path):
    """A report whose notebook found gains in three fields of four."""
    page = Page(tmp_path / "04-relevance")
    page.table(
        "gains",
        gains((0.1, 0.2), (0.1, 0.2), (0.1, 0.2), (-0.1, 0.2), field=published.FIELDS, method="multi-2"),
    )
    parameters = [{"name": "catalogue", "value": "atelier", "default": "atelier", "meaning": ""}]
    status = Status("demo", [NotebookStatus("04-relevance", "Relevance", "Why?", parameters)])
    runner.publish(status, tmp_path)
    return tmp_path


def test_the_ledger_is_kept_as_files(made):
    [paper] = json.loads((made / "claims" / "claims.json").read_text("utf-8"))
    entries = {entry["name"]: entry for entry in paper["claims"]}
    assert list(entries) == list(sato())
    judged = entries["best-with-equal-parameters"]
    assert judged["verdict"] == "undecided"
    assert judged["evidence"][0] == {
        "row": {"method": "multi-2", "field": "painting"},
        "published": 0.0123,
        "here": pytest.approx(0.15),
        "low": 0.1,
        "high": 0.2,
        "noise": 0.0,
        "seeds": 3,
        "images": 40,
        "groups": 30,
        "verdict": "holds",
        "missing": "",
    }
    assert entries["parameters"]["reason"] == "This report has no table 02-train/networks."
    table = pd.read_parquet(made / "claims" / "claims.parquet")
    rows = table[table["claim"] == "best-with-equal-parameters"]
    assert rows["row_verdict"].tolist() == ["holds", "holds", "holds", "undecided"]
    assert rows["published"].tolist() == [0.0123, 0.0297, 0.0540, 0.0489]
    assert set(table["claim"]) == set(sato())
    assert table.query("claim == 'people-in-paintings'")[["here", "seeds"]].isna().all(axis=None)


def test_the_index_shows_verdicts_in_words_and_marks(made):
    html = (made / "index.html").read_text("utf-8")
    section = html[html.index('<section id="claims">') : html.index('<section id="made">')]
    words = " ".join(re.sub(r"<[^>]+>", " ", section).split())
    for wanted in (
        "23 statements: ✓ holds 0 · ✗ fails 0 · ? undecided 1 · – not tested 22",
        "multi-2, garden +0.049 +0.050 −0.100 to +0.200 ? undecided 3 seeds, 40 images",
        "Not tested here, and why (22)",
        "This report has no table 02-train/networks. Published: artistry-single 9,700,722;",
        "levels are references, not targets",
        "painted by code",
    ):
        assert wanted in words, wanted
    assert '<a href="#claims">' in html


def test_a_report_on_other_images_is_not_said_to_be_painted(made):
    parameters = [{"name": "catalogue", "value": "data/real", "default": "atelier", "meaning": ""}]
    runner.publish(Status("demo", [NotebookStatus("04-relevance", "Relevance", "Why?", parameters)]), made)
    assert "painted by code" not in (made / "index.html").read_text("utf-8")


def test_the_ledger_goes_with_its_report_and_leaves_other_files(made):
    (made / "claims" / "notes.txt").write_text("mine")
    runner.clear(made)
    assert [path.name for path in (made / "claims").iterdir()] == ["notes.txt"]
    assert claims.read(made) == []
    (made / "claims" / "notes.txt").unlink()
    claims.clear(made)
    assert not (made / "claims").exists()


def test_a_report_that_measured_nothing_has_no_ledger(tmp_path):
    runner.publish(Status("demo", []), tmp_path)
    assert not (tmp_path / "claims").exists()
    assert '<section id="claims">' not in (tmp_path / "index.html").read_text("utf-8")


def test_another_paper_is_another_file(tmp_path, made):
    (tmp_path / "other.toml").write_text(
        HEAD + 'rule = "below"\nthan = 0.3\ntable = "04-relevance/gains"\nvalue = "gain"\n'
        'rows = [{field = "garden", published = 0.1}]\n'
    )
    claims.write(made, [read_paper(tmp_path / "other.toml")])
    [paper] = claims.read(made)
    assert (paper["name"], paper["claims"][0]["verdict"]) == ("Nobody", Verdict.HOLDS)
