"""What people say of images, kept so that no word is lost and all of it can be weighed.

`annotations/<annotator>.jsonl` in a catalogue's folder only grows: a line for each word of that annotator,
on the disk before the next image is shown. A line that a killed process left half is passed over, and cut
off before the next is written. Undo adds a line that withdraws the last word on an image; the word before
it, if there is one, stands again. A field has one question: whoever asks another labels another catalogue.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from artnb.catalogue import Catalogue, read, write
from artnb.catalogue.schema import editing
from artnb.errors import CollectError

FOLDER = "annotations"
NAME = re.compile(r"\w([\w .@+-]*\w)?")
IMAGE = ["id", "field"]
LABELLED = "labelled"  # where annotations keep what annotators said


@dataclass(frozen=True)
class Word:
    """What one annotator says of one image of one field; a line of the annotator's file."""

    id: str
    field: str
    label: str | None  # None: skipped, and in a withdrawal
    by: str
    at: str  # UTC, ISO 8601
    adjudicates: bool = False  # settles what annotators disagree on
    withdrawn: bool = False  # takes back the last word with what it is about

    @property
    def about(self) -> tuple[str, str, bool]:
        return self.id, self.field, self.adjudicates


COLUMNS = tuple(column.name for column in fields(Word) if column.name != "withdrawn")


def record(
    folder: str | Path, by: str, id: str, field: str, label: str | None, adjudicates: bool = False
) -> None:
    """Adds what `by` says of an image, None for a skip; returns once it is on the disk.

    Raises:
        CollectError: `by` cannot name a file, `label` is blank, or the disk is full or may not be written.
    """
    if label is not None and not label.strip():
        raise CollectError("a label is blank: give it letters, or None to skip the image")
    append(folder, Word(id, field, label, by, now(), adjudicates))


def withdraw(folder: str | Path, by: str, id: str, field: str, adjudicates: bool = False) -> None:
    """Takes back the last word of `by` on an image; raises as `record` does."""
    append(folder, Word(id, field, None, by, now(), adjudicates, withdrawn=True))


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def append(folder: str | Path, word: Word) -> None:
    file = file_of(folder, word.by)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock")), file.open("ab+") as lines:
            lines.seek(0)
            lines.truncate(lines.read().rfind(b"\n") + 1)
            lines.write(json.dumps(asdict(word), ensure_ascii=False).encode() + b"\n")
            lines.flush()
            os.fsync(lines.fileno())
    except OSError as error:
        raise CollectError(
            f"{file}: {error.strerror}. What was said before is kept: free some space, or mend the folder's "
            "rights, and say it again"
        ) from error


def file_of(folder: str | Path, by: str) -> Path:
    """Where the words of annotator `by` lie; raises CollectError where `by` cannot name a file."""
    if not NAME.fullmatch(by):
        raise CollectError(
            f"annotator {by!r}: give a name of letters and digits; . _ @ + - and spaces may stand between"
        )
    return Path(folder) / FOLDER / f"{by}.jsonl"


def standing(file: Path) -> list[Word]:
    """The words in `file` that were not withdrawn, as they were said: of two on one image the later counts.

    Raises:
        CollectError: a line that is no word; names file and line.
    """
    words: list[Word] = []
    for word in lines_of(file):
        if not word.withdrawn:
            words.append(word)
            continue
        places = [i for i, said in enumerate(words) if said.about == word.about]
        if places:
            del words[places[-1]]
    return words


def lines_of(file: Path) -> Iterator[Word]:
    if not file.exists():
        return
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], start=1):  # the last is empty or torn
        try:
            yield Word(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise CollectError(
                f"{file}, line {number} is no annotator's word: {error}; mend or remove the line"
            ) from None


def read_words(folder: str | Path) -> pd.DataFrame:
    """What stands: the last word of each annotator on each image, each annotator's in the order said.

    Returns:
        id, field, label (NaN: skipped), by, at, adjudicates: a row per image, field, annotator and role.

    Raises:
        CollectError: a line that is no word; names file and line.
    """
    files = sorted((Path(folder) / FOLDER).glob("*.jsonl"))
    words = [asdict(word) for file in files for word in standing(file)]
    table = pd.DataFrame(words, columns=list(COLUMNS))
    table = table.astype(dict.fromkeys(("id", "field", "label", "by", "at"), "str") | {"adjudicates": bool})
    return table.drop_duplicates([*IMAGE, "by", "adjudicates"], keep="last", ignore_index=True)


def given(words: pd.DataFrame) -> pd.DataFrame:
    """The labels of annotators among `words`: no skips, no adjudications."""
    return words[~words["adjudicates"]].dropna(subset="label")


def tally(words: pd.DataFrame) -> pd.DataFrame:
    """How many annotators gave each label: (id, field) x label."""
    words = given(words)
    return pd.crosstab([words["id"], words["field"]], words["label"])


def disagreements(words: pd.DataFrame) -> pd.DataFrame:
    """The images to which annotators gave different labels, the most contested first.

    Args:
        words: as `read_words` returns them.

    Returns:
        id, field, annotators (that gave a label), agreement (the share of them that gave the commonest),
        adjudicated: whether an adjudicator has settled it.
    """
    counts = tally(words)
    table = pd.DataFrame(
        {"annotators": counts.sum(axis=1), "agreement": counts.max(axis=1) / counts.sum(axis=1)}
    )
    table = table[table["agreement"] < 1].reset_index()
    settled = verdicts(words).index
    table["adjudicated"] = pd.MultiIndex.from_frame(table[IMAGE]).isin(settled)
    by = ["agreement", "annotators", *IMAGE]
    return table.sort_values(by, ascending=[True, False, True, True], ignore_index=True)


def verdicts(words: pd.DataFrame) -> pd.Series:
    """The label an adjudicator gave, the latest where several did: (id, field) -> label."""
    words = words[words["adjudicates"]].dropna(subset="label").sort_values("at", kind="stable")
    return words.groupby(IMAGE)["label"].last()


def decided(words: pd.DataFrame) -> pd.DataFrame:
    """What becomes of each image that was given a label.

    An adjudicator's word decides; else the label that more than half of its annotators gave. Anything less,
    such as a tie, decides nothing.

    Args:
        words: as `read_words` returns them.

    Returns:
        id, field, label (NaN: undecided), how (adjudicated, unanimous, majority or undecided), annotators.
    """
    counts = tally(words)
    annotators = counts.sum(axis=1)
    share = counts.max(axis=1) / annotators
    how = np.select([share == 1, share > 0.5], ["unanimous", "majority"], "undecided")
    label = counts.T.idxmax().where(share > 0.5) if len(counts) else None
    voted = pd.DataFrame({"label": label, "how": how, "annotators": annotators}, counts.index)
    settled = pd.DataFrame({"label": verdicts(words), "how": "adjudicated"})
    table = settled.combine_first(voted).reindex(columns=["label", "how", "annotators"]).reset_index()
    return table.fillna({"annotators": 0}).astype({"label": "str", "how": "str", "annotators": int})


def apply_labels(folder: str | Path) -> Catalogue:
    """The catalogue in `folder` with the labels that its annotators decided, written there.

    `annotations` of a row then says under "labelled" what label it came with, how that was decided, and who
    said what and when. Groups and splits stay. The words can change and be applied again: a row whose label
    is no longer decided has the one it came with.

    Raises:
        CatalogueError: there is no catalogue, or it cannot be written.
        CollectError: a line that is no word; names file and line.
    """
    with editing(folder):
        catalogue, words = read(folder), read_words(folder)
        verdict_on = {(row.id, row.field): row for row in decided(words).itertuples()}
        said_of = defaultdict(list)
        for word in words.astype(object).where(words.notna(), None).to_dict("records"):
            said_of[word.pop("id"), word.pop("field")].append(word)
        table = catalogue.table.copy()
        rows = table[["id", "field", "label", "annotations"]].itertuples(index=False)
        relabelled = [
            with_label(label, notes, verdict_on.get((id, field)), said_of[id, field])
            for id, field, label, notes in rows
        ]
        table["label"], table["annotations"] = zip(*relabelled, strict=True)
        catalogue = Catalogue(catalogue.folder, table)
        write(catalogue)
    return catalogue


def with_label(label: str, annotations: str, verdict, words: list[dict]) -> tuple[str, str]:
    """A row's label and annotations after a verdict (a row of `decided`, or None)."""
    notes = json.loads(annotations)
    if verdict is None and LABELLED not in notes:
        return label, annotations
    imported = notes.pop(LABELLED, {}).get("imported", label)
    if verdict is None:
        return imported, json.dumps(notes, ensure_ascii=False)
    notes[LABELLED] = {"imported": imported, "how": verdict.how, "words": words}
    decided_label = imported if verdict.how == "undecided" else verdict.label
    return decided_label, json.dumps(notes, ensure_ascii=False)


def imported_labels(table: pd.DataFrame) -> pd.Series:
    """The label that each row of a catalogue came with, whatever its annotators decided since."""
    labelled = table["annotations"].str.contains(f'"{LABELLED}"', regex=False)
    imported = table["annotations"][labelled].map(lambda notes: json.loads(notes)[LABELLED]["imported"])
    return imported.reindex(table.index).fillna(table["label"])
