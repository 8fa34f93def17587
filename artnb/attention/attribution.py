"""An image's answer taken apart: what each channel of each branch adds to it.

An image's *margin*, the logit of its own label minus the mean logit of the others, is attributed to the
outputs of the individual and of the common branch by integrated gradients (Sundararajan, Taly & Yan:
"Axiomatic Attribution for Deep Networks", ICML 2017, Eq. (1)), computed by Captum. They are complete: all
channels' attributions add up to the margin of the image minus that of the baseline, which gradient times
activation does not promise.

The baseline is the mean output over training images of the field, so that a channel that does the same in
every picture gets nothing, however strong it is. A channel's attribution is the sum over its places.

What a network has learnt shows beside two that cannot know (all heads begin with the same weights, see
`models.artistry`, and a channel that varies much gets much, whatever a head makes of it):

start         the network as its run began, before the first step;
other heads   the trained network with heads drawn anew, each field's for itself: one draw for each run.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn
from tqdm.auto import tqdm

from artnb import models
from artnb.attention.gradcam import evaluating
from artnb.attention.randomisation import reinitialised
from artnb.errors import ModelError, RelevanceError
from artnb.images.augmentation import standardise
from artnb.training import Run, TrainingData
from artnb.training.data import FieldImages
from artnb.training.fitting import reproducible

TRAINED, START, OTHER_HEADS = "trained", "start", "other heads"
REFERENCES = 32  # training images of each label, whose mean output is the baseline
STEPS = 50  # of the integral, by Gauss and Legendre: its error is about 1 % of the margins
BATCH_SIZE = 32


@dataclass(frozen=True)
class ChannelUse:
    """What each channel adds to the answers that one network gives to images of one field."""

    method: str
    seed: int
    network: str  # TRAINED, START or OTHER_HEADS
    field: str
    groups: np.ndarray  # N
    attributions: Mapping[str, np.ndarray]  # branch -> N C, signed, in logits

    @property
    def profile(self) -> np.ndarray:
        """The mean size of each common channel's attribution, C."""
        return np.abs(self.attributions["common"]).mean(axis=0)

    @property
    def shares(self) -> np.ndarray:
        """The common branch's share of the size of each image's attributions, N; NaN where all are 0."""
        sizes = {branch: np.abs(values).sum(axis=1) for branch, values in self.attributions.items()}
        whole = sum(sizes.values())
        return np.divide(sizes["common"], whole, out=np.full(len(whole), np.nan), where=whole > 0)


@torch.inference_mode(False)
def attributions(
    model: nn.Module, images: Tensor, targets: Tensor | int, task: str, reference: Tensor
) -> dict[str, Tensor]:
    """What each channel at the end of each branch adds to the images' margins over that of the baseline.

    Works where gradients are switched off, and leaves the model as it was.

    Args:
        model: a network with `path` (see `models.artistry`).
        images: standardised, B 3 H W, on the model's device.
        targets: the class whose margin is explained, one per image or one for all.
        task: the field that the images are of.
        reference: standardised, R 3 H W; their mean output is the baseline.

    Returns:
        By the name of the branch: B C, signed, in logits. All channels of all branches add up to the
        difference of the margins, but for the error of the integral.

    Raises:
        ModelError: no images, no reference, or the number of targets is not that of the images.
    """
    if not len(images) or not len(reference):
        raise ModelError("images and reference must hold one image or more each: one of them is empty")
    targets = torch.as_tensor(targets, dtype=torch.long, device=images.device)
    if targets.shape not in ((), (len(images),)):
        raise ModelError(
            f"targets must be one class or {len(images)}, as the images: not {list(targets.shape)}"
        )
    _, branches, head = model.path(task)

    def margin(*arguments: Tensor) -> Tensor:
        *outputs, own = arguments
        logits = head(torch.cat([output.flatten(1) for output in outputs], dim=1))
        chosen = logits.gather(1, own[:, None])[:, 0]
        return chosen - (logits.sum(1) - chosen) / (logits.shape[1] - 1)

    found = []
    with evaluating(model):
        baseline = tuple(output.mean(0, keepdim=True) for output in branch_outputs(model, reference, task))
        batches = images.split(BATCH_SIZE), targets.expand(len(images)).clone().split(BATCH_SIZE)
        for batch, own in zip(*batches, strict=True):
            of_batch = IntegratedGradients(margin).attribute(
                branch_outputs(model, batch, task),
                baseline,
                additional_forward_args=own,
                n_steps=STEPS,
                internal_batch_size=8 * BATCH_SIZE,
            )
            found.append([of_branch.detach().sum((2, 3)) for of_branch in of_batch])
    of_branches = map(torch.cat, zip(*found, strict=True))
    return dict(zip(branches, of_branches, strict=True))


@torch.no_grad()
def branch_outputs(model: nn.Module, images: Tensor, task: str) -> tuple[Tensor, ...]:
    """What the branches of `task`'s path hand to its head, B C H W each, in the head's order."""
    stem, branches, _ = model.path(task)
    features = [stem(batch) for batch in images.split(BATCH_SIZE)]
    return tuple(torch.cat([branch(part) for part in features]) for branch in branches.values())


def channel_use(runs: Iterable[Run], data: TrainingData, each: int, split: str = "test") -> list[ChannelUse]:
    """The attributions of those of `runs` that have a common branch, and of what each is to be read beside.

    Of every field the first `each` images of each label are asked, ordered by id.

    Raises:
        RelevanceError: no run has a common branch; a method has two runs of one seed, or of other fields.
    """
    runs = [run for run in runs if "common" in run.network().attention_layers(run.fields[0])]
    check(runs)
    uses = []
    for run in tqdm(runs, desc="attributing to channels", unit="run"):
        for name, network in networks(run).items():
            for field in run.fields:
                asked, known = data.splits[split][field], data.splits["train"][field]
                rows = of_each_label(asked, each)
                images, targets = asked.batch(rows)
                reference, _ = known.batch(of_each_label(known, REFERENCES))
                found = attributions(network, standardise(images), targets, field, standardise(reference))
                values = {branch: of_branch.numpy() for branch, of_branch in found.items()}
                uses.append(ChannelUse(run.method, run.config.seed, name, field, asked.groups[rows], values))
    return uses


def networks(run: Run) -> dict[str, nn.Module]:
    """The trained network, and the two that cannot know what it has learnt."""
    trained = run.network()
    with reproducible(run.config):
        start = models.create(run.description["model"], run.fields, run.image_size, len(run.classes))
    other = deepcopy(trained)
    other.heads = reinitialised(other.heads, run.config.seed)
    return {TRAINED: trained, START: start, OTHER_HEADS: other}


def of_each_label(part: FieldImages, each: int) -> np.ndarray:
    """The places of the first `each` images of each label."""
    return np.concatenate([np.flatnonzero(part.targets == target)[:each] for target in part.targets.unique()])


def check(runs: Sequence[Run]) -> None:
    if not runs:
        raise RelevanceError("no run has a common branch: give the runs of a multi-task network")
    fields = {run.method: run.fields for run in runs}
    if several := [run for run in runs if run.fields != fields[run.method]]:
        raise RelevanceError(
            f"{several[0].method} has runs of {', '.join(several[0].fields)} and of "
            f"{', '.join(fields[several[0].method])}: compare networks of the same fields"
        )
    seeds = [(run.method, run.config.seed) for run in runs]
    if twice := [key for key in seeds if seeds.count(key) > 1]:
        raise RelevanceError("{} has two runs of seed {}: give one for each seed".format(*twice[0]))
