"""The images a classifier learns from: each field's share of each split, straight from the store."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from artnb.catalogue import SPLITS, Catalogue
from artnb.catalogue.schema import digest_list
from artnb.errors import TrainingError
from artnb.images import Store, open_store
from artnb.seeding import generator


@dataclass(frozen=True)
class FieldImages:
    """Images of one field in one split. Pixels stay in the store until a batch asks for them."""

    store: Store
    rows: np.ndarray  # of the store
    targets: Tensor  # N, the index of each image's label in the data's classes
    ids: pd.Index
    groups: pd.Index

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, chosen: np.ndarray | slice) -> tuple[Tensor, Tensor]:
        """Images B 3 H W uint8 in channels_last, and targets B."""
        pixels = np.ascontiguousarray(self.store.pixels[self.rows[chosen]])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2), self.targets[chosen]


@dataclass(frozen=True)
class TrainingData:
    """Fields with their splits: `splits["train"]["garden"]` are the garden images to learn from."""

    classes: tuple[str, ...]
    splits: Mapping[str, Mapping[str, FieldImages]]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.splits["train"])

    @property
    def image_size(self) -> int:
        return self.splits["train"][self.fields[0]].store.size

    def only(self, *fields: str) -> "TrainingData":
        """The same images of these fields alone."""
        return replace(
            self,
            splits={name: {field: part[field] for field in fields} for name, part in self.splits.items()},
        )

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits of the images that training and selection see: size, split, field, id and label."""
        digest = hashlib.sha256(f"{self.image_size} {self.classes}".encode())
        for split in ("train", "validation"):
            for field, images in self.splits[split].items():
                digest.update(f"{split} {field} {images.targets.tolist()} ".encode())
                digest_list(digest, images.ids, repr)
        return digest.hexdigest()[:12]


def load(
    catalogue: Catalogue,
    image_size: int,
    fields: Sequence[str] = (),
    works_per_field: int = 0,
    seed: int = 0,
) -> TrainingData:
    """The catalogue's images at `image_size`, after its splits have been proved.

    Args:
        fields: all of the catalogue's where none is named.
        works_per_field: so many training images of each field, equally many of each label and of a label
            no two of one group, chosen by `seed`; 0 takes all. Validation and test images stay as they are.

    Raises:
        LeakageError: a group lies in two splits.
        TrainingError: an unknown field, a field that lacks a label, or too few works.
    """
    if unknown := set(fields).difference(catalogue.fields):
        raise TrainingError(
            f"no field {', '.join(sorted(unknown))} here: known are {', '.join(catalogue.fields)}"
        )
    columns = ["id", "field", "label", "group", "split"]
    table = catalogue.proved[columns].sort_values(["field", "id"])
    store = open_store(catalogue, image_size)
    fields, classes = tuple(dict.fromkeys(fields)) or catalogue.fields, catalogue.labels
    train = table["split"] == "train"
    if works_per_field:
        few = few_works(table[train], fields, classes, works_per_field, seed)
        table = pd.concat([table[~train], few])
    splits = {
        split: {
            field: images_of(store, table[(table["split"] == split) & (table["field"] == field)], classes)
            for field in fields
        }
        for split in SPLITS
    }
    for split, of_field in splits.items():
        for field, images in of_field.items():
            for target, label in enumerate(classes):
                if target not in images.targets:
                    raise TrainingError(
                        f"{field} has no {label} image in the {split} split: it cannot be learnt"
                    )
    return TrainingData(classes, splits)


def images_of(store: Store, table: pd.DataFrame, classes: Sequence[str]) -> FieldImages:
    targets = table["label"].map({label: target for target, label in enumerate(classes)})
    ids, groups = pd.Index(table["id"]), pd.Index(table["group"])
    return FieldImages(store, store.rows(ids), torch.tensor(targets.to_numpy(int)), ids, groups)


def few_works(
    train: pd.DataFrame, fields: Iterable[str], labels: Sequence[str], works: int, seed: int
) -> pd.DataFrame:
    """`works` rows of each field, equally many of each label, of a label one a group."""
    if works < 0 or works % len(labels):
        raise TrainingError(
            f"works_per_field is {works}; give a multiple of {len(labels)}, the number of labels"
        )
    works_of = {}
    for field in fields:
        for label in labels:
            rows = train[(train["field"] == field) & (train["label"] == label)]
            order = generator(seed, "works", field, label).permutation(len(rows))
            works_of[field, label] = rows.iloc[order].drop_duplicates("group")
    share = works // len(labels)
    (field, label), fewest = min(works_of.items(), key=lambda item: len(item[1]))
    if len(fewest) < share:
        raise TrainingError(
            f"works_per_field is {works}, but {field} has only {len(fewest)} {label} training works: "
            f"give at most {len(fewest) * len(labels)}"
        )
    return pd.concat([rows.head(share) for rows in works_of.values()]).sort_values(["field", "id"])
