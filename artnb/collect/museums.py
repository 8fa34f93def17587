"""What five museums answer, in the shapes and with the oddities of their documented interfaces.

Each function is one museum's: its records, where this server lies, the path below the museum's own, and what
was asked -> the JSON of the answer. For the shapes see `artnb.collect.sources`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PAGE = 10  # records of one answer at most, fewer than the museums give
RIJKSMUSEUM = "https://id.rijksmuseum.nl"  # the address that its things go by, whoever serves them
ENGLISH, DUTCH = "http://vocab.getty.edu/aat/300388277", "http://vocab.getty.edu/aat/300388256"


@dataclass(frozen=True)
class Exhibit:
    """One record of a museum."""

    number: int
    kind: str  # what a search finds it by: a field, on Commons a category
    image: str  # an id of the catalogue
    title: str
    creator: str
    width: int
    height: int
    bytes: int
    oddity: str = ""  # anonymous, forbidden, gone, no image, no rights, drawing


class Refused(Exception):
    """Answered by a status that is not 200."""

    def __init__(self, status: int):
        self.status = status


def met(works: list[Exhibit], base: str, path: str, asked: Mapping[str, str]) -> Any:
    if path == "/v1.1/search":
        numbers = [work.number for work in works if work.kind == asked["q"]]
        offset, limit = int(asked["offset"]), min(int(asked["limit"]), PAGE)
        return {"total": len(numbers), "objectIDs": numbers[offset : offset + limit] or None}
    work = numbered_as(works, path.removeprefix("/v1/objects/"))
    shown = "" if work.oddity == "no image" else f"{base}/images/met/web-large/{work.image}.jpg"
    return {
        "objectID": work.number,
        "isPublicDomain": work.oddity != "no rights",
        "primaryImage": shown,
        "primaryImageSmall": shown,
        "additionalImages": [],
        "title": work.title,
        "artistDisplayName": "" if work.oddity == "anonymous" else work.creator,
        "creditLine": "Gift of a catalogue",
        "objectURL": f"https://www.metmuseum.org/art/collection/search/{work.number}",
    }


def artic(works: list[Exhibit], base: str, path: str, asked: Mapping[str, str]) -> Any:
    kind = next((value for key, value in asked.items() if "[classification_titles.keyword]" in key), "")
    found = [work for work in works if work.kind == kind]
    page, limit = int(asked["page"]), min(int(asked["limit"]), PAGE)
    records = [
        {
            "id": work.number,
            "title": work.title,
            "artist_title": None,
            "artist_display": f"{work.creator}\nAmerican, born 2020",
            "image_id": {"no image": None, "forbidden": "forbidden"}.get(work.oddity, work.image),
            "is_public_domain": None if work.oddity == "no rights" else True,
            "credit_line": "Gift of a catalogue",
        }
        for work in found[(page - 1) * limit : page * limit]
    ]
    pagination = {
        "total": len(found),
        "limit": limit,
        "offset": (page - 1) * limit,
        "total_pages": -(-len(found) // limit),
        "current_page": page,
    }
    return {
        "pagination": pagination,
        "data": records,
        "config": {"iiif_url": f"{base}/images/artic/iiif/2", "website_url": "https://www.artic.edu"},
    }


def cleveland(works: list[Exhibit], base: str, path: str, asked: Mapping[str, str]) -> Any:
    found = [work for work in works if work.kind == asked["type"]]
    skip, limit = int(asked["skip"]), min(int(asked["limit"]), PAGE)
    records = []
    for work in found[skip : skip + limit]:
        web = {
            "url": f"{base}/images/cleveland/{work.image}_web.jpg",
            "width": str(work.width),
            "height": str(work.height),
            "filesize": str(work.bytes),
        }
        record = {
            "id": work.number,
            "accession_number": f"1917.{work.number}",
            "share_license_status": None if work.oddity == "no rights" else "CC0",
            "title": f"<em>{work.title}</em>",
            "creators": [{"description": f"{work.creator} (American, b. 2020)"}],
            "creditline": "Gift of a catalogue",
            "url": f"https://clevelandart.org/art/1917.{work.number}",
            "images": None if work.oddity == "no image" else {"web": web},
        }
        records.append(record | ({"creators": []} if work.oddity == "anonymous" else {}))
    return {"info": {"total": len(found), "parameters": dict(asked)}, "data": records}


def rijksmuseum(works: list[Exhibit], base: str, path: str, asked: Mapping[str, str]) -> Any:
    if path == "/search/collection":
        return rijksmuseum_page(works, base, asked)
    kind, work = path[:6], numbered_as(works, path[6:])
    entity = {"id": RIJKSMUSEUM + path}
    if kind == "/20010":
        notation = [
            {"@language": "nl", "@value": "een schilder"},
            {"@language": "en", "@value": work.creator},
        ]
        return entity | {
            "type": "HumanMadeObject",
            "identified_by": [
                {"type": "Identifier", "content": f"SK-A-{work.number}"},
                {"type": "Name", "content": "Zonder titel", "language": [{"id": DUTCH}]},
                {"type": "Name", "content": work.title, "language": [{"id": ENGLISH}]},
            ],
            "produced_by": {"part": [{"carried_out_by": [{"notation": notation}]}]},
            "shows": [{"id": f"{RIJKSMUSEUM}/20210{work.number}", "type": "VisualItem"}],
            "subject_of": [{"subject_to": [right("zero")]}],  # of the record, not of the image
        }
    if kind == "/20210":
        shown = {"id": f"{RIJKSMUSEUM}/50010{work.number}", "type": "DigitalObject"}
        rights = {} if work.oddity == "no rights" else {"subject_to": [right("mark")]}
        image = {} if work.oddity == "no image" else {"digitally_shown_by": [shown]}
        return entity | {"type": "VisualItem"} | rights | image
    point = f"{base}/images/rijksmuseum/{work.image}/full/max/0/default.jpg"
    return entity | {"type": "DigitalObject", "access_point": [{"id": point, "type": "DigitalObject"}]}


def rijksmuseum_page(works: list[Exhibit], base: str, asked: Mapping[str, str]) -> Any:
    found = [work.number for work in works if work.kind == asked["type"]]
    start = int(asked.get("pageToken", 0))
    page = {
        "type": "OrderedCollectionPage",
        "partOf": {"type": "OrderedCollection", "totalItems": len(found)},
        "orderedItems": [
            {"id": f"{RIJKSMUSEUM}/20010{number}", "type": "HumanMadeObject"}
            for number in found[start : start + PAGE]
        ],
    }
    following = f"{base}/rijksmuseum/search/collection?type={asked['type']}&pageToken={start + PAGE}"
    more = {"next": {"id": following, "type": "OrderedCollectionPage"}}
    return page | (more if start + PAGE < len(found) else {})


def right(name: str) -> dict[str, Any]:
    return {
        "type": "Right",
        "classified_as": [{"id": f"https://creativecommons.org/publicdomain/{name}/1.0/"}],
    }


def commons(works: list[Exhibit], base: str, path: str, asked: Mapping[str, str]) -> Any:
    if "titles" in asked:
        return {"batchcomplete": "", "query": {"pages": categories(works, asked["titles"].split("|"))}}
    if asked["gcmtype"] == "subcat":
        below = sorted({work.kind for work in works if work.kind.startswith(asked["gcmtitle"] + ", ")})
        return {"batchcomplete": ""} | ({"query": {"pages": categories(works, below)}} if below else {})
    found = [work for work in works if work.kind == asked["gcmtitle"]]
    start, limit = int(asked.get("gcmcontinue", "|0").split("|")[1]), min(int(asked["gcmlimit"]), PAGE)
    batch, half = found[start : start + limit], limit // 2
    if not batch:
        return {"batchcomplete": ""}
    second_part = (
        "iicontinue" in asked
    )  # what is told of the second half of a batch comes in a reply of its own
    told = batch[half:] if second_part else batch[:half]
    pages = {
        str(work.number): {"pageid": work.number, "ns": 6, "title": f"File:{work.title}.jpg"}
        | ({"imageinfo": [information(work, base)]} if work in told else {})
        for work in batch
    }
    reply: dict[str, Any] = {"query": {"pages": pages}}
    if not second_part and len(batch) > half:
        here = {key: asked[key] for key in asked if key == "gcmcontinue"}
        return reply | {"continue": {"iicontinue": "x|1", "continue": "||", **here}}
    more = {"continue": {"gcmcontinue": f"file|{start + limit}", "continue": "gcmcontinue||"}}
    return reply | {"batchcomplete": ""} | (more if start + limit < len(found) else {})


def categories(works: list[Exhibit], titles: Sequence[str]) -> dict[str, Any]:
    pages: dict[str, Any] = {}
    for n, title in enumerate(titles, 1):
        files = sum(work.kind == title for work in works)
        info = {"size": files, "pages": 0, "files": files, "subcats": 0}
        pages[str(n if files else -n)] = {"title": title} | (
            {"categoryinfo": info} if files else {"missing": ""}
        )
    return pages


def information(work: Exhibit, base: str) -> dict[str, Any]:
    address = f"{base}/images/commons/{work.image}.jpg"
    licence = (
        {"LicenseShortName": "Public domain", "License": "pd"},
        {"LicenseShortName": "CC0", "LicenseUrl": "http://creativecommons.org/publicdomain/zero/1.0/deed.en"},
        {"LicenseShortName": "CC BY-SA 4.0", "LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0"},
    )[work.number % 3]
    artist = f'<a href="//commons.wikimedia.org/wiki/User:Ana" title="User:Ana">{work.creator}</a>'
    told = {"ObjectName": work.title, "Artist": artist, **({} if work.oddity == "no rights" else licence)}
    return {
        "url": address,
        "descriptionshorturl": f"https://commons.wikimedia.org/w/index.php?curid={work.number}",
        "thumburl": address,
        "user": "Ana",
        "width": work.width,
        "height": work.height,
        "size": work.bytes,
        "mediatype": "DRAWING" if work.oddity == "drawing" else "BITMAP",
        "extmetadata": {key: {"value": value, "source": "commons-desc-page"} for key, value in told.items()},
    }


def numbered_as(works: list[Exhibit], number: str) -> Exhibit:
    for work in works:
        if str(work.number) == number and work.oddity != "gone":
            return work
    raise Refused(404)


ANSWERS: Mapping[str, Callable[[list[Exhibit], str, str, Mapping[str, str]], Any]] = {
    "met": met,
    "artic": artic,
    "cleveland": cleveland,
    "rijksmuseum": rijksmuseum,
    "commons": commons,
}
