"""A recipe carried out: works searched for, their images fetched, all of it admitted to a catalogue."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pandas as pd
from filelock import FileLock, Timeout
from PIL import Image
from pyarrow import parquet
from tqdm.auto import tqdm

from artnb.catalogue.schema import FILE
from artnb.collect.admission import admit, catalogue_like, image_path, measure
from artnb.collect.client import Client
from artnb.collect.ledger import FETCHED, Ledger, query_key
from artnb.collect.recipes import Cell, Query, Recipe
from artnb.collect.sources import Found, Source, Work
from artnb.errors import CollectError, FetchError, UnavailableError
from artnb.paths import REFUSALS, sweep

INCOMING = "incoming"
SUFFIXES = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}
FAILURES = 25  # works in a row that cannot be fetched, after which a source is left for another day


@dataclass(frozen=True)
class Collection:
    """What a collection came to.

    Attributes:
        cells: a row per query: field, label, source, wanted, fetched, refused (works looked at, not taken).
        refusals: a row per source and reason: source, reason, works.
        stopped: source -> why it was left before its queries were met.
    """

    cells: pd.DataFrame
    refusals: pd.DataFrame
    stopped: dict[str, str]


def collect(
    recipe: Recipe,
    to: str | Path,
    *,
    contact: str,
    group_by: Sequence[str] = ("work",),
    seed: int = 0,
    allow_private: bool = False,
) -> Collection:
    """Collects what `recipe` asks for into the catalogue in the folder `to`; begun or gone on with.

    The sources are asked side by side, each at its own pace, each query's works in the order in which the
    source gives them, until the query has its images. Images lie in the catalogue as the source sent them,
    with licence, credit, address and time; a work without image, under another licence, or that cannot be
    read is passed over, and the ledger keeps the reason.

    It may be stopped at any moment, or killed, and goes on when asked again: what was fetched whole is not
    fetched again. Two processes may collect into one catalogue; one of them at a time asks a source. The
    catalogue grows as images come in. A label with too few groups for three splits waits for more.

    Args:
        contact: an e-mail or web address at which a museum reaches whoever collects.
        group_by: columns whose equal values no split may part.
        seed: of the splits.
        allow_private: fetch from private and loopback addresses too.

    Raises:
        CollectError: no contact, or the ledger or an image cannot be written.
        CatalogueError: the catalogue's folder cannot be written.
    """
    to = Path(to)
    sources = recipe.sources
    stop, stopped = Event(), {}
    with (
        refusals_named(to),
        open_client(recipe, contact, allow_private) as client,
        closing(Ledger(to)) as ledger,
        progress(recipe, ledger) as bar,
        ThreadPoolExecutor(len(sources)) as threads,
    ):
        workers = {
            threads.submit(Collector(recipe, source, client, ledger, to, stop, bar).run): name
            for name, source in sources.items()
        }
        try:
            running = set(workers)
            while running:
                done, running = wait(running, timeout=1)
                stopped |= {workers[worker]: reason for worker in done if (reason := worker.result())}
                if ledger.waiting() > 20 + known_images(to) / 10:
                    admit_fetched(ledger, to, group_by, seed)
        finally:
            stop.set()
            wait(workers)
            admit_fetched(ledger, to, group_by, seed)
        return summary(recipe, ledger, stopped)


@contextmanager
def refusals_named(to: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        raise CollectError(
            f"{error.filename or to}: {error.strerror}. What was fetched is kept: free some space, or mend "
            "the folder's rights, and collect again"
        ) from error


def open_client(recipe: Recipe, contact: str, allow_private: bool) -> Client:
    if not recipe.queries:
        raise CollectError(
            f"recipe {recipe.name} asks no source for anything: `artnb import` the folders it names"
        )
    sources = recipe.sources.values()
    paces = {host: pace for source in sources for host, pace in source.paces.items()}
    documented = [prefix for source in sources for prefix in source.documented]
    return Client(contact, paces=paces, documented=documented, allow_private=allow_private)


@contextmanager
def progress(recipe: Recipe, ledger: Ledger) -> Iterator[tqdm]:
    wanted = sum(query.images for _, query in recipe.queries)
    have = sum(min(query.images, ledger.fetched(query, cell)) for cell, query in recipe.queries)
    with tqdm(total=wanted, initial=have, desc="collect", unit="image") as bar:
        yield bar


@dataclass(frozen=True)
class Collector:
    """One source's part of a collection, worked off in a thread of its own."""

    recipe: Recipe
    source: Source
    client: Client
    ledger: Ledger
    to: Path
    stop: Event
    bar: tqdm

    def run(self) -> str:
        """Works off every query of this source; returns why it was left, "" where it was not."""
        try:
            with alone(self.to / f".collect-{self.source.name}.lock", self.stop) as held:
                if held:
                    self.tidy()
                for cell, query in self.recipe.queries:
                    if held and query.source == self.source.name:
                        self.meet(query, cell)
        except FetchError as error:
            return str(error)
        return ""

    def meet(self, query: Query, cell: Cell) -> None:
        have = self.ledger.fetched(query, cell)
        if have >= query.images:
            return
        failures = 0
        for found in self.source.search(self.client, query.parameters):
            if have >= query.images or self.stop.is_set():
                return
            if self.ledger.knows(self.source.name, found.id, cell.field):
                continue
            work = work_without(found, self.source)
            try:
                work = self.source.resolve(self.client, found)
                reason = query.refusal(work) or self.fetch(work.image_url)
                failures = 0
            except FetchError as error:
                reason = str(error)
                failures += 1
                if failures == FAILURES:
                    raise FetchError(
                        f"{FAILURES} works in a row could not be fetched, the last: {error}"
                    ) from None
                if isinstance(error, UnavailableError):
                    continue
            self.ledger.settle(work, cell, query, reason or FETCHED)
            self.incoming(work.image_url).unlink(missing_ok=True)
            if not reason:
                have += 1
                self.bar.update()

    def fetch(self, url: str) -> str:
        """Sees to it that the image lies in the catalogue's folder; returns why it is of no use, or ""."""
        if self.ledger.image(url):
            return ""
        file = self.incoming(url)
        if not file.exists():
            self.client.image(url, file)
        measured = measure(file)
        if measured["reason"]:
            return f"its image is {measured['reason']}"
        path = image_path(measured["id"], f".{suffix(file)}")
        self.ledger.keep_image(url, path)
        move(file, self.to / path)
        return ""

    def incoming(self, url: str) -> Path:
        """Where the image of an address lies between its last byte and its line in the ledger."""
        return self.to / INCOMING / self.source.name / hashlib.sha256(url.encode()).hexdigest()

    def tidy(self) -> None:
        """Ends what a kill interrupted: images that the ledger has go to their places, halves of files go."""
        sweep(self.to / INCOMING / self.source.name)
        for url, path in self.ledger.images().items():
            if (file := self.incoming(url)).exists():
                move(file, self.to / path)


@contextmanager
def alone(lock: Path, stop: Event) -> Iterator[bool]:
    """Waits until no other process holds `lock`, or `stop` is set; whether it is held now."""
    held = FileLock(lock)
    while not stop.is_set():
        try:
            held.acquire(timeout=1)
            break
        except Timeout:
            continue
    try:
        yield held.is_locked
    finally:
        held.release()


def move(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    file.replace(to)


def suffix(file: Path) -> str:
    with Image.open(file) as image:
        return SUFFIXES.get(image.format, image.format.lower())


def work_without(found: Found, source: Source) -> Work:
    """What is left to say of a record whose work could not be had."""
    return Work(source.name, found.id, "", "", "", "", "", "", None)


def known_images(to: Path) -> int:
    return parquet.read_metadata(to / FILE).num_rows if (to / FILE).exists() else 0


def admit_fetched(ledger: Ledger, to: Path, group_by: Sequence[str], seed: int) -> None:
    works = ledger.works()
    works = works[(works["outcome"] == FETCHED) & (works["admitted"] == 0)]
    if works.empty:
        return
    admit(listed(works, ledger.images(), to), to, group_by=group_by, seed=seed, complete=False)
    ledger.mark_admitted(works)


def listed(works: pd.DataFrame, images: dict[str, str], to: Path) -> pd.DataFrame:
    """Works of the ledger in the form in which `admit` takes them."""
    told = pd.DataFrame(list(works["provenance"].map(json.loads)), index=works.index)
    paths = told["image_url"].map(images)
    annotations = [
        json.dumps({"credit": row.credit, "image_url": row.image_url}, ensure_ascii=False)
        for row in told.itertuples()
    ]
    table = works[["source", "field", "label"]].assign(
        **told[["title", "creator", "source_url", "licence"]],
        work=works["source"] + ":" + works["work"],
        retrieved_at=works["at"],
        annotations=annotations,
        file=[to / path for path in paths],
        name=works["source"] + "/" + paths.str.rpartition("/")[2],
        reason="",
    )
    return catalogue_like(table).reset_index(drop=True)


def summary(recipe: Recipe, ledger: Ledger, stopped: dict[str, str]) -> Collection:
    works = ledger.works()
    fetched = works["outcome"] == FETCHED
    cells = []
    for cell, query in recipe.queries:
        key = ["field", "label", "query"]
        own = (works[key] == [cell.field, cell.label, query_key(query)]).all(axis=1)
        cells.append(
            {
                "field": cell.field,
                "label": cell.label,
                "source": query.source,
                "search": query.search,
                "wanted": query.images,
                "fetched": int((own & fetched).sum()),
                "refused": int((own & ~fetched).sum()),
            }
        )
    refusals = works[~fetched].groupby(["source", "outcome"]).size().rename("works").reset_index()
    return Collection(pd.DataFrame(cells), refusals.rename(columns={"outcome": "reason"}), stopped)


def estimate(recipe: Recipe, *, contact: str, allow_private: bool = False) -> pd.DataFrame:
    """What collecting `recipe` would fetch; asks each source how much it finds, and fetches no image.

    Returns:
        A row per query: field, label, source, search, wanted, found (records), images (the lesser of both),
        seconds (at the permitted pace), bytes (assumed: the source's typical size); error is not "" where the
        source did not answer. Sources are asked side by side, so the time of all is that of the slowest.
    """
    rows, sources = [], recipe.sources
    with open_client(recipe, contact, allow_private) as client:
        for cell, query in tqdm(recipe.queries, desc="ask", unit="search"):
            source, error = sources[query.source], ""
            try:
                found = source.count(client, query.parameters)
            except FetchError as failure:
                found, error = 0, str(failure)
            images = min(found, query.images)
            rows.append(
                {
                    "field": cell.field,
                    "label": cell.label,
                    "source": query.source,
                    "search": query.search,
                    "wanted": query.images,
                    "found": found,
                    "images": images,
                    "seconds": source.seconds(images),
                    "bytes": images * source.typical_bytes,
                    "error": error,
                }
            )
    return pd.DataFrame(rows)
