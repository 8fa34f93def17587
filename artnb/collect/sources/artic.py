"""The Art Institute of Chicago: its public API, https://api.artic.edu/docs, and its IIIF images.

A search tells all that is needed. Without a key 60 requests a minute are allowed. The image host sometimes
answers programs with 403.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from artnb.collect.sources.source import WINDOW, Asks, Found, Source, Work, plain
from artnb.errors import FetchError

PAGE = 100
FIELDS = ("id", "title", "artist_title", "artist_display", "image_id", "is_public_domain", "credit_line")
NUMBERS = ("artwork_type_id",)  # the other fields are texts, whose exact values lie in FIELD.keyword


class ArtInstituteOfChicago(Source):
    name = "artic"
    title = "The Art Institute of Chicago"
    api = "https://api.artic.edu/api/v1"
    pace = 1.0
    image_hosts: ClassVar = {"www.artic.edu": 1.0}
    image_services = ("https://www.artic.edu/iiif/2/",)
    parameters = (
        "q",
        "artwork_type_id",
        "artist_title",
        "artwork_type_title",
        "classification_titles",
        "department_title",
        "material_titles",
        "place_of_origin",
        "style_titles",
        "subject_titles",
        "technique_titles",
    )
    requests_per_image = 1 / PAGE
    typical_bytes = 250_000

    def total(self, client: Asks, query: Mapping[str, Any]) -> int:
        return self.page(client, query, page=1, limit=1)["pagination"]["total"]

    def records(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]:
        for page in range(1, WINDOW // PAGE + 1):
            reply = self.page(client, query, page, PAGE)
            for record in reply["data"]:
                yield Found(str(record["id"]), {**record, "iiif_url": reply["config"]["iiif_url"]})
            if page >= reply["pagination"]["total_pages"]:
                return

    def page(self, client: Asks, query: Mapping[str, Any], page: int, limit: int) -> dict[str, Any]:
        """`q` only ranks; any other parameter is a clause that a record must meet, a list any of it."""
        clauses: dict[str, Any] = {"[term][is_public_domain]": "true", "[exists][field]": "image_id"}
        for key, value in query.items():
            field = key if key in NUMBERS else f"{key}.keyword"
            if isinstance(value, list):
                clauses[f"[terms][{field}][]"] = value
            elif key != "q":
                clauses[f"[term][{field}]"] = value
        must = {f"query[bool][must][{n}]{clause}": value for n, (clause, value) in enumerate(clauses.items())}
        words = {"q": query["q"]} if "q" in query else {}
        shown = {"fields": ",".join(FIELDS), "page": page, "limit": limit}
        return client.json(f"{self.api}/artworks/search", {**words, **must, **shown})

    def work(self, client: Asks, found: Found) -> Work:
        record = found.record
        if not record.get("image_id"):
            raise FetchError("Chicago has no image of it")
        artist = record.get("artist_title") or (record.get("artist_display") or "").partition("\n")[0]
        return Work(
            source=self.name,
            id=found.id,
            title=plain(record.get("title")),
            creator=plain(artist),
            source_url=f"https://www.artic.edu/artworks/{found.id}",
            licence="CC0 1.0" if record.get("is_public_domain") is True else "",
            credit=plain(record.get("credit_line")),
            image_url=f"{record['iiif_url']}/{record['image_id']}/full/843,/0/default.jpg",
            bytes=None,
        )
