import pytest
from canned import Canned

from artnb.collect.sources.artic import ArtInstituteOfChicago
from artnb.errors import FetchError

SEARCH = "https://api.artic.edu/api/v1/artworks/search"
RECORD = {
    "id": 27992,
    "title": "A Sunday on La Grande Jatte — 1884",
    "artist_title": "Georges Seurat",
    "artist_display": "Georges Seurat (French, 1859–1891)",
    "image_id": "2d484387-2509-5e8e-2c43-22f9981972eb",
    "is_public_domain": True,
    "credit_line": "Helen Birch Bartlett Memorial Collection",
}


def page(number: int, pages: int, *records, total: int = 0):
    return {
        "preference": None,
        "pagination": {
            "total": total or len(records),
            "limit": 100,
            "offset": 100 * (number - 1),
            "total_pages": pages,
            "current_page": number,
        },
        "data": list(records),
        "info": {"version": "1.13"},
        "config": {"iiif_url": "https://www.artic.edu/iiif/2", "website_url": "http://www.artic.edu"},
    }


def resolved(**changes):
    client, museum = Canned({SEARCH: page(1, 1, RECORD | changes)}), ArtInstituteOfChicago()
    return museum.resolve(client, next(museum.search(client, {})))


def test_a_record_in_the_documented_shape():
    work = resolved()
    assert (work.source, work.id, work.licence) == ("artic", "27992", "CC0 1.0")
    assert (work.title, work.creator) == ("A Sunday on La Grande Jatte — 1884", "Georges Seurat")
    assert work.credit == "Helen Birch Bartlett Memorial Collection"
    assert work.source_url == "https://www.artic.edu/artworks/27992"
    assert work.image_url == (
        "https://www.artic.edu/iiif/2/2d484387-2509-5e8e-2c43-22f9981972eb/full/843,/0/default.jpg"
    )


def test_what_a_record_may_lack():
    assert resolved(artist_title=None, artist_display="Inca\nSouth coast, Peru").creator == "Inca"
    assert resolved(artist_title=None, artist_display=None, credit_line=None).creator == ""
    assert resolved(is_public_domain=None).licence == ""
    with pytest.raises(FetchError, match="no image"):
        resolved(image_id=None)


def test_a_search_becomes_clauses_and_is_paged():
    records = [RECORD | {"id": n} for n in range(150)]
    client = Canned({SEARCH: [page(1, 2, *records[:100]), page(2, 2, *records[100:])]})
    query = {"q": "monet", "artwork_type_id": 1, "artist_title": ["Claude Monet", "Edgar Degas"]}
    found = list(ArtInstituteOfChicago().search(client, query))
    assert [one.id for one in found] == [str(n) for n in range(150)]
    assert [url.params["page"] for url in client.asked] == ["1", "2"]
    params = client.asked[0].params
    assert params["q"] == "monet"
    assert params["query[bool][must][0][term][is_public_domain]"] == "true"
    assert params["query[bool][must][1][exists][field]"] == "image_id"
    assert params["query[bool][must][2][term][artwork_type_id]"] == "1"
    assert params.get_list("query[bool][must][3][terms][artist_title.keyword][]") == [
        "Claude Monet",
        "Edgar Degas",
    ]


def test_count_and_nothing_found():
    client = Canned({SEARCH: page(1, 1, RECORD, total=1946)})
    assert ArtInstituteOfChicago().count(client, {"artwork_type_id": 1}) == 1946
    assert client.asked[0].params["limit"] == "1"
    assert list(ArtInstituteOfChicago().search(Canned({SEARCH: page(1, 0)}), {"q": "zzz"})) == []


def test_no_page_is_asked_beyond_the_window():
    client = Canned({SEARCH: page(1, 1_150, RECORD)})
    assert len(list(ArtInstituteOfChicago().search(client, {}))) == 100
