"""Heritage and innovation of pictures that shall belong to an art type, as this project defines them.

Wu ("Heritage and Innovation of Art Creation in the Context of Big Data and Public Health Events", Section 3.2
and Figure 5) prints an "innovation rate" of up to 79.0 % and does not define it. Here, by a classifier of art
types and a set of pictures that were made after one type:

- *heritage* is the share that the classifier takes for the type: of all types it is the likeliest.
- *innovation* is the share that it takes for the type and that lie farther from every training image of the
  type than 95 % of these lie from each other: the distance to the nearest one exceeds the 95th percentile of
  the distances that each training image has to its nearest neighbour of another group (a near-duplicate is
  no neighbour). Distances are Euclidean, between the means of the last feature maps.

Were new pictures of the type drawn as the training images were, 5 in 100 would be that far; real images of
the type that the classifier has not seen show how many are, and are the floor. A picture of no type falls to
one of them all the same, and then counts as heritage or, where it lies far away, as innovation: photographs
that nobody has stylised show how many do, and are what stylised ones must surpass. FuseNet (8 epochs on 320
painted pictures of four types, 64 px) took, type by type, 60 to 90 % of unseen pictures for the type, 2 to
52 % of 50 photographs, and of noise all or none; innovative were 0 to 4 %, 2 to 10 %, and none: even noise is
not new in these features. Innovation is novelty to one classifier and no merit.

Other readings would be as good: the 95th percentile of the distances between all pairs (stricter by far), the
distance to the k-th neighbour or along the training images' covariance, cosine distances, features of a
network that was trained on other images, or a least probability for what is recognised. The paper decides
between none of them.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint
from torch import Tensor, nn
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as v2
from tqdm.auto import tqdm

from artnb.errors import StyleError
from artnb.images.augmentation import standardise
from artnb.style.comparison import LEVEL, Mean
from artnb.style.metrics import check as check_pictures
from artnb.training import Run, TrainingData

BATCH_SIZE = 64
SHARE = 0.95  # of the training images that lie nearer to another one than a new picture must
MEASURES = {"heritage": "recognised", "innovation": "innovative"}


@dataclass(frozen=True, eq=False)
class ArtType:
    """An art type as a classifier knows it."""

    label: str
    field: str
    network: nn.Module
    image_size: int
    target: int  # its place among the classes
    training: Tensor  # features of its training images, N D
    limit: float  # how far a new picture must lie from all of them

    @classmethod
    def of(cls, run: Run, data: TrainingData, label: str, field: str = "") -> "ArtType":
        """The type `label` as the network of `run` knows it.

        Args:
            data: what the run was trained on.
            label: one of its classes.
            field: of the run; its first where none is named.

        Raises:
            StyleError: no such label or field, data of other classes or another image size than the run's,
                or training images of one group only.
            RunError: there is no finished run.
        """
        field = field or run.fields[0]
        if field not in run.fields or label not in run.classes:
            raise StyleError(
                f"the run knows no {label!r} in {field!r}: its classes are {', '.join(run.classes)}, "
                f"its fields {', '.join(run.fields)}"
            )
        if data.classes != run.classes or data.image_size != run.image_size:
            raise StyleError("the data are not those of the run: load what it was trained on, at its size")
        images, network, target = data.splits["train"][field], run.network(), run.classes.index(label)
        rows = np.flatnonzero(images.targets == target)
        batches = [images.batch(part)[0] for part in np.array_split(rows, -(-len(rows) // BATCH_SIZE))]
        _, features = answers(network, batches, field)
        far = limit(features, images.groups[rows])
        return cls(label, field, network, run.image_size, target, features, far)

    def judged(self, images: Sequence[Tensor]) -> pd.DataFrame:
        """What the classifier says of pictures.

        Args:
            images: each 3 H W in [0, 1], of any size; the middle square is resized as training images are.

        Returns:
            One row per picture: recognised (bool), probability (of the type, in [0, 1]), distance (to the
            nearest training image of the type), innovative (bool; recognised, and farther than the limit).

        Raises:
            StyleError: a picture of another form or range, or none.
        """
        if not len(images):
            raise StyleError("there are no pictures to judge: give one or more, each 3 H W in [0, 1]")
        seen = torch.stack([as_seen(image, self.image_size) for image in images])
        logits, features = answers(self.network, seen.split(BATCH_SIZE), self.field)
        recognised = logits.argmax(1) == self.target
        distance = distances(features, self.training).amin(1)
        return pd.DataFrame(
            {
                "recognised": recognised.numpy(),
                "probability": logits.softmax(1)[:, self.target].numpy(),
                "distance": distance.numpy(),
                "innovative": (recognised & (distance > self.limit)).numpy(),
            }
        )

    def images(self, data: TrainingData, split: str = "test") -> tuple[list[Tensor], pd.Index]:
        """Real images of the type, 3 H W in [0, 1], and their groups: the floor of what is new."""
        of_split = data.splits[split][self.field]
        rows = np.flatnonzero(of_split.targets == self.target)
        return list(of_split.batch(rows)[0] / 255), of_split.groups[rows]


def rates(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Heritage and innovation, with intervals.

    The interval is Wilson's, of as many independent pictures as would give the mean the interval that it has
    over contents and styles (see `comparison`), and of no more than there are (after Franco, Little, Louis &
    Slud, "Comparative Study of Confidence Intervals for Proportions in Complex Sample Surveys", Journal of
    Survey Statistics and Methodology 7, 2019). Where all agree it is of as many as there are contents, or
    styles, whichever are fewer.

    Args:
        table: one row per picture: content, style (names of what it was made from, or one name for all where
            it was made from none), recognised, innovative, and the columns `by`.
        by: what tells pictures apart that are no repetition of each other, such as setting and evaluations.

    Returns:
        `by`, measure ("heritage" or "innovation"), rate, low, high (in [0, 1]), images, contents, styles; in
        the order of appearance.

    Raises:
        StyleError: a column is missing, or there are no rows.
    """
    check(table, by)
    rows = []
    for keys, of_one in table.groupby(list(by), sort=False):
        for measure, column in MEASURES.items():
            found = Mean.of(of_one.assign(value=of_one[column].astype(float)))
            low, high = wilson(found)
            row = dict(zip(by, keys, strict=True)) | {"measure": measure}
            rows.append(row | found.row("rate") | {"low": low, "high": high})
    return pd.DataFrame(rows)


def changes(table: pd.DataFrame, over: str, by: Sequence[str]) -> pd.DataFrame:
    """By how much heritage and innovation change from the least value of `over` to its greatest, paired.

    Args:
        table: as for `rates`; for each of `by`, every content and style once at each of the two values.
        over: a column of numbers, such as evaluations.

    Returns:
        `by`, measure, first and last (values of `over`), difference, low, high (in [-1, 1]; NaN where all
        pairs change alike, for their interval would have no width), images, contents, styles.

    Raises:
        StyleError: as `rates`; or pictures lack at one of the two values.
    """
    check(table, [*by, over])
    pair, rows = ["content", "style"], []
    for keys, of_one in table.groupby(list(by), sort=False):
        first, last = of_one[over].min(), of_one[over].max()
        ends = [of_one[of_one[over] == end].set_index(pair) for end in (first, last)]
        if not all(end.index.is_unique for end in ends) or set(ends[0].index) != set(ends[1].index):
            raise StyleError(
                f"pictures at {over} {first} and {last} are not of the same pairs: make both of each, once"
            )
        for measure, column in MEASURES.items():
            apart = ends[1][column].astype(float) - ends[0][column]
            found = Mean.of(apart.rename("value").reset_index())
            row = dict(zip(by, keys, strict=True)) | {"measure": measure, "first": first, "last": last}
            alike = (apart == apart.iloc[0]).all()
            ends_of = (np.nan, np.nan) if alike else np.clip([found.low, found.high], -1, 1)
            rows.append(row | found.row("difference") | dict(zip(("low", "high"), ends_of, strict=True)))
    return pd.DataFrame(rows)


def wilson(found: Mean) -> tuple[float, float]:
    """The interval of a share (see `rates`)."""
    several = [number for number in (found.contents, found.styles) if number > 1]
    reach = found.half_width()
    if reach > 0:
        z = norm.isf((1 - LEVEL) / 2)
        independent = min(z**2 * found.value * (1 - found.value) / reach**2, found.pairs)
    else:
        independent = min(several, default=1)
    low, high = proportion_confint(found.value * independent, independent, alpha=1 - LEVEL, method="wilson")
    return float(low), float(high)


def limit(training: Tensor, groups: Sequence[str]) -> float:
    """How far `SHARE` of the images N D lie, at most, from their nearest neighbour of another group."""
    codes = torch.from_numpy(pd.factorize(pd.Series(groups))[0])
    apart = distances(training, training)
    apart[codes[:, None] == codes] = torch.inf
    nearest = apart.amin(1)
    if not torch.isfinite(nearest).all():
        raise StyleError("the training images of the type are of one group: they have no neighbours")
    return float(nearest.quantile(SHARE))


def distances(first: Tensor, second: Tensor) -> Tensor:
    """Euclidean, N M, without the shortcut that gives two equal vectors a distance."""
    return torch.cdist(first.double(), second.double(), compute_mode="donot_use_mm_for_euclid_dist")


@torch.inference_mode()
def answers(network: nn.Module, batches: Sequence[Tensor], task: str) -> tuple[Tensor, Tensor]:
    """The logits N K and the features N D (means of the maps of its attention layers) of uint8 batches."""
    logits, features = [], []
    with ExitStack() as hooks:
        means: list[Tensor] = []
        for layer in network.attention_layers(task).values():
            hook = layer.register_forward_hook(lambda _layer, _inputs, maps: means.append(maps.mean((2, 3))))
            hooks.enter_context(hook)
        for batch in tqdm(batches, desc="judging", unit="batch", leave=False):
            means.clear()
            logits.append(network(standardise(batch), task))
            features.append(torch.cat(means, dim=1))
    return torch.cat(logits), torch.cat(features)


def as_seen(image: Tensor, size: int) -> Tensor:
    """A picture 3 H W in [0, 1] as networks get one from a file: the middle square, 3 `size` `size` uint8."""
    check_pictures("pictures", image[None])
    side = min(image.shape[-2:])
    square = v2.center_crop(image, [side, side])
    resized = v2.resize(square, [size, size], InterpolationMode.BICUBIC, antialias=True)
    return (255 * resized.clamp(0, 1)).round().to(torch.uint8)


def check(table: pd.DataFrame, by: Sequence[str]) -> None:
    wanted = (*by, "content", "style", *MEASURES.values())
    if missing := [column for column in wanted if column not in table]:
        raise StyleError(f"the table has no column {missing[0]!r}: it needs {', '.join(wanted)}")
    if table.empty:
        raise StyleError("the table has no rows: judge a picture first")
