"""Affinities of fields from what trained networks see: are their representations alike, do they transfer?

Linear CKA: Kornblith, Norouzi, Lee & Hinton, "Similarity of Neural Network Representations Revisited" (ICML
2019). Transfer: a linear probe on a frozen network (Alain & Bengio, "Understanding intermediate layers using
linear classifier probes", 2016), trained on another field than the one that the network learnt.

Everything is judged on validation images: the test images are for the matrix alone.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from artnb.errors import RelevanceError
from artnb.images.augmentation import standardise
from artnb.relevance.matrix import TOGETHER
from artnb.training.data import FieldImages, TrainingData
from artnb.training.loop import logits_of

BATCH_SIZE = 256


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """How alike two representations of the same images are, from 0 to 1: N D and N E, D and E may differ.

    Kornblith et al., Section 3: tr(K L) / (|K| |L|) of the two Gram matrices N N, centred. Neither a rotation
    of a representation nor its scale matters. It is biased upwards where images are few beside dimensions:
    compare values of equally many images. NaN where a representation is the same for all images.

    Raises:
        RelevanceError: the numbers of images differ.
    """
    if len(first) != len(second):
        raise RelevanceError(
            f"the representations are of {len(first)} and {len(second)} images: give those of the same images"
        )
    one, other = (values - values.mean(0) for values in (first.astype(float), second.astype(float)))
    one, other = one @ one.T, other @ other.T
    size = np.linalg.norm(one) * np.linalg.norm(other)
    return float((one * other).sum() / size) if size else np.nan


@torch.inference_mode()
def branch_outputs(network: nn.Module, images: FieldImages, task: str) -> dict[str, np.ndarray]:
    """What each branch on the path of `task` hands to the head, N D by the branch's name.

    The images may be of another field. Leaves the network in evaluation mode.
    """
    network.eval()
    stem, branches, _ = network.path(task)
    outputs = {name: [] for name in branches}
    for start in range(0, len(images), BATCH_SIZE):
        pixels, _ = images.batch(slice(start, start + BATCH_SIZE))
        features = stem(standardise(pixels))
        for name, branch in branches.items():
            outputs[name].append(branch(features).flatten(1).numpy())
    return {name: np.concatenate(batches) for name, batches in outputs.items()}


def seen(network: nn.Module, images: FieldImages) -> np.ndarray:
    """What the head of a network of one field is given, N D."""
    (task,) = network.tasks
    return np.concatenate(list(branch_outputs(network, images, task).values()), axis=1)


def branch_similarity(network: nn.Module, data: TrainingData) -> pd.DataFrame:
    """Linear CKA of a field's own branch and the common one, on the field's images.

    Returns:
        One row per field: field, partner (`together`, for no single one is meant), CKA of branches.

    Raises:
        RelevanceError: the network has no common branch.
    """
    rows = []
    for field in network.tasks:
        outputs = branch_outputs(network, data.splits["validation"][field], field)
        if "common" not in outputs:
            raise RelevanceError(f"the network of {field} has no common branch: give a multi-task network")
        similarity = linear_cka(outputs["individual"], outputs["common"])
        rows.append({"field": field, "partner": TOGETHER, "CKA of branches": similarity})
    return pd.DataFrame(rows)


def network_similarity(networks: Mapping[str, nn.Module], data: TrainingData) -> pd.DataFrame:
    """Linear CKA of what two networks, each of one field, see in the images of one of the two fields.

    Args:
        networks: by the one field that each has learnt.

    Returns:
        One row per field and partner: field (whose images are looked at), partner, CKA of networks.
    """
    rows = []
    for field in networks:
        images = data.splits["validation"][field]
        views = {other: seen(network, images) for other, network in networks.items()}
        for partner in networks:
            if partner != field:
                similarity = linear_cka(views[field], views[partner])
                rows.append({"field": field, "partner": partner, "CKA of networks": similarity})
    return pd.DataFrame(rows)


def transfer(networks: Mapping[str, nn.Module], untrained: nn.Module, data: TrainingData) -> pd.DataFrame:
    """How much better the field's label is read from the partner's network than from an untrained one.

    Args:
        networks: by the one field that each has learnt.
        untrained: a network of one field from the same initial weights.

    Returns:
        One row per field and partner: field (whose label is read), partner, transfer (a difference of
        accuracies on the validation images, in [-1, 1]).
    """
    rows = []
    for field in networks:
        learnt, judged = (data.splits[split][field] for split in ("train", "validation"))
        chance = probe(untrained, learnt, judged)
        for partner, network in networks.items():
            if partner != field:
                gained = probe(network, learnt, judged) - chance
                rows.append({"field": field, "partner": partner, "transfer": gained})
    return pd.DataFrame(rows)


@torch.inference_mode()
def exchange_affinity(networks: Mapping[str, nn.Module], data: TrainingData) -> pd.DataFrame:
    """How well the partner's network orders the field's images (see `relevance.exchange`).

    Args:
        networks: by the one field that each has learnt, in evaluation mode.

    Returns:
        One row per field and partner: field (whose images are ordered), partner, exchange (area under the
        ROC curve on the validation images, in [0, 1]).
    """
    rows = []
    for field in networks:
        images = data.splits["validation"][field]
        for partner, network in networks.items():
            if partner != field:
                logits, _ = logits_of(network, images, partner)
                area = roc_auc_score(images.targets > 0, logits.softmax(1)[:, -1])
                rows.append({"field": field, "partner": partner, "exchange": area})
    return pd.DataFrame(rows)


def probe(network: nn.Module, learnt: FieldImages, judged: FieldImages) -> float:
    """The accuracy on `judged` of a logistic regression (L2, C = 1, standardised inputs) from `learnt`."""
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    regression.fit(seen(network, learnt), learnt.targets)
    return float(regression.score(seen(network, judged), judged.targets))
