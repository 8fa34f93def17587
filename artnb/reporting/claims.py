"""The ledger of claims: what papers state, what this report measured, and whether the statement holds here.

A paper is a TOML file in `artnb/reporting/papers`. Another paper is another file, and no code:

    name = "Sato"
    title = "Seeing the Differences in Artistry among Art Fields by using Multi-task Learning"
    basis = "One training each, without intervals."      # where its numbers come from

    [[claims]]
    name = "garden-gains-most"
    place = "Section 6.1, Table 2"
    says = "Especially in garden, the multi-task learning can improve the identification rate drastically"
    rule = "largest"                    # of RULES
    table = "04-relevance/gains"        # that the page of notebook 04-relevance keeps
    value = "gain"                      # its column; the columns low and high hold the interval's ends
    rows = [                            # each one row of the table, with what was published of it
        {method = "multi-1", field = "garden", published = 0.0470},
        {method = "multi-1", field = "painting", published = 0.0294},  # and epoch, if it is of one
    ]

A row of evidence holds where its 95 % interval lies wholly on the claimed side, fails where it lies wholly on
the other, and is undecided between. A claim holds if all of its rows hold, and fails if one of them fails.
That all hold needs no correction for their number (Berger, "Multiparameter hypothesis testing and acceptance
sampling", Technometrics 24, 1982: the intersection-union test); that one of k rows fails by chance is up to
k times as likely as for one. Two rows are told apart if their intervals are disjoint, which is cautious:
an interval of their paired difference would decide more often. Where a table holds such differences, claim
that they lie `above` zero.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from artnb.errors import ReportError
from artnb.paths import written_whole
from artnb.reporting.page import plain, read_contents, remove_if_empty

PAPERS = Path(__file__).with_name("papers")
FOLDER = "claims"
LEDGER, TABLE = "claims.json", "claims.parquet"
RULES = {
    "above": "every row lies above `than`, or above zero",
    "below": "every row lies below `than`, or below zero",
    "largest": "the first row lies above each of the others",
    "equals": "every row is the number `than`, or the one that was published of it",
    "level": "shown beside the published number and not judged",
}
LEVEL = "Levels are references, not targets: these are other images."
PUBLISHED = ("published", "epoch")  # what a row says of the paper: the number, and after which epoch it was
NUMBERS = ("published", "here", "low", "high", "noise")
COUNTS = ("seeds", "images", "groups")


class Verdict(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"
    UNTESTED = "not tested"


@dataclass(frozen=True)
class Claim:
    """One published statement, and either the rule and the rows that test it or the reason why none does."""

    name: str
    place: str
    says: str
    rule: str = ""
    table: str = ""
    value: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    than: float | None = None
    exact: bool = False  # a count, known without error: the table has no interval for it
    noise: str = ""  # the column of the differences that noise alone reaches, which is to be exceeded
    reason: str = ""
    note: str = ""  # how the statement is read here

    def __post_init__(self):
        if bool(self.rule) == bool(self.reason):
            raise ValueError("give either a rule or the reason why nothing tests it")
        if self.rule and self.rule not in RULES:
            raise ValueError(f"there is no rule {self.rule!r}; the rules are {', '.join(RULES)}")
        if self.rule and not ("/" in self.table and self.value and self.rows):
            raise ValueError("a rule needs a table, as in 04-relevance/gains, its column `value`, and rows")
        if self.noise and self.rule not in ("above", "below"):
            raise ValueError("noise is exceeded by what lies above or below: take one of these rules")
        if self.rule == "largest" and len(self.rows) < 2:
            raise ValueError("the largest of one row says nothing: name two rows at least")
        if self.rule == "equals" and self.than is None and any("published" not in row for row in self.rows):
            raise ValueError("equals needs `than`, or in every row what was published")


@dataclass(frozen=True)
class Paper:
    name: str
    title: str
    claims: tuple[Claim, ...]
    basis: str = ""


@dataclass
class Evidence:
    """What this report has on one row of a claim; NaN and None where it has nothing."""

    row: dict[str, Any]
    published: float | None = None
    here: float = nan
    low: float = nan
    high: float = nan
    noise: float = 0.0
    seeds: int | None = None
    images: int | None = None
    groups: int | None = None
    verdict: Verdict | None = None  # None: shown only, as the row that is claimed to be the largest
    missing: str = ""


@dataclass(frozen=True)
class Judgement:
    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    reason: str = ""  # why it is not tested


def read_papers(folder: Path = PAPERS) -> list[Paper]:
    """The papers of `folder`, one TOML file each, in the order of their file names.

    Raises:
        ReportError: a file cannot be read as TOML, or one of its claims is not whole; names both.
    """
    return [read_paper(path) for path in sorted(folder.glob("*.toml"))]


def published(paper: str, table: str) -> pd.DataFrame:
    """The levels that a paper prints of what `table` (see above) holds, for the figures of a notebook.

    Args:
        paper: the name of its file without .toml, "wu".

    Returns:
        A row per level: what its claim's `rows` say, with the published number under the name of the table's
        column, and source, "Wu, Section 3.2, Figure 6".
    """
    of_paper = read_paper(PAPERS / f"{paper}.toml")
    levels = [claim for claim in of_paper.claims if claim.rule == "level" and claim.table == table]
    return pd.DataFrame(
        [
            {column: value for column, value in row.items() if column != "published"}
            | {claim.value: row["published"], "source": f"{of_paper.name}, {claim.place}"}
            for claim in levels
            for row in claim.rows
        ]
    )


def read_paper(path: Path) -> Paper:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        claims = tuple(read_claim(entry, path) for entry in content.pop("claims", ()))
        paper = Paper(**content, claims=claims)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ReportError(f"{path.name}: {error}; see artnb/reporting/claims.py for its form.") from None
    if twice := [name for name, count in Counter(claim.name for claim in claims).items() if count > 1]:
        raise ReportError(f"{path.name}: two claims are named {twice[0]!r}; name each once.")
    return paper


def read_claim(entry: Mapping[str, Any], path: Path) -> Claim:
    try:
        return Claim(**entry)
    except (TypeError, ValueError) as error:
        name = entry.get("name", entry.get("says", "without a name"))
        raise ReportError(f"{path.name}, claim {name!r}: {error}.") from None


def judge(claim: Claim, table: pd.DataFrame | None) -> Judgement:
    """The verdict on a claim by the table that it names; None where the report has no such table."""
    if claim.reason:
        return Judgement(claim, Verdict.UNTESTED, reason=claim.reason)
    evidence = tuple(find(claim, row, table) for row in claim.rows)
    for item in evidence:
        item.verdict = row_verdict(claim, item, evidence[0])
    missing = [item.missing for item in evidence if item.missing]
    if claim.rule == "level":
        reason = missing[0] if len(missing) == len(evidence) else LEVEL
        return Judgement(claim, Verdict.UNTESTED, evidence, reason)
    verdict = combined(item.verdict for item in evidence if item.verdict)
    return Judgement(claim, verdict, evidence, missing[0] if verdict == Verdict.UNTESTED else "")


def find(claim: Claim, row: Mapping[str, Any], table: pd.DataFrame | None) -> Evidence:
    """The numbers of the one row of `table` that is as `row` says, or what is missing."""
    wanted = {column: value for column, value in row.items() if column not in PUBLISHED}
    evidence = Evidence(wanted, row.get("published"))
    if table is None:
        evidence.missing = f"This report has no table {claim.table}."
        return evidence
    ends = (claim.value, claim.value) if claim.exact else ("low", "high")
    columns = [*wanted, claim.value, *ends, *([claim.noise] if claim.noise else ())]
    if absent := [column for column in columns if column not in table]:
        evidence.missing = f"{claim.table} has no column {absent[0]}."
        return evidence
    found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
    if len(found) != 1:
        described = ", ".join(f"{column} = {value}" for column, value in wanted.items())
        evidence.missing = f"{claim.table} has {len(found) or 'no'} rows with {described}."
        return evidence
    numbers = found.iloc[0]
    evidence.here, evidence.low, evidence.high = (float(numbers[name]) for name in (claim.value, *ends))
    evidence.noise = float(numbers[claim.noise]) if claim.noise else 0.0
    for count in COUNTS:
        if count in numbers and pd.notna(numbers[count]):
            setattr(evidence, count, int(numbers[count]))
    return evidence


def row_verdict(claim: Claim, evidence: Evidence, first: Evidence) -> Verdict | None:
    """What one row says of its claim."""
    if evidence.missing or (claim.rule == "largest" and first.missing):
        return Verdict.UNTESTED
    than, low, high = claim.than or 0, evidence.low - evidence.noise, evidence.high + evidence.noise
    match claim.rule:
        case "above":
            return side(low - than, high - than)
        case "below":
            return side(than - high, than - low)
        case "largest" if evidence is not first:
            return side(first.low - evidence.high, first.high - evidence.low)
        case "equals":
            return equality(evidence, evidence.published if claim.than is None else claim.than)
    return None


def side(low: float, high: float) -> Verdict:
    """On which side of zero an interval lies; one without ends (NaN) on none."""
    return Verdict.HOLDS if low > 0 else Verdict.FAILS if high < 0 else Verdict.UNDECIDED


def equality(evidence: Evidence, than: float) -> Verdict:
    """Only what has no error can be shown to equal a number; an interval can show that it does not."""
    if evidence.low > than or evidence.high < than:
        return Verdict.FAILS
    return Verdict.HOLDS if evidence.low == evidence.high == than else Verdict.UNDECIDED


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """That of a claim whose rows must all hold: one that fails decides it, then one that is not tested."""
    there = set(verdicts)
    order = (Verdict.FAILS, Verdict.UNTESTED, Verdict.UNDECIDED, Verdict.HOLDS)
    return next(verdict for verdict in order if verdict in there)


def write(folder: Path, papers: Sequence[Paper] | None = None) -> None:
    """Writes `claims/claims.json` and `claims/claims.parquet` of the report in `folder`.

    A paper of which the report has measured nothing is left out; without any there are no files.

    Args:
        folder: a report, with what its notebooks' pages kept.
        papers: None takes those of `artnb/reporting/papers`.
    """
    ledger = [ledger_of(paper, folder) for paper in (read_papers() if papers is None else papers)]
    ledger = [paper for paper in ledger if any(claim["measured"] for claim in paper["claims"])]
    if not ledger:
        return
    with written_whole(folder / FOLDER / LEDGER) as path:
        path.write_text(json.dumps(plain(ledger), indent=2, ensure_ascii=False) + "\n", "utf-8")
    with written_whole(folder / FOLDER / TABLE) as path:
        as_table(ledger).to_parquet(path, index=False)


def read(folder: Path) -> list[dict[str, Any]]:
    """The ledger of the report in `folder`, as `write` left it: papers with their claims and evidence."""
    path = folder / FOLDER / LEDGER
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def clear(folder: Path) -> None:
    """Removes what `write` left in `folder`, and nothing else."""
    for name in (LEDGER, TABLE):
        (folder / FOLDER / name).unlink(missing_ok=True)
    remove_if_empty(folder / FOLDER)


def ledger_of(paper: Paper, folder: Path) -> dict[str, Any]:
    names = {claim.table for claim in paper.claims if claim.table}
    tables = {name: kept_table(folder, name) for name in names}
    judged = [judge(claim, tables.get(claim.table)) for claim in paper.claims]
    claims = [{**asdict(judgement.claim), **asdict(judgement)} for judgement in judged]
    for entry in claims:
        del entry["claim"], entry["rows"]
        entry["measured"] = not all(item["missing"] for item in entry["evidence"])
    return {"name": paper.name, "title": paper.title, "basis": paper.basis, "claims": claims}


def kept_table(folder: Path, name: str) -> pd.DataFrame | None:
    """The table `notebook/table` that a page of the report kept; None where it kept none."""
    notebook, _, table = name.partition("/")
    kept = [item["name"] for item in read_contents(folder / notebook)["items"] if item["kind"] == "table"]
    return pd.read_parquet(folder / notebook / "tables" / f"{table}.parquet") if table in kept else None


def label(row: Mapping[str, Any]) -> str:
    """A row of evidence in words: "garden, multi-2"."""
    return ", ".join(str(value) for value in row.values() if not isinstance(value, bool))


def as_table(ledger: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row for each row of evidence, and one for each claim that has none.

    Returns:
        paper, claim, place, says, rule, than, table, row, published, here, low, high, noise, seeds, images,
        groups, row_verdict, verdict, reason, note.
    """
    rows = [
        {
            "paper": paper["name"],
            "claim": claim["name"],
            **{name: claim[name] for name in ("place", "says", "rule", "than", "table")},
            "row": label(item.get("row", {})),
            **{name: item.get(name) for name in (*NUMBERS, *COUNTS)},
            "row_verdict": item.get("verdict"),
            **{name: claim[name] for name in ("verdict", "reason", "note")},
        }
        for paper in ledger
        for claim in paper["claims"]
        for item in claim["evidence"] or [{}]
    ]
    return pd.DataFrame(rows).astype(
        {"than": "float64"} | dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(COUNTS, "Int64")
    )
