"""Wikimedia Commons: the files of its categories, by the API https://commons.wikimedia.org/w/api.php.

One request tells of 50 files all that is needed. With an honest User-Agent 200 requests a minute are allowed.
Most of its photographs are under CC BY or CC BY-SA: a recipe that wants them says so, and their authors are
to be named.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from artnb.collect.sources.source import Asks, Found, Source, Work, licence_name, plain, whole_number
from artnb.errors import FetchError, UnavailableError

PAGE = 50
WIDTH = 960  # px; thumbnails come in few widths, this is the one next to the other sources' images
LATER = ("maxlag", "ratelimited", "readonly")  # errors of the API that pass


class WikimediaCommons(Source):
    name = "commons"
    title = "Wikimedia Commons"
    api = "https://commons.wikimedia.org/w/api.php"
    pace = 2.0
    image_hosts: ClassVar = {"upload.wikimedia.org": 2.0}
    parameters = ("category", "depth")  # one or a list; levels of subcategories, 0 where not said
    required = ("category",)
    requests_per_image = 1 / PAGE
    typical_bytes = 250_000

    def total(self, client: Asks, query: Mapping[str, Any]) -> int:
        """The files in the categories and, with depth, in their direct subcategories; those deeper still and
        those in several are not accounted for."""
        replies = self.replies(client, {"prop": "categoryinfo", "titles": "|".join(categories(query))})
        pages = [page for reply in replies for page in pages_of(reply)]
        if query.get("depth"):
            for category in categories(query):
                below = members(category, "subcat") | {"prop": "categoryinfo", "gcmlimit": 500}
                pages += [page for reply in self.replies(client, below) for page in pages_of(reply)]
        return sum(whole_number((page.get("categoryinfo") or {}).get("files")) or 0 for page in pages)

    def records(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]:
        """Category after category, level after level; a file that is in several comes once."""
        files, known = set(), set(categories(query))
        level = list(categories(query))
        for left in range(int(query.get("depth", 0)), -1, -1):
            for category in level:
                for page in self.files(client, category):
                    if page["pageid"] not in files:
                        files.add(page["pageid"])
                        yield Found(str(page["pageid"]), page)
            if left:
                below = [name for category in level for name in self.subcategories(client, category)]
                level = [name for name in dict.fromkeys(below) if name not in known]
                known.update(level)

    def files(self, client: Asks, category: str) -> Iterator[Mapping[str, Any]]:
        """The images among the files of a category; sound, video and drawings (SVG) are passed over."""
        wanted = {
            "prop": "imageinfo",
            "iiprop": "url|user|dimensions|extmetadata|mediatype|size|sha1",
            "iiurlwidth": WIDTH,
            "gcmlimit": PAGE,
        }
        batch: dict[str, dict[str, Any]] = {}
        for reply in self.replies(client, members(category, "file") | wanted):
            for page in pages_of(reply):
                batch.setdefault(page["pageid"], {}).update(page)
            if "batchcomplete" in reply:  # until then a file's parts come in several replies
                for page in batch.values():
                    if information(page).get("mediatype", "BITMAP") == "BITMAP":
                        yield page
                batch = {}

    def subcategories(self, client: Asks, category: str) -> list[str]:
        listed = members(category, "subcat") | {"gcmlimit": 500}
        return [page["title"] for reply in self.replies(client, listed) for page in pages_of(reply)]

    def replies(self, client: Asks, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Reply after reply, as long as the API has more to say."""
        following: Mapping[str, Any] = {}
        while True:
            reply = client.json(self.api, {"action": "query", "format": "json", **params, **following})
            if error := reply.get("error"):
                kind = UnavailableError if error.get("code") in LATER else FetchError
                raise kind(f"Commons answers: {plain(error.get('info'))}")
            yield reply
            if not (following := reply.get("continue")):
                return

    def work(self, client: Asks, found: Found) -> Work:
        info = information(found.record)
        if not info.get("url"):
            raise FetchError("Commons has no image of it")
        told = {key: value.get("value") for key, value in (info.get("extmetadata") or {}).items()}
        artist = plain(told.get("Artist")) or plain(info.get("user"))
        image_url = info.get("thumburl") or info["url"]
        return Work(
            source=self.name,
            id=found.id,
            title=plain(told.get("ObjectName")) or found.record["title"].removeprefix("File:"),
            creator=artist,
            source_url=info.get("descriptionshorturl") or info.get("descriptionurl") or "",
            licence=licence_name(*(told.get(key) for key in ("LicenseUrl", "LicenseShortName", "License"))),
            credit=plain(told.get("Attribution")) or artist,
            image_url=image_url,
            bytes=whole_number(info.get("size")) if image_url == info["url"] else None,
        )


def categories(query: Mapping[str, Any]) -> list[str]:
    names = query["category"] if isinstance(query["category"], list) else [query["category"]]
    return [f"Category:{name.removeprefix('Category:')}" for name in names]


def members(category: str, kind: str) -> dict[str, Any]:
    return {"generator": "categorymembers", "gcmtype": kind, "gcmtitle": category}


def pages_of(reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(((reply.get("query") or {}).get("pages") or {}).values())


def information(page: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(page.get("imageinfo") or []), {})
