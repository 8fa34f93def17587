"""A design: which models, on which images, from which seeds; all its runs, and what they predict."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, combinations
from pathlib import Path

import pandas as pd
import torch
from joblib import cpu_count
from tqdm.auto import tqdm

from artnb import models
from artnb.catalogue import Catalogue
from artnb.errors import TrainingError
from artnb.processes import side_by_side
from artnb.training.config import TrainingConfig
from artnb.training.controls import CONTROLS
from artnb.training.data import TrainingData, load
from artnb.training.devices import launch
from artnb.training.fitting import fit
from artnb.training.runs import Run, find, objective_name

GPU_SHARE = 6_000_000_000  # bytes that one of several trainings at once is allowed
JOIN = "+"  # between the fields of a subset, in the name of its method


@dataclass(frozen=True)
class Trial:
    """One network of a design: what `fit` is asked for, and the name of its method in tables."""

    method: str
    model: str
    data: TrainingData
    config: TrainingConfig
    folder: Path

    @property
    def job(self) -> tuple[str, TrainingData, TrainingConfig, Path]:
        return self.model, self.data, self.config, self.folder

    @property
    def run(self) -> Run:
        """Finished or not."""
        return find(*self.job)


@dataclass(frozen=True)
class Design:
    """Every model from every seed on the same images: the seeds pair the runs.

    A seed sets the initial weights, the batches and, with `works_per_field`, which training works there are
    (see `data.load`). A model without shared parameters is trained once for each field.

    Args:
        controls: "permuted" and "unlabelled" (see `controls`): each is trained for every model that shares
            parameters and every field, as the method "multi-2 permuted".
        subsets: sets of fields that a network learns, each a method named "garden+painting" with the fields
            in the data's order (`all_subsets` gives all of them); for one model, which shares parameters.
            Where there are none, a network learns all fields together.
    """

    catalogue: Catalogue
    image_size: int
    config: TrainingConfig
    models: tuple[str, ...] = ("artistry-single", "artistry-multi-2")
    seeds: tuple[int, ...] = (0, 1, 2)
    works_per_field: int = 0
    fields: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    subsets: tuple[tuple[str, ...], ...] = ()

    def data(self, seed: int) -> TrainingData:
        return load(self.catalogue, self.image_size, self.fields, self.works_per_field, seed)

    @property
    def folder(self) -> Path:
        """Runs lie with the catalogue they were trained on."""
        return self.catalogue.folder / "runs"

    @cached_property
    def trials(self) -> list[Trial]:
        """All networks, in the order of seeds, models, and fields, subsets or controls.

        Raises:
            TrainingError: `task_weights` or `subsets` names a field that is not there, `controls` one that is
                not known or that the augmentation undoes, or `subsets` are asked of several models.
        """
        self.check()
        return [
            Trial(method, model, part, replace(self.config, seed=seed), self.folder)
            for seed in self.seeds
            for data in [self.data(seed)]
            for model in self.models
            for method, part in self.methods(model, data, seed)
        ]

    def methods(self, model: str, data: TrainingData, seed: int) -> Iterator[tuple[str, TrainingData]]:
        """The name of each method of `model`, and what a network of it learns from."""
        if not shares(model, data):
            yield from ((model.removeprefix("artistry-"), data.only(field)) for field in data.fields)
            return
        name = model.removeprefix("artistry-") + objective_name(data.fields, self.config)
        for subset in self.subsets:
            chosen = [field for field in data.fields if field in subset]
            yield JOIN.join(chosen), data.only(*chosen)
        if not self.subsets:
            yield name, data
        for control in self.controls:
            for field in data.fields:
                yield f"{name} {control}", CONTROLS[control](data, field, seed)

    def check(self) -> None:
        known = self.fields or self.catalogue.fields
        named = {"task_weights": self.config.task_weights, "subsets": chain.from_iterable(self.subsets)}
        for name, fields in named.items():
            if unknown := sorted(set(fields).difference(known)):
                raise TrainingError(f"{name} names {unknown[0]}; the fields are {', '.join(known)}")
        if () in self.subsets or (self.subsets and len(self.models) > 1):
            raise TrainingError("subsets are sets of one field or more, learnt by one model: give one model")
        if unknown := sorted(set(self.controls).difference(CONTROLS)):
            raise TrainingError(f"controls names {unknown[0]}; there are {', '.join(CONTROLS)}")
        if "unlabelled" in self.controls and self.config.augmentation.quarter_turns:
            raise TrainingError(
                "the control unlabelled asks which way up a picture is, and the augmentation's quarter_turns "
                "turn it: leave one of them out"
            )

    def run(self) -> list[Run]:
        """The runs of `trials`, in their order; trains those that are not there.

        On the CPU as many are trained at once as there are cores for `config.threads` each, in processes of
        their own (a script calls this below `if __name__ == "__main__":`), and as many on a GPU, which they
        share, as its free memory carries; on another accelerator, and under torchrun (see `devices`), one
        after the other.

        Raises:
            TrainingError: as `trials` does, or a training failed.
        """
        missing = [trial.job for trial in self.trials if not trial.run.finished]
        fit_all(missing, min(at_once(self.config), len(missing)))
        return [trial.run for trial in self.trials]

    def predictions(self, split: str) -> pd.DataFrame:
        """What all networks, once they are trained, say of a split; a control speaks of its target alone.

        Returns:
            The tables of `predictions`, one below the other, under the methods of `trials`.

        Raises:
            RunError: a network has not been trained: `run` does it.
        """
        bar = tqdm(self.trials, desc=f"judging {split} images", unit="run")
        tables = [predictions(trial.run, trial.data, split).assign(method=trial.method) for trial in bar]
        return pd.concat(tables, ignore_index=True)


def all_subsets(fields: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Every set of one or more of `fields`, the small ones first: of four fields 15."""
    sizes = range(1, len(fields) + 1)
    return tuple(chain.from_iterable(combinations(fields, size) for size in sizes))


def shares(model: str, data: TrainingData) -> bool:
    """Whether the fields of a network of `model` have parameters in common."""
    with torch.device("meta"):
        network = models.create(model, data.fields, data.image_size, len(data.classes))
    return bool(network.shared_parameters())


def at_once(config: TrainingConfig) -> int:
    """How many trainings this machine carries at a time; where torchrun joins processes, they share each.

    A small network leaves most of a GPU idle, and keeps one core busy with asking: on an H100, eight
    processes took 4.5 minutes for 80 networks of 60 works a field, which `cost` said would take 14 in turn.
    """
    fabric = launch(config.device)
    if fabric.world_size > 1 or fabric.device.type not in ("cpu", "cuda"):
        return 1
    workers = max(cpu_count() // config.threads, 1)
    if fabric.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(fabric.device)
        workers = min(workers, max(free // GPU_SHARE, 1))
    return workers


def fit_all(jobs: list[tuple[str, TrainingData, TrainingConfig, Path]], workers: int) -> list[Run]:
    """`fit` of each job, `workers` at a time (see `train_all`)."""
    return train_all(fit, jobs, workers)


def train_all(train: Callable, jobs: Sequence[tuple], workers: int) -> list:
    """`train` of each job, `workers` at a time in processes of their own, under one progress bar."""
    try:
        return side_by_side(train, jobs, workers, desc="training", unit="run")
    except BrokenProcessPool:
        raise TrainingError(
            "a training process was killed, perhaps for lack of memory: close other programs or take a "
            "smaller batch_size, and ask again; finished runs are kept. In a script, train below "
            '`if __name__ == "__main__":`'
        ) from None


def history(runs: Iterable[Run]) -> pd.DataFrame:
    """The histories of `runs` in one table (see `Run.history`)."""
    return pd.concat([run.history for run in runs], ignore_index=True)


def predictions(run: Run, data: TrainingData, split: str) -> pd.DataFrame:
    """What `run` says of each image of a split, of those fields that it and `data` have.

    Returns:
        One row per image: method, seed, field, id, group, target and prediction (indices of the classes),
        probability (of the last class, `artistic`) and confidence (the prediction's probability), both in
        [0, 1], correct.
    """
    tables = []
    for task in run.fields:
        if task not in data.splits[split]:
            continue
        images = data.splits[split][task]
        logits = run.logits(images, task)
        probabilities = logits.softmax(1)
        tables.append(
            pd.DataFrame(
                {
                    "method": run.method,
                    "seed": run.config.seed,
                    "field": task,
                    "id": images.ids,
                    "group": images.groups,
                    "target": images.targets,
                    "prediction": logits.argmax(1),
                    "probability": probabilities[:, -1],
                    "confidence": probabilities.amax(1),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    return table.assign(correct=table["target"] == table["prediction"])
