"""What each network of a design is given, so that "equal budgets" can be said in numbers.

Two methods have equal budgets in one of three senses, which exclude each other:

same epochs   each sees every image of a field equally often, as all networks of a design do and Sato et al.
              have it; a multi-task network's common branch sees the other fields' images beside them;
same steps    each changes its weights equally often: the same where fields have equally many batches, else a
              small field learnt alone takes fewer steps than among larger ones;
same images   each sees equally many images in all: a network of one of four equal fields then learns for four
              times the epochs.
"""

import numpy as np
import pandas as pd
import torch

from artnb import models
from artnb.training.design import Design, Trial
from artnb.training.loop import steps_per_epoch


def budget(design: Design) -> pd.DataFrame:
    """What a network of each method is given that answers for a field; nothing is trained.

    Returns:
        One row per method and field that it is judged on: method, field, networks (one from each seed); of
        each: epochs, steps, field_images and images (seen in all epochs, of the field and in all),
        path_parameters (what an image of the field passes through), parameters (in all); and the epochs in
        which it would take as many steps (epochs_for_steps) or see as many images in all (epochs_for_images)
        as that network for the field which takes or sees the most, rounded up.

    Raises:
        TrainingError: as `Design.trials` does.
    """
    table = pd.DataFrame(
        given(trial, field) for trial in design.trials for field in trial.data.splits["validation"]
    )
    table = table.groupby(table.columns.tolist(), sort=False).size().reset_index(name="networks")
    table.insert(2, "networks", table.pop("networks"))
    for budgeted in ("steps", "images"):
        most = table.groupby("field")[budgeted].transform("max")
        needed = np.ceil(table["epochs"] * most / table[budgeted])
        table[f"epochs_for_{budgeted}"] = needed.astype(int)
    return table


def given(trial: Trial, field: str) -> dict[str, object]:
    """The row of one network."""
    train, config = trial.data.splits["train"], trial.config
    with torch.device("meta"):
        network = models.create(
            trial.model, trial.data.fields, trial.data.image_size, len(trial.data.classes)
        )
    return {
        "method": trial.method,
        "field": field,
        "epochs": config.epochs,
        "steps": config.epochs * steps_per_epoch(train, config.batch_size),
        "field_images": config.epochs * len(train[field]),
        "images": config.epochs * sum(map(len, train.values())),
        "path_parameters": sum(part.numel() for part in network.path_parameters(field)),
        "parameters": sum(part.numel() for part in network.parameters()),
    }
