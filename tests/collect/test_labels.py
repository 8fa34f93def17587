"""No word is lost, and what becomes of many words can be counted by hand."""

import json
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections import Counter
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artnb.catalogue import read
from artnb.collect.labels import (
    COLUMNS,
    apply_labels,
    decided,
    disagreements,
    file_of,
    read_words,
    record,
    standing,
    withdraw,
)
from artnb.errors import CollectError
from artnb.seeding import generator

ID = "a" * 64


@pytest.fixture
def catalogue(painted, tmp_path):
    shutil.copytree(painted.folder, tmp_path / "catalogue")
    return read(tmp_path / "catalogue")


def said(folder) -> dict:
    return {(word.by, word.id): word.label for word in read_words(folder).itertuples()}


def test_the_last_word_of_each_annotator_counts(tmp_path):
    record(tmp_path, "ana", "1", "garden", "artistic")
    record(tmp_path, "ben", "1", "garden", "artistic")
    record(tmp_path, "ana", "1", "garden", "non_artistic")
    record(tmp_path, "ana", "1", "painting", "artistic")
    record(tmp_path, "ana", "2", "garden", None)
    words = read_words(tmp_path)
    assert words[["id", "field", "label", "by"]].fillna("skipped").to_numpy().tolist() == [
        ["1", "garden", "non_artistic", "ana"],
        ["1", "painting", "artistic", "ana"],
        ["2", "garden", "skipped", "ana"],
        ["1", "garden", "artistic", "ben"],
    ]
    moments = pd.to_datetime(words["at"])
    assert str(moments.dt.tz) == "UTC"
    assert (pd.Timestamp.now("UTC") - moments).max() < pd.Timedelta("1min")


def test_undo_brings_back_the_word_before(tmp_path):
    record(tmp_path, "ana", "1", "garden", "artistic")
    record(tmp_path, "ana", "2", "garden", "artistic")
    record(tmp_path, "ana", "1", "garden", "non_artistic")
    record(tmp_path, "ana", "1", "garden", "watercolour", adjudicates=True)
    withdraw(tmp_path, "ana", "1", "garden")
    assert read_words(tmp_path)["label"].tolist() == ["artistic", "artistic", "watercolour"]
    withdraw(tmp_path, "ana", "1", "garden")
    withdraw(tmp_path, "ana", "1", "garden")  # nothing is left to take back
    assert read_words(tmp_path)["label"].tolist() == ["artistic", "watercolour"]
    assert len(file_of(tmp_path, "ana").read_text().splitlines()) == 7


def test_a_line_cut_anywhere_is_passed_over_and_mended(tmp_path):
    for n in range(3):
        record(tmp_path, "zoë", str(n), "garden", "künstlerisch")
    file = file_of(tmp_path, "zoë")
    whole = file.read_bytes()
    starts = [0, *(i + 1 for i, byte in enumerate(whole) if byte == ord("\n"))]
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        complete = sum(start <= cut for start in starts[1:])
        assert len(standing(file)) == complete
        if cut % 17 == 0:
            record(tmp_path, "zoë", "later", "garden", None)
            assert [json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()] == [
                *map(str, range(complete)),
                "later",
            ]


def speak(folder, by, first, acknowledged) -> None:
    for n in range(first, first + 100_000):
        record(folder, by, str(n), "garden", "artistic")
        os.write(acknowledged, b".")


@pytest.mark.skipif(sys.platform == "win32", reason="kills a forked process")
def test_a_kill_at_any_moment_loses_no_word_that_was_said(tmp_path):
    fork, random, total = multiprocessing.get_context("fork"), Random(0), 0
    for _ in range(20):
        ours, theirs = os.pipe()
        process = fork.Process(target=speak, args=(tmp_path, "ana", total, theirs))
        process.start()
        os.close(theirs)
        os.read(ours, 1)
        time.sleep(random.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        acknowledged = total + 1 + len(os.read(ours, 1_000_000))
        os.close(ours)
        found = read_words(tmp_path)["id"].tolist()
        assert found == [str(n) for n in range(len(found))]
        assert acknowledged <= len(found) <= acknowledged + 1  # on the disk, not yet acknowledged
        total = len(found)


def speak_of(folder, by, ids) -> None:
    for id in ids:
        record(folder, by, id, "garden", "artistic")


def test_one_annotator_in_two_windows_loses_no_word(tmp_path):
    fork = multiprocessing.get_context("fork")
    parts = [[f"{part}-{n}" for n in range(60)] for part in range(2)]
    processes = [fork.Process(target=speak_of, args=(tmp_path, "ana", ids)) for ids in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert set(read_words(tmp_path)["id"]) == {*parts[0], *parts[1]}


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "1"}', '{"colour": 1}', "null", ""])
def test_a_damaged_line_is_named(tmp_path, line):
    record(tmp_path, "ana", "1", "garden", "artistic")
    with file_of(tmp_path, "ana").open("a") as file:
        file.write(f"{line}\n")
    record(tmp_path, "ana", "2", "garden", "artistic")
    with pytest.raises(CollectError, match=r"ana\.jsonl, line 2 is no annotator's word"):
        read_words(tmp_path)


@pytest.mark.parametrize("by", ["", " ", "../ana", "a/b", ".ana", "ana\n", "a\\b", "ana."])
def test_a_name_that_is_no_files_name_is_refused(tmp_path, by):
    with pytest.raises(CollectError, match="give a name of letters"):
        record(tmp_path, by, "1", "garden", "artistic")


@pytest.mark.parametrize("by", ["ana", "Ana María", "jörg", "a.b@museum.org", "7"])
def test_names_of_people_are_taken(tmp_path, by):
    record(tmp_path, by, "1", "garden", "artistic")
    assert read_words(tmp_path)["by"].tolist() == [by]


def test_a_blank_label_is_refused(tmp_path):
    with pytest.raises(CollectError, match="a label is blank"):
        record(tmp_path, "ana", "1", "garden", " ")


def test_where_nobody_spoke_tables_are_empty(tmp_path):
    words = read_words(tmp_path)
    assert tuple(words) == COLUMNS
    assert decided(words).empty
    assert disagreements(words).empty


def table(rows) -> pd.DataFrame:
    words = pd.DataFrame(rows, columns=list(COLUMNS))
    return words.astype(dict.fromkeys(("id", "field", "label", "by", "at"), "str") | {"adjudicates": bool})


def votes(**labels: str) -> pd.DataFrame:
    """`1="aab"`: three annotators say a, a, b of image 1; "-" is a skip, a capital an adjudication."""
    rows = [
        (id[1:], "garden", None if letter == "-" else letter.lower(), f"by{n}", f"{n}", letter.isupper())
        for id, letters in labels.items()
        for n, letter in enumerate(letters)
    ]
    return table(rows)


def test_what_is_decided():
    words = votes(
        _1="aaa", _2="aab", _3="ab", _4="abc", _5="aabc", _6="a-", _7="--", _8="abB", _9="aaBA", _10="aab-B"
    )
    rows = decided(words).fillna("none").set_index("id")[["label", "how", "annotators"]]
    assert rows.T.to_dict("list") == {
        "1": ["a", "unanimous", 3],
        "2": ["a", "majority", 3],
        "3": ["none", "undecided", 2],
        "4": ["none", "undecided", 3],
        "5": ["none", "undecided", 4],  # half is no majority
        "6": ["a", "unanimous", 1],
        "8": ["b", "adjudicated", 2],
        "9": ["a", "adjudicated", 2],  # the later adjudication
        "10": ["b", "adjudicated", 3],  # against the majority
    }


def test_disagreements_come_the_most_contested_first():
    queue = disagreements(votes(_1="aaaab", _2="aaa", _3="ab", _4="abc", _5="aabb", _6="a-", _7="abA"))
    assert queue["id"].tolist() == ["4", "5", "3", "7", "1"]
    assert queue["agreement"].tolist() == pytest.approx([1 / 3, 1 / 2, 1 / 2, 1 / 2, 4 / 5])
    assert queue["adjudicated"].tolist() == [False, False, False, True, False]


@st.composite
def opinions(draw):
    fields, labels = st.sampled_from(["garden", "painting"]), st.sampled_from(["a", "b", "c", None])
    about = st.tuples(st.sampled_from("123"), fields, st.sampled_from("uvwx"), st.booleans())
    said = draw(st.dictionaries(about, labels, max_size=20))
    return [
        (id, field, label, by, f"{n:02}", adjudicates)
        for n, ((id, field, by, adjudicates), label) in enumerate(said.items())
    ]


@settings(max_examples=60, deadline=None)
@given(opinions())
def test_decisions_and_disagreements_are_those_of_a_plain_count(rows):
    given_to, settled = {}, {}
    for id, field, label, _, _, adjudicates in rows:
        if label and adjudicates:
            settled[id, field] = label
        elif label:
            given_to.setdefault((id, field), []).append(label)
    expected = {}
    for image in given_to.keys() | settled.keys():
        labels = given_to.get(image, [])
        (label, most), *_ = Counter(labels).most_common(1) or [("", 0)]
        if image in settled:
            expected[image] = settled[image], "adjudicated", len(labels)
        elif 2 * most > len(labels):
            expected[image] = label, "unanimous" if most == len(labels) else "majority", len(labels)
        else:
            expected[image] = "", "undecided", len(labels)
    found = {(row.id, row.field): row[3:] for row in decided(table(rows)).fillna("").itertuples()}
    assert found == expected
    queue = {(row.id, row.field): row.adjudicated for row in disagreements(table(rows)).itertuples()}
    assert queue == {image: image in settled for image, labels in given_to.items() if len(set(labels)) > 1}


def test_decided_labels_are_applied_with_who_and_when(catalogue):
    before = catalogue.table
    first, second, third = before["id"].iloc[:3]
    field = before["field"].iloc[0]
    for by, label in (("ana", "other"), ("ben", "other"), ("cleo", before["label"].iloc[0])):
        record(catalogue.folder, by, first, field, label)
    record(catalogue.folder, "ana", second, field, "other")
    record(catalogue.folder, "ben", second, field, None)
    record(catalogue.folder, "ana", third, field, "other")
    record(catalogue.folder, "ben", third, field, "another")
    record(catalogue.folder, "ana", ID, field, "other")  # of no image of the catalogue

    applied = apply_labels(catalogue.folder)
    after = read(catalogue.folder).table
    pd.testing.assert_frame_equal(applied.table, after)
    assert after["label"].iloc[:3].tolist() == ["other", "other", before["label"].iloc[2]]
    kept = [column for column in before if column not in ("label", "annotations")]
    pd.testing.assert_frame_equal(after[kept], before[kept])
    pd.testing.assert_frame_equal(after.iloc[3:], before.iloc[3:])
    notes = json.loads(after["annotations"].iloc[0])
    labelled = notes.pop("labelled")
    assert notes == json.loads(before["annotations"].iloc[0])
    assert (labelled["imported"], labelled["how"]) == (before["label"].iloc[0], "majority")
    assert [(word["by"], word["label"]) for word in labelled["words"]] == [
        ("ana", "other"), ("ben", "other"), ("cleo", before["label"].iloc[0])
    ]  # fmt: skip
    assert {word["at"] for word in labelled["words"]} <= set(read_words(catalogue.folder)["at"])
    skipped = json.loads(after["annotations"].iloc[1])["labelled"]["words"][1]
    assert (skipped["by"], skipped["label"]) == ("ben", None)
    assert json.loads(after["annotations"].iloc[2])["labelled"]["how"] == "undecided"

    pd.testing.assert_frame_equal(apply_labels(catalogue.folder).table, after)


def test_a_label_that_is_no_longer_decided_goes_back_to_the_imported_one(catalogue):
    row = catalogue.table.iloc[int(generator(0, "row").integers(len(catalogue.table)))]
    record(catalogue.folder, "ana", row["id"], row["field"], "other")
    changed = apply_labels(catalogue.folder)
    assert changed.table["label"].value_counts()["other"] == 1
    assert changed.fingerprint != catalogue.fingerprint
    record(catalogue.folder, "ana", row["id"], row["field"], "yet another")
    assert apply_labels(catalogue.folder).table["label"].value_counts()["yet another"] == 1
    withdraw(catalogue.folder, "ana", row["id"], row["field"])
    withdraw(catalogue.folder, "ana", row["id"], row["field"])
    pd.testing.assert_frame_equal(apply_labels(catalogue.folder).table, catalogue.table)
