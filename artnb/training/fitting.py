"""Trains what has not been trained yet: stopped runs go on, and two processes that ask at once train once."""

import json
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import parent_process
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pandas as pd
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm.auto import tqdm

from artnb import __version__, models
from artnb.errors import TrainingError
from artnb.paths import sweep
from artnb.processes import threads
from artnb.seeding import derive
from artnb.training.config import FULL, TrainingConfig
from artnb.training.data import TrainingData
from artnb.training.devices import launch, name_of, share_batches
from artnb.training.loop import check_finite, epoch, logits_of, steps_per_epoch, train_one_epoch
from artnb.training.metrics import metrics
from artnb.training.objectives import objective_of
from artnb.training.runs import CHECKPOINT, DESCRIPTION, FORMAT, HISTORY, WEIGHTS, Run, find, sha256
from artnb.training.saving import alone, saving

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT_SECONDS = 60  # at most so much work is done again after a stop


@dataclass
class Selection:
    """The weights that validation prefers, and the history that led to them."""

    rows: list[dict[str, object]] = field(default_factory=list)
    epoch: int = 0
    accuracy: float = 0.0
    loss: float = float("inf")
    weights: dict[str, Tensor] = field(default_factory=dict)
    lowest: float = float("inf")  # of the mean validation losses so far
    stale: int = 0  # epochs since then

    def judge(
        self,
        number: int,
        losses: Mapping[str, float],
        validation: Mapping[str, Mapping[str, float]],
        network: nn.Module,
    ) -> None:
        """Takes note of epoch `number`: each field's training loss, and the metrics of those validated."""
        self.rows += [
            {"field": task, "epoch": number, "split": "train", "loss": loss} for task, loss in losses.items()
        ]
        self.rows += [
            {"field": task, "epoch": number, "split": "validation", **row} for task, row in validation.items()
        ]
        accuracy, loss = (fmean(row[name] for row in validation.values()) for name in ("accuracy", "loss"))
        self.stale = 0 if loss < self.lowest else self.stale + 1
        self.lowest = min(loss, self.lowest)
        self.offer(number, accuracy, loss, network)

    def offer(self, number: int, accuracy: float, loss: float, network: nn.Module) -> None:
        """Takes the epoch with the higher accuracy; of two that are equal, the one with the lower loss."""
        if (accuracy, -loss) > (self.accuracy, -self.loss):
            self.epoch, self.accuracy, self.loss = number, accuracy, loss
            self.weights = {
                name: tensor.cpu().clone(memory_format=torch.contiguous_format)
                for name, tensor in network.state_dict().items()
            }


def fit(model: str, data: TrainingData, config: TrainingConfig, folder: Path) -> Run:
    """The run of `model` on `data` with `config` below `folder`: found there, gone on with, or trained.

    After every epoch the validation images of all fields are judged; the weights with the highest mean
    accuracy over the fields are kept. Test images are not looked at.

    Departure: Sato reports each field's best epoch on the test images themselves (Table 2).

    Raises:
        TrainingError: a loss is not finite (names the field and the epoch), or a file cannot be written.
        ModelError: no such model, or one that cannot be built for these images.
    """
    run = find(model, data, config, folder)
    if not run.finished:
        fabric = launch(config.device)
        if fabric.broadcast(run.folder.name) != run.folder.name:
            raise TrainingError(
                f"the processes of one training ask for different runs, {run.folder.name} among them: give "
                "every process the same model, data and config"
            )
        with holding(run, fabric):
            if not fabric.broadcast(run.finished):
                train(model, data, config, run, fabric)
    return run


@contextmanager
def holding(run: Run, fabric: "Fabric") -> Iterator[None]:
    """The folder of `run`, made where it is not there, for this training alone: others wait.

    Process 0 holds the lock for all processes of the training.
    """
    with ExitStack() as held:
        with fabric.rank_zero_first():
            if fabric.is_global_zero:
                held.enter_context(alone(run.folder / ".lock"))
                sweep(run.folder)
        yield
        fabric.barrier()  # until process 0 has written it


def train(model: str, data: TrainingData, config: TrainingConfig, run: Run, fabric: "Fabric") -> None:
    started = time.monotonic()
    parts = parts_of(model, data, config)
    network = parts["network"]
    selection = Selection()
    last = resume(run, parts, selection)
    share_batches(network, fabric)
    writes = fabric.is_global_zero

    saved = time.monotonic()
    title = f"{run.folder.name} {model} {'+'.join(data.fields)} seed {config.seed}"
    among_others = parent_process() is not None  # one of several at once, under their common bar
    for number in tqdm(
        range(last + 1, config.epochs + 1),
        title,
        leave=False,
        unit="epoch",
        disable=among_others or not writes,
    ):
        network.begin_epoch(number)
        with finite(config, number), reproducible(config, number):
            losses = learn(parts, data, config, number)
            validation = {
                task: metrics(*logits_of(network, images, task))
                for task, images in data.splits["validation"].items()
            }
            check_finite({task: row["loss"] for task, row in validation.items()})
        selection.judge(number, losses, validation, network)
        if config.patience and selection.stale >= config.patience:
            break
        if writes and number < config.epochs and time.monotonic() - saved > CHECKPOINT_SECONDS:
            checkpoint(run, {name: part.state_dict() for name, part in parts.items()}, selection, number)
            saved = time.monotonic()
    if writes:
        finish(run, model, data, config, selection, time.monotonic() - started)


def parts_of(model: str, data: TrainingData, config: TrainingConfig) -> dict[str, Any]:
    """All that a training changes, as it is before the first step."""
    device = launch(config.device).device
    with reproducible(config):
        network = models.create(model, data.fields, data.image_size, len(data.classes))
    network.to(device, memory_format=torch.channels_last)
    objective = objective_of(config.objective, network, config.task_weights).to(device)
    decayed, others = by_decay(network)
    groups = [{"params": [*decayed, *objective.parameters()]}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.Adam(groups, config.learning_rate, weight_decay=config.weight_decay, fused=True)
    steps = config.epochs * steps_per_epoch(data.splits["train"], config.batch_size)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    return {"network": network, "objective": objective, "optimizer": optimizer, "scheduler": scheduler}


def by_decay(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The parameters that weight decay acts on, and the others."""
    decayed = network.decayed_parameters()
    ids = set(map(id, decayed))
    return decayed, [parameter for parameter in network.parameters() if id(parameter) not in ids]


def learn(
    parts: Mapping[str, Any], data: TrainingData, config: TrainingConfig, number: int
) -> dict[str, float]:
    """Epoch `number`, in the arithmetic that `reproducible` has set: each field's mean loss."""
    device = next(parts["network"].parameters()).device
    batches = epoch(data.splits["train"], config, number, device)
    with precision(config, device):
        return train_one_epoch(
            parts["network"], batches, parts["objective"], parts["optimizer"], parts["scheduler"]
        )


@contextmanager
def finite(config: TrainingConfig, number: int) -> Iterator[None]:
    """Turns a loss that is not finite into advice."""
    try:
        yield
    except FloatingPointError as error:
        raise TrainingError(
            f"epoch {number}: {error}; try a lower learning_rate than {config.learning_rate}"
        ) from None


def precision(config: TrainingConfig, device: torch.device) -> torch.autocast:
    """Convolutions and dense layers in `config.precision`; weights, normalisation and losses in float32."""
    return torch.autocast(
        device.type,
        torch.bfloat16,
        enabled=config.precision != FULL,
        cache_enabled=False,  # the cache keeps casts of weights that the optimizer has changed since
    )


@contextmanager
def reproducible(config: TrainingConfig, *stream: object) -> Iterator[None]:
    """Torch's own randomness (initial weights, dropout) from the seed, its arithmetic from `threads`."""
    with threads(config.threads), torch.random.fork_rng():
        torch.manual_seed(derive(config.seed, "torch", *stream))
        yield


def checkpoint(run: Run, states: dict, selection: Selection, number: int) -> None:
    """Writes down the states of the parts (see `parts_of`) after epoch `number`."""
    with saving(run.folder / CHECKPOINT) as path, path.open("wb") as file:
        torch.save({"parts": states, "selection": vars(selection), "epoch": number}, file)


def resume(run: Run, parts: dict, selection: Selection) -> int:
    """Puts everything back as the checkpoint has it; returns its epoch, 0 where there is none."""
    path = run.folder / CHECKPOINT
    if not path.is_file():
        return 0
    try:
        with ZipFile(path) as archive:
            if broken := archive.testzip():  # which torch does not ask
                raise ValueError(f"the numbers in {broken} have changed")
        state = torch.load(path, weights_only=True, map_location="cpu")
        for name, part in parts.items():
            part.load_state_dict(state["parts"][name])
        vars(selection).update(state["selection"])
        return state["epoch"]
    except Exception as error:  # a damaged pickle may raise anything
        raise TrainingError(
            f"{path} is damaged ({error}): remove it and ask for the run again, from its start"
        ) from error


def finish(
    run: Run, model: str, data: TrainingData, config: TrainingConfig, selection: Selection, seconds: float
) -> None:
    """Writes the run; its description comes last and makes it finished."""
    fabric = launch(config.device)
    with saving(run.folder / WEIGHTS) as path:
        save_file(selection.weights, path)
    with saving(run.folder / HISTORY) as path:
        pd.DataFrame(selection.rows).to_parquet(path, index=False)
    description = {
        "format": FORMAT,
        "model": model,
        "fields": data.fields,
        "classes": data.classes,
        "image_size": data.image_size,
        "images": {
            split: {task: len(images) for task, images in part.items()} for split, part in data.splits.items()
        },
        "data": data.fingerprint,
        "config": asdict(config),
        "selected_epoch": selection.epoch,
        "validation": {"accuracy": selection.accuracy, "loss": selection.loss},
        "weights_sha256": sha256(run.folder / WEIGHTS),
        "seconds": round(seconds, 1),
        "environment": {
            "artnb": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
            "device": name_of(fabric.device),
            "processes": fabric.world_size,
        },
    }
    with saving(run.folder / DESCRIPTION) as path:
        path.write_text(json.dumps(description, indent=1))
    (run.folder / CHECKPOINT).unlink(missing_ok=True)
