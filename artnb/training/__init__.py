"""How a classifier learns: config, data, loop, runs, designs of many runs, predictions."""

from artnb.training.budget import budget
from artnb.training.config import TrainingConfig
from artnb.training.convergence import convergence
from artnb.training.cost import cost
from artnb.training.data import TrainingData, load
from artnb.training.design import Design, all_subsets, history, predictions
from artnb.training.features import Features, extract
from artnb.training.fitting import fit
from artnb.training.heads import HeadConfig, head_predictions
from artnb.training.prediction import predict
from artnb.training.runs import Run

__all__ = [
    "Design",
    "Features",
    "HeadConfig",
    "Run",
    "TrainingConfig",
    "TrainingData",
    "all_subsets",
    "budget",
    "convergence",
    "cost",
    "extract",
    "fit",
    "head_predictions",
    "history",
    "load",
    "predict",
    "predictions",
]
