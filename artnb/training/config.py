"""What a training is asked for. Everything here is part of the run's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from artnb.errors import TrainingError
from artnb.images.augmentation import Augmentation
from artnb.training.objectives import OBJECTIVES, PLAIN

FULL = "float32"
PRECISIONS = (FULL, "bfloat16")


@dataclass(frozen=True)
class TrainingConfig:
    """Sato publishes the epochs and the sum of losses; the rest is this project's (PAPERS.md §1).

    Raises:
        TrainingError: a value that no training can start with, named.
    """

    epochs: int = 150
    batch_size: int = 32  # images of each field in a step
    learning_rate: float = 1e-3  # of Adam, at the start; falls to 0 along half a cosine of all epochs
    weight_decay: float = 0.0  # L2, of the parameters that the model names for it
    task_weights: Mapping[str, float] = field(default_factory=dict)  # Sato's lambda_t, 1 where not named
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    threads: int = 1  # the last digits depend on it: never taken from the machine
    device: str = "auto"  # "cpu", "cuda", "mps"; auto takes an accelerator where there is one
    objective: str = field(default=PLAIN, repr=False)  # see `objectives`; the plain sum goes unsaid in names
    precision: str = field(
        default=FULL, repr=False
    )  # "bfloat16" learns in mixed precision and judges in full
    patience: int = field(
        default=0, repr=False
    )  # epochs without a lower mean validation loss, after which it stops; 0: never

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "threads"):
            if not getattr(self, name) > 0:
                raise TrainingError(f"{name} is {getattr(self, name)}; give a number above 0")
        if not self.weight_decay >= 0:
            raise TrainingError(f"weight_decay is {self.weight_decay}; give a number of 0 or more")
        if self.objective not in OBJECTIVES:
            raise TrainingError(f"objective is {self.objective!r}; give one of {', '.join(OBJECTIVES)}")
        if self.precision not in PRECISIONS:
            raise TrainingError(f"precision is {self.precision!r}; give one of {', '.join(PRECISIONS)}")
        if not self.patience >= 0:
            raise TrainingError(f"patience is {self.patience}; give a number of epochs, or 0 for none")
        for task, weight in self.task_weights.items():
            if not weight >= 0:
                raise TrainingError(f"task_weights: {task} has {weight}; give a number of 0 or more")

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> "TrainingConfig":
        """The config that `dataclasses.asdict` made `values` from."""
        values = {"objective": PLAIN, "precision": FULL, "patience": 0, **values}  # runs are older than these
        known = {item.name: values[item.name] for item in fields(cls)}
        return cls(**known | {"augmentation": Augmentation(**known["augmentation"])})
