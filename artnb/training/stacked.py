"""Several runs of one shape trained as one network: the seeds of a design, or its fields each learnt alone.

A small network leaves most of a GPU idle, so that ten of them cost little more than one. Each member of a
stack has the initial weights, the batches and the running statistics that `fit` would give it; torch.func
makes of their convolutions one convolution in as many groups. Adam moves every number by itself: one Adam of
all members is their Adams. The last digits differ from those of `fit`, for sums are taken in another order.

On a CPU this does not pay: a step of ten artistry-single at 64 px took one core 3.4 s together and 1.5 s in
turn, and a pool of processes keeps all cores busy. On a GPU nobody has measured it yet (torch's own batch
normalisation fails there under vmap, hence the formula below), so `Design.run` lets processes share one.
tests/benchmarks/seeds.py asks both.
"""

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.func import functional_call, vmap
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from tqdm.auto import tqdm

from artnb import models
from artnb.errors import TrainingError
from artnb.images.augmentation import standardise
from artnb.training import fitting
from artnb.training.config import TrainingConfig
from artnb.training.data import FieldImages, TrainingData
from artnb.training.devices import launch
from artnb.training.fitting import Selection
from artnb.training.loop import check_finite, epoch, on
from artnb.training.metrics import metrics
from artnb.training.runs import Run, find, objective_name

Job = tuple[str, TrainingData, TrainingConfig, Path]  # what `fit` is asked for
JUDGED_AT_ONCE = 256  # images, of all members together


def stacks(jobs: Iterable[Job], memory: float) -> list[list[Job]]:
    """`jobs` in stacks that `fit_together` trains in `memory` bytes, those of one shape as evenly as may be.

    By itself stays what cannot be stacked: objectives other than the plain sum, and networks that draw
    random numbers while they learn, such as dropout, for in a stack they would draw others.
    """
    of_shape = defaultdict(list)
    for job in jobs:
        of_shape[shape(*job)].append(job)
    return [stack for alike in of_shape.values() for stack in evenly(alike, memory // bytes_of(*alike[0]))]


def evenly(alike: Sequence[Job], most: float) -> list[list[Job]]:
    count = math.ceil(len(alike) / max(1, most))
    return [alike[part::count] for part in range(count)]


def shape(model: str, data: TrainingData, config: TrainingConfig, folder: Path) -> str:
    """What the jobs of a stack have in common: all but their seeds, images and names of fields."""
    sizes = [
        [(data.fields.index(name), len(images)) for name, images in data.splits[split].items()]
        for split in ("train", "validation")
    ]
    weights = [config.task_weights.get(name, 1.0) for name in data.fields]
    others = asdict(replace(config, seed=0, task_weights={}))
    return repr((model, data.image_size, data.classes, sizes, weights, others))


def bytes_of(model: str, data: TrainingData, config: TrainingConfig, folder: Path) -> float:
    """What a member takes while it learns: its weights, their gradients and Adam's two means, and what a step
    keeps for the way back, in float32; infinity where the job cannot be stacked."""
    if objective_name(data.fields, config):
        return math.inf
    kept = []
    with torch.device("meta"):  # shapes without numbers: nothing is allocated or computed
        network = models.create(model, data.fields, data.image_size, len(data.classes))
        tensors = joined([network])
        try:
            with saved_tensors_hooks(lambda tensor: kept.append(tensor.nbytes), lambda _: None):
                for name, images in data.splits["train"].items():
                    size = min(config.batch_size, len(images))
                    pixels = torch.empty(size, 1, 3, data.image_size, data.image_size)
                    vmap(partial(logits, network, name), in_dims=(0, 1))(tensors, pixels)
        except RuntimeError:  # vmap refuses
            return math.inf
    return 4 * sum(parameter.nbytes for parameter in network.parameters()) + sum(kept)


def logits(network: nn.Module, task: str, tensors: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """What `network` would answer, had it the parameters and buffers `tensors`."""
    return functional_call(network, tensors, (images, task))


def cross_entropy(
    network: nn.Module, task: str, tensors: Mapping[str, Tensor], images: Tensor, targets: Tensor
) -> Tensor:
    return F.cross_entropy(logits(network, task, tensors, images), targets)


def batch_norm(layer: _BatchNorm, images: Tensor) -> Tensor:
    """What `layer` gives for images B C H W, by plain arithmetic: on a GPU torch's own asks for the memory
    format of tensors, which they do not tell under vmap."""
    values, shape = images.float() if images.dtype == torch.bfloat16 else images, (1, -1, 1, 1)
    if layer.training:
        mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3), correction=0)
        count = values.numel() // values.shape[1]
        with torch.no_grad():
            layer.num_batches_tracked += 1
            for kept, seen in (
                (layer.running_mean, mean),
                (layer.running_var, variance * count / (count - 1)),
            ):
                kept.mul_(1 - layer.momentum).add_(layer.momentum * seen)
    else:
        mean, variance = layer.running_mean, layer.running_var
    scale = layer.weight * torch.rsqrt(variance + layer.eps)
    centred = values - mean.view(shape)
    return torch.addcmul(layer.bias.view(shape), centred, scale.view(shape)).to(images.dtype)


def joined(networks: Sequence[nn.Module]) -> dict[str, Tensor]:
    """Parameters and buffers of all networks, the member first, by their names in the first network.

    The networks' own become views of them, which change as they change.
    """
    states = [network.state_dict() for network in networks]
    tensors = {name: torch.stack(of_members) for name, of_members in side_by_side(states).items()}
    for member, (network, state) in enumerate(zip(networks, states, strict=True)):
        views = (whole[member] for whole in tensors.values())
        network.load_state_dict(dict(zip(state, views, strict=True)), assign=True)
    for name, _ in networks[0].named_parameters():
        tensors[name].requires_grad_()
    return tensors


def adams_together(states: Sequence[dict]) -> dict:
    """The state of one Adam that does what those of `states` do, which have taken equally many steps."""
    means = {
        number: {
            name: value if name == "step" else torch.stack([state["state"][number][name] for state in states])
            for name, value in of_parameter.items()
        }
        for number, of_parameter in states[0]["state"].items()
    }
    return {**states[0], "state": means}


def adam_of(member: int, state: dict) -> dict:
    """The state of one of the Adams that make up `state`."""
    means = {
        number: {
            name: value if name == "step" else value[member].clone() for name, value in of_parameter.items()
        }
        for number, of_parameter in state["state"].items()
    }
    return {**state, "state": means}


@dataclass
class Member:
    """One run of a stack, as its checkpoint has it or before its first epoch."""

    model: str
    data: TrainingData
    config: TrainingConfig
    run: Run
    selection: Selection = field(default_factory=Selection)
    failure: str = ""

    def __post_init__(self) -> None:
        self.parts = fitting.parts_of(self.model, self.data, self.config)
        self.network = self.parts["network"]
        self.last = fitting.resume(self.run, self.parts, self.selection)

    @property
    def title(self) -> str:
        return f"{self.run.folder.name} {self.model} {'+'.join(self.data.fields)} seed {self.config.seed}"

    def judge(
        self, number: int, names: Sequence[str], losses: Mapping[str, Tensor], answers: Mapping[str, Tensor]
    ) -> None:
        """Of epoch `number` under other `names` of the fields: training losses, logits of validation images.

        A loss that is not finite fails this member alone.
        """
        own = dict(zip(names, self.data.fields, strict=True))
        of_field = {own[name]: float(loss) for name, loss in losses.items()}
        try:
            with fitting.finite(self.config, number):
                check_finite(of_field)
                validation = {
                    own[name]: metrics(answer, self.data.splits["validation"][own[name]].targets)
                    for name, answer in answers.items()
                }
                check_finite({name: row["loss"] for name, row in validation.items()})
            self.selection.judge(number, of_field, validation, self.network)
        except TrainingError as error:
            self.failure = f"{self.title}: {error}"


class Stack:
    """Members of one shape after the same epoch; its fields have the names that the first one gives them."""

    def __init__(self, members: Sequence[Member]):
        self.members = members
        self.data, self.config = members[0].data, members[0].config
        self.network, self.objective = members[0].network, members[0].parts["objective"]
        self.device = next(self.network.parameters()).device
        for module in self.network.modules():
            if isinstance(module, _BatchNorm):
                module.forward = partial(batch_norm, module)
        self.tensors = joined([member.network for member in members])
        learned = [tensor for tensor in self.tensors.values() if tensor.requires_grad]
        descent = fitting.descent(learned, self.data, self.config)
        self.optimizer, self.scheduler = descent["optimizer"], descent["scheduler"]
        states = [member.parts["optimizer"].state_dict() for member in members]
        self.optimizer.load_state_dict(adams_together(states))
        self.scheduler.load_state_dict(members[0].parts["scheduler"].state_dict())

    def epoch(self, number: int) -> None:
        """Every member learns and is judged, as `fitting.train` has it."""
        with fitting.reproducible(self.config, number):
            losses = self.learn(number)
            validation = side_by_side([member.data.splits["validation"] for member in self.members])
            answers = {name: self.answers(name, images) for name, images in validation.items()}
            for place, member in enumerate(self.members):
                if not member.failure:
                    own = (
                        {name: of_members[place] for name, of_members in given.items()}
                        for given in (losses, answers)
                    )
                    member.judge(number, self.data.fields, *own)

    def learn(self, number: int) -> dict[str, Tensor]:
        """As `loop.train_one_epoch`: each field's mean loss in every member, M on the CPU."""
        self.network.train()
        batches = [
            epoch(member.data.splits["train"], member.config, number, self.device) for member in self.members
        ]
        losses_of: dict[str, list[Tensor]] = {}
        with fitting.precision(self.config, self.device):
            for of_members in zip(*batches, strict=True):
                losses = {
                    name: self.loss(name, *zip(*batch, strict=True))
                    for name, batch in side_by_side(of_members).items()
                }
                self.optimizer.zero_grad(set_to_none=True)
                sum(self.objective.terms(losses).values()).sum().backward()
                self.optimizer.step()
                self.scheduler.step()
                for name, loss in losses.items():
                    losses_of.setdefault(name, []).append(loss.detach())
        return {name: torch.stack(losses).mean(0).cpu() for name, losses in losses_of.items()}

    def loss(self, name: str, images: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """Of the images B 3 H W of each member, their mean cross-entropy: M."""
        function = partial(cross_entropy, self.network, name)
        return vmap(function, in_dims=(0, 1, 0))(self.tensors, in_groups(images), torch.stack(targets))

    @torch.no_grad()
    def answers(self, name: str, images: Sequence[FieldImages]) -> Tensor:
        """As `loop.logits_of`: logits of one field's images, M N K on the CPU."""
        self.network.eval()
        size = max(1, JUDGED_AT_ONCE // len(images))
        answers = []
        for start in range(0, len(images[0]), size):
            batches = [on(self.device, part.batch(slice(start, start + size))) for part in images]
            pixels = in_groups([standardise(batch) for batch, _ in batches])
            function = partial(logits, self.network, name)
            answers.append(vmap(function, in_dims=(0, 1))(self.tensors, pixels).cpu())
        return torch.cat(answers, dim=1)

    def checkpoint(self, number: int) -> None:
        """One for each member, from which it also goes on alone."""
        optimizer, scheduler = self.optimizer.state_dict(), self.scheduler.state_dict()
        for place, member in enumerate(self.members):
            if not member.failure:
                states = {
                    "network": {name: view.clone() for name, view in member.network.state_dict().items()},
                    "objective": self.objective.state_dict(),
                    "optimizer": adam_of(place, optimizer),
                    "scheduler": scheduler,
                }
                fitting.checkpoint(member.run, states, member.selection, number)


def side_by_side(of_members: Sequence[Mapping[str, object]]) -> dict[str, tuple]:
    """Under each name of the first member what stands in its place with all members."""
    return dict(zip(of_members[0], zip(*(each.values() for each in of_members), strict=True), strict=True))


def in_groups(images: Sequence[Tensor]) -> Tensor:
    """M times B 3 H W -> B M 3 H W, contiguous: vmap's batch normalisation refuses channels_last on a GPU."""
    return torch.stack(list(images), dim=1).contiguous()


def fit_together(jobs: Sequence[Job]) -> list[Run]:
    """The runs of `jobs`, which are of one stack (see `stacks`): as `fit` gives them but for the last digits.

    A member whose checkpoint is of another epoch than the others' goes on in a stack of its own.

    Raises:
        TrainingError: as `fit` does; where losses are not finite, once all other members are finished.
    """
    if len(jobs) == 1:
        return [fitting.fit(*jobs[0])]
    runs = [find(*job) for job in jobs]
    missing = {run.folder: (run, job) for run, job in zip(runs, jobs, strict=True) if not run.finished}
    with ExitStack() as locks:
        for folder in sorted(missing):  # in the same order everywhere: no two can wait for each other
            run, (_, _, config, _) = missing[folder]
            locks.enter_context(fitting.holding(run, launch(config.device)))
        of_epoch = defaultdict(list)
        for run, (model, data, config, _) in missing.values():
            if not run.finished:
                member = Member(model, data, config, run)
                of_epoch[member.last].append(member)
        for members in of_epoch.values():
            train(members)
    if failures := [member.failure for members in of_epoch.values() for member in members if member.failure]:
        raise TrainingError("\n".join(failures))
    return runs


def train(members: list[Member]) -> None:
    """Trains what has been left of `members`, and finishes those whose losses stay finite."""
    started = saved = time.monotonic()
    stack = Stack(members)
    config = stack.config
    title = f"{len(members)} {members[0].model} together"
    for number in tqdm(range(members[0].last + 1, config.epochs + 1), title, leave=False, unit="epoch"):
        stack.epoch(number)
        if all(member.failure for member in members):
            return
        if number < config.epochs and time.monotonic() - saved > fitting.CHECKPOINT_SECONDS:
            stack.checkpoint(number)
            saved = time.monotonic()
    share = (time.monotonic() - started) / len(members)
    for member in members:
        if not member.failure:
            fitting.finish(member.run, member.model, member.data, member.config, member.selection, share)
