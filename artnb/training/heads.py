"""The fast lane: small networks on frozen features, for every subset of the fields and many seeds in minutes.

The network of a subset S of the fields gives, for the features f of an image of field t in S,

    u = relu(V_t f + v_t)        of field t alone
    z = relu(W f + w)            common to all fields of S
    logits = H_t [u, z] + h_t

which are Sato's two branches (Figure 8) on features that do not learn. In a subset of one field the path has
as many parameters as in any other, so that nothing differs but the partners. The networks of all subsets
are trained side by side in one tensor program, where none is touched by another's images.

The form is this project's. A gain here tells what fields share beyond what the frozen features know already,
and nothing where they do not see what is asked: of the atelier's canon, which is an arrangement, the mean
maps of mobilenet_v2 see none (accuracies of 0.48 to 0.61 on 100 test pictures a field, 60 to learn from).
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from artnb.catalogue import Catalogue
from artnb.errors import TrainingError
from artnb.training.config import TrainingConfig
from artnb.training.data import TrainingData, load
from artnb.training.design import JOIN, all_subsets
from artnb.training.features import Features
from artnb.training.fitting import reproducible

Samples = Mapping[str, tuple[Tensor, Tensor]]  # field -> features N D, targets N
SEEDS = tuple(range(20))


@dataclass(frozen=True)
class HeadConfig:
    """How heads learn: by Adam, with all training images of a field in every step.

    Raises:
        TrainingError: a value that no training can start with, named.
    """

    width: int = 16  # of u and of z
    steps: int = 100
    learning_rate: float = 1e-3
    threads: int = 1  # the last digits depend on it

    def __post_init__(self) -> None:
        for name in ("width", "steps", "learning_rate", "threads"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"{name} is {getattr(self, name)}; give a number above 0")


def head_predictions(
    catalogue: Catalogue,
    features: Features,
    config: HeadConfig = HeadConfig(),
    seeds: Sequence[int] = SEEDS,
    works_per_field: int = 0,
    fields: Sequence[str] = (),
    split: str = "test",
) -> pd.DataFrame:
    """Trains the heads of every subset of the fields from every seed, and asks them about a split.

    After every step the validation images of a network's fields are judged; its weights with the highest mean
    accuracy over the fields are kept, of equal ones those with the lower mean loss, as in `training.fit`.
    A network of one field chooses for that field alone, which is an advantage over those of several.

    Args:
        features: of `catalogue` (see `training.features.extract`).
        seeds: a seed sets the initial weights and, with `works_per_field`, which training works there are
            (see `data.load`); all subsets of a seed start alike.

    Returns:
        The table of `Design.predictions` with `subsets`: one row per image of each network's fields, under
        the method "garden+painting" of the fields it learnt. `relevance.matrix` takes it.

    Raises:
        TrainingError: a field or an image is unknown, there are too few works, or a loss is not finite.
        LeakageError: a group lies in two splits.
    """
    tables = []
    for seed in tqdm(seeds, desc="heads", unit="seed"):
        data = load(catalogue, features.image_size, fields, works_per_field, seed)
        samples = {name: centred(data, features, name) for name in data.splits}
        with reproducible(TrainingConfig(seed=seed, threads=config.threads), "heads"):
            heads = trained(samples["train"], samples["validation"], len(data.classes), config)
            tables += (table.assign(seed=seed) for table in answers(heads, data, samples[split], split))
    table = pd.concat(tables, ignore_index=True)
    table = table[["method", "seed", *table.columns.drop(["method", "seed"])]]
    return table.assign(correct=table["target"] == table["prediction"])


def centred(data: TrainingData, features: Features, split: str) -> Samples:
    """Each field's features less their mean over its training images, by one number scaled to a mean square
    of 1 there: nothing is known of other fields, and no feature that is rarely active is blown up."""
    samples = {}
    for name, images in data.splits[split].items():
        learnt = features.of(data.splits["train"][name].ids)
        mean = learnt.mean(0)
        scale = (learnt - mean).square().mean().sqrt()
        samples[name] = (features.of(images.ids) - mean) / scale, images.targets
    return samples


class Layers(nn.Module):
    """Copies of a linear layer side by side, one for each of some networks."""

    def __init__(self, first: nn.Linear, networks: Sequence[int]):
        super().__init__()
        self.networks = torch.tensor(networks)  # which they are, in the order of the subsets
        self.weight = nn.Parameter(first.weight.detach().repeat(len(networks), 1, 1))  # k O I
        self.bias = nn.Parameter(first.bias.detach().repeat(len(networks), 1))  # k O


class Heads(nn.Module):
    """The networks of all subsets of `fields` (see the module); subsets and fields start alike."""

    def __init__(self, fields: Sequence[str], inputs: int, width: int, classes: int):
        super().__init__()
        self.subsets = all_subsets(fields)
        individual, common = nn.Linear(inputs, width), nn.Linear(inputs, width)
        last = nn.Linear(2 * width, classes)
        self.common = Layers(common, range(len(self.subsets)))
        self.individual, self.last = nn.ModuleList(), nn.ModuleList()
        for name in fields:
            members = [k for k, subset in enumerate(self.subsets) if name in subset]
            self.individual.append(Layers(individual, members))
            self.last.append(Layers(last, members))
        self.place = {name: place for place, name in enumerate(fields)}

    def networks(self, field: str) -> Tensor:
        """Those that know `field`, as indices of `subsets`: k."""
        return self.individual[self.place[field]].networks

    def forward(self, features: Tensor, field: str) -> Tensor:
        """Features of images of one field, N D -> logits of every network that knows it, N k K."""
        individual, last = self.individual[self.place[field]], self.last[self.place[field]]
        weight = torch.cat([individual.weight, self.common.weight[individual.networks]], dim=1)
        bias = torch.cat([individual.bias, self.common.bias[individual.networks]], dim=1)
        hidden = F.linear(features, weight.flatten(0, 1), bias.flatten()).relu().unflatten(1, bias.shape)
        return torch.einsum("nkh,kch->nkc", hidden, last.weight) + last.bias

    def take(self, better: "Heads", chosen: Tensor) -> None:
        """The weights that the networks `chosen` (boolean) have in `better`, in place."""
        for mine, theirs in zip(self.modules(), better.modules(), strict=True):
            if isinstance(mine, Layers):
                copies = chosen[mine.networks]
                mine.weight.data[copies] = theirs.weight.data[copies]
                mine.bias.data[copies] = theirs.bias.data[copies]


def trained(train: Samples, validation: Samples, classes: int, config: HeadConfig) -> Heads:
    """Every network with the weights of the step that its validation images prefer."""
    inputs = next(iter(train.values()))[0].shape[1]
    heads = Heads(list(train), inputs, config.width, classes)
    optimizer = torch.optim.Adam(heads.parameters(), config.learning_rate)
    best = deepcopy(heads)
    accuracy, loss = torch.zeros(len(heads.subsets)), torch.full((len(heads.subsets),), torch.inf)
    for step in range(1, config.steps + 1):
        optimizer.zero_grad(set_to_none=True)
        _, losses = scores(heads, train)
        losses.sum().backward()
        optimizer.step()
        with torch.inference_mode():
            accuracy_now, loss_now = scores(heads, validation)
        if not loss_now.isfinite().all():
            raise TrainingError(
                f"step {step}: a loss is not finite; try a lower learning_rate than {config.learning_rate}"
            )
        better = (accuracy_now > accuracy) | ((accuracy_now == accuracy) & (loss_now < loss))
        best.take(heads, better)
        accuracy = torch.where(better, accuracy_now, accuracy)
        loss = torch.where(better, loss_now, loss)
    return best


def scores(heads: Heads, samples: Samples) -> tuple[Tensor, Tensor]:
    """Each network's accuracy and cross-entropy in nats, summed over its fields."""
    accuracy, loss = torch.zeros(2, len(heads.subsets))
    for name, (features, targets) in samples.items():
        logits = heads(features, name).mT  # N K k
        targets = targets[:, None].expand(-1, logits.shape[2])
        networks = heads.networks(name)
        right = (logits.argmax(1) == targets).float().mean(0)
        losses = F.cross_entropy(logits, targets, reduction="none").mean(0)
        accuracy, loss = accuracy.index_add(0, networks, right), loss.index_add(0, networks, losses)
    return accuracy, loss


@torch.inference_mode()
def answers(heads: Heads, data: TrainingData, samples: Samples, split: str) -> Iterator[pd.DataFrame]:
    """What each network says of the images of each of its fields."""
    for name, (features, targets) in samples.items():
        images, logits = data.splits[split][name], heads(features, name)
        for place, network in enumerate(heads.networks(name)):
            probabilities = logits[:, place].softmax(1)
            yield pd.DataFrame(
                {
                    "method": JOIN.join(heads.subsets[network]),
                    "field": name,
                    "id": images.ids,
                    "group": images.groups,
                    "target": targets,
                    "prediction": probabilities.argmax(1),
                    "probability": probabilities[:, -1],
                    "confidence": probabilities.amax(1),
                }
            )
