"""Classifiers from before deep learning, on the images and splits that networks have.

A support vector machine and a random forest see the shapes of an image (histograms of oriented gradients:
Dalal & Triggs: "Histograms of Oriented Gradients for Human Detection", CVPR 2005) and its colours (a
histogram over hue, saturation and value; Swain & Ballard: "Color Indexing", 1991). Ruan says that his network
surpasses "traditional classification algorithms", and neither names them nor gives a figure: the choice, and
all numbers below, are this project's.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from skimage.color import rgb2hsv
from skimage.feature import hog
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.svm import SVC
from tqdm.auto import tqdm

from artnb.catalogue import Catalogue
from artnb.errors import TrainingError
from artnb.seeding import derive
from artnb.training.data import FieldImages, load

CELLS = 8  # of gradients, along each side
ORIENTATIONS = 9
COLOURS = (8, 4, 4)  # bins of hue, saturation and value
TREES = 500
FOLDS = 2  # of the validation images, when scores are turned into probabilities
IMAGES_A_BATCH = 256


def support_vector_machines(seed: int) -> list[ClassifierMixin]:
    return [SVC(C=penalty) for penalty in (0.1, 1.0, 10.0, 100.0)]


def random_forests(seed: int) -> list[ClassifierMixin]:
    state = derive(seed, "forest") % 2**32
    options = {"random_state": state, "n_jobs": -1}
    return [RandomForestClassifier(TREES, max_features=share, **options) for share in ("sqrt", 0.1)]


CLASSIFIERS: Mapping[str, Callable[[int], list[ClassifierMixin]]] = {
    "svm": support_vector_machines,
    "forest": random_forests,
}
"""Of each method the candidates, of which validation chooses one."""


def traditional_predictions(
    catalogue: Catalogue,
    image_size: int,
    methods: Sequence[str] = tuple(CLASSIFIERS),
    seeds: Sequence[int] = (0, 1, 2),
    works_per_field: int = 0,
    fields: Sequence[str] = (),
    split: str = "test",
) -> pd.DataFrame:
    """Teaches every method each field from every seed, and asks about a split.

    The validation images choose among a method's candidates (the highest accuracy; of equal ones the first)
    and turn its scores into probabilities, by Platt's sigmoids. Training images are not varied.

    Args:
        seeds: a seed sets the forest and, with `works_per_field`, which training works there are (see
            `data.load`): the same as of a network of that seed.

    Returns:
        The table of `design.predictions`, under the methods "svm" and "forest".

    Raises:
        TrainingError: an unknown method or field, too few works, or a label with fewer than two validation
            images.
        LeakageError: a group lies in two splits.
    """
    if unknown := [method for method in methods if method not in CLASSIFIERS]:
        raise TrainingError(f"methods names {unknown[0]!r}; there are {', '.join(CLASSIFIERS)}")
    tables, known = [], {}
    for seed in tqdm(seeds, desc="traditional classifiers", unit="seed"):
        data = load(catalogue, image_size, fields, works_per_field, seed)
        for field in data.fields:
            parts = {name: data.splits[name][field] for name in ("train", "validation", split)}
            seen = {name: descriptions(images, known) for name, images in parts.items()}
            targets = {name: images.targets.numpy() for name, images in parts.items()}
            if np.bincount(targets["validation"]).min() < FOLDS:
                raise TrainingError(f"{field} has a label of fewer than {FOLDS} validation images: add some")
            for method in methods:
                classifier = taught(CLASSIFIERS[method](seed), seen, targets)
                probabilities = classifier.predict_proba(seen[split])
                tables.append(
                    pd.DataFrame(
                        {
                            "method": method,
                            "seed": seed,
                            "field": field,
                            "id": parts[split].ids,
                            "group": parts[split].groups,
                            "target": targets[split],
                            "prediction": probabilities.argmax(1),
                            "probability": probabilities[:, -1].astype(np.float32),
                            "confidence": probabilities.max(1).astype(np.float32),
                        }
                    )
                )
    table = pd.concat(tables, ignore_index=True)
    return table.assign(correct=table["target"] == table["prediction"])


def taught(
    candidates: Sequence[ClassifierMixin], seen: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray]
) -> ClassifierMixin:
    """The candidate that validation prefers, with probabilities."""
    for candidate in candidates:
        candidate.fit(seen["train"], targets["train"])
    validation = seen["validation"], targets["validation"]
    best = max(candidates, key=lambda candidate: candidate.score(*validation))
    return CalibratedClassifierCV(FrozenEstimator(best), cv=FOLDS).fit(*validation)


def descriptions(images: FieldImages, known: dict[str, np.ndarray]) -> np.ndarray:
    """Gradients and colours of each image, N D; those that are not `known` by their id are added to it."""
    unseen = np.flatnonzero([image_id not in known for image_id in images.ids])
    for places in np.array_split(unseen, -(-len(unseen) // IMAGES_A_BATCH) or 1):
        pixels, _ = images.batch(places)
        for image_id, image in zip(images.ids[places], pixels.permute(0, 2, 3, 1).numpy(), strict=True):
            known[image_id] = description(image)
    return np.stack([known[image_id] for image_id in images.ids])


def description(image: np.ndarray) -> np.ndarray:
    """Of an image H W 3 uint8, H = W: both parts have the norm 1, the colours' as the root of shares."""
    gradients = hog(
        image, ORIENTATIONS, [image.shape[0] // CELLS] * 2, cells_per_block=(2, 2), channel_axis=-1
    )
    colours, _ = np.histogramdd(rgb2hsv(image).reshape(-1, 3), COLOURS, range=[(0, 1)] * 3)
    return np.concatenate([unit(gradients), np.sqrt(colours.ravel() / colours.sum())])


def unit(values: np.ndarray) -> np.ndarray:
    """To a length of 1, unless all are 0."""
    return values / (np.linalg.norm(values) or 1)
