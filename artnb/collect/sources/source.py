"""What every source of images can do: search its records, and turn one into a work with its provenance."""

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from artnb.errors import FetchError

OWN_MACHINE = ("127.0.0.1", "localhost", "::1")
UNPACED = 1000.0  # requests per second
BLOCK = re.compile(r"<(style|script)\b.*?</\1>|</?(?:br|p|div|li|ul|ol|t[dhr]|table)\b[^>]*>", re.I | re.S)
TAG = re.compile(r"</?[a-z!][^>]*>", re.I)
CREATIVE_COMMONS = re.compile(
    r"(?:creativecommons\.org/licenses/|^cc[ -])(by(?:-n[cd])?(?:-sa|-nd)?)"  # kind
    r"(?:[/ -]([\d.]+))?(?:[/ -]([a-z]{2,3}))?(?:/|/deed\.\w+)?$",  # version, country
    re.I,
)
WINDOW = 10_000  # no search goes further: the limit of the Met and of Chicago


class Asks(Protocol):
    """What a source needs of a client: the JSON that lies at an address."""

    def json(self, url: str, params: Mapping | None = None, headers: Mapping | None = None) -> Any: ...


@dataclass(frozen=True)
class Found:
    """One record of a search: its id in the source, and what the search told of it already."""

    id: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """One work with its image and provenance, as far as the source tells; a text is "" where it does not."""

    source: str
    id: str
    title: str
    creator: str
    source_url: str  # the page to cite
    licence: str  # of the image, see `licence_name`
    credit: str
    image_url: str
    bytes: int | None  # of the image, where the record tells


class Source(ABC):
    """A museum's public interface. `api` is its endpoint, or another that answers in the same shapes.

    All give images about 843 to 1,024 px wide, so that resolution gives away little of where one comes from.
    Callers use `count`, `search` and `resolve`; each source fills in `total`, `records` and `work`.
    """

    name: str
    title: str
    api: str
    pace: float  # requests per second to the endpoint
    image_hosts: Mapping[str, float]  # host -> requests per second
    parameters: Sequence[str]  # that a query may have
    required: Sequence[str] = ()  # that it must have
    image_services: Sequence[str] = ()  # addresses of image APIs that it documents for programs
    requests_per_image: float  # to the endpoint; the image itself not counted
    typical_bytes: int  # of one image, assumed where records do not tell

    def __init__(self, api: str = ""):
        self.api = (api or type(self).api).rstrip("/")

    @property
    def paces(self) -> dict[str, float]:
        """host[:port] -> requests per second. A server on this machine is asked as fast as it answers."""
        address = urlsplit(self.api)
        own = address.hostname in OWN_MACHINE
        return {**self.image_hosts, address.netloc: UNPACED if own else self.pace}

    @property
    def documented(self) -> tuple[str, ...]:
        """The beginnings of addresses that their owner documents for programs, whatever robots.txt bars."""
        return (self.api, *self.image_services)

    def seconds(self, images: int) -> float:
        """How long so many images take at the permitted pace, one request after the other."""
        pace = self.paces[urlsplit(self.api).netloc]
        image_pace = pace if pace == UNPACED else min(self.image_hosts.values())
        return images * (self.requests_per_image / pace + 1 / image_pace)

    def count(self, client: Asks, query: Mapping[str, Any]) -> int:
        """How many records the search finds, 0 included. Raises FetchError where it cannot be told."""
        with self.understood():
            return int(self.total(client, query))

    def search(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]:
        """The records that it finds, in the source's own order, page by page as they are asked for."""
        with self.understood():
            yield from self.records(client, query)

    def resolve(self, client: Asks, found: Found) -> Work:
        """The work of a record. Raises FetchError, with the reason, where it has no image to offer."""
        with self.understood():
            return self.work(client, found)

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Makes a FetchError of an answer that lacks what the documentation promises."""
        try:
            yield
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise FetchError(f"{self.title} answers in another form than documented: {error!r}") from error

    @abstractmethod
    def total(self, client: Asks, query: Mapping[str, Any]) -> int | str: ...

    @abstractmethod
    def records(self, client: Asks, query: Mapping[str, Any]) -> Iterator[Found]: ...

    @abstractmethod
    def work(self, client: Asks, found: Found) -> Work: ...


def plain(text: object) -> str:
    """A field as plain text: no HTML, entities resolved, white space collapsed; "" for nothing."""
    return " ".join(html.unescape(TAG.sub("", BLOCK.sub(" ", str(text or "")))).split())


def whole_number(text: object) -> int | None:
    """A count that may come as number, as text, with thousands separators, or not at all."""
    digits = str(text if text is not None else "").replace(",", "").strip()
    return int(float(digits)) if re.fullmatch(r"\d+(\.\d+)?", digits) else None


def licence_name(*told: object) -> str:
    """A licence's short name from what a source tells of it, the first that is known: an address of Creative
    Commons, or a name in one of its spellings. Else the first name told, as it stands; "" where none is.

    The form is that of Creative Commons: "CC0 1.0", "Public domain", "CC BY 4.0", "CC BY-SA 3.0 DE".
    """
    texts = [text for text in map(plain, told) if text]
    known = filter(None, map(known_licence, texts))
    names = (text for text in texts if "//" not in text)
    return next(known, "") or next(names, "") or next(iter(texts), "")


def known_licence(text: str) -> str:
    if re.search(r"publicdomain/zero|^cc[ -]?(0|zero)\b", text, re.I):
        return "CC0 1.0"
    if re.search(r"publicdomain/mark|^public[ -]domain\b|^pd\b", text, re.I):
        return "Public domain"
    if match := CREATIVE_COMMONS.search(text):
        kind, version, country = match.groups(default="")
        return " ".join(filter(None, ("CC", kind.upper(), version, country.upper())))
    return ""


def allowed(licence: str, licences: Sequence[str]) -> bool:
    """Whether `licence` is one of `licences`, or a version of one: "CC BY" allows "CC BY 4.0"."""
    return any(licence == one or licence.startswith(f"{one} ") for one in licences)
