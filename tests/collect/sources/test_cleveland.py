import pytest
from canned import Canned

from artnb.collect.sources.cleveland import ClevelandMuseumOfArt
from artnb.errors import FetchError

SEARCH = "https://openaccess-api.clevelandart.org/api/artworks/"
RECORD = {  # record 93014 as the museum gave it: sizes are texts
    "id": 93014,
    "accession_number": "1335.1917",
    "share_license_status": "CC0",
    "title": "View of Schroon Mountain, Essex County, New York, After a Storm",
    "creators": [{"id": 271, "description": "Thomas Cole (American, 1801-1848)", "role": "artist"}],
    "creditline": "Hinman B. Hurlbut Collection",
    "images": {
        "web": {
            "filename": "1335.1917_web.jpg",
            "filesize": "716717",
            "height": "775",
            "url": "https://openaccess-cdn.clevelandart.org/1335.1917/1335.1917_web.jpg",
            "width": "1263",
        },
        "full": {"url": "https://openaccess-cdn.clevelandart.org/1335.1917/1335.1917_full.tif"},
    },
    "url": "https://clevelandart.org/art/1335.1917",
}


def resolved(**changes):
    client = Canned({SEARCH: {"info": {"total": 1}, "data": [RECORD | changes]}})
    museum = ClevelandMuseumOfArt()
    return museum.resolve(client, next(museum.search(client, {})))


def test_a_record_of_the_museum():
    work = resolved()
    assert (work.source, work.id, work.licence) == ("cleveland", "93014", "CC0 1.0")
    assert (work.creator, work.credit) == ("Thomas Cole", "Hinman B. Hurlbut Collection")
    assert work.source_url == "https://clevelandart.org/art/1335.1917"
    assert work.image_url.endswith("1335.1917_web.jpg")
    assert work.bytes == 716_717


def test_what_a_record_may_lack():
    assert resolved(title="<i>Still Life</i> with\n Fruit &amp; Fish").title == "Still Life with Fruit & Fish"
    assert resolved(creators=[]).creator == resolved(creators=None).creator == ""
    assert resolved(share_license_status=None).licence == ""
    assert resolved(share_license_status="Copyrighted").licence == "Copyrighted"
    assert resolved(images={"web": {"url": "https://x/y.jpg", "filesize": 12}}).bytes == 12
    assert resolved(images={"web": {"url": "https://x/y.jpg", "filesize": None}}).bytes is None
    for images in (None, {}, {"web": None}, {"full": {"url": "https://x/y.tif"}}):
        with pytest.raises(FetchError, match="no image"):
            resolved(images=images)


def test_a_search_skips_what_it_had():
    records = [RECORD | {"id": n} for n in range(130)]
    client = Canned(
        {SEARCH: [{"info": {"total": "130"}, "data": part} for part in (records[:100], records[100:])]}
    )
    found = list(ClevelandMuseumOfArt().search(client, {"type": "Painting"}))
    assert [one.id for one in found] == [str(n) for n in range(130)]
    assert [dict(url.params) for url in client.asked] == [
        {"cc0": "1", "has_image": "1", "type": "Painting", "limit": "100", "skip": skip}
        for skip in ("0", "100")
    ]


def test_count_and_nothing_found():
    found = Canned({SEARCH: {"info": {"total": 3956}, "data": [RECORD]}})
    assert ClevelandMuseumOfArt().count(found, {"type": "Painting"}) == 3956
    nothing = Canned({SEARCH: {"info": {"total": 0}, "data": []}})
    assert list(ClevelandMuseumOfArt().search(nothing, {"q": "zzz"})) == []
