"""Every method on every pair of a content and a style, several at a time, and what is measured of them.

Transfers are computed by one thread each, in processes of their own: the pictures are the same however many
run side by side.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import cpu_count
from torch import Tensor, nn

from artnb.errors import StyleError
from artnb.processes import side_by_side, threads
from artnb.style.comparison import COLUMNS, Distance, controls, measured
from artnb.style.config import StyleConfig
from artnb.style.features import Features
from artnb.style.feedforward import train_feedforward
from artnb.style.innovation import ArtType
from artnb.style.pictures import image_of
from artnb.style.transfer import Transfer
from artnb.training import TrainingData

PAIR = ["content", "style"]


@dataclass(frozen=True, eq=False)
class Picture:
    """What a method made of a content and a style, by their names."""

    content: str
    style: str
    method: str
    evaluations: int  # that it took
    image: Tensor  # 1 3 H W in [0, 1]


def carry_out(
    contents: Mapping[str, Tensor],
    styles: Mapping[str, Tensor],
    methods: Mapping[str, StyleConfig],
    features: Features,
    at: Collection[int] = (),
    workers: int | None = None,
) -> tuple[list[Picture], pd.DataFrame]:
    """A `Transfer` of every content in every style by every method.

    Args:
        contents, styles: name -> picture, 1 3 H W in [0, 1].
        at: numbers of evaluations after which a picture is kept, besides the last.
        workers: transfers at a time; None: as many as there are cores.

    Returns:
        The pictures, and a row per evaluation: pair, method, evaluation, size, the terms *times their
        weights*, total, seconds. Both in the order of contents, styles and methods.

    Raises:
        StyleError: as `Transfer`; or there is nothing to carry out, or a process was killed.
    """
    jobs = [
        ((content, style, method), contents[content], styles[style], features, methods[method], tuple(at))
        for content, style, method in product(contents, styles, methods)
    ]
    done = all_of(carried, jobs, "style transfers", workers)
    return [picture for made, _ in done for picture in made], pd.concat(
        [history for _, history in done], ignore_index=True
    )


def taught(
    name: str,
    contents: Mapping[str, Tensor],
    styles: Mapping[str, Tensor],
    seen: Iterable[Tensor],
    features: Features,
    config: StyleConfig,
    steps: int,
    batch_size: int = 4,
    workers: int | None = None,
) -> list[Picture]:
    """What a feed-forward network makes of every content, one network taught for each style.

    Args:
        name: of the network and of its pictures' method, "ulyanov" or "johnson".
        contents, styles, workers: as for `carry_out`.
        seen: what the networks learn on, each 1 3 S S; no content, if contents are to be new to them.
        steps, batch_size: of each training; the pictures count its steps as evaluations.

    Raises:
        StyleError: as `train_feedforward`; or there is nothing to carry out, or a process was killed.
    """
    batch = torch.cat(list(seen))
    jobs = [
        (name, contents, style, styles[style], batch, features, config, steps, batch_size) for style in styles
    ]
    return [picture for made in all_of(learnt, jobs, f"{name} networks", workers) for picture in made]


def all_of(work: Callable, jobs: list[tuple], said: str, workers: int | None) -> list:
    """`work` of each job, by one thread each, in processes of their own where there are several workers."""
    workers = min(workers or cpu_count(), len(jobs))
    if not jobs:
        raise StyleError("nothing to carry out: give at least one content, one style and one method")
    try:
        return side_by_side(by_one_thread, [(work, job) for job in jobs], workers, desc=said)
    except BrokenProcessPool:
        raise StyleError(
            "a process was killed, perhaps for lack of memory: take a smaller size, or fewer at a time. "
            'In a script, call this below `if __name__ == "__main__":`'
        ) from None


def by_one_thread(work: Callable, job: tuple) -> Any:
    with threads(1):
        return work(*job)


def carried(
    names: tuple[str, str, str],
    content: Tensor,
    style: Tensor,
    features: Features,
    config: StyleConfig,
    at: tuple[int, ...],
) -> tuple[list[Picture], pd.DataFrame]:
    transfer, pictures = Transfer(content, style, features, config), []
    for row in transfer:
        if row["evaluation"] in at or row["evaluation"] == config.evaluations:
            pictures.append(Picture(*names, row["evaluation"], transfer.image.clone()))
    history = transfer.history
    for term, weight in config.weights.items():
        if term in history:
            history[term] *= weight
    history.insert(0, "pair", pair_name(*names[:2]))
    history.insert(1, "method", names[2])
    return pictures, history


@torch.inference_mode()
def applied(network: nn.Module, content: Tensor) -> Tensor:
    return network(content).clone()


def learnt(
    name: str,
    contents: Mapping[str, Tensor],
    style: str,
    picture: Tensor,
    seen: Tensor,
    features: Features,
    config: StyleConfig,
    steps: int,
    batch_size: int,
) -> list[Picture]:
    with redirect_stderr(StringIO()):  # where its bar would go, of several processes at once
        network, _ = train_feedforward(name, seen, picture, features, config, steps, batch_size)
    return [Picture(content, style, name, steps, applied(network, contents[content])) for content in contents]


def pair_name(content: str, style: str) -> str:
    return f"{content}, {style}"


def last(pictures: Iterable[Picture]) -> list[Picture]:
    """Of every content, style and method the one of most evaluations."""
    found = {}
    for picture in sorted(pictures, key=lambda picture: picture.evaluations):
        found[picture.content, picture.style, picture.method] = picture
    return list(found.values())


def compared(
    pictures: Iterable[Picture],
    contents: Mapping[str, Tensor],
    styles: Mapping[str, Tensor],
    distances: Mapping[str, Distance] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """The last picture of every method, and the controls, measured against content and style.

    Args:
        distances: further metrics, as for `comparison.measured`.
        seed: of the shuffled pixels.

    Returns:
        pair, content, style, method (those of `comparison.controls` too), against, metric, value: what
        `means` and `gains` take.

    Raises:
        StyleError: as `comparison.measured`.
    """
    of_pairs: dict[tuple[str, str], dict[str, Tensor]] = {}
    for picture in last(pictures):
        of_pairs.setdefault((picture.content, picture.style), {})[picture.method] = picture.image
    tables = []
    for (content, style), made in of_pairs.items():
        size = next(iter(made.values())).shape[-2:]
        shown = torch.nn.functional.interpolate(contents[content], size, mode="area")
        pictures_of = made | controls(shown, styles[style], seed)
        table = measured(pictures_of, contents[content], styles[style], distances)
        tables.append(table.assign(pair=pair_name(content, style), content=content, style=style))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def recognised(pictures: Iterable[Picture], types: Mapping[str, ArtType]) -> pd.DataFrame:
    """Every picture judged by the art type of its style.

    Args:
        types: name of a style -> its type; pictures in other styles are left out.

    Returns:
        content, style, setting (the method), evaluations, and the columns of `ArtType.judged`: what `rates`
        and `changes` take, by setting and evaluations, and by setting.

    Raises:
        StyleError: as `ArtType.judged`, or no picture has a style with a type.
    """
    tables = []
    for style, art_type in types.items():
        of_style = [picture for picture in pictures if picture.style == style]
        if not of_style:
            continue
        judged = art_type.judged([picture.image[0] for picture in of_style])
        known = pd.DataFrame(
            [(of.content, of.style, of.method, of.evaluations) for of in of_style],
            columns=[*PAIR, "setting", "evaluations"],
        )
        tables.append(pd.concat([known, judged], axis=1))
    if not tables:
        raise StyleError("no picture has a style whose art type is known: give the types of their styles")
    return pd.concat(tables, ignore_index=True)


def untouched(contents: Mapping[str, Tensor], types: Mapping[str, ArtType]) -> pd.DataFrame:
    """The contents as they are, judged by the type of every style: what falls to a type by chance.

    Returns:
        kind ("photographs"), content, style, and the columns of `ArtType.judged`.
    """
    tables = [
        art_type.judged([image[0] for image in contents.values()]).assign(content=list(contents), style=style)
        for style, art_type in types.items()
    ]
    return pd.concat(tables, ignore_index=True).assign(kind="photographs")


def unseen(types: Mapping[str, ArtType], data: TrainingData) -> pd.DataFrame:
    """Test images of every type, judged by it: what a classifier finds new in what is not.

    Returns:
        kind ("unseen images of the type"), content (the group), style (the label), and the columns of
        `ArtType.judged`.
    """
    tables = []
    for art_type in {art_type.label: art_type for art_type in types.values()}.values():
        images, groups = art_type.images(data)
        tables.append(art_type.judged(images).assign(content=groups, style=art_type.label))
    return pd.concat(tables, ignore_index=True).assign(kind="unseen images of the type")


def pixels(images: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Pictures 1 3 H W as figures take them, H W 3, uint8."""
    return {name: np.asarray(image_of(image)) for name, image in images.items()}


def sheet(
    pictures: Iterable[Picture], contents: Mapping[str, Tensor], styles: Mapping[str, Tensor]
) -> dict[str, dict[str, np.ndarray]]:
    """A row for each pair of `contents` and `styles`: both, and what every method made of them."""
    rows = {}
    for content, style in product(contents, styles):
        made = {
            picture.method: picture.image
            for picture in pictures
            if (picture.content, picture.style) == (content, style)
        }
        rows[pair_name(content, style)] = pixels(
            {"content": contents[content], "style": styles[style]} | made
        )
    return rows
