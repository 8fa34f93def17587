"""The metrics against scikit-learn, and the calibration error against its definition."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from artnb.training.metrics import CALIBRATION_BINS, metrics


def calibration_error(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Guo et al. (2017), Eq. (3): the bins' mean |accuracy - confidence|, weighted by their images."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == targets
    error = 0.0
    for index in range(CALIBRATION_BINS):
        low, high = index / CALIBRATION_BINS, (index + 1) / CALIBRATION_BINS
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_metrics_agree_with_scikit_learn(classes, seed):
    rng = np.random.default_rng(seed)
    targets = rng.permutation(np.arange(200) % classes)
    logits = rng.normal(size=(200, classes)) + 0.8 * np.eye(classes)[targets]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = metrics(torch.tensor(logits), torch.tensor(targets))
    scores = probabilities if classes > 2 else probabilities[:, 1]
    expected = {
        "loss": log_loss(targets, probabilities),
        "accuracy": accuracy_score(targets, logits.argmax(1)),
        "auroc": roc_auc_score(targets, scores, multi_class="ovr"),
        "ece": calibration_error(probabilities, targets),
    }
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_perfect_classifier():
    targets = torch.tensor([0, 1, 0, 1, 1])
    found = metrics(100 * torch.nn.functional.one_hot(targets).float(), targets)
    assert found == {"loss": 0, "accuracy": 1, "auroc": 1, "ece": 0}


def test_a_classifier_that_is_always_wrong_and_sure():
    targets = torch.tensor([0, 1, 0, 1])
    found = metrics(50 * torch.nn.functional.one_hot(1 - targets).float(), targets)
    assert found == pytest.approx({"loss": 50, "accuracy": 0, "auroc": 0, "ece": 1})


def test_a_classifier_that_knows_nothing():
    targets = torch.tensor([0, 0, 0, 1])
    found = metrics(torch.zeros(4, 2), targets)
    assert found == pytest.approx({"loss": math.log(2), "accuracy": 0.75, "auroc": 0.5, "ece": 0.25})
