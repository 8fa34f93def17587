"""Pictures made anime by a finished run."""

from pathlib import Path

import torch
from torch import Tensor

from artnb.anime.config import SMALLEST
from artnb.anime.runs import Run
from artnb.errors import AnimeError
from artnb.paths import resolve


class Converter:
    """What a run has learnt, as a function of pictures; the same pictures always give the same.

    Attributes:
        run: where it is from.
    """

    def __init__(self, run: Run):
        self.run = run
        self.network = run.network()

    def __call__(self, images: Tensor) -> Tensor:
        """B 3 H W in [0, 1] -> the same, without a gradient.

        Raises:
            AnimeError: pictures of another form, or with a side below 32 px.
        """
        if images.dim() != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise AnimeError(
                f"images are {images.dtype} {tuple(images.shape)}; give B 3 H W floats in [0, 1]"
            )
        if min(images.shape[-2:]) < SMALLEST:
            height, width = images.shape[-2:]
            raise AnimeError(f"a picture is {width} x {height} px: give sides of {SMALLEST} px or more")
        with torch.inference_mode():
            return self.network(images)


@torch.inference_mode()
def mask_of(run: Run, portraits: Tensor) -> Tensor:
    """Where a portrait run draws: B 3 H W in [0, 1] -> B 1 H W, 1 drawn, 0 left as it is.

    Raises:
        AnimeError: the run is none of portraits.
    """
    if run.description["kind"] != "afgan":
        raise AnimeError(
            f"{run.folder} is a run of {run.description['kind']}, which has no mask: give AFGAN's"
        )
    return run.network().parts(portraits)[1].clone()


def load(folder: str | Path) -> Converter:
    """The converter of the run in `folder`; a relative folder is looked for below `paths.home()`.

    Raises:
        RunError: it holds no finished run of this version, or a damaged one.
    """
    return Converter(Run(resolve(folder)))
