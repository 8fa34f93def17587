"""A design: which models, on which images, from which seeds; all its runs, and what they predict."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch
from joblib import cpu_count
from tqdm.auto import tqdm

from artnb import models
from artnb.catalogue import Catalogue
from artnb.errors import TrainingError
from artnb.processes import pool
from artnb.training.config import TrainingConfig
from artnb.training.data import TrainingData, load
from artnb.training.fitting import choose_device, fit
from artnb.training.loop import logits_of
from artnb.training.runs import Run, find


@dataclass(frozen=True)
class Design:
    """Every model from every seed on the same images: the seeds pair the runs.

    A seed sets the initial weights, the batches and, with `works_per_field`, which training works there are
    (see `data.load`). A model without shared parameters is trained once for each field.
    """

    catalogue: Catalogue
    image_size: int
    config: TrainingConfig
    models: tuple[str, ...] = ("artistry-single", "artistry-multi-2")
    seeds: tuple[int, ...] = (0, 1, 2)
    works_per_field: int = 0
    fields: tuple[str, ...] = ()

    def data(self, seed: int) -> TrainingData:
        return load(self.catalogue, self.image_size, self.fields, self.works_per_field, seed)

    @property
    def folder(self) -> Path:
        """Runs lie with the catalogue they were trained on."""
        return self.catalogue.folder / "runs"

    def run(self) -> list[Run]:
        """All runs, in the order of seeds, models and fields; trains those that are not there.

        On the CPU as many are trained at once as there are cores for `config.threads` each, in processes of
        their own (a script calls this below `if __name__ == "__main__":`); on an accelerator one after the
        other.

        Raises:
            TrainingError: `task_weights` names a field that is not there, or a training failed.
        """
        known = self.fields or self.catalogue.fields
        if unknown := sorted(set(self.config.task_weights).difference(known)):
            raise TrainingError(f"task_weights names {unknown[0]}; the fields are {', '.join(known)}")
        jobs = [
            (model, part, replace(self.config, seed=seed), self.folder)
            for seed in self.seeds
            for data in [self.data(seed)]
            for model in self.models
            for part in parts(model, data)
        ]
        missing = [job for job in jobs if not find(*job).finished]
        fit_all(missing, min(at_once(self.config), len(missing)))
        return [find(*job) for job in jobs]


def parts(model: str, data: TrainingData) -> list[TrainingData]:
    """What one network of `model` learns from: all fields together, or each alone where it shares nothing."""
    with torch.device("meta"):
        network = models.create(model, data.fields, data.image_size, len(data.classes))
    return [data] if network.shared_parameters() else [data.only(field) for field in data.fields]


def at_once(config: TrainingConfig) -> int:
    """How many trainings this machine carries at a time."""
    return cpu_count() // config.threads if choose_device(config.device).type == "cpu" else 1


def fit_all(jobs: list[tuple[str, TrainingData, TrainingConfig, Path]], workers: int) -> list[Run]:
    """`fit` of each job, `workers` at a time (see `train_all`)."""
    return train_all(fit, jobs, workers)


def train_all(train: Callable, jobs: Sequence[tuple], workers: int) -> list:
    """`train` of each job, `workers` at a time in processes of their own, under one progress bar."""
    if workers < 2:
        return [train(*job) for job in tqdm(jobs, desc="training", unit="run", disable=not jobs)]
    with pool(workers) as executor:
        futures = [executor.submit(train, *job) for job in jobs]
        try:
            for future in tqdm(as_completed(futures), desc="training", total=len(jobs), unit="run"):
                future.result()
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise TrainingError(
                "a training process was killed, perhaps for lack of memory: close other programs or take a "
                "smaller batch_size, and ask again; finished runs are kept. In a script, train below "
                '`if __name__ == "__main__":`'
            ) from None
        finally:
            executor.shutdown(cancel_futures=True)


def history(runs: Iterable[Run]) -> pd.DataFrame:
    """The histories of `runs` in one table (see `Run.history`)."""
    return pd.concat([run.history for run in runs], ignore_index=True)


def predictions(run: Run, data: TrainingData, split: str) -> pd.DataFrame:
    """What `run` says of each image of a split.

    Returns:
        One row per image: method, seed, field, id, group, target and prediction (indices of the classes),
        probability (of the last class, `artistic`; in [0, 1]), correct.
    """
    network = run.network()
    tables = []
    for task in run.fields:
        images = data.splits[split][task]
        logits, targets = logits_of(network, images, task)
        tables.append(
            pd.DataFrame(
                {
                    "method": run.method,
                    "seed": run.config.seed,
                    "field": task,
                    "id": images.ids,
                    "group": images.groups,
                    "target": targets,
                    "prediction": logits.argmax(1),
                    "probability": logits.softmax(1)[:, -1],
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    return table.assign(correct=table["target"] == table["prediction"])
