"""Two affinities of fields from their gradients, measured while one network learns all fields.

lookahead         the inter-task affinity of Fifty et al., "Efficiently Identifying Task Groupings for
                  Multi-Task Learning" (NeurIPS 2021): by what share a step along the partner's gradient would
                  lower the field's loss,

                      1 - L_field(theta - eta grad L_partner, theta_field) / L_field(theta, theta_field)

                  where theta are the shared parameters and theta_field the field's own
gradient cosine   of the two fields' gradients by the shared parameters; symmetric

Departures from Fifty et al.: every field is judged on images of its own, for ours have no images in common;
the step is a plain one at the learning rate of the start, while the network learns by Adam at a falling one;
and it is measured after every epoch, on the first batches of the epoch to come, not at every step.
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import islice

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from artnb.errors import RelevanceError
from artnb.training.config import TrainingConfig
from artnb.training.data import TrainingData
from artnb.training.fitting import finite, learn, parts_of, reproducible
from artnb.training.loop import Batch, epoch

BATCHES = 2  # measured on after every epoch; with four fields each takes the time of 2.3 steps of training
SMALLEST = 1e-6  # nats: of a smaller loss no share is taken, for it is a matter of rounding


def gradient_affinities(
    model: str, data: TrainingData, config: TrainingConfig, batches: int = BATCHES
) -> pd.DataFrame:
    """Trains a network of `model` as `fit` does, and measures between its epochs.

    Args:
        batches: how many batches with images of all fields are measured after every epoch, at most.

    Returns:
        One row per epoch, field and other field: epoch, field, partner, lookahead (a share of the loss, 1 at
        most), gradient cosine (in [-1, 1]); means over the batches.

    Raises:
        RelevanceError: the fields of the network share no parameters, or there is one field.
        TrainingError: as for `fit`, a loss is not finite.
    """
    rows = []
    for number, network in learning(model, data, config):
        device = next(network.parameters()).device
        to_come = epoch(data.splits["train"], config, number + 1, device)
        whole = (batch for batch in to_come if len(batch) == len(data.fields))
        with reproducible(config, "lookahead", number):
            measured = [
                affinities_on(network, batch, config.learning_rate) for batch in islice(whole, batches)
            ]
        lookahead, cosine = (torch.stack(of_batches).mean(0) for of_batches in zip(*measured, strict=True))
        rows += [
            {"epoch": number, "field": field, "partner": partner}
            | {"lookahead": lookahead[i, j].item(), "gradient cosine": cosine[i, j].item()}
            for i, field in enumerate(data.fields)
            for j, partner in enumerate(data.fields)
            if i != j
        ]
    return pd.DataFrame(rows)


@torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
def affinities_on(network: nn.Module, batch: Batch, learning_rate: float) -> tuple[Tensor, Tensor]:
    """Lookahead and cosine on one batch, each K K: a row per field, a column per partner.

    In training mode, as the network learns; the network itself is left as it is. A step changes weights by
    less than the ten bits of TF32 can tell, so that convolutions on an accelerator are done without it.
    """
    network = deepcopy(network).train()
    shared = network.shared_parameters()
    if not shared or len(batch) < 2:
        raise RelevanceError("gradients meet where two fields share parameters: give a multi-task model")
    losses = losses_of(network, batch)
    of_fields = [torch.autograd.grad(loss, shared) for loss in losses]
    start = [parameter.detach().clone() for parameter in shared]
    after = []
    with torch.no_grad():
        for gradients in of_fields:
            for parameter, origin, gradient in zip(shared, start, gradients, strict=True):
                parameter.copy_(origin - learning_rate * gradient)
            after.append(torch.stack(losses_of(network, batch)))
        before = torch.stack(losses)[:, None]
        lookahead = (before - torch.stack(after, dim=1)) / before.clamp(min=SMALLEST)
        flat = torch.stack([torch.cat([gradient.flatten() for gradient in each]) for each in of_fields])
        directions = F.normalize(flat, dim=1)
    return lookahead.cpu(), (directions @ directions.T).cpu()


def losses_of(network: nn.Module, batch: Batch) -> list[Tensor]:
    """Each field's cross-entropy in nats."""
    return [F.cross_entropy(network(images, task), targets) for task, (images, targets) in batch.items()]


def learning(model: str, data: TrainingData, config: TrainingConfig) -> Iterator[tuple[int, nn.Module]]:
    """The network that `fit` trains, after each of its epochs (from 1): its weights are the same bit for bit.

    It is not validated, and nothing is written.
    """
    parts = parts_of(model, data, config)
    for number in range(1, config.epochs + 1):
        with finite(config, number), reproducible(config, number):
            learn(parts, data, config, number)
        yield number, parts["network"]
