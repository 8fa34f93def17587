import pytest
from canned import Canned

from artnb.collect.sources import Found
from artnb.collect.sources.met import MetropolitanMuseum
from artnb.errors import FetchError

API = "https://collectionapi.metmuseum.org/public/collection"
OBJECT = {  # the sample of https://metmuseum.github.io, the fields that matter and some that do not
    "objectID": 45734,
    "isHighlight": False,
    "accessionNumber": "36.100.45",
    "isPublicDomain": True,
    "primaryImage": "https://images.metmuseum.org/CRDImages/as/original/DP251139.jpg",
    "primaryImageSmall": "https://images.metmuseum.org/CRDImages/as/web-large/DP251139.jpg",
    "additionalImages": ["https://images.metmuseum.org/CRDImages/as/original/DP251138.jpg"],
    "constituents": [{"constituentID": 11986, "role": "Artist", "name": "Kiyohara Yukinobu"}],
    "department": "Asian Art",
    "title": "Quail and Millet",
    "artistDisplayName": "Kiyohara Yukinobu",
    "artistDisplayBio": "Japanese, 1643–1682",
    "objectBeginDate": 1667,
    "creditLine": "The Howard Mansfield Collection, Purchase, Rogers Fund, 1936",
    "objectURL": "https://www.metmuseum.org/art/collection/search/45734",
    "tags": None,
}


def resolved(**changes):
    client = Canned({f"{API}/v1/objects/45734": OBJECT | changes})
    return MetropolitanMuseum().resolve(client, Found("45734", {}))


def test_the_documented_object():
    work = resolved()
    assert (work.source, work.id, work.title) == ("met", "45734", "Quail and Millet")
    assert (work.creator, work.licence) == ("Kiyohara Yukinobu", "CC0 1.0")
    assert work.credit == "The Howard Mansfield Collection, Purchase, Rogers Fund, 1936"
    assert work.source_url == "https://www.metmuseum.org/art/collection/search/45734"
    assert work.image_url == "https://images.metmuseum.org/CRDImages/as/web-large/DP251139.jpg"
    assert work.bytes is None


def test_an_object_with_rights_or_without_image():
    assert resolved(isPublicDomain=False).licence == ""
    assert resolved(isPublicDomain=None).licence == ""
    with pytest.raises(FetchError, match="no open image"):
        resolved(primaryImage="", primaryImageSmall="")


def test_a_search_is_asked_page_by_page_and_only_as_far_as_wanted():
    client = Canned(
        {
            f"{API}/v1.1/search": [
                {"total": 701, "objectIDs": list(range(500))},
                {"total": 701, "objectIDs": list(range(500, 701))},
            ]
        }
    )
    query = {"q": "painting", "medium": ["Paintings", "Silk"], "artistOrCulture": True, "departmentId": 11}
    search = MetropolitanMuseum().search(client, query)
    assert next(search) == Found("0", {})
    assert len(client.asked) == 1
    assert [found.id for found in search] == [str(n) for n in range(1, 701)]
    assert dict(client.asked[1].params) == {
        "hasImages": "true",
        "isPublicDomain": "true",
        "q": "painting",
        "medium": "Paintings|Silk",
        "artistOrCulture": "true",
        "departmentId": "11",
        "offset": "500",
        "limit": "500",
    }


def test_a_search_that_finds_nothing_gives_null():
    nothing = {f"{API}/v1.1/search": {"total": 0, "objectIDs": None}}
    assert MetropolitanMuseum().count(Canned(nothing), {"q": "zzz"}) == 0
    assert list(MetropolitanMuseum().search(Canned(nothing), {"q": "zzz"})) == []


def test_no_page_is_asked_beyond_the_window():
    client = Canned({f"{API}/v1.1/search": {"total": 50_000, "objectIDs": list(range(500))}})
    assert len(list(MetropolitanMuseum().search(client, {"q": "x"}))) == 10_000
    assert len(client.asked) == 20
