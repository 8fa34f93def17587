"""What a sweep runs: every combination of values, each known again by what its results depend on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from artnb.errors import ReportError
from artnb.reporting import fingerprints
from artnb.reporting.parameters import Parameter, assign, declared
from artnb.reporting.runner import portable


@dataclass(frozen=True)
class Combination:
    given: dict[str, Any]  # as the sweep names the parameters
    parameters: dict[str, Any]  # as the notebook names them
    fingerprint: str


class Values(yaml.SafeLoader):
    """YAML whose numbers may be written 1e-3, without a point."""


Values.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_values(text: str) -> list[Any]:
    """The values of `0,1,2`, `1e-3,3e-4`, `float32,bfloat16` or `[0, 1],[2, 3]`: items of a YAML list."""
    try:
        return yaml.load(f"[{text}]", Values)
    except yaml.YAMLError:
        raise ReportError(
            f"{text!r} is no list of values: write them as 0,1,2 and put text with commas in quotes."
        ) from None


def combinations(notebook: Path, grid: Mapping[str, Sequence[Any]]) -> list[Combination]:
    """Every combination of the values of `grid`, in its order, the last name's values changing fastest.

    Args:
        notebook: its parameters' types are what the values must have.
        grid: parameter -> its values. The singular of a parameter that is a list, such as `seed` of
            `seeds`, gives it lists of one.

    Raises:
        ReportError: the notebook has no such parameter, or a value is not of its type, or no catalogue.
    """
    known = declared(notebook)
    named = {name: parameter_of(name, known) for name in grid}
    for name, values in grid.items():
        if not values:
            raise ReportError(f"parameter {name} has no values; write -p {name} VALUE,VALUE.")
        if same := [other for other in named if other != name and named[other] == named[name]]:
            raise ReportError(f"{name!r} and {same[0]!r} set the same parameter; give one of them.")
    found = {}
    for chosen in product(*grid.values()):
        values = {
            name: portable(value) if name == "catalogue" and isinstance(value, str) else value
            for name, value in zip(grid, chosen, strict=True)
        }
        asked = {named[name]: value if name in known else [value] for name, value in values.items()}
        [parameters] = assign(asked, {notebook.stem: known}).values()
        values = {name: parameters[name] if name in known else value for name, value in values.items()}
        combination = Combination(values, parameters, fingerprints.of_results(notebook, parameters))
        found.setdefault(combination.fingerprint, combination)
    return list(found.values())


def parameter_of(name: str, known: Mapping[str, Parameter]) -> str:
    plural = f"{name}s"
    singular = name not in known and plural in known and isinstance(known[plural].default, list | tuple)
    return plural if singular else name
