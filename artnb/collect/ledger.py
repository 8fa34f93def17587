"""What became of each work that a collection has looked at: an SQLite file beside the catalogue.

It is what makes a collection resumable: a work that stands here is not asked for again, an image that stands
here is not fetched again. Every line is one transaction, so it is whole after a kill, and several processes
may write it at once.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import pandas as pd

from artnb.collect.recipes import Cell, Query
from artnb.collect.sources import Work
from artnb.errors import CollectError

FILE = "collection.sqlite"
FETCHED = "fetched"
PATIENCE = 60.0  # seconds that one writer waits for another

TABLES = """
CREATE TABLE IF NOT EXISTS images (url TEXT PRIMARY KEY, path TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS works (
    source TEXT, work TEXT, field TEXT, label TEXT NOT NULL, query TEXT NOT NULL,
    outcome TEXT NOT NULL, provenance TEXT NOT NULL, at TEXT NOT NULL, admitted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, work, field)
);
"""


class Ledger:
    """The ledger of the catalogue in `folder`; begun where there is none. Threads may share it."""

    def __init__(self, folder: Path):
        self.file = folder / FILE
        self.lock = Lock()
        folder.mkdir(parents=True, exist_ok=True)
        with self.errors_named():
            self.connection = sqlite3.connect(self.file, PATIENCE, check_same_thread=False)
            self.connection.executescript(TABLES)

    def close(self) -> None:
        self.connection.close()

    def knows(self, source: str, work: str, field: str) -> bool:
        """Whether it has been settled what becomes of this work for this field."""
        where = "source = ? AND work = ? AND field = ?"
        return bool(self.ask(f"SELECT 1 FROM works WHERE {where}", (source, work, field)))

    def settle(self, work: Work, cell: Cell, query: Query, outcome: str) -> None:
        """`outcome` is FETCHED, or the reason why the work is not taken."""
        provenance = {name: value for name, value in vars(work).items() if name not in ("source", "id")}
        row = (
            work.source,
            work.id,
            cell.field,
            cell.label,
            query_key(query),
            outcome,
            json.dumps(provenance),
            now(),
        )
        self.tell("INSERT OR IGNORE INTO works VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", [row])

    def image(self, url: str) -> str:
        """Where the image of this address lies, below the catalogue's folder; "" if it was never fetched."""
        rows = self.ask("SELECT path FROM images WHERE url = ?", (url,))
        return rows[0][0] if rows else ""

    def keep_image(self, url: str, path: str) -> None:
        self.tell("INSERT OR IGNORE INTO images VALUES (?, ?, ?)", [(url, path, now())])

    def images(self) -> dict[str, str]:
        """The path of every image fetched, by its address."""
        return dict(self.ask("SELECT url, path FROM images"))

    def fetched(self, query: Query, cell: Cell) -> int:
        """How many images this query of a recipe has brought for this cell."""
        where = "field = ? AND label = ? AND query = ? AND outcome = ?"
        values = (cell.field, cell.label, query_key(query), FETCHED)
        return self.ask(f"SELECT count(*) FROM works WHERE {where}", values)[0][0]

    def works(self) -> pd.DataFrame:
        """Every work looked at: source, work, field, label, query, outcome, provenance, at, admitted."""
        with self.lock, self.errors_named():
            return pd.read_sql("SELECT * FROM works ORDER BY rowid", self.connection)

    def waiting(self) -> int:
        """How many images were fetched and not admitted yet."""
        return self.ask("SELECT count(*) FROM works WHERE outcome = ? AND NOT admitted", (FETCHED,))[0][0]

    def mark_admitted(self, works: pd.DataFrame) -> None:
        keys = works[["source", "work", "field"]].itertuples(index=False, name=None)
        self.tell("UPDATE works SET admitted = 1 WHERE source = ? AND work = ? AND field = ?", keys)

    def ask(self, sql: str, values: tuple = ()) -> list[tuple]:
        with self.lock, self.errors_named():
            return self.connection.execute(sql, values).fetchall()

    def tell(self, sql: str, rows: Iterable[tuple]) -> None:
        with self.lock, self.errors_named(), self.connection:
            self.connection.executemany(sql, rows)

    @contextmanager
    def errors_named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CollectError(
                f"{self.file}: {error}. What was fetched is kept: free some space, or mend the file's "
                "rights, and collect again"
            ) from error


def query_key(query: Query) -> str:
    """A query's search, as the ledger knows it; how many images are wanted of it is not part of it."""
    return json.dumps({"source": query.source, **query.parameters}, sort_keys=True)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
