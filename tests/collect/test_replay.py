import hashlib
import json
import urllib.request
from collections import Counter
from urllib.error import HTTPError

import pandas as pd
import pytest

from artnb.catalogue import COLUMNS, Catalogue
from artnb.collect.client import Client
from artnb.collect.recipes import read_recipe
from artnb.collect.replay import replay
from artnb.collect.sources import SOURCES
from artnb.errors import FetchError


@pytest.fixture(scope="module")
def holdings(tmp_path_factory) -> Catalogue:
    """170 files, more than one page of every museum; only their bytes matter."""
    folder = tmp_path_factory.mktemp("holdings")
    cells = {("painting", "artistic"): 60, ("painting", "non_artistic"): 50}
    cells |= {("sculpture", "artistic"): 20, ("garden", "artistic"): 40}
    rows = []
    for (field, label), images in cells.items():
        for n in range(images):
            data = f"{field} {label} {n}".encode()
            id = hashlib.sha256(data).hexdigest()
            (folder / f"{id}.jpg").write_bytes(data)
            known = {"id": id, "path": f"{id}.jpg", "field": field, "label": label, "title": data.decode()}
            rows.append(dict.fromkeys(COLUMNS, "") | known | {"width": 64, "height": 48})
    return Catalogue(folder, pd.DataFrame(rows))


class Plain:
    """Just fetches: what the museums answer, without our client's manners."""

    def json(self, url, params=None, headers=None):
        query = urllib.parse.urlencode(params or {}, doseq=True)
        address = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
        request = urllib.request.Request(address, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise FetchError(f"{error.code}") from None


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("image/")
        return answer.read()


def collected(museums, cell, query):
    """The bytes of every image that a query brings, and the reasons why records brought none."""
    source = museums.recipe.sources[query.source]
    images, reasons = [], []
    for found in source.search(Plain(), query.parameters):
        try:
            work = source.resolve(Plain(), found)
            reason = query.refusal(work)
            if not reason:
                images.append(fetched(work.image_url))
                assert work.licence
                assert work.title
                assert work.creator
                assert work.credit or query.source == "rijksmuseum"
                assert work.source_url.startswith("https://")
                assert "<" not in work.title + work.creator
                assert work.bytes in (None, len(images[-1]))
        except (FetchError, HTTPError) as error:
            reason = str(error)
        reasons += [reason] if reason else []
    return images, reasons


@pytest.fixture(scope="module")
def visited(holdings):
    """The museums after every query was worked off, and what each brought."""
    with replay(holdings, 50) as museums:
        brought = {
            (cell.field, cell.label, query.source): collected(museums, cell, query)
            for cell, query in museums.recipe.queries
        }
        yield museums, brought


def test_every_image_of_the_catalogue_comes_from_some_museum(visited, holdings):
    museums, brought = visited
    table = holdings.table.sort_values("id")
    for cell in museums.recipe.cells:
        rows = table[(table["field"] == cell.field) & (table["label"] == cell.label)].head(50)
        own = [holdings.image_path(id).read_bytes() for id in rows["id"]]
        came = [image for key in brought if key[:2] == (cell.field, cell.label) for image in brought[key][0]]
        assert cell.images == len(own) == sum(query.images for query in cell.queries)
        assert sorted(came) == sorted(own)


def test_all_five_are_asked_and_each_has_its_oddities(visited):
    museums, brought = visited
    assert list(museums.recipe.sources) == list(SOURCES)
    reasons = {name: [] for name in SOURCES}
    for (_, _, source), (_, why) in brought.items():
        reasons[source] += why
    expected = {
        "met": ["404", "no open image", "licence, not stated", "creator is not stated"],
        "artic": ["403", "no image", "licence, not stated"],
        "cleveland": ["no image", "licence, not stated", "creator is not stated"],
        "rijksmuseum": ["no image", "licence, not stated", "404"],
        "commons": ["licence, not stated"],
    }
    for source, parts in expected.items():
        assert len(reasons[source]) == len(parts)
        for reason, part in zip(reasons[source], parts, strict=True):
            assert part in reason


def test_counts_are_those_of_the_search(visited):
    museums, _ = visited
    for _, query in museums.recipe.queries:
        source = museums.recipe.sources[query.source]
        found = len(list(source.search(Plain(), query.parameters)))
        drawings = source.count(Plain(), query.parameters) - found  # counted, and passed over
        assert drawings == 0 or (query.source == "commons" and drawings == 1)
        nothing = dict.fromkeys(query.parameters, "nothing of the kind") | (
            {"depth": 1} if query.source == "commons" else {}
        )
        assert source.count(Plain(), nothing) == 0
        assert list(source.search(Plain(), nothing)) == []


def test_answers_come_in_pages_and_parts(visited):
    museums, _ = visited
    for part in ("met/v1.1/search?", "page=2", "skip=10", "pageToken=10", "gcmcontinue=", "iicontinue="):
        assert any(part in path for path in museums.visits), part
    images = {path: n for path, n in museums.visits.items() if path.startswith("/images/")}
    assert len(images) == 50 + 50 + 20 + 40 + 1  # the one that is refused
    assert set(images.values()) == {1}


def test_requests_are_counted(holdings):
    with replay(holdings, 24) as museums:
        cell, query = museums.recipe.queries[0]
        images, _ = collected(museums, cell, query)
        asked = Counter({path: n for path, n in museums.visits.items() if path.startswith("/images/")})
        assert len(asked) == len(images)
        assert set(asked.values()) == {1}
        collected(museums, cell, query)
        assert {museums.visits[path] for path in asked} == {2}


def test_the_same_catalogue_gives_the_same_museums(holdings, tmp_path):
    with replay(holdings, 3) as once, replay(holdings, 3) as again:
        assert once.recipe.cells == again.recipe.cells
        assert {cell.images for cell in once.recipe.cells} == {3}
        assert once.recipe.endpoints != again.recipe.endpoints
        (tmp_path / "replay.toml").write_text(once.recipe.toml(), "utf-8")
        assert read_recipe(tmp_path / "replay.toml") == once.recipe


def test_our_client_may_ask_what_is_documented_whatever_robots_txt_bars(holdings, tmp_path):
    with replay(holdings, 2) as museums:
        for name, source in museums.recipe.sources.items():
            asked = next(query for _, query in museums.recipe.queries if query.source == name)
            polite = {"contact": "ana@example.org", "paces": source.paces, "allow_private": True}
            with Client(**polite, documented=source.documented) as client:
                assert source.count(client, asked.parameters) > 0
                works = (source.resolve(client, found) for found in source.search(client, asked.parameters))
                if name not in ("met", "artic"):  # theirs begin with one that is gone, one that is refused
                    assert next(works).source == name
        with Client(**polite) as client, pytest.raises(FetchError, match=r"robots\.txt"):
            source.count(client, asked.parameters)


def test_they_close_again(holdings):
    with replay(holdings, 2) as museums:
        address = museums.recipe.endpoints["met"] + "/v1/objects/1"
        with pytest.raises(FetchError, match="404"):
            Plain().json(address)
    with pytest.raises(OSError, match="refused"):
        Plain().json(address)


def test_what_is_asked_wrongly_is_refused_as_by_the_museums(holdings):
    with replay(holdings, 2) as museums:
        at = museums.recipe.endpoints
        with pytest.raises(FetchError, match="400"):
            Plain().json(f"{at['met']}/v1.1/search?limit=1")
        with pytest.raises(ValueError, match="Expecting value"):  # a page for people, without ld+json
            Plain().json(f"{at['rijksmuseum']}/200101001")
        robots = urllib.request.urlopen(at["commons"].split("/commons")[0] + "/robots.txt").read()
        assert b"Disallow: /commons/w/" in robots
