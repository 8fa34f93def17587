"""Five museums on this machine: a catalogue's images behind interfaces in the documented shapes.

For teaching, for the notebook and for tests: a collection runs against them exactly as against the museums,
without a connection and without waiting. Their oddities are played too: numbers as text, HTML in titles,
records without rights or image, objects that are listed and gone, an image that is refused, answers in
several parts, `objectIDs: null`. For what is documented see `artnb.collect.sources`.
"""

import json
import mimetypes
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from artnb.catalogue import ARTISTIC, Catalogue
from artnb.collect.museums import ANSWERS, Exhibit, Refused
from artnb.collect.recipes import LICENCES, Cell, Query, Recipe

MUSEUM_FIELDS = ("painting", "sculpture")  # whose artistic works museums show; the rest is on Commons
MUSEUMS = ("met", "artic", "cleveland", "rijksmuseum")
COMMONS_LICENCES = (*LICENCES, "CC BY", "CC BY-SA")
ENDPOINTS = {"artic": "/artic/api/v1", "cleveland": "/cleveland/api", "commons": "/commons/w/api.php"}
ROBOTS = "User-agent: *\nDisallow: /commons/w/\n"  # as on Commons, whose API is documented there all the same
SEARCHES: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "met": lambda kind: {"q": kind},
    "artic": lambda kind: {"classification_titles": kind},
    "cleveland": lambda kind: {"type": kind},
    "rijksmuseum": lambda kind: {"type": kind},
    "commons": lambda kind: {"category": kind, "depth": 1},
}


@dataclass(frozen=True)
class Replay:
    """Museums that are open: the recipe that asks them for all they have, and what they were asked."""

    recipe: Recipe
    visits: Counter[str] = field(default_factory=Counter)  # path with its query -> times


@contextmanager
def replay(catalogue: Catalogue, images_per_cell: int = 40) -> Iterator[Replay]:
    """Opens the five museums with up to `images_per_cell` images of each field and label of `catalogue`.

    Artistic paintings and sculptures are shared out among four museums, all else is on Commons. The same
    catalogue gives the same museums, only the port differs.
    """
    exhibits, cells = hung(catalogue, images_per_cell)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    base = f"http://127.0.0.1:{server.server_port}"
    endpoints = {name: base + ENDPOINTS.get(name, f"/{name}") for name in (*MUSEUMS, "commons")}
    about = "Images of a catalogue on this machine, behind the interfaces of five museums."
    opened = Replay(Recipe("replay", "Five museums on this machine", about, LICENCES, cells, endpoints))
    server.RequestHandlerClass = visitor(catalogue, exhibits, base, opened.visits)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hung(catalogue: Catalogue, images_per_cell: int) -> tuple[dict[str, list[Exhibit]], tuple[Cell, ...]]:
    """What each museum has, and the cells of the recipe that asks for all of it."""
    exhibits: dict[str, list[Exhibit]] = {name: [] for name in (*MUSEUMS, "commons")}
    cells = []
    for (subject, label), rows in catalogue.table.sort_values("id").groupby(["field", "label"]):
        works = [exhibit(catalogue, row) for row in rows.head(images_per_cell).itertuples()]
        queries = []
        for name, share in shared(works, subject, label).items():
            exhibits[name] += [*([] if exhibits[name] else odd(name, share[0])), *share]
            licences = COMMONS_LICENCES if name == "commons" else LICENCES
            search = SEARCHES[name](share[0].kind)
            queries.append(Query(name, len(share), search, licences, named=name != "commons"))
        cells.append(Cell(subject, label, len(works), tuple(queries)))
    return {name: numbered(works) for name, works in exhibits.items()}, tuple(cells)


def exhibit(catalogue: Catalogue, row: Any) -> Exhibit:
    size = catalogue.image_path(row.id).stat().st_size
    return Exhibit(0, "", row.id, row.title or row.id[:8], row.creator or "Ana", row.width, row.height, size)


def shared(works: Sequence[Exhibit], subject: str, label: str) -> dict[str, list[Exhibit]]:
    """The works of a cell by museum; on Commons the second half lies in a subcategory."""
    if label == ARTISTIC and subject in MUSEUM_FIELDS:
        works = [replace(work, kind=subject) for work in works]
        return {name: works[n::4] for n, name in enumerate(MUSEUMS) if works[n::4]}
    kinds = [
        f"Category:{subject}, {label}{', more' if 2 * n > len(works) else ''}" for n in range(len(works))
    ]
    return {"commons": [replace(work, kind=kind) for work, kind in zip(works, kinds, strict=True)]}


def odd(museum: str, like: Exhibit) -> list[Exhibit]:
    """Records from which no image can be had."""
    oddities = {
        "met": ("gone", "no image", "no rights", "anonymous"),
        "artic": ("forbidden", "no image", "no rights"),
        "cleveland": ("no image", "no rights", "anonymous"),
        "rijksmuseum": ("no image", "no rights", "gone"),
        "commons": ("drawing", "no rights"),
    }
    return [replace(like, oddity=oddity) for oddity in oddities[museum]]


def numbered(works: Sequence[Exhibit]) -> list[Exhibit]:
    return [replace(work, number=number) for number, work in enumerate(works, 1001)]


def visitor(
    catalogue: Catalogue, exhibits: Mapping[str, list[Exhibit]], base: str, visits: Counter[str]
) -> type[BaseHTTPRequestHandler]:
    counting = Lock()

    class Visitor(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def handle(self) -> None:
            with suppress(ConnectionError):  # visitors leave when they like
                super().handle()

        def do_GET(self) -> None:
            with counting:
                visits[self.path] += 1
            try:
                kind, body = answer(catalogue, exhibits, base, self.path, self.headers.get("Accept", ""))
                status = 200
            except Refused as refused:
                kind, body, status = "text/html", b"<html>no</html>", refused.status
            except (KeyError, ValueError):
                kind, body, status = "text/html", b"<html>what?</html>", 400
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    return Visitor


def answer(
    catalogue: Catalogue, exhibits: Mapping[str, list[Exhibit]], base: str, address: str, accept: str
) -> tuple[str, bytes]:
    """The content type and the bytes of what lies at `address`."""
    path, asked = urlsplit(address).path, dict(parse_qsl(urlsplit(address).query))
    if path == "/robots.txt":
        return "text/plain", ROBOTS.encode()
    if path.startswith("/images/"):
        return image(catalogue, path)
    for name, museum in ANSWERS.items():
        if path.startswith(f"/{name}/"):
            if name == "rijksmuseum" and "/search/" not in path and "application/ld+json" not in accept:
                return "text/html", b"<html>the page of the object</html>"
            told = museum(exhibits[name], base, path.removeprefix(f"/{name}"), asked)
            return "application/json", json.dumps(told).encode()
    raise Refused(404)


def image(catalogue: Catalogue, path: str) -> tuple[str, bytes]:
    if "forbidden" in path:
        raise Refused(403)
    match = re.search(r"/([0-9a-f]{64})(?![0-9a-f])", path)
    if not match or match[1] not in catalogue.paths:
        raise Refused(404)
    file = catalogue.image_path(match[1])
    return mimetypes.guess_type(file.name)[0] or "image/jpeg", file.read_bytes()
