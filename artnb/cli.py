"""The command line: a thin shell over the package's public functions.

Exit codes: 0 all is well; 1 some notebook failed, or some image could not be read; 2 the command could not
be carried out as asked, with the reason on standard error. Each command imports what it needs when it
runs, so that help is quick.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from artnb.errors import ArtnbError, ReportError


class Shell(TyperGroup):
    """Prints an error of ours as a message without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ArtnbError as error:
            typer.echo(f"artnb: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=Shell,
    help="What do art fields share, how sure are we, and where in the picture does it show?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class ModelsFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


class PredictionsFormat(StrEnum):
    CSV = "csv"
    JSON = "json"


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="FIELD/LABEL/*, CLASS/*, or a .csv manifest.")],
    to: Annotated[Path, typer.Option(help="The catalogue's folder, such as data/NAME.")],
    group_by: Annotated[
        list[str] | None,
        typer.Option(help="A column whose equal values no split may part; repeatable.", show_default="work"),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(help="Names the one field of CLASS/* folders.", show_default="the folder's name"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
) -> None:
    """Import a folder of images, or a CSV manifest, into a catalogue."""
    from artnb.collect.folders import import_folder

    catalogue = import_folder(source, to, group_by=tuple(group_by or ("work",)), seed=seed, field=field)
    fields = catalogue.table["field"].value_counts(sort=False)
    counts = ", ".join(f"{name} {count:,}" for name, count in fields.items())
    typer.echo(f"{to}: {len(catalogue.table):,} images ({counts})")
    set_aside = to / "quarantine.parquet"
    if set_aside.exists():
        import pandas as pd

        if bad := len(pd.read_parquet(set_aside)):
            files = "1 file" if bad == 1 else f"{bad:,} files"
            typer.echo(f"artnb: {files} could not be used; {set_aside} says why", err=True)


@app.command()
def models(
    format: Annotated[ModelsFormat, typer.Option(help="How to print them.")] = ModelsFormat.TABLE,
) -> None:
    """List every model with its parameters and multiply-accumulates."""
    import pandas as pd

    from artnb.models import describe

    table = pd.DataFrame(describe())
    if format is ModelsFormat.JSON:
        typer.echo(table.to_json(orient="records", indent=2, force_ascii=False))
    else:
        typer.echo(table.to_string(index=False, formatters=thousands(table)))


@app.command()
def report(
    preset: Annotated[str, typer.Option(help="One of notebooks/parameters: demo, small, paper.")] = "demo",
    to: Annotated[
        Path | None, typer.Option(help="The report's folder.", show_default="reports/PRESET")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="A catalogue's folder.", show_default="the preset's")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Overrides the preset; repeatable."),
    ] = None,
) -> None:
    """Run the notebooks and write a report: TO/index.html."""
    from artnb.paths import resolve
    from artnb.reporting.runner import report as make

    folder = to or resolve("reports") / preset
    status = make(folder, preset, catalogue, dict(map(named_value, parameter or ())))
    typer.echo(folder / "index.html")
    for notebook in status.failed:
        typer.echo(f"artnb: {notebook.name} failed: {notebook.error.message}", err=True)
    if status.failed:
        raise typer.Exit(1)


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of them.", metavar="IMAGE...")],
    run: Annotated[Path, typer.Option(help="The folder of a finished training.")],
    format: Annotated[PredictionsFormat, typer.Option(help="How to print them.")] = PredictionsFormat.CSV,
) -> None:
    """Give the probability of each label for new images, per field, with a trained network."""
    from artnb.training import predict as probabilities

    table, unreadable = probabilities(run, images)
    if format is PredictionsFormat.JSON:
        typer.echo(
            json.dumps(
                {
                    "predictions": json.loads(table.to_json(orient="records")),
                    "unreadable": [{"path": str(path), "reason": str(reason)} for path, reason in unreadable],
                },
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        typer.echo(table.to_csv(index=False), nl=False)
    for path, reason in unreadable:
        typer.echo(f"artnb: {path}: {reason}", err=True)
    if unreadable:
        raise typer.Exit(1)


def named_value(text: str) -> tuple[str, object]:
    """`NAME=VALUE` with the value read as YAML, as in a preset."""
    import yaml

    name, equals, value = text.partition("=")
    if not equals:
        raise ReportError(f"-p {text}: write -p NAME=VALUE.")
    try:
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        raise ReportError(f"-p {text}: {value!r} is not a YAML value; put text in quotes.") from None


def thousands(table):
    """Formatters that group the digits of whole-number columns."""
    return {name: "{:,}".format for name in table.select_dtypes("integer")}
