import copy

import pytest
from canned import Canned

from artnb.collect.sources import Found
from artnb.collect.sources.commons import WikimediaCommons
from artnb.errors import FetchError, UnavailableError

API = "https://commons.wikimedia.org/w/api.php"
FILES = "https://upload.wikimedia.org/wikipedia/commons"
PAGE = {  # page 81754323 as Commons gave it, shortened, with the thumbnail of another of its answers
    "pageid": 81754323,
    "ns": 6,
    "title": "File:20120925 PlozevetBretagne LoneTree DSC07971 PtrQs.jpg",
    "imagerepository": "local",
    "imageinfo": [
        {
            "descriptionshorturl": "https://commons.wikimedia.org/w/index.php?curid=81754323",
            "extmetadata": {
                "Artist": {"value": '<a href="//commons.wikimedia.org/wiki/User:PtrQs">PtrQs</a>'},
                "Attribution": {
                    "value": 'Photo by <a href="//commons.wikimedia.org/wiki/User:PtrQs">PtrQs</a>'
                },
                "CommonsMetadataExtension": {"source": "extension", "value": 1.2},
                "License": {"value": "cc-by-sa-4.0"},
                "LicenseShortName": {"value": "CC BY-SA 4.0"},
                "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/4.0"},
                "ObjectName": {"value": "20120925 PlozevetBretagne LoneTree DSC07971 PtrQs"},
            },
            "height": 3102,
            "mediatype": "BITMAP",
            "size": 11863148,
            "thumburl": f"{FILES}/thumb/2/25/20120925.jpg/960px-20120925.jpg",
            "url": f"{FILES}/2/25/20120925.jpg",
            "user": "PtrQs",
            "width": 5514,
        }
    ],
}


def resolved(told=None, **changes):
    page = copy.deepcopy(PAGE)
    info = page["imageinfo"][0]
    info.update(changes)
    for key, value in (told or {}).items():
        info["extmetadata"].pop(key)
        if value is not None:
            info["extmetadata"][key] = {"value": value}
    return WikimediaCommons().resolve(Canned({}), Found("81754323", page))


def page(number: int, **changes):
    return PAGE | {"pageid": number, "title": f"File:{number}.jpg"} | changes


def reply(*pages, **more):
    return {"query": {"pages": {str(one["pageid"]): one for one in pages}}, **more}


def test_a_file_of_commons():
    work = resolved()
    assert (work.source, work.id) == ("commons", "81754323")
    assert work.title == "20120925 PlozevetBretagne LoneTree DSC07971 PtrQs"
    assert (work.creator, work.credit) == ("PtrQs", "Photo by PtrQs")
    assert work.licence == "CC BY-SA 4.0"
    assert work.source_url == "https://commons.wikimedia.org/w/index.php?curid=81754323"
    assert work.image_url.endswith("960px-20120925.jpg")
    assert work.bytes is None  # what is told is the size of the original


def test_what_a_file_may_lack():
    assert resolved({"LicenseUrl": None}).licence == "CC BY-SA 4.0"
    old = {"LicenseUrl": None, "LicenseShortName": "Public domain", "License": "pd"}
    assert resolved(old).licence == "Public domain"
    assert resolved({"LicenseUrl": None, "LicenseShortName": None, "License": None}).licence == ""
    assert resolved({"Artist": None, "Attribution": None}).credit == "PtrQs"
    assert resolved({"ObjectName": None}).title == "20120925 PlozevetBretagne LoneTree DSC07971 PtrQs.jpg"
    small = resolved(thumburl=PAGE["imageinfo"][0]["url"], size="4711")
    assert small.bytes == 4711
    for record in (
        {"pageid": 1, "title": "File:x.jpg"},
        {"pageid": 1, "title": "File:x.jpg", "imageinfo": []},
    ):
        with pytest.raises(FetchError, match="no image"):
            WikimediaCommons().resolve(Canned({}), Found("1", record))


def test_parts_of_an_answer_are_joined_and_batches_follow_each_other():
    bare = [{"pageid": n, "title": f"File:{n}.jpg"} for n in (1, 2)]
    client = Canned(
        {
            API: [
                reply(page(1), bare[1], **{"continue": {"iicontinue": "2.jpg|0", "continue": "||"}}),
                reply(
                    bare[0],
                    page(2),
                    batchcomplete="",
                    **{"continue": {"gcmcontinue": "file|32|3", "continue": "gcmcontinue||"}},
                ),
                reply(page(3), page(4, imageinfo=[{"mediatype": "VIDEO", "url": "x"}]), batchcomplete=""),
            ]
        }
    )
    found = list(WikimediaCommons().search(client, {"category": "Terraced houses"}))
    assert [one.id for one in found] == ["1", "2", "3"]
    assert all(one.record["imageinfo"][0]["url"] for one in found)
    first, second, third = (url.params for url in client.asked)
    assert (first["gcmtitle"], first["gcmtype"], first["iiurlwidth"]) == (
        "Category:Terraced houses",
        "file",
        "960",
    )
    assert "extmetadata" in first["iiprop"].split("|")
    assert (second["iicontinue"], "gcmcontinue" in second) == ("2.jpg|0", False)
    assert (third["gcmcontinue"], "iicontinue" in third) == ("file|32|3", False)


BELOW = {
    "Category:A": ["Category:B", "Category:C"],
    "Category:B": ["Category:A"],
    "Category:C": ["Category:D"],
}
FILES_OF = {"Category:A": [1], "Category:B": [2, 3], "Category:C": [3], "Category:D": [4]}


class Tree:
    """Commons with a category tree that has a circle and a file in two places."""

    def json(self, url, params=None, headers=None):
        category = params.get("gcmtitle")
        if params.get("prop") == "imageinfo":
            return reply(*(page(n) for n in FILES_OF[category]), batchcomplete="")
        names = params["titles"].split("|") if "titles" in params else BELOW.get(category, [])
        infos = [
            {"pageid": 100 + n, "title": name, "categoryinfo": {"files": len(FILES_OF[name])}}
            for n, name in enumerate(names)
        ]
        return reply(*infos, batchcomplete="")


@pytest.mark.parametrize(("depth", "files"), [(0, "1"), (1, "123"), (2, "1234"), (5, "1234")])
def test_subcategories_are_searched_as_deep_as_asked_and_nothing_twice(depth, files):
    found = WikimediaCommons().search(Tree(), {"category": "A", "depth": depth})
    assert [one.id for one in found] == list(files)


def test_count_tells_of_the_categories_and_those_directly_below():
    assert WikimediaCommons().count(Tree(), {"category": ["A", "Category:B"]}) == 3
    assert WikimediaCommons().count(Tree(), {"category": "A", "depth": 2}) == 4
    missing = {"query": {"pages": {"-1": {"ns": 14, "title": "Category:X", "missing": ""}}}}
    assert WikimediaCommons().count(Canned({API: missing}), {"category": "X"}) == 0
    assert list(WikimediaCommons().search(Canned({API: {"batchcomplete": ""}}), {"category": "X"})) == []


def test_an_error_in_a_good_answer_is_an_error():
    for code, kind in (("ratelimited", UnavailableError), ("invalidcategory", FetchError)):
        client = Canned({API: {"error": {"code": code, "info": "The reason."}}})
        with pytest.raises(FetchError, match=r"Commons answers: The reason\.") as raised:
            list(WikimediaCommons().search(client, {"category": "X"}))
        assert raised.type is kind
