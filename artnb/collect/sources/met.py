"""The Metropolitan Museum of Art, New York: its Collection API, https://metmuseum.github.io.

A search gives only numbers of objects; each object is asked for. The museum documents 80 requests a second,
but bursts met with 403, hence two.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from artnb.collect.sources.source import WINDOW, Asks, Found, Source, Work, plain
from artnb.errors import FetchError

PAGE = 500


class MetropolitanMuseum(Source):
    name = "met"
    title = "The Metropolitan Museum of Art"
    api = "https://collectionapi.metmuseum.org/public/collection"
    pace = 2.0
    image_hosts: ClassVar = {"images.metmuseum.org": 2.0}
    parameters = (
        "q",
        "title",
        "artistOrCulture",
        "departmentId",
        "medium",
        "geoLocation",
        "dateBegin",
        "dateEnd",
        "isHighlight",
    )
    required = ("q",)
    requests_per_image = 1 + 1 / PAGE
    typical_bytes = 200_000

    def total(self, client: Asks, query: Mapping[str, Any]) -> int:
        return self.page(client, query, offset=0, limit=1)["total"] or 0

    def records(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]:
        offset = 0
        while offset < WINDOW:
            reply = self.page(client, query, offset, PAGE)
            numbers = reply["objectIDs"] or []
            for number in numbers:
                yield Found(str(number), {})
            offset += len(numbers)
            if not numbers or offset >= reply["total"]:
                return

    def page(self, client: Asks, query: Mapping[str, Any], offset: int, limit: int) -> dict[str, Any]:
        return client.json(
            f"{self.api}/v1.1/search",
            {
                "hasImages": "true",
                "isPublicDomain": "true",
                **{key: parameter(value) for key, value in query.items()},
                "offset": offset,
                "limit": limit,
            },
        )

    def work(self, client: Asks, found: Found) -> Work:
        record = client.json(f"{self.api}/v1/objects/{found.id}")
        if not record.get("primaryImageSmall"):
            raise FetchError("the Met has no open image of it")
        return Work(
            source=self.name,
            id=found.id,
            title=plain(record.get("title")),
            creator=plain(record.get("artistDisplayName")),
            source_url=record.get("objectURL")
            or f"https://www.metmuseum.org/art/collection/search/{found.id}",
            licence="CC0 1.0" if record.get("isPublicDomain") is True else "",
            credit=plain(record.get("creditLine")),
            image_url=record["primaryImageSmall"],  # "web-large"
            bytes=None,
        )


def parameter(value: object) -> str:
    """As the search takes it: media are joined by |, truth values are words."""
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
