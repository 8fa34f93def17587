"""Does the answer hang on the places that a map names? They are blurred, and the network is asked again.

Fong & Vedaldi: "Interpretable Explanations of Black Boxes by Meaningful Perturbation" (ICCV 2017), Section
4.1, delete evidence by blurring it, with a standard deviation of 10 pixels in pictures of 224; here it is the
same share of the side. Departure: they search for the mask that changes the answer most; here it is the
*deciding region*, where a map of the network's prediction is at least half of its largest value
(`shapes.bright`), with a sharp border.

Any blur may change an answer, so that the same area is blurred elsewhere too: the region, moved as a whole to
places drawn evenly over the image, where it may meet itself. What is lost beyond that is the map's merit.
(Where maps and subjects both favour the middle of the image, part of it is the middle's.)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F
from tqdm.auto import tqdm

from artnb.attention.comparison import Contrast, contrasted, estimates
from artnb.attention.explaining import named
from artnb.attention.gradcam import evaluating, grad_cam
from artnb.attention.shapes import bright
from artnb.errors import ModelError, RelevanceError
from artnb.images.augmentation import standardise
from artnb.seeding import generator
from artnb.training import Run, TrainingData

BLUR = 10 / 224  # standard deviation, as a share of the image's side
PLACES = 8  # at which the area of each region is blurred for comparison
BATCH_SIZE = 64
SIDES = {
    "deciding": ("deciding", None),
    "random": ("random", None),
    "difference": ("deciding", "random"),
}


@dataclass(frozen=True)
class Occlusion:
    """N images of which one kind of map's deciding region is blurred, and the same area elsewhere."""

    maps: Tensor  # N H W, signed and unscaled
    regions: Tensor  # N H W, bool; empty where a map is nowhere positive
    elsewhere: Tensor  # N H W, bool: the regions, each at the first of its places
    deciding: Tensor  # N: by how much blurring the region changes the explained label's probability
    random: Tensor  # PLACES N: the same at each place


@dataclass(frozen=True)
class Answer:
    """What one network says of N images of one field, and on which places that hangs."""

    probabilities: Tensor  # N K
    targets: Tensor  # N, the label that is explained
    occlusions: Mapping[str, Occlusion]  # by kind of map: "single", "multi-2 individual", "multi-2 common"


def blurred(images: Tensor, masks: Tensor) -> Tensor:
    """`images`, B 3 H W uint8, with a Gaussian blur (`BLUR`) inside `masks`, B H W bool.

    Raises:
        ModelError: the two differ in number or size.
    """
    if masks.shape != (len(images), *images.shape[2:]) or masks.dtype != torch.bool:
        raise ModelError(
            f"the masks are {tuple(masks.shape)}, {masks.dtype}; images {tuple(images.shape)} need "
            f"{(len(images), *images.shape[2:])}, bool: B H W of the images"
        )
    return torch.where(masks[:, None], blurred_whole(images), images)


def blurred_whole(images: Tensor) -> Tensor:
    deviation = BLUR * images.shape[-1]
    kernel = 2 * int(np.ceil(3 * deviation)) + 1
    return F.gaussian_blur(images, [kernel, kernel], [deviation])


def moved(masks: Tensor, shifts: np.ndarray) -> Tensor:
    """Each of `masks`, N H W, moved by its shift, N 2 (down, right), over the border to the opposite one."""
    return torch.stack(
        [mask.roll(tuple(shift.tolist()), (0, 1)) for mask, shift in zip(masks, shifts, strict=True)]
    )


def probabilities(model: nn.Module, images: Tensor, task: str) -> Tensor:
    """Of each label, N K, for images B 3 H W uint8 of the field `task`; the model stays as it was."""
    with evaluating(model), torch.inference_mode():
        return torch.cat([model(standardise(batch), task).softmax(1) for batch in images.split(BATCH_SIZE)])


def answer(
    run: Run,
    network: nn.Module,
    images: Tensor,
    ids: Sequence[str],
    field: str,
    targets: Tensor | None = None,
    layers: Mapping[str, nn.Module] | None = None,
) -> Answer:
    """What `run` says of images of `field`, and what is left of it without its deciding regions.

    Args:
        network: that of `run`.
        images: N 3 H W, uint8.
        ids: of the images; an image has the same random places whatever it is asked with.
        targets: the label to explain, N; what the network predicts when None.
        layers: where the maps are taken, by the name of the branch; the attention layers when None.
    """
    before = probabilities(network, images, field)
    targets = before.argmax(1) if targets is None else targets
    own, dull = targets[:, None], blurred_whole(images)
    side = np.array(images.shape[2:])
    shifts = np.stack([generator(0, "elsewhere", id).integers(0, side, (PLACES, 2)) for id in ids], axis=1)

    def change(masks: Tensor) -> Tensor:
        after = probabilities(network, torch.where(masks[:, None], dull, images), field)
        return (after - before).gather(1, own)[:, 0]

    def occlusion(maps: Tensor) -> Occlusion:
        regions = bright(maps)
        at_random = torch.stack([change(moved(regions, shift)) for shift in shifts])
        return Occlusion(maps, regions, moved(regions, shifts[0]), change(regions), at_random)

    maps = grad_cam(network, standardise(images), targets, field, layers)
    return Answer(before, targets, {name: occlusion(of_name) for name, of_name in named(run, maps).items()})


def effect_of_blurring(
    runs: Iterable[Run], data: TrainingData, field: str, each: int, split: str = "test"
) -> pd.DataFrame:
    """How blurring its deciding region changes the probability of each network's prediction.

    Args:
        runs: of any seeds; those that do not know `field` are left out.
        each: the first images of each label, ordered by id, as `explain` takes them.

    Returns:
        One row per image, kind of map and seed: field, map, seed, id, group, label, prediction, probability
        (of the prediction), deciding (its change where the region is blurred), random (the mean change where
        the same area is blurred at `PLACES` random places), area (share of the image). The changes are NaN
        where a map is nowhere positive.

    Raises:
        RelevanceError: no run knows `field`.
    """
    part = data.splits[split][field]
    rows = np.concatenate(
        [np.flatnonzero(part.targets == target)[:each] for target in range(len(data.classes))]
    )
    images, labels = part.batch(rows)
    names, tables = np.array(data.classes), []
    for run in tqdm([run for run in runs if field in run.fields], desc=f"blurring {field}", unit="run"):
        said = answer(run, run.network(), images, part.ids[rows], field)
        predicted = said.targets[:, None]
        for kind, occlusion in said.occlusions.items():
            shown = occlusion.regions.flatten(1).any(1)
            values = {
                "deciding": occlusion.deciding.where(shown, torch.nan),
                "random": occlusion.random.mean(0).where(shown, torch.nan),
                "area": occlusion.regions.flatten(1).double().mean(1),
            }
            tables.append(
                pd.DataFrame(
                    {
                        "field": field,
                        "map": kind,
                        "seed": run.config.seed,
                        "id": part.ids[rows],
                        "group": part.groups[rows],
                        "label": names[labels],
                        "prediction": names[said.targets],
                        "probability": said.probabilities.gather(1, predicted)[:, 0].numpy(),
                    }
                    | {name: of_name.double().numpy() for name, of_name in values.items()}
                )
            )
    if not tables:
        raise RelevanceError(f"no run knows {field}: give runs that were trained on it")
    return pd.concat(tables, ignore_index=True)


def mean_effects(effects: pd.DataFrame) -> pd.DataFrame:
    """The mean changes of probability, each with a 95 % interval.

    Intervals are percentile bootstraps over groups of images, for these seeds (see `comparison`); both sides
    are drawn with the same groups, so that `difference` is paired by image.

    Args:
        effects: tables of `effect_of_blurring`, of one field or more.

    Returns:
        One row per field and kind of map, and for `mean`, the unweighted mean over fields: field, map,
        deciding, random and difference (deciding minus random: below 0 where the region matters more than
        the same area elsewhere), each with <name>_low and <name>_high; area (mean share of the image), seeds,
        images, groups, empty (share of maps left out for want of a positive part). With fewer than 10 maps
        of a seed that have a region, all are NaN.
    """
    tables = []
    for kind, of_kind in effects.groupby("map", sort=False):
        by_field = [of_field for _, of_field in of_kind.groupby("field", sort=False)]
        estimated = {
            name: pd.DataFrame(estimates([contrast(of_field, *columns) for of_field in by_field]))
            for name, columns in SIDES.items()
        }
        table = estimated["difference"][["field"]].assign(map=kind)
        for name, of_name in estimated.items():
            table[[name, f"{name}_low", f"{name}_high"]] = of_name[["difference", "low", "high"]]
        areas = [of_field.loc[of_field["area"] > 0, "area"].mean() for of_field in by_field]
        table["area"] = [*areas, np.mean(areas)][: len(table)]
        tables.append(table.join(estimated["difference"][["seeds", "images", "groups", "empty"]]))
    table = pd.concat(tables, ignore_index=True)
    order = {field: place for place, field in enumerate(table["field"].unique())}
    return table.sort_values("field", key=lambda fields: fields.map(order), kind="stable", ignore_index=True)


def contrast(effects: pd.DataFrame, first: str, second: str | None) -> Contrast:
    """One column of `effects`, of one field and kind of map, against another or against no change."""
    one, two = (
        effects.pivot_table(side, "seed", "id", dropna=False, sort=False) for side in (first, second or first)
    )
    groups = effects.drop_duplicates("id").set_index("id")["group"].loc[one.columns]
    against = two.to_numpy() if second else 0 * one.to_numpy()
    missing = np.isnan(one.to_numpy()).mean()
    return contrasted(effects["field"].iloc[0], one.to_numpy(), against, groups.to_numpy(), missing)
