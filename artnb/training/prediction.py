"""A run applied to pictures that no catalogue knows."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from artnb.errors import ImageError
from artnb.images import decode_square
from artnb.images.augmentation import standardise
from artnb.training.devices import judging_device
from artnb.training.runs import Run

BATCH_SIZE = 64


def predict(run_folder: Path, paths: Sequence[Path]) -> tuple[pd.DataFrame, list[tuple[Path, str]]]:
    """The probabilities that the run in `run_folder` gives for image files and for the files of folders.

    Returns:
        A table with one row per image and field of the run: path, field, probability_<label> for each
        label (in [0, 1], together 1), prediction (the likeliest label). And the files that could not be
        read, each with the reason.

    Raises:
        RunError: `run_folder` holds no finished run.
    """
    run = Run(Path(run_folder))
    device = judging_device(run.config.device)
    network = run.network().to(device)
    tables, unreadable = [], []
    for images, names in batches(paths, run.image_size, unreadable):
        with torch.inference_mode():
            images = images.to(device)
            of_field = {task: network(images, task).softmax(1).cpu() for task in run.fields}
        for task, probabilities in of_field.items():
            table = pd.DataFrame(
                probabilities.numpy(), columns=[f"probability_{label}" for label in run.classes]
            )
            table.insert(0, "path", names)
            table.insert(1, "field", task)
            table["prediction"] = [run.classes[best] for best in probabilities.argmax(1)]
            tables.append(table)
    columns = ["path", "field", *(f"probability_{label}" for label in run.classes), "prediction"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns), unreadable


def batches(
    paths: Iterable[Path], size: int, unreadable: list[tuple[Path, str]]
) -> Iterator[tuple[torch.Tensor, list[str]]]:
    """Standardised images B 3 size size and their paths; what cannot be read is added to `unreadable`."""
    pixels, names = [], []
    for path in tqdm(list(files(paths)), desc="predicting", unit="image"):
        try:
            pixels.append(decode_square(path, size))
            names.append(str(path))
        except ImageError as error:
            unreadable.append((path, str(error)))
        if len(names) == BATCH_SIZE:
            yield tensor(pixels), names
            pixels, names = [], []
    if names:
        yield tensor(pixels), names


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The paths themselves, and in place of a folder all files below it that are not hidden."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and not hidden(file, path))
        else:
            yield path


def hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def tensor(pixels: list[np.ndarray]) -> torch.Tensor:
    return standardise(torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2))
