"""A notebook's parameters: read from its cell tagged `parameters`, set by a preset, checked by name and type.

papermill itself only warns of an unknown parameter, and runs a notebook that has no such cell; here
both are errors. A preset is one flat YAML mapping, `notebooks/parameters/<preset>.yml`, for all notebooks, or
for those that its list `notebooks` names: each takes the parameters it knows.
"""

import ast
import io
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import nbformat
import yaml

from artnb.errors import ReportError

NOTEBOOKS = "notebooks"  # of a preset: the names of those to run
PAINTED = "atelier"  # the catalogue that is painted, not read from a folder
OUTPUT = "output"  # set by the runner alone: the folder of the notebook's page


@dataclass(frozen=True)
class Parameter:
    name: str
    default: Any
    meaning: str  # the comment at the end of its line


def declared(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook, by name.

    Raises:
        ReportError: there is no notebook, or not one cell tagged `parameters`, or that cell holds
            anything but `name = literal` lines.
    """
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except FileNotFoundError:
        raise ReportError(f"{notebook}: there is no such notebook.") from None
    except nbformat.reader.NotJSONError:
        raise ReportError(f"{notebook}: this is not a notebook.") from None
    tagged = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ReportError(f"{notebook.name}: {len(tagged)} cells are tagged `parameters`; tag exactly one.")
    try:
        return {parameter.name: parameter for parameter in parse(tagged[0])}
    except (SyntaxError, ValueError) as error:
        raise ReportError(
            f"{notebook.name}: its parameters cell must hold only lines `name = literal  # meaning`: {error}."
        ) from None


def parse(source: str) -> list[Parameter]:
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    parameters = []
    for statement in ast.parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                raise ValueError(f"line {statement.lineno}: {ast.unparse(statement)}")
        meaning = comments.get(statement.end_lineno, "")
        parameters.append(Parameter(name, ast.literal_eval(value), meaning))
    return parameters


def read_preset(name: str, folder: Path) -> dict[str, Any]:
    """The values of the preset `name`, one of the `.yml` files in `folder`."""
    path = folder / f"{name}.yml"
    if not path.exists():
        known = sorted(file.stem for file in folder.glob("*.yml"))
        raise ReportError(f"there is no preset {name!r}; {nearest(name, known)}")
    try:
        values = yaml.safe_load(path.read_text("utf-8")) or {}
    except yaml.YAMLError as error:
        raise ReportError(f"{path}: this is not YAML: {error}") from None
    if not isinstance(values, dict):
        raise ReportError(f"{path}: a preset is a mapping, one line `name: value` for each parameter.")
    return values


def assign(
    values: Mapping[str, Any], notebooks: Mapping[str, Mapping[str, Parameter]]
) -> dict[str, dict[str, Any]]:
    """Gives each notebook those of `values` that it declares.

    Args:
        values: parameter name -> value.
        notebooks: notebook name -> its declared parameters.

    Raises:
        ReportError: no notebook declares a name, or a value is not of its default's type.
    """
    known = sorted({name for parameters in notebooks.values() for name in parameters} - {OUTPUT})
    for name in values:
        if name == OUTPUT:
            raise ReportError("`output` is set by the report itself: choose its folder with --to.")
        if name not in known:
            raise ReportError(f"no notebook has a parameter {name!r}; {nearest(name, known)}")
    return {
        notebook: {
            name: typed(values[name], parameter) for name, parameter in parameters.items() if name in values
        }
        for notebook, parameters in notebooks.items()
    }


def typed(value: Any, parameter: Parameter) -> Any:
    """`value` in the type of the parameter's default; a whole number does for a float."""
    return converted(value, parameter.default, f"parameter {parameter.name}")


def converted(value: Any, like: Any, what: str) -> Any:
    if like is None:
        return value
    if isinstance(like, list | tuple) and isinstance(value, list | tuple):
        return [
            converted(item, like[0], f"{what}, item {n}") if like else item for n, item in enumerate(value, 1)
        ]
    if isinstance(like, float) and type(value) is int:
        return float(value)
    if type(value) is type(like):
        return value
    raise ReportError(f"{what} is {value!r}, {kind(value)}; it must be {kind(like)}.{advice(value, like)}")


KINDS = {
    bool: "a truth value, true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
    type(None): "nothing",
}


def kind(value: Any) -> str:
    return KINDS.get(type(value), type(value).__name__)


def advice(value: Any, like: Any) -> str:
    if isinstance(like, str):
        return f""" Put it in quotes: "'{value}'"."""
    if isinstance(like, list | tuple):
        return f" Write [{value}]."
    if isinstance(like, int | float) and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        if isinstance(like, float):
            mantissa, e, exponent = value.lower().partition("e")
            dotted = mantissa if "." in mantissa else f"{mantissa}.0"
            signed = exponent if exponent[:1] in {"-", "+"} else f"+{exponent}"
            return f" YAML reads it as text: write {dotted}{e}{signed if e else ''}."
        if number.is_integer():
            return f" YAML reads it as text: write {int(number)}."
    return ""


def nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}."
