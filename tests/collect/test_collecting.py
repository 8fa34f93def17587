import errno
import hashlib
import itertools
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from typer.testing import CliRunner

from artnb import paths
from artnb.catalogue import check_splits, read
from artnb.cli import app
from artnb.collect import collecting
from artnb.collect.collecting import collect, estimate
from artnb.collect.ledger import FILE, Ledger
from artnb.collect.recipes import Cell
from artnb.collect.replay import Replay, replay
from artnb.errors import CatalogueError, CollectError, FetchError, UnavailableError

CONTACT = "tests@example.org"
KILLS = 22
OF_EACH = 6  # images of each field and label
WANTED = 4 * 2 * OF_EACH
OF_EACH_OF_MANY = 48
MANY = 4 * 2 * OF_EACH_OF_MANY


@pytest.fixture(scope="module")
def museums(painted_for_museums):
    with replay(painted_for_museums, OF_EACH) as opened:
        yield opened


@pytest.fixture(scope="module")
def painted_for_museums(tmp_path_factory):
    from artnb.atelier import Plan, paint

    return paint(Plan(train=88, validation=4, test=4, size=48), tmp_path_factory.mktemp("painted"))


@pytest.fixture(autouse=True)
def forgetful(museums):
    """What was asked of the museums in one test is not counted in the next."""
    museums.visits.clear()


def recipe_file(museums: Replay, folder: Path) -> Path:
    file = folder / "recipe.toml"
    file.write_text(museums.recipe.toml(), "utf-8")
    return file


def images_asked(museums: Replay) -> Counter[str]:
    asked = {path: times for path, times in museums.visits.items() if path.startswith("/images/")}
    return Counter(asked)


def sound(folder: Path) -> int:
    """How many images the catalogue has, once every one of them lies there, unchanged, under its hash."""
    table = read(folder).table
    for row in table.itertuples():
        assert hashlib.sha256((folder / row.path).read_bytes()).hexdigest() == row.id
    return len(table)


def test_every_source_is_collected_through_the_command_line(museums, painted_for_museums, tmp_path):
    to = tmp_path / "to"
    ran = CliRunner().invoke(
        app,
        [
            "collect",
            str(recipe_file(museums, tmp_path)),
            "--to",
            str(to),
            "--contact",
            CONTACT,
            "--allow-private",
        ],
    )
    assert ran.exit_code == 0, ran.output
    table = read(to).table
    assert sound(to) == WANTED
    check_splits(table)
    assert set(table["source"]) == {"met", "artic", "cleveland", "rijksmuseum", "commons"}
    assert set(table["id"]) <= set(painted_for_museums.table["id"])
    truth = painted_for_museums.table.set_index("id")
    assert (table["label"] == table["id"].map(truth["label"])).all()
    assert (table["field"] == table["id"].map(truth["field"])).all()
    for column in ("title", "creator", "source_url", "licence", "retrieved_at"):
        assert (table[column] != "").all(), column
    assert table["annotations"].map(lambda text: json.loads(text)["image_url"]).str.startswith("http").all()
    assert max(images_asked(museums).values()) == 1
    assert "403 Forbidden" in ran.output  # reported, and gone on

    again = museums.visits.total()
    assert collect(museums.recipe, to, contact=CONTACT, allow_private=True).stopped == {}
    assert museums.visits.total() == again, "what is complete needs nobody to be asked"


def test_a_dry_run_fetches_no_image_and_makes_no_folder(museums, tmp_path):
    recipe = str(recipe_file(museums, tmp_path))
    arguments = [
        "--to",
        str(tmp_path / "to"),
        "--contact",
        CONTACT,
        "--allow-private",
        "--dry-run",
        "--limit",
        "4",
    ]
    ran = CliRunner().invoke(app, ["collect", recipe, *arguments])
    assert ran.exit_code == 0, ran.output
    assert re.search(r"32 images of 32 wanted, about \d+ MB .* minutes at the permitted pace", ran.output)
    assert not images_asked(museums)
    assert not (tmp_path / "to").exists()


def test_an_estimate_is_what_then_happens(museums, tmp_path):
    table = estimate(museums.recipe, contact=CONTACT, allow_private=True)
    cells = collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True).cells
    assert table["images"].tolist() == cells["fetched"].tolist()
    assert (table["error"] == "").all()


def test_a_limit_is_kept_and_raised_later(museums, tmp_path):
    few = collect(museums.recipe.limited(4), tmp_path, contact=CONTACT, allow_private=True)
    assert few.cells.groupby(["field", "label"])["fetched"].sum().tolist() == [4] * 8
    assert sound(tmp_path) == 32
    collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    assert sound(tmp_path) == WANTED
    assert max(images_asked(museums).values()) == 1


def test_without_a_contact_nobody_is_asked(museums, tmp_path):
    with pytest.raises(CollectError, match="contact"):
        collect(museums.recipe, tmp_path / "to", contact="", allow_private=True)
    assert not museums.visits
    assert not (tmp_path / "to").exists()


def test_a_recipe_of_folders_alone_is_told_what_to_do(museums, tmp_path):
    folders = replace(museums.recipe, cells=(Cell("anime", "anime", 1, (), "frames of your own"),))
    for ask in (
        lambda: collect(folders, tmp_path, contact=CONTACT),
        lambda: estimate(folders, contact=CONTACT),
    ):
        with pytest.raises(CollectError, match="artnb import"):
            ask()


def test_own_machine_is_asked_only_where_it_is_allowed(museums, tmp_path):
    came_to = collect(museums.recipe, tmp_path, contact=CONTACT)
    assert came_to.cells["fetched"].sum() == 0
    assert set(came_to.stopped) == {"met", "artic", "cleveland", "rijksmuseum", "commons"}
    assert not museums.visits


def command(recipe: Path, to: Path) -> list[str]:
    start = "from artnb.cli import app; app()"
    return [
        *(sys.executable, "-c", start, "collect", str(recipe), "--to", str(to)),
        *("--contact", CONTACT, "--allow-private"),
    ]


def started(recipe: Path, to: Path) -> subprocess.Popen:
    return subprocess.Popen(
        command(recipe, to),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
    )


def whole_images(to: Path, museums: Replay) -> set[str]:
    """The paths on the server whose images lie whole on this disk: in the ledger, or on their way to it."""
    base = re.match(r"http://[^/]+", museums.recipe.endpoints["met"])[0]
    names = {file.name for file in (to / "incoming").glob("*/*")}
    with sqlite3.connect(to / FILE) as ledger:
        known = {url for (url,) in ledger.execute("SELECT url FROM images")}
    asked = {base + path: path for path in images_asked(museums)}
    return {
        path
        for url, path in asked.items()
        if url in known or hashlib.sha256(url.encode()).hexdigest() in names
    }


@pytest.mark.parametrize("kills", [3, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_fetches_nothing_twice_and_loses_nothing(
    painted_for_museums, tmp_path, kills
):
    """kill -9, again and again, from the first request on; at each death the catalogue is valid."""
    with replay(painted_for_museums, OF_EACH_OF_MANY) as museums:
        killed_again_and_again(museums, tmp_path, kills)


def killed_again_and_again(museums: Replay, tmp_path: Path, kills: int) -> None:
    draw, to, recipe = random.Random(0), tmp_path / "to", recipe_file(museums, tmp_path)
    whole, had = {}, 0
    for _ in range(kills):
        visits = museums.visits.total() + draw.randint(1, 40)
        process = started(recipe, to)
        while museums.visits.total() < visits and process.poll() is None:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.03))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it was quicker than the knife"
        if (to / "catalogue.parquet").exists():
            have = sound(to)
            assert have >= had, "an image was lost"
            had = have
        for path in whole_images(to, museums):
            whole.setdefault(path, museums.visits[path])
    assert 0 < len(whole) < MANY, "the knife came too early or too late to show anything"
    finished = started(recipe, to)
    errors = finished.communicate(timeout=60)[1]
    assert finished.returncode == 0, errors
    assert sound(to) == MANY
    check_splits(read(to).table)
    assert {path: museums.visits[path] for path in whole} == whole
    assert not list(to.glob("incoming/*/*")), "nothing is left between wire and catalogue"
    assert not list(to.glob(".catalogue.parquet-*"))


def test_two_collectors_at_once_share_the_work(museums, tmp_path):
    to, recipe = tmp_path / "to", recipe_file(museums, tmp_path)
    both = [started(recipe, to) for _ in range(2)]
    for process in both:
        errors = process.communicate(timeout=120)[1]
        assert process.returncode == 0, errors
    assert sound(to) == WANTED
    check_splits(read(to).table)
    assert max(images_asked(museums).values()) == 1


def test_stopped_by_the_user_it_keeps_what_it_has(painted_for_museums, tmp_path):
    with replay(painted_for_museums, OF_EACH_OF_MANY) as museums:
        stopped_and_gone_on_with(museums, tmp_path)


def stopped_and_gone_on_with(museums: Replay, tmp_path: Path) -> None:
    to, recipe = tmp_path / "to", recipe_file(museums, tmp_path)
    process = started(recipe, to)
    while len(images_asked(museums)) < 5:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode not in (0, -signal.SIGKILL)
    have = sound(to)
    assert 0 < have < MANY
    collect(museums.recipe, to, contact=CONTACT, allow_private=True)
    assert sound(to) == MANY
    assert max(images_asked(museums).values()) == 1


class Refusing:
    """A client to which every image, or every search, is refused."""

    def __init__(self, client, error, images_only=True):
        self.client, self.error, self.images_only = client, error, images_only

    def __enter__(self):
        self.client.__enter__()
        return self

    def __exit__(self, *failure):
        return self.client.__exit__(*failure)

    def json(self, *request):
        if not self.images_only:
            raise self.error
        return self.client.json(*request)

    def image(self, url, to):
        raise self.error


@pytest.fixture
def refusing(monkeypatch):
    opened = collecting.open_client

    def refuse(error, **how):
        monkeypatch.setattr(collecting, "open_client", lambda *args: Refusing(opened(*args), error, **how))

    return refuse


def test_a_source_that_refuses_work_after_work_is_left(museums, tmp_path, refusing, monkeypatch):
    monkeypatch.setattr(collecting, "FAILURES", 3)
    refusing(FetchError("403 Forbidden"))
    came_to = collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    assert came_to.cells["fetched"].sum() == 0
    assert "3 works in a row could not be fetched, the last: 403 Forbidden" in came_to.stopped["commons"]
    assert not (tmp_path / "catalogue.parquet").exists()


def test_what_is_unavailable_today_is_asked_for_again_and_what_is_refused_is_not(
    museums, tmp_path, refusing, monkeypatch
):
    with monkeypatch.context():
        refusing(UnavailableError("503"))
        collect(museums.recipe.limited(2), tmp_path / "a", contact=CONTACT, allow_private=True)
        refusing(FetchError("404"))
        collect(museums.recipe.limited(2), tmp_path / "b", contact=CONTACT, allow_private=True)
    monkeypatch.undo()
    collect(museums.recipe.limited(2), tmp_path / "a", contact=CONTACT, allow_private=True)
    assert sound(tmp_path / "a") == 16
    came_to = collect(museums.recipe, tmp_path / "b", contact=CONTACT, allow_private=True)
    assert "404" in set(came_to.refusals["reason"])
    assert came_to.cells["fetched"].sum() < WANTED


def test_an_image_that_is_refused_keeps_its_record(museums, tmp_path):
    collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    with closing(Ledger(tmp_path)) as ledger:
        works = ledger.works()
    [told] = works.loc[works["outcome"].str.startswith("403"), "provenance"].map(json.loads)
    assert all(told[name] for name in ("title", "source_url", "licence", "image_url"))


def test_who_is_stopped_while_another_collects_touches_nothing_of_theirs(museums, tmp_path):
    half = tmp_path / "incoming" / "met" / ".half-1"
    half.mkdir(parents=True)
    stop = Event()
    stop.set()
    met = museums.recipe.sources["met"]
    with collecting.open_client(museums.recipe, CONTACT, True) as client, closing(Ledger(tmp_path)) as ledger:
        assert collecting.Collector(museums.recipe, met, client, ledger, tmp_path, stop, None).run() == ""
    assert half.exists()
    assert not museums.visits


def test_a_search_that_fails_stops_its_source_alone(museums, tmp_path, refusing):
    refusing(UnavailableError("the museum sleeps"), images_only=False)
    came_to = collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    assert came_to.stopped == dict.fromkeys(
        ("met", "artic", "cleveland", "rijksmuseum", "commons"), "the museum sleeps"
    )


def test_a_full_disk_is_told_and_the_ledger_stays_readable(museums, tmp_path, monkeypatch):
    monkeypatch.setattr(
        Ledger, "keep_image", lambda *_: (_ for _ in ()).throw(CollectError("database or disk is full"))
    )
    with pytest.raises(CollectError, match="disk is full"):
        collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    monkeypatch.undo()
    collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    assert sound(tmp_path) == WANTED
    assert max(images_asked(museums).values()) == 1


@pytest.mark.parametrize("step", [1, 4])
def test_no_room_for_an_image_is_told_and_what_was_fetched_stays(museums, tmp_path, monkeypatch, step):
    steps = itertools.count(1)
    fsync = os.fsync

    def full(descriptor):
        if next(steps) >= step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(paths.os, "fsync", full)
        with pytest.raises((CollectError, CatalogueError), match=r"No space left on device.*free some space"):
            collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)
    assert sound(tmp_path) == WANTED


def test_a_place_that_cannot_be_made_is_named(museums, tmp_path):
    (tmp_path / "to").write_text("a file where the catalogue should go")
    with pytest.raises(CollectError, match=r"to.here: .*mend the folder's rights"):
        collect(museums.recipe, tmp_path / "to" / "here", contact=CONTACT, allow_private=True)


def test_a_ledger_that_is_none_is_named(museums, tmp_path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(CollectError, match=f"{FILE}: file is not a database"):
        collect(museums.recipe, tmp_path, contact=CONTACT, allow_private=True)


def test_an_image_that_is_none_is_refused_with_the_reason(museums, tmp_path, monkeypatch):
    def cut(self, url, to):
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
        return to

    monkeypatch.setattr(collecting.Client, "image", cut)
    came_to = collect(museums.recipe.limited(1), tmp_path, contact=CONTACT, allow_private=True)
    assert came_to.cells["fetched"].sum() == 0
    assert came_to.refusals["reason"].str.contains("its image is (?:not an image|damaged)").any()
    assert not list(tmp_path.glob("incoming/*/*"))
