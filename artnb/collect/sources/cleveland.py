"""The Cleveland Museum of Art: its Open Access API, https://openaccess-api.clevelandart.org.

A search tells all that is needed. Its records are whole, up to 40 kB each, because a choice of `fields` was
seen to leave the licence out; hence 100 a page, not the 1,000 that the museum allows.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from artnb.collect.sources.source import Asks, Found, Source, Work, licence_name, plain, whole_number
from artnb.errors import FetchError

PAGE = 100


class ClevelandMuseumOfArt(Source):
    name = "cleveland"
    title = "The Cleveland Museum of Art"
    api = "https://openaccess-api.clevelandart.org/api"
    pace = 1.0
    image_hosts: ClassVar = {"openaccess-cdn.clevelandart.org": 2.0}
    parameters = (
        "q",
        "type",
        "department",
        "artists",
        "title",
        "medium",
        "created_after",
        "created_before",
    )
    requests_per_image = 1 / PAGE
    typical_bytes = 400_000

    def total(self, client: Asks, query: Mapping[str, Any]) -> int | str:
        return self.page(client, query, skip=0, limit=1)["info"]["total"]

    def records(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]:
        skip = 0
        while True:
            reply = self.page(client, query, skip, PAGE)
            for record in reply["data"]:
                yield Found(str(record["id"]), record)
            skip += len(reply["data"])
            if not reply["data"] or skip >= int(reply["info"]["total"]):
                return

    def page(self, client: Asks, query: Mapping[str, Any], skip: int, limit: int) -> dict[str, Any]:
        return client.json(
            f"{self.api}/artworks/", {"cc0": 1, "has_image": 1, **query, "limit": limit, "skip": skip}
        )

    def work(self, client: Asks, found: Found) -> Work:
        record = found.record
        image = (record.get("images") or {}).get("web") or {}
        if not image.get("url"):
            raise FetchError("Cleveland has no image of it")
        creators = [plain(creator.get("description")) for creator in record.get("creators") or []]
        return Work(
            source=self.name,
            id=found.id,
            title=plain(record.get("title")),
            creator=next(iter(creators), "").split(" (")[0],  # "Thomas Cole (American, 1801–1848)"
            source_url=record.get("url") or f"https://clevelandart.org/art/{record.get('accession_number')}",
            licence=licence_name(record.get("share_license_status")),
            credit=plain(record.get("creditline")),
            image_url=image["url"],
            bytes=whole_number(image.get("filesize")),
        )
