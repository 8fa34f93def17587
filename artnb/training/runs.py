"""A run is one finished training: a folder, named by what it is, from which the network can be had again.

run.json              model, config, data, environment, the epoch that validation chose
weights.safetensors   of that epoch
history.parquet       every epoch's metrics
logits-*.safetensors  what it said of images that it was asked about
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from artnb import models
from artnb.errors import RunError
from artnb.paths import written_whole
from artnb.training.config import FULL, TrainingConfig
from artnb.training.data import FieldImages, TrainingData
from artnb.training.devices import judging_device
from artnb.training.loop import logits_of
from artnb.training.objectives import PLAIN

FORMAT = 2  # raised whenever the same training would give other numbers: older runs are then trained anew
DESCRIPTION, WEIGHTS, HISTORY, CHECKPOINT = (
    "run.json",
    "weights.safetensors",
    "history.parquet",
    "checkpoint.pt",
)


def fingerprint(model: str, data: TrainingData, config: TrainingConfig) -> str:
    """16 hex digits that name the run of `model` on `data` with `config`."""
    text = repr((FORMAT, model, data.fields, data.fingerprint, config)) + objective_name(data.fields, config)
    if config.precision != FULL:
        text += f" {config.precision}"
    if config.patience:
        text += f" patience {config.patience}"
    if origin := models.origin(model):
        text += f" from {origin}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def objective_name(fields: Sequence[str], config: TrainingConfig) -> str:
    """What names say of it: nothing of the plain sum, which every objective of one field is."""
    return f" {config.objective}" if len(fields) > 1 and config.objective != PLAIN else ""


@dataclass(frozen=True)
class Run:
    """A finished run in `folder`.

    Raises:
        RunError: on first use, where the folder holds no finished run or one that cannot be read.
    """

    folder: Path

    @property
    def finished(self) -> bool:
        return (self.folder / DESCRIPTION).is_file()

    @cached_property
    def description(self) -> dict:
        return described(self.folder, FORMAT)

    @property
    def method(self) -> str:
        """The name in tables and figures: "single", "multi-2", "multi-2 pcgrad"."""
        return self.description["model"].removeprefix("artistry-") + objective_name(self.fields, self.config)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.description["fields"])

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.description["classes"])

    @property
    def image_size(self) -> int:
        return self.description["image_size"]

    @cached_property
    def config(self) -> TrainingConfig:
        try:
            return TrainingConfig.from_json(self.description["config"])
        except (KeyError, TypeError) as error:
            raise RunError(
                f"{self.folder} was made by another version of artnb ({error}): train it again"
            ) from None

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per epoch, field and split: method, seed, field, epoch (from 1), split, loss (nats),
        accuracy, auroc, ece. Of the training split only the loss is known, its mean over the steps."""
        names = {"method": self.method, "seed": self.config.seed}
        try:
            return pd.read_parquet(self.folder / HISTORY).assign(**names)
        except (OSError, ValueError) as error:
            raise damaged(self.folder / HISTORY, error) from None

    def network(self) -> nn.Module:
        """The network with the weights of the selected epoch, in evaluation mode, on the CPU."""
        with torch.device("meta"):  # shapes without numbers: nothing is drawn only to be replaced
            network = models.create(
                self.description["model"], self.fields, self.image_size, len(self.classes)
            )
        digest = self.description.get("weights_sha256")  # older runs do not say
        try:
            if digest and digest != sha256(self.folder / WEIGHTS):
                raise ValueError("its numbers have changed since it was written")
            network.load_state_dict(load_file(self.folder / WEIGHTS), assign=True)
        except (OSError, SafetensorError, RuntimeError, ValueError) as error:
            raise damaged(self.folder / WEIGHTS, error) from None
        return network.to(memory_format=torch.channels_last).eval()

    def logits(self, images: FieldImages, task: str) -> Tensor:
        """N K, what the network says of images of the field `task`; kept in the folder, by the images' ids.

        A file that is damaged is made anew, and a folder that cannot be written keeps none.
        """
        asked = f"{task} {images.store.size} {images.ids.tolist()}"
        file = self.folder / f"logits-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.safetensors"
        with suppress(OSError, SafetensorError):
            return load_file(file)["logits"]
        network = self.network().to(judging_device(self.config.device))
        logits, _ = logits_of(network, images, task)
        with suppress(OSError, SafetensorError), written_whole(file) as path:
            save_file({"logits": logits}, path)
        return logits


def described(folder: Path, form: int, what: str = "run") -> dict:
    """What a finished run's folder says of it, in the format `form`.

    Raises:
        RunError: it holds no finished run, a damaged one, or one of another format.
    """
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RunError(f"{folder} holds no finished {what}: expected {DESCRIPTION}") from None
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
    if not isinstance(description, dict):
        raise damaged(path, "it describes nothing")
    if description.get("format") != form:
        raise RunError(
            f"{folder} is of format {description.get('format')}, this version reads {form}: train it again"
        )
    return description


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def damaged(file: Path, error: Exception | str) -> RunError:
    reason = str(error).splitlines()[0]
    return RunError(f"{file} is damaged ({reason}): remove the folder and train again")


def find(model: str, data: TrainingData, config: TrainingConfig, folder: Path) -> Run:
    """The run of `model` on `data` with `config` below `folder`, finished or not."""
    return Run(Path(folder) / fingerprint(model, data, config))
