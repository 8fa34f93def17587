"""How good a classifier's logits are."""

from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_auroc,
    multiclass_calibration_error,
)

CALIBRATION_BINS = 15


def metrics(logits: Tensor, targets: Tensor) -> dict[str, float]:
    """Of logits N K and targets N, every class among them.

    Returns:
        loss: mean cross-entropy in nats; accuracy: top-1, in [0, 1]; auroc: in [0, 1], the mean over
        classes one against the rest; ece: the expected calibration error of Guo et al. (2017) in [0, 1],
        15 equal bins.
    """
    classes = logits.shape[1]
    probabilities = logits.softmax(1)
    return {
        "loss": F.cross_entropy(logits, targets).item(),
        "accuracy": multiclass_accuracy(logits, targets, classes, average="micro").item(),
        "auroc": multiclass_auroc(probabilities, targets, classes).item(),
        "ece": multiclass_calibration_error(probabilities, targets, classes, n_bins=CALIBRATION_BINS).item(),
    }
