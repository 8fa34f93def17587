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
from typer.core import TyperCommand, TyperGroup

from artnb.errors import ArtnbError, CollectError, ReportError, ServiceError


class Shell(TyperGroup):
    """Prints an error of ours as a message without a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ArtnbError as error:
            typer.echo(f"artnb: {error}", err=True)
            raise typer.Exit(2) from None


class Pairs(TyperCommand):
    """Takes `-p NAME VALUES` for `-p NAME=VALUES`."""

    def parse_args(self, ctx, args):
        joined, rest = [], iter(args)
        for word in rest:
            joined.append(word)
            if word in ("-p", "--parameter") and (name := next(rest, None)) is not None:
                joined.append(name if "=" in name else f"{name}={next(rest, '')}")
        return super().parse_args(ctx, joined)


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
    fractions: Annotated[
        tuple[float, float, float], typer.Option(help="Shares of training, validation and test.")
    ] = (0.7, 0.1, 0.2),
) -> None:
    """Import a folder of images, or a CSV manifest, into a catalogue."""
    from artnb.catalogue import SPLITS
    from artnb.collect.folders import import_folder

    catalogue = import_folder(
        source,
        to,
        group_by=tuple(group_by or ("work",)),
        seed=seed,
        field=field,
        fractions=dict(zip(SPLITS, fractions, strict=True)),
    )
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
def collect(
    recipe: Annotated[str, typer.Argument(help="A .toml file, or the name of one in data/recipes.")],
    to: Annotated[Path, typer.Option(help="The catalogue's folder, such as data/NAME.")],
    contact: Annotated[
        str,
        typer.Option(
            envvar="ARTNB_CONTACT", help="Your e-mail or web address: museums want to know who asks."
        ),
    ],
    limit: Annotated[
        int | None,
        typer.Option(help="At most so many images of each field and label.", show_default="the recipe's"),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be fetched, how long and how much; fetch nothing."),
    ] = False,
    group_by: Annotated[
        list[str] | None,
        typer.Option(help="A column whose equal values no split may part; repeatable.", show_default="work"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split.")] = 0,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from private and loopback addresses too.")
    ] = False,
) -> None:
    """Collect images from museums into a catalogue; stopped, it goes on when asked again."""
    from artnb.collect.collecting import collect as carry_out
    from artnb.collect.collecting import estimate
    from artnb.collect.recipes import read_recipe
    from artnb.paths import resolve

    named = resolve("data/recipes") / f"{recipe}.toml"
    asked = read_recipe(named if named.is_file() else recipe)
    asked = asked if limit is None else asked.limited(limit)
    for cell in asked.cells:
        if cell.folder:
            typer.echo(f"artnb: {cell.field}, {cell.label}: {cell.folder}", err=True)
    if dry_run:
        typer.echo(estimated(estimate(asked, contact=contact, allow_private=allow_private)))
        return
    came_to = carry_out(
        asked,
        to,
        contact=contact,
        group_by=tuple(group_by or ("work",)),
        seed=seed,
        allow_private=allow_private,
    )
    typer.echo(came_to.cells.to_string(index=False))
    for row in came_to.refusals.itertuples():
        typer.echo(f"artnb: {row.source}: {row.works:,} not taken: {row.reason}", err=True)
    for source, reason in came_to.stopped.items():
        typer.echo(f"artnb: {source} was left: {reason}; collect again to go on", err=True)
    if came_to.stopped:
        raise typer.Exit(1)


@app.command()
def frames(
    source: Annotated[str, typer.Argument(help="A video file, or with --camera a camera's name.")],
    to: Annotated[Path, typer.Option(help="The catalogue's folder, such as data/NAME.")],
    field: Annotated[str, typer.Option(help="What the frames show, such as garden.")],
    label: Annotated[str, typer.Option(help="Their label, such as artistic.")],
    every: Annotated[int, typer.Option(help="Take the sharpest of so many frames.")] = 30,
    seconds: Annotated[
        float | None, typer.Option(help="Watch for so long; a camera has no end.", show_default="to the end")
    ] = None,
    camera: Annotated[bool, typer.Option("--camera", help="SOURCE is a camera.")] = False,
) -> None:
    """Import frames of a video or a camera into a catalogue: sharp ones, none twice."""
    from artnb.collect.frames import Camera, import_frames

    taken_from = Camera(source) if camera else source
    catalogue = import_frames(taken_from, to, field=field, label=label, every=every, seconds=seconds)
    table = catalogue.table
    mine = ((table["field"] == field) & (table["label"] == label)).sum()
    typer.echo(f"{to}: {len(table):,} images, {mine:,} of them {field}, {label}")
    if waiting := (table["split"] == "").sum():
        typer.echo(
            f"artnb: {waiting:,} images have no split yet: their label needs works of three groups", err=True
        )


@app.command()
def audit(
    catalogue: Annotated[Path, typer.Argument(help="A catalogue's folder, such as data/NAME.")],
) -> None:
    """Say what a catalogue holds, and what gives its labels away."""
    from artnb.catalogue import read
    from artnb.collect.audit import as_text
    from artnb.collect.audit import audit as look_into

    typer.echo(as_text(look_into(read(catalogue))))


@app.command()
def labels(
    catalogue: Annotated[Path, typer.Argument(help="A catalogue's folder, such as data/NAME.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what the annotators decided into the catalogue.")
    ] = False,
) -> None:
    """Say how far annotators agree and what they decided; --apply makes it the catalogue's labels."""
    from artnb.catalogue import read
    from artnb.collect.agreement import agreement
    from artnb.collect.labels import apply_labels, decided, disagreements, read_words

    words = read_words(catalogue)
    if words.empty:
        raise CollectError(f"{catalogue}: nobody has labelled anything yet; artnb.widgets.Annotator asks")
    typer.echo(agreement(words, read(catalogue)).to_string(index=False, float_format="{:.2f}".format))
    counted = decided(words)["how"].value_counts()
    typer.echo(", ".join(f"{how} {images:,}" for how, images in counted.items()))
    if open_questions := int((~disagreements(words)["adjudicated"]).sum()):
        typer.echo(f"artnb: {open_questions:,} images wait for an adjudicator", err=True)
    if apply:
        applied = apply_labels(catalogue).table["label"].value_counts()
        typer.echo(f"{catalogue}: {', '.join(f'{label} {images:,}' for label, images in applied.items())}")


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
        table["paper"] = table["paper"].str.partition(":")[0]  # who wrote it
        typer.echo(table.to_string(index=False, formatters=thousands(table)))


@app.command()
def report(
    preset: Annotated[str, typer.Option(help="A file of notebooks/parameters, without .yml.")] = "demo",
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


@app.command(cls=Pairs)
def sweep(
    notebook: Annotated[Path, typer.Argument(help="A notebook with a cell tagged `parameters`.")],
    parameter: Annotated[
        list[str],
        typer.Option("-p", "--parameter", metavar="NAME VALUE,VALUE", help="Values to run; repeatable."),
    ],
    to: Annotated[Path, typer.Option(help="The sweep's folder, such as reports/sweep.")],
    jobs: Annotated[
        int | None, typer.Option(help="Notebooks at a time on this machine.", show_default="1")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A dask scheduler's address, such as tcp://HOST:8786; not with --jobs.")
    ] = None,
) -> None:
    """Run a notebook with every combination of some values, here or on a cluster: TO/index.html."""
    from artnb.reporting.combinations import read_values
    from artnb.reporting.sweep import sweep as carry_out

    grid: dict[str, list] = {}
    for text in parameter:
        name, _, values = text.partition("=")
        grid.setdefault(name.strip(), []).extend(read_values(values))
    done = carry_out(notebook, grid, to, jobs, cluster)
    typer.echo(to / "index.html")
    for combination, outcome in done.failed:
        given = ", ".join(f"{name} {value}" for name, value in combination.given.items())
        typer.echo(f"artnb: {given} failed: {outcome.message}", err=True)
    if done.failed:
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


@app.command()
def stylize(
    content: Annotated[Path, typer.Argument(help="A picture of what shall be seen.")],
    style: Annotated[Path, typer.Argument(help="A picture in the manner that it shall be seen in.")],
    to: Annotated[Path, typer.Option(help="The picture to write, a .png.")],
    variant: Annotated[str, typer.Option(help="baseline, l1, perceptual, both (Li), or gatys.")] = "baseline",
    size: Annotated[int, typer.Option(help="Its longer side in pixels.")] = 256,
    evaluations: Annotated[int, typer.Option(help="How often to improve it.")] = 300,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Of VGG-19: a file or folder.", show_default="$ARTNB_WEIGHTS, or torchvision's hub"
        ),
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help="A picture that is white where the style shall act.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Of StyleConfig; repeatable."),
    ] = None,
) -> None:
    """Give the content of one picture the style of another: an optimised style transfer."""
    from dataclasses import fields

    from artnb.errors import StyleError
    from artnb.style import StyleConfig, published_or_random, read_mask, read_picture, save_picture
    from artnb.style import stylize as carry_out
    from artnb.style import variant as named_variant

    changes = dict(map(named_value, parameter or ()))
    if unknown := changes.keys() - {field.name for field in fields(StyleConfig)}:
        raise StyleError(f"-p {min(unknown)}: a StyleConfig has {', '.join(vars(StyleConfig()))}")
    config = named_variant(variant, **{"size": size, "evaluations": evaluations} | changes)
    features, notice = published_or_random(weights, config.seed, config.deepest)
    if notice:
        typer.echo(f"artnb: {notice}", err=True)
    pictures = [read_picture(path, config.size) for path in (content, style)]
    area = read_mask(mask, config.size) if mask else None
    save_picture(to, carry_out(*pictures, features, config, area))
    typer.echo(to)


@app.command()
def animate(
    picture: Annotated[Path, typer.Argument(help="A photograph.")],
    run: Annotated[Path, typer.Option(help="The folder of a finished anime training.")],
    to: Annotated[Path, typer.Option(help="The picture to write, such as a .png.")],
    size: Annotated[int, typer.Option(help="Its longer side in pixels.", min=32)] = 512,
) -> None:
    """Make a photograph anime; of a portrait run, say where the portrait does not suit it."""
    import numpy as np

    from artnb.anime import load
    from artnb.anime.faces import warning
    from artnb.errors import AnimeError
    from artnb.paths import written_whole
    from artnb.style import read_picture
    from artnb.style.pictures import image_of

    convert, image = load(run), read_picture(picture, size)
    if convert.run.description["kind"] == "afgan" and (notice := warning(np.asarray(image_of(image)))):
        typer.echo(f"artnb: {notice}", err=True)
    try:
        with written_whole(to) as beside:
            image_of(convert(image)).save(beside)
    except (OSError, ValueError) as error:
        raise AnimeError(f"{to} cannot be written: {error}") from None
    typer.echo(to)


@app.command()
def film(
    source: Annotated[Path, typer.Argument(help="A video file.", metavar="FILM")],
    run: Annotated[
        Path, typer.Option(help="The folder of a finished anime training, or a style network's .safetensors.")
    ],
    to: Annotated[Path, typer.Option(help="The film to write, an .mp4.")],
    batch: Annotated[int, typer.Option(help="Frames converted at a time.")] = 8,
) -> None:
    """Convert every frame of a film; times and sound are kept, and stopped it goes on when asked again."""
    from artnb.anime.film import convert_film

    if run.suffix == ".safetensors":
        from artnb.style import load_network as load
    else:
        from artnb.anime import load
    convert = load(run)
    made = convert_film(source, to, convert, batch=batch, key=f"{run.resolve()} {run.stat().st_mtime}")
    typer.echo(to)
    if made.notice:
        typer.echo(f"artnb: {made.notice}", err=True)
        raise typer.Exit(1)


@app.command()
def studio(
    host: Annotated[str, typer.Option(help="The address to serve at; 0.0.0.0 for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve at.")] = 8800,
    cluster: Annotated[
        str | None,
        typer.Option(help="A dask scheduler's address, such as tcp://HOST:8786; not with --workers."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Jobs at a time on this machine.", min=1)] = 1,
    folder: Annotated[
        Path | None, typer.Option(help="Where jobs are kept.", show_default="data/studio")
    ] = None,
) -> None:
    """Serve the studio: a page where visitors bring pictures and films."""
    try:
        from artnb.page.app import serve
    except ModuleNotFoundError as error:
        raise ServiceError(f"the studio needs {error.name}: pip install 'artnb[page]'.") from None
    from artnb.paths import resolve

    typer.echo(f"http://{host}:{port}/")
    serve(folder or resolve("data/studio"), host, port, cluster, workers)


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


def estimated(table) -> str:
    """A dry run in words: a line per search, then the sum."""
    seconds = table.groupby("source")["seconds"].sum()
    lines = table.assign(minutes=(table["seconds"] / 60).round(1), MB=(table["bytes"] / 1e6).round(1)).drop(
        columns=["seconds", "bytes"]
    )
    total = (
        f"{table['images'].sum():,} images of {table['wanted'].sum():,} wanted, about "
        f"{table['bytes'].sum() / 1e6:,.0f} MB (assumed from typical images) and "
        f"{seconds.max() / 60:,.0f} minutes at the permitted pace ({seconds.idxmax()} takes longest; "
        "sources are asked side by side)"
    )
    return f"{lines.to_string(index=False)}\n{total}"


def thousands(table):
    """Formatters that group the digits of whole-number columns."""
    return {name: "{:,}".format for name in table.select_dtypes("integer")}
