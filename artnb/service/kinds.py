"""What may be asked for: each kind a function of an upload, choices and a folder for what comes of it.

A visitor's choice is a key among those offered, never a path. A kind without a finished network says how to
train one, and cannot be asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from artnb.anime import load as load_anime
from artnb.anime.faces import warning
from artnb.anime.film import convert_film, frames_of
from artnb.anime.runs import Run as AnimeRun
from artnb.anime.runs import find as find_anime
from artnb.attention.gradcam import grad_cam
from artnb.attention.looking import layers
from artnb.errors import ArtnbError, ServiceError
from artnb.figures.heatmap import OPACITY, blended
from artnb.figures.palette import readable
from artnb.images import decode
from artnb.paths import home
from artnb.service.uploads import FILM, PICTURE
from artnb.style.config import StyleConfig
from artnb.style.features import published_or_random
from artnb.style.feedforward import load_network
from artnb.style.pictures import image_of, read_picture, resized, save_picture, tensor_of
from artnb.style.samples import SHIPPED, photographs
from artnb.style.transfer import stylize
from artnb.training import Run
from artnb.training.prediction import tensor
from artnb.training.runs import DESCRIPTION

SHOWN = 512  # px, of the side of a picture with its heatmap
STYLED = 256  # px, of the longer side of a picture in another's style
CONVERTED = 1024  # px, of the longer side of what a network converts at once
EVALUATIONS = 60  # of a style transfer: 1.3 to 1.9 s each on one core of a busy machine
ARTISTRY = {"artistic", "non_artistic"}
STRENGTHS = {"1e5": "gentle", "1e6": "as usual", "1e7": "strong"}
OWN = "own"

Network = TypeVar("Network")
Report = Callable[[int, int | None], None]
"""Is told what is done, of how much as far as that is known; raises where the job has been cancelled."""


@dataclass(frozen=True)
class Panel:
    """Two pictures of one size, to be compared; both are names of files."""

    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Results:
    """What came of a job, as names of files in its folder."""

    panels: tuple[Panel, ...] = ()
    film: str = ""
    download: str = ""
    facts: tuple[tuple[str, str], ...] = ()  # what, how much
    notice: str = ""


@dataclass(frozen=True)
class Choice:
    """A question with the answers that may be given: key -> what it says."""

    name: str
    label: str
    answers: Mapping[str, str]


Carry = Callable[[Path, Path | None, str, Mapping[str, str], Path, Report], Results]
"""upload, second upload, medium, chosen, folder to write into, report -> results"""


@dataclass(frozen=True)
class Kind:
    name: str
    title: str
    about: str
    media: tuple[str, ...]
    carry: Carry
    choices: tuple[Choice, ...] = ()
    second: str = ""  # asks for a second picture where a choice is OWN
    missing: str = ""  # why it cannot be asked for

    def check(self, medium: str, options: Mapping[str, str], second: bool) -> dict[str, str]:
        """The options that count, the first answer where none was given.

        Raises:
            ServiceError: it cannot be asked for, not of this medium, or not with these options.
        """
        if self.missing:
            raise ServiceError(self.missing)
        if medium not in self.media:
            raise ServiceError(f"{self.title} takes a {' or a '.join(self.media)}, not a {medium}.")
        if unknown := options.keys() - {choice.name for choice in self.choices}:
            raise ServiceError(f"{self.title} has no choice {min(unknown)!r}.")
        chosen = {}
        for choice in self.choices:
            answer = options.get(choice.name, next(iter(choice.answers)))
            if answer not in choice.answers:
                raise ServiceError(f"{choice.label}: there is no {str(answer)[:40]!r}.")
            if answer == OWN and not second:
                raise ServiceError(f"{self.title} needs {self.second} too: upload one.")
            chosen[choice.name] = answer
        return chosen

    def described(self) -> dict[str, object]:
        """For the page."""
        return {key: value for key, value in asdict(self).items() if key != "carry"}


def kinds() -> dict[str, Kind]:
    """All of them, with the networks that are there now."""
    runs = list(finished_runs())
    artistry_runs = {
        key: f"{readable(field)}, {run.method}"
        for key, (run, field) in classifiers(runs).items()
        if set(run.classes) == ARTISTRY
    }
    type_runs = {
        key: f"{', '.join(map(readable, run.classes))} ({run.method})"
        for key, (run, _) in classifiers(runs).items()
        if set(run.classes) != ARTISTRY
    }
    return {
        kind.name: kind
        for kind in (
            Kind(
                "artistry", "Artistry", "How artistic a network finds the picture, and where it looks.",
                (PICTURE,), classify, (Choice("network", "The picture is of", artistry_runs),),
                missing="" if artistry_runs else "No network has learnt artistry here yet: run "
                "“artnb report --preset demo”, which trains some.",
            ),
            Kind(
                "type", "Art type", "Which class a network takes the picture for, and where it looks.",
                (PICTURE,), classify, (Choice("network", "It tells apart", type_runs),),
                missing="" if type_runs else "No network has learnt art types here yet: run "
                "“artnb report --preset types --catalogue data/NAME”.",
            ),
            Kind(
                "style", "Style transfer", "The picture in the manner of another.",
                (PICTURE,), style,
                (Choice("style", "In the manner of", {key: key for key in SHIPPED} | {OWN: "my own picture"}),
                 Choice("strength", "Strength", STRENGTHS)),
                second="a style picture",
            ),
            Kind(
                "anime", "Anime", "The picture or film as if drawn for an anime.",
                (PICTURE, FILM), anime, (Choice("network", "Network", anime_answers()),),
                missing="" if anime_answers() else "No network has learnt anime here yet: the notebook "
                "09-anime trains some.",
            ),
            Kind(
                "network-style", "Style in one pass", "A network that has learnt one style; for films too.",
                (PICTURE, FILM), style_network,
                (Choice("network", "Style", {key: key for key in style_networks()}),),
                missing="" if style_networks() else "No network has been trained for a style here yet: train "
                "one with artnb.style.train_feedforward, and save it below data/styles.",
            ),
        )
    }  # fmt: skip


def finished_runs() -> Iterator[Run]:
    """The readable ones of all catalogues, the latest first."""
    for record in sorted(home().glob(f"data/*/runs/*/{DESCRIPTION}"), key=modified, reverse=True):
        run = Run(record.parent)
        try:
            run.config, run.fields, run.classes  # noqa: B018
        except (ArtnbError, KeyError):
            continue
        yield run


def modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def classifiers(runs: list[Run]) -> dict[str, tuple[Run, str]]:
    """Of each method and field the latest run, under a key that tells no path."""
    found: dict[tuple[object, ...], tuple[str, Run, str]] = {}
    for run in runs:
        for place, field_ in enumerate(run.fields):
            found.setdefault((run.method, run.classes, field_), (f"{run.folder.name}-{place}", run, field_))
    return {key: (run, field_) for key, run, field_ in found.values()}


def still_there(networks: Mapping[str, Network], chosen: Mapping[str, str]) -> Network:
    """That of the visitor's choice, which may have gone since it was offered."""
    try:
        return networks[chosen["network"]]
    except KeyError:
        raise ServiceError("The network is no longer there: ask again.") from None


@lru_cache(4)
def network_of(folder: Path, changed: float) -> torch.nn.Module:
    return Run(folder).network()


def classify(
    upload: Path, _: Path | None, medium: str, chosen: Mapping[str, str], folder: Path, report: Report
) -> Results:
    """Probabilities of the labels, and Grad-CAM of the likeliest in each branch's last layer."""
    report(0, 3)
    run, task = still_there(classifiers(list(finished_runs())), chosen)
    network = network_of(run.folder, modified(run.folder / DESCRIPTION))
    image = decode(upload)
    images = tensor([np.asarray(ImageOps.fit(image, (run.image_size, run.image_size)))])
    with torch.inference_mode():
        probabilities = network(images, task).softmax(1)[0]
    report(1, 3)
    best = int(probabilities.argmax())
    maps = grad_cam(network, images, best, task, layers(network, task, 0))
    report(2, 3)
    square = ImageOps.fit(image, (SHOWN, SHOWN))
    square.save(folder / "before.png")
    panels, empty = [], []
    for place, (name, heat) in enumerate(maps.items()):
        file = f"heatmap-{place}.png"
        if float(heat.max()) <= 0:
            empty.append(readable(name))
            continue
        overlaid(square, heat[0].numpy()).save(folder / file)
        said = f"{readable(name)} branch: evidence for {readable(run.classes[best])}"
        panels.append(Panel(said, "before.png", file))
    order = probabilities.argsort(descending=True).tolist()
    facts = tuple((readable(run.classes[k]), f"{100 * float(probabilities[k]):.1f} %") for k in order)
    notice = "Brightest is each map’s own largest value."
    if empty:
        notice += f" No place speaks for it in {', '.join(empty)}."
    return Results(
        tuple(panels), download=panels[0].after if panels else "before.png", facts=facts, notice=notice
    )


def overlaid(square: Image.Image, heat: np.ndarray) -> Image.Image:
    """The positive part of a map, H W, over the picture in grey."""
    strength = Image.fromarray(np.clip(heat / heat.max(), 0, 1).astype(np.float32))
    large = np.asarray(strength.resize(square.size, Image.Resampling.BILINEAR)).clip(0, 1)
    grey = np.asarray(square.convert("L"), np.float32) / 255
    return Image.fromarray((255 * blended(large, grey, OPACITY)).round().astype(np.uint8))


def style(
    upload: Path, second: Path | None, medium: str, chosen: Mapping[str, str], folder: Path, report: Report
) -> Results:
    config = StyleConfig(size=STYLED, beta=float(chosen["strength"]), evaluations=EVALUATIONS)
    features, notice = published_or_random(None, config.seed, config.deepest)
    content = read_picture(upload, config.size)
    manner = read_picture(second, config.size) if chosen["style"] == OWN else sample(chosen["style"])
    report(0, config.evaluations)
    transfer = stylize(
        content, manner, features, config.within(features.layers),
        on_step=lambda made: report(len(made.rows), config.evaluations),
    )  # fmt: skip
    image_of(content).save(folder / "before.png")
    save_picture(folder / "after.png", transfer)
    return Results(
        (Panel("The picture in another manner", "before.png", "after.png"),), "", "after.png", (), notice
    )


def sample(name: str) -> Tensor:
    return photographs(list(SHIPPED).index(name) + 1, STYLED)[name]


def anime_runs() -> dict[str, AnimeRun]:
    return {run.folder.name: run for run in find_anime()}


def anime_answers() -> dict[str, str]:
    return {key: said(run) for key, run in anime_runs().items()}


def said(run: AnimeRun) -> str:
    names = {"fsgan": "FSGAN, for scenes", "afgan": "AFGAN, for portraits"}
    kind = run.description["kind"]
    return f"{names.get(kind, kind)} ({run.folder.name[:6]})"


def anime(
    upload: Path, _: Path | None, medium: str, chosen: Mapping[str, str], folder: Path, report: Report
) -> Results:
    run = still_there(anime_runs(), chosen)
    results = converted(upload, medium, load_anime(run.folder), run.folder.name, folder, report)
    if medium == PICTURE and run.description["kind"] == "afgan":
        return replace(results, notice=warning(np.asarray(decode(upload, side=CONVERTED))))
    return results


def style_networks() -> dict[str, Path]:
    return {path.stem: path for path in sorted(home().glob("data/styles/*.safetensors"))}


def style_network(
    upload: Path, _: Path | None, medium: str, chosen: Mapping[str, str], folder: Path, report: Report
) -> Results:
    path = still_there(style_networks(), chosen)
    return converted(upload, medium, load_network(path), f"{path.stem} {modified(path)}", folder, report)


def converted(
    upload: Path, medium: str, convert: Callable[[Tensor], Tensor], key: str, folder: Path, report: Report
) -> Results:
    """A picture or a film through a network that keeps its size."""
    if medium == FILM:
        return film(upload, convert, key, folder, report)
    image = decode(upload)
    before = tensor_of(resized(image, min(CONVERTED, max(image.size))))
    report(0, 1)
    with torch.inference_mode():
        after = convert(before).clamp(0, 1)
    image_of(before).save(folder / "before.png")
    image_of(after).save(folder / "after.png")
    return Results((Panel("The picture, converted", "before.png", "after.png"),), download="after.png")


def film(
    upload: Path, convert: Callable[[Tensor], Tensor], key: str, folder: Path, report: Report
) -> Results:
    """The film, and its first frame before and after."""
    report(0, None)
    made = convert_film(upload, folder / "film.mp4", convert, batch=4, part=24, key=key, on_batch=report)
    for name, path in (("before.png", upload), ("after.png", made.path)):
        image_of(next(frames_of(path))[None, :, : made.height, : made.width]).save(folder / name)
    facts = (
        ("frames", f"{made.frames:,}"), ("frames a second", f"{float(made.rate):.5g}"),
        ("size", f"{made.width} × {made.height}"), ("sound", made.sound),
    )  # fmt: skip
    notice = "The film stops before its end; what came before is converted." if made.notice else ""
    panels = (Panel("Its first frame", "before.png", "after.png"),)
    return Results(panels, "film.mp4", "film.mp4", facts, notice)
