"""Recipes: which images to collect, for which fields and labels, from where and under which licences.

A recipe is a TOML file:

    title = "Four art fields"
    about = "What it is for and whose criteria it follows."
    licences = ["CC0 1.0", "Public domain"]     # the default; a cell or a query may widen it

    [[cells]]
    field = "painting"
    label = "artistic"
    images = 1000

    [[cells.queries]]
    source = "met"
    images = 400                                # else an equal share of what the others leave
    named = true                                # only works whose creator is known by name
    q = "painting"                              # and whatever else the source's search knows

    [endpoints]                                 # in place of the museums' own, for tests and teaching
    met = "http://127.0.0.1:8000/met"
"""

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, sqrt
from pathlib import Path
from typing import Any

from artnb.collect.sources import SOURCES, Source, Work
from artnb.collect.sources.source import allowed
from artnb.errors import CollectError

LICENCES = ("CC0 1.0", "Public domain")
FAMILIES = ("CC0", "Public domain", "CC BY", "CC BY-SA", "CC BY-ND", "CC BY-NC", "CC BY-NC-SA", "CC BY-NC-ND")
RECIPE_KEYS = ("title", "about", "licences", "cells", "endpoints")
CELL_KEYS = ("field", "label", "images", "licences", "folder", "queries")
QUERY_KEYS = ("source", "images", "licences", "named")
KINDS = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table"}
MOST = 100_000  # images of one cell; no source's search goes further than 10,000
ANONYMOUS = re.compile(r"(artist |maker )?unknown|unidentified|anonymous|anoniem", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """So many images from one search of one source, under one of these licences."""

    source: str
    images: int
    parameters: Mapping[str, Any]
    licences: tuple[str, ...] = LICENCES
    named: bool = False  # only works whose creator is known by name

    @property
    def search(self) -> str:
        """What is searched for, in words: "q=painting, medium=Paintings"."""
        return ", ".join(f"{key}={' | '.join(map(str, listed(one)))}" for key, one in self.parameters.items())

    def refusal(self, work: Work) -> str:
        """Why the work is not taken, or ""."""
        if not allowed(work.licence, self.licences):
            return f"its licence, {work.licence or 'not stated'}, is not among {', '.join(self.licences)}"
        if self.named and (not work.creator or ANONYMOUS.match(work.creator)):
            return f"its creator is {work.creator or 'not stated'}, the recipe wants named ones"
        return ""


@dataclass(frozen=True)
class Cell:
    """The images of one field and label."""

    field: str
    label: str
    images: int
    queries: tuple[Query, ...]
    folder: str = ""  # what to take from a folder of one's own, where no source is open


@dataclass(frozen=True)
class Recipe:
    name: str
    title: str
    about: str
    licences: tuple[str, ...]
    cells: tuple[Cell, ...]
    endpoints: Mapping[str, str] = field(default_factory=dict)  # source -> address in place of its own

    @property
    def queries(self) -> list[tuple[Cell, Query]]:
        """Every query with its cell, in the order of the file."""
        return [(cell, query) for cell in self.cells for query in cell.queries]

    @property
    def sources(self) -> dict[str, Source]:
        """The sources that its queries ask, by name, each at its endpoint."""
        names = {query.source for _, query in self.queries}
        return {name: SOURCES[name](self.endpoints.get(name, "")) for name in SOURCES if name in names}

    def limited(self, images: int) -> "Recipe":
        """At most so many images of each cell; its queries keep their shares, each at least one image while
        there are enough, the last ones none where there are not."""
        if images < 1:
            raise CollectError(f"a limit of {images} images: give 1 or more")
        return replace(self, cells=tuple(limited(cell, images) for cell in self.cells))

    def toml(self) -> str:
        """The recipe as a file of its own, which `read_recipe` reads back equal."""
        lines = [entry("title", self.title), entry("about", self.about), entry("licences", self.licences)]
        for cell in self.cells:
            lines += ["", "[[cells]]"]
            lines += [entry(key, getattr(cell, key)) for key in ("field", "label", "images")]
            lines += [entry("folder", cell.folder)] if cell.folder else []
            for query in cell.queries:
                lines += ["", "[[cells.queries]]"]
                lines += [entry(key, getattr(query, key)) for key in QUERY_KEYS]
                lines += [entry(*item) for item in query.parameters.items()]
        lines += ["", "[endpoints]", *(entry(*item) for item in self.endpoints.items())]
        return "\n".join(lines) + "\n"


def limited(cell: Cell, images: int) -> Cell:
    images = min(images, cell.images)
    shares = shared_out(images, [query.images for query in cell.queries])
    queries = [replace(query, images=share) for query, share in zip(cell.queries, shares, strict=True)]
    return replace(cell, images=images, queries=tuple(query for query in queries if query.images))


def shared_out(images: int, weights: Sequence[int]) -> list[int]:
    """`images` in whole numbers in proportion to `weights`: one after the other goes to whom most is due
    (Huntington and Hill's method), so that each gets one first, and no share shrinks when there are more.
    """
    shares = [0] * len(weights)
    for _ in range(images if weights else 0):
        due = [weight / sqrt(n * (n + 1)) if n else inf for weight, n in zip(weights, shares, strict=True)]
        shares[due.index(max(due))] += 1
    return shares


def entry(key: str, value: object) -> str:
    """A line of TOML: its strings, numbers and lists are those of JSON, but for the delete character."""
    return f"{key} = {json.dumps(value, ensure_ascii=False).replace(chr(127), chr(92) + 'u007f')}"


def read_recipe(path: str | Path) -> Recipe:
    """The recipe in the file `path`, checked whole before anything is asked of anybody.

    Raises:
        CollectError: no such file, no TOML, or an entry that a recipe, a cell or a source does not know;
            names the file, the cell, the query, the key and the nearest name that there is.
    """
    path = Path(path)
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CollectError(f"{path} cannot be opened: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CollectError(f"{path} is not TOML in UTF-8: {error}") from None
    check_keys(told, RECIPE_KEYS, path)
    licences = read_licences(told, LICENCES, path)
    cells = value(told, "cells", list, path)
    if not cells:
        raise CollectError(f"{path}: it has no [[cells]]; a cell names field, label and queries")
    read = tuple(read_cell(cell, licences, f"{path}, cell {n}") for n, cell in enumerate(cells, 1))
    for cell in read:
        if sum((one.field, one.label) == (cell.field, cell.label) for one in read) > 1:
            raise CollectError(f"{path}: {cell.field}, {cell.label} has two cells; put their queries in one")
    endpoints = value(told, "endpoints", dict, path, default={})
    check_keys(endpoints, SOURCES, f"{path}, endpoints", "source")
    for name in endpoints:
        if not value(endpoints, name, str, f"{path}, endpoints").startswith(("http://", "https://")):
            raise CollectError(f"{path}, endpoints: {name} must be an http or https address")
    title, about = (value(told, key, str, path, default="") for key in ("title", "about"))
    return Recipe(path.stem, title or path.stem, about.strip(), licences, read, endpoints)


def read_cell(told: object, licences: tuple[str, ...], where: str) -> Cell:
    if not isinstance(told, dict):
        raise CollectError(f"{where}: write [[cells]] above it")
    check_keys(told, CELL_KEYS, where)
    names = {key: value(told, key, str, where) for key in ("field", "label")}
    for key, name in names.items():
        if not name.strip():
            raise CollectError(f"{where}: {key} is empty; name the {key}")
    where = f"{where} ({names['field']}, {names['label']})"
    licences = read_licences(told, licences, where)
    folder = value(told, "folder", str, where, default="")
    queries = value(told, "queries", list, where, default=[])
    if not queries and not folder:
        raise CollectError(f"{where}: it has no [[cells.queries]], and no folder to take instead")
    queries = [read_query(query, licences, f"{where}, query {n}") for n, query in enumerate(queries, 1)]
    images = positive(told, "images", where)
    return Cell(**names, images=images, queries=with_shares(queries, images, where), folder=folder)


def with_shares(queries: Sequence[Query], images: int, where: str) -> tuple[Query, ...]:
    """Queries without a number of images get equal shares of what the others leave."""
    open_ended = sum(query.images == 0 for query in queries)
    left = images - sum(query.images for query in queries)
    if queries and (left < open_ended or (left and not open_ended)):
        raise CollectError(
            f"{where}: images is {images}, its queries ask for {images - left}"
            f"{f' and {open_ended} more for a share' if open_ended else ''}; make them agree"
        )
    shares = iter(shared_out(left, [1] * open_ended))
    return tuple(replace(query, images=query.images or next(shares)) for query in queries)


def read_query(told: object, licences: tuple[str, ...], where: str) -> Query:
    """The images of a query that names none are 0."""
    if not isinstance(told, dict):
        raise CollectError(f"{where}: write [[cells.queries]] above it")
    name = value(told, "source", str, where)
    if name not in SOURCES:
        raise CollectError(f"{where}: unknown source {name!r}; {nearest(name, SOURCES)}")
    source = SOURCES[name]
    check_keys(told, (*QUERY_KEYS, *source.parameters), f"{where} ({name})")
    for key in source.required:
        if key not in told:
            raise CollectError(f"{where} ({name}): {key} is missing; {source.title} cannot search without")
    parameters = {key: told[key] for key in told if key not in QUERY_KEYS}
    for key, given in parameters.items():
        if not all(isinstance(one, str | int) and one != "" for one in listed(given)) or given == []:
            raise CollectError(
                f"{where} ({name}): {key} must be text, a whole number, true, false, or a list of texts"
            )
    return Query(
        source=name,
        images=positive(told, "images", where, default=0),
        parameters=parameters,
        licences=read_licences(told, licences, where),
        named=value(told, "named", bool, where, default=False),
    )


def listed(given: object) -> Sequence[object]:
    return given if isinstance(given, list) else [given]


def read_licences(told: Mapping, default: tuple[str, ...], where: str | Path) -> tuple[str, ...]:
    licences = value(told, "licences", list, where, default=list(default))
    for licence in licences:
        if not isinstance(licence, str) or not allowed(licence, FAMILIES):
            raise CollectError(f"{where}: unknown licence {licence!r}; {nearest(str(licence), FAMILIES)}")
    if not licences:
        raise CollectError(
            f"{where}: licences is empty, so that no image could be taken; leave it out for {LICENCES}"
        )
    return tuple(licences)


def positive(told: Mapping, key: str, where: str | Path, default: int | None = None) -> int:
    number = value(told, key, int, where, default)
    if key in told and not 1 <= number <= MOST:
        raise CollectError(f"{where}: {key} is {number}; give a whole number from 1 to {MOST:,}")
    return number


def value(told: Mapping, key: str, kind: type, where: str | Path, default: Any = None) -> Any:
    if key not in told and default is None:
        raise CollectError(f"{where}: {key} is missing")
    given = told.get(key, default)
    if type(given) is not kind:
        raise CollectError(f"{where}: {key} must be {KINDS[kind]}, not {given!r}")
    return given


def check_keys(told: Iterable[str], known: Collection[str], where: str | Path, what: str = "key") -> None:
    for key in told:
        if key not in known:
            raise CollectError(f"{where}: unknown {what} {key!r}; {nearest(key, known)}")


def nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
