"""The Rijksmuseum, Amsterdam: its search and its linked data, https://data.rijksmuseum.nl/docs.

A search gives only identifiers. An object shows a visual item, which has the rights; that is shown digitally
by a digital object, whose access point is a IIIF image: three requests for each. No limit is documented;
one request a second is ours. The image host bars crawlers by its robots.txt; the museum names its addresses
to programs all the same, one by one, as access points. Models: https://linked.art/model.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from artnb.collect.sources.source import WINDOW, Asks, Found, Source, Work, licence_name, plain
from artnb.errors import FetchError

PAGE = 100
ENGLISH = "300388277"  # these are numbers in the Art & Architecture Thesaurus, http://vocab.getty.edu/aat
MAKER = "300435416"
CREDIT_LINE = "300435418"


class Rijksmuseum(Source):
    name = "rijksmuseum"
    title = "Rijksmuseum"
    api = "https://data.rijksmuseum.nl"
    pace = 1.0
    image_hosts: ClassVar = {"iiif.micr.io": 1.0}
    image_services = ("https://iiif.micr.io/",)
    parameters = (
        "type",
        "title",
        "creator",
        "creationDate",
        "technique",
        "material",
        "description",
        "aboutActor",
        "objectNumber",
    )
    requests_per_image = 3 + 1 / PAGE
    typical_bytes = 250_000

    def total(self, client: Asks, query: Mapping[str, Any]) -> int:
        return self.first_page(client, query)["partOf"]["totalItems"]

    def records(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]:
        page = self.first_page(client, query)
        for _ in range(WINDOW // PAGE):
            for item in page.get("orderedItems") or []:
                yield Found(number(item), {})
            if not page.get("next"):
                return
            page = client.json(identifier(page["next"]))

    def first_page(self, client: Asks, query: Mapping[str, Any]) -> dict[str, Any]:
        return client.json(f"{self.api}/search/collection", {**query, "imageAvailable": "true"})

    def work(self, client: Asks, found: Found) -> Work:
        record = self.entity(client, found.id)
        visual = self.entity(client, self.following(record, "shows"))
        digital = self.entity(client, self.following(visual, "digitally_shown_by"))
        image_url = identifier(first(digital.get("access_point")))
        if not image_url:
            raise FetchError("the Rijksmuseum has no image of it")
        names = [part for part in listed(record.get("identified_by")) if part.get("type") == "Name"]
        rights = listed(visual.get("subject_to"))
        kinds = [kind for right in rights for kind in listed(right.get("classified_as"))]
        return Work(
            source=self.name,
            id=found.id,
            title=text_of(names),
            creator=maker(record.get("produced_by") or {}),
            source_url=f"https://id.rijksmuseum.nl/{found.id}",
            licence=licence_name(*map(identifier, kinds)),
            credit=text_of(statements(record, CREDIT_LINE)),
            image_url=image_url.replace("/full/max/", "/full/!1024,1024/"),
            bytes=None,
        )

    def entity(self, client: Asks, number: str) -> dict[str, Any]:
        return client.json(f"{self.api}/{number}", headers={"Accept": "application/ld+json"})

    def following(self, record: Mapping[str, Any], key: str) -> str:
        """The number of what a record leads to."""
        to = first(record.get(key))
        if not identifier(to):
            raise FetchError("the Rijksmuseum has no image of it")
        return number(to)


def maker(production: Mapping[str, Any]) -> str:
    """The first part's maker by name, else as the museum's statement puts it: "attributed to …"."""
    for part in (*listed(production.get("part")), production):
        for person in listed(part.get("carried_out_by")):
            names = listed(person.get("notation"))
            english = [name for name in names if name.get("@language") == "en"]
            if names:
                return plain(first(english or names).get("@value"))
    stated = text_of(statements(production, MAKER) or listed(production.get("referred_to_by")))
    return re.sub(r"^\w+: | \((?:signed by artist|mentioned on object)\)$", "", stated)


def statements(record: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [part for part in listed(record.get("referred_to_by")) if is_of(part, "classified_as", kind)]


def text_of(parts: list[Mapping[str, Any]]) -> str:
    """The English one's text, else the first one's."""
    english = [part for part in parts if is_of(part, "language", ENGLISH)]
    return plain((first(english or parts) or {}).get("content"))


def is_of(part: Mapping[str, Any], key: str, kind: str) -> bool:
    return any(identifier(one).endswith(kind) for one in listed(part.get(key)))


def listed(value: Any) -> list[Any]:
    """Linked data writes a list of one as the one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def first(value: Any) -> Any:
    return next(iter(listed(value)), None)


def identifier(entity: Any) -> str:
    return (entity.get("id") or "") if isinstance(entity, Mapping) else entity or ""


def number(entity: Any) -> str:
    return identifier(entity).rstrip("/").rsplit("/", 1)[-1]
