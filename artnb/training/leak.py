"""Sato's leak, measured: what an accuracy pretends to when images are augmented before they are split.

Sato et al. make many images of each by augmentation and then draw three quarters of these to learn from, one
quarter to test on (PAPERS.md §1): nearly every test image has copies of itself among the training images.
Here a network learns after that protocol and another after the honest one, which parts the works first, from
the same pool, as many images, the same steps and seeds. Of the quarter that its protocol holds out, one half
chooses the epoch and the other gives the accuracy that it claims; then both are judged on the catalogue's own
test images. Only the split differs.

Departure: Sato reports the best epoch on the test images themselves, which pretends to more still.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import StratifiedGroupKFold

from artnb.catalogue import SPLITS, Catalogue
from artnb.errors import TrainingError
from artnb.images import Store
from artnb.images.augmentation import NO_AUGMENTATION, Augmentation
from artnb.seeding import derive, generator
from artnb.training.config import TrainingConfig
from artnb.training.data import FieldImages, TrainingData, load
from artnb.training.design import at_once, predictions, train_all
from artnb.training.fitting import fit
from artnb.training.saving import saving

AUGMENT_FIRST, SPLIT_FIRST = "augment_then_split", "split_then_augment"
PROTOCOLS = (AUGMENT_FIRST, SPLIT_FIRST)
DIFFERENCE = "difference"
CLAIMED, TRUE, PRETENDED = "claimed", "true", "pretended"
VARIATION = Augmentation(quarter_turns=True, crop=0.2, jitter=0.1, images_per_draw=1)
"""The paper says "flip, rotate, crop, colour"; the amounts are this project's."""
PARTS = 8  # one of them is tested on, one chooses the epoch
DRAWS = 10_000
LEVEL = 0.95
FORMAT = 1  # raised whenever the same leak would be measured otherwise


@dataclass(frozen=True)
class Leak:
    """Both protocols on the training images of one field, from every seed.

    A seed sets which works there are, their copies, the split, the initial weights and the batches.

    Args:
        works: so many training images, equally many of each label and no two of one group; 0 takes all.
        copies: augmented copies of each image, all held in memory; Sato has 20.
        variation: how copies differ.
        config: of the training; its own augmentation is left out, for the copies are the augmentation.
    """

    catalogue: Catalogue
    field: str
    config: TrainingConfig
    image_size: int = 64
    model: str = "artistry-single"
    seeds: tuple[int, ...] = (0, 1, 2)
    works: int = 0
    copies: int = 10
    variation: Augmentation = VARIATION

    def run(self) -> pd.DataFrame:
        """What the networks answer; trains those that have not answered yet, as `Design.run` does.

        Returns:
            One row per protocol, seed and image judged: protocol, seed, quantity (claimed: an image held
            out; true: a test image of the catalogue), id, group, correct.

        Raises:
            TrainingError: too few copies or groups, no such field, or a training failed.
        """
        if self.copies < 2:
            raise TrainingError(f"copies is {self.copies}; a leak needs 2 or more copies of each image")
        jobs = [(self, protocol, seed) for protocol in PROTOCOLS for seed in self.seeds]
        missing = [job for job in jobs if not answers_file(*job).is_file()]
        train_all(answer, missing, min(at_once(self.config), len(missing)))
        return pd.concat([pd.read_parquet(answers_file(*job)) for job in jobs], ignore_index=True)


def answers_file(leak: Leak, protocol: str, seed: int) -> Path:
    """Where the answers of one network lie, named by all that they depend on."""
    what = replace(leak, catalogue=None, config=config_of(leak, seed), seeds=())
    text = repr((FORMAT, leak.catalogue.fingerprint, what, protocol))
    return leak.catalogue.folder / "runs" / f"leak-{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"


def config_of(leak: Leak, seed: int) -> TrainingConfig:
    return replace(leak.config, seed=seed, augmentation=NO_AUGMENTATION)


def answer(leak: Leak, protocol: str, seed: int) -> None:
    """Trains after `protocol`, and writes what the network answers on both parts."""
    data = load(leak.catalogue, leak.image_size, (leak.field,), leak.works, seed)
    protocol_data = divided(data, leak.copies, leak.variation, seed)[protocol]
    run = fit(leak.model, protocol_data, config_of(leak, seed), leak.catalogue.folder / "runs")
    judged = {CLAIMED: protocol_data, TRUE: data}
    answers = pd.concat(
        [predictions(run, data, "test").assign(quantity=quantity) for quantity, data in judged.items()]
    ).assign(protocol=protocol)
    with saving(answers_file(leak, protocol, seed)) as file:
        columns = ["protocol", "seed", "quantity", "id", "group", "correct"]
        answers[columns].to_parquet(file, index=False)


def divided(data: TrainingData, copies: int, variation: Augmentation, seed: int) -> dict[str, TrainingData]:
    """The training images of one field, augmented and split after each protocol.

    Returns:
        protocol -> data whose training images are three quarters of the copies, whose validation and test
        images are an eighth each. Both protocols have equally many of each.
    """
    (name,) = data.fields
    pool = varied(data.splits["train"][name], copies, variation, seed)
    groups = {AUGMENT_FIRST: np.arange(len(pool)), SPLIT_FIRST: pool.groups}
    parts = {protocol: parted(pool.targets.numpy(), of, seed) for protocol, of in groups.items()}
    sizes = {split: min(len(part[split]) for part in parts.values()) for split in SPLITS}
    return {
        protocol: replace(
            data, splits={split: {name: chosen(pool, part[split][: sizes[split]])} for split in SPLITS}
        )
        for protocol, part in parts.items()
    }


def varied(images: FieldImages, copies: int, variation: Augmentation, seed: int) -> FieldImages:
    """`copies` variants of each of N images, copies N rows in memory; an id is the hash of the pixels."""
    originals, _ = images.batch(slice(None))
    size = images.store.size
    pixels = np.empty((copies, len(images), size, size, 3), np.uint8)
    for copy, place in enumerate(pixels):
        place[:] = variation(originals, derive(seed, "copies", copy)).permute(0, 2, 3, 1).numpy()
    pixels = pixels.reshape(-1, size, size, 3)
    ids = np.array([hashlib.sha256(image).hexdigest() for image in pixels])
    return FieldImages(
        Store(size, pixels, pd.Index(ids, dtype="str")),
        np.arange(len(pixels)),
        images.targets.repeat(copies),
        ids,
        np.tile(images.groups, copies),
    )


def parted(targets: np.ndarray, groups: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Shuffled positions of the images of each split, the labels in equal shares; groups stay whole."""
    fewest = min(len(set(groups[targets == target])) for target in set(targets))
    if fewest < PARTS:
        raise TrainingError(
            f"a label has {fewest} groups to learn from, and {PARTS} parts need one each: take more works"
        )
    folds = StratifiedGroupKFold(PARTS, shuffle=True, random_state=derive(seed, "parts") % 2**32)
    test, validation, *train = (part for _, part in folds.split(targets, targets, groups))
    parts = {"train": np.concatenate(train), "validation": validation, "test": test}
    return {split: generator(seed, "parts", split).permutation(part) for split, part in parts.items()}


def chosen(images: FieldImages, places: np.ndarray) -> FieldImages:
    return replace(
        images,
        rows=images.rows[places],
        targets=images.targets[torch.from_numpy(places)],
        ids=images.ids[places],
        groups=images.groups[places],
    )


def by_seed(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per protocol and seed: claimed and true accuracy in [0, 1], pretended (their difference), and
    of how many images each is, claimed_images and true_images."""
    of = answers.pivot_table("correct", ["protocol", "seed"], "quantity", aggfunc=["mean", "size"])
    pretended = of["mean", CLAIMED] - of["mean", TRUE]
    return of["mean"].assign(pretended=pretended).join(of["size"].add_suffix("_images")).reset_index()


def summary(answers: pd.DataFrame) -> pd.DataFrame:
    """Means over all seeds and images, with 95 % intervals.

    Returns:
        For each protocol and for "difference", the first protocol minus the second, one row per quantity:
        protocol, quantity (claimed, true, pretended: claimed minus true), value, low, high (accuracies or
        differences of them), seeds, images, groups (how many were judged; for pretended, in the claim).
    """
    drawn = {
        (protocol, quantity): accuracies(answers, protocol, quantity)
        for protocol in PROTOCOLS
        for quantity in (CLAIMED, TRUE)
    }
    for protocol in PROTOCOLS:
        drawn[protocol, PRETENDED] = drawn[protocol, CLAIMED] - drawn[protocol, TRUE]
    for quantity in (CLAIMED, TRUE, PRETENDED):
        drawn[DIFFERENCE, quantity] = drawn[AUGMENT_FIRST, quantity] - drawn[SPLIT_FIRST, quantity]
    rows = []
    for protocol in (*PROTOCOLS, DIFFERENCE):
        for quantity in (CLAIMED, TRUE, PRETENDED):
            values = drawn[protocol, quantity]
            low, high = np.nanquantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            row = {"protocol": protocol, "quantity": quantity, "value": values[0], "low": low, "high": high}
            rows.append(row | numbers(answers, protocol, quantity))
    return pd.DataFrame(rows)


def numbers(answers: pd.DataFrame, protocol: str, quantity: str) -> dict[str, int]:
    """How many seeds, images and groups an estimate is of."""
    judged = answers["quantity"] == (TRUE if quantity == TRUE else CLAIMED)
    if protocol != DIFFERENCE:
        judged &= answers["protocol"] == protocol
    columns = {"seeds": "seed", "images": "id", "groups": "group"}
    return {name: answers.loc[judged, column].nunique() for name, column in columns.items()}


def accuracies(answers: pd.DataFrame, protocol: str, quantity: str) -> np.ndarray:
    """The accuracy, and then that of every draw of the bootstrap.

    A draw takes seeds, groups of the pool and groups of test images with replacement, independently of each
    other (the pigeonhole bootstrap of Owen, Annals of Applied Statistics 1, 2007), and the same ones for both
    protocols, so that their differences are paired.
    """
    judged = answers[answers["quantity"] == quantity]
    seeds, groups = (np.sort(judged[name].unique()) for name in ("seed", "group"))
    judged = judged[judged["protocol"] == protocol]
    right, number = (
        judged.pivot_table("correct", "seed", "group", aggfunc=total, fill_value=0)
        .reindex(index=seeds, columns=groups, fill_value=0)
        .to_numpy(float)
        for total in ("sum", "size")
    )
    seed_weights, group_weights = weights(len(seeds), "seeds"), weights(len(groups), quantity)
    with np.errstate(invalid="ignore"):  # a draw of few groups may have held none of them out
        return ((seed_weights @ right) * group_weights).sum(axis=1) / (
            (seed_weights @ number) * group_weights
        ).sum(axis=1)


def weights(count: int, name: str) -> np.ndarray:
    """How often each of `count` things is taken: once each in the first row, then in `DRAWS` draws."""
    drawn = generator(0, "leak", name).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    return np.concatenate([np.ones((1, count)), drawn])
