"""Optimised style transfer: the pixels of a picture are changed until its features are as they should be.

Gatys et al. and Li, by L-BFGS. What the public adds, each an option of StyleConfig: scales that grow by
sqrt(2), and a mean of the iterates with falling weights (Crowson: style-transfer-pytorch, 2021), the
content's colours kept, a mask.
"""

import math
import time
from collections.abc import Callable, Iterator

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm.auto import tqdm

from artnb.errors import StyleError
from artnb.seeding import derive
from artnb.style.colours import with_colours_of
from artnb.style.config import StyleConfig
from artnb.style.features import Features
from artnb.style.lbfgs import LBFGS
from artnb.style.losses import TERMS, Objective
from artnb.style.memory import check_memory, shape_at


class Transfer(Iterator[dict[str, float]]):
    """A style transfer, one evaluation of the objective at a time, to be watched, stopped and gone on with.

        transfer = Transfer(content, style, features, config)
        for row in transfer:  # the row that transfer.history gained
            show(transfer.image)

    However it is taken up again, the numbers are those of a transfer that was never left.

    Args:
        content: 1 3 H W in [0, 1], of any size; resized to config.size, as style is.
        style: 1 3 h w in [0, 1], of any size.
        mask: H W, 1 H W or 1 1 H W in [0, 1]: 1 where the style shall act; where it is 0 the content stays,
            to the bit. None: everywhere.

    Raises:
        StyleError: an image or a mask of another form, or what `Objective` refuses; while it runs, an
            objective that is not finite.
    """

    @torch.inference_mode(False)  # whose tensors know no gradient
    def __init__(
        self,
        content: Tensor,
        style: Tensor,
        features: Features,
        config: StyleConfig | None = None,
        mask: Tensor | None = None,
    ):
        self.config = config or StyleConfig()
        self.features = features.to(content.device)
        self.inputs = checked("content", content), checked("style", style.to(content.device))
        self.mask = None if mask is None else checked_mask(mask.to(content), content)
        self.rows: list[dict[str, float]] = []
        self.seconds = 0.0
        features.check(self.config.layers)
        check_memory(self.features, self.config, content)
        self.begin(0)

    @property
    def image(self) -> Tensor:
        """1 3 H W in [0, 1]: the result so far, at the size of the current scale."""
        result = self.mean / self.mean_weight if self.mean_weight else self.best
        result = self.compose(result)
        if self.config.keep_colours:
            result = with_colours_of(result, self.content)
            result = result if self.area is None else torch.lerp(self.content, result, self.area)
        return result

    @property
    def history(self) -> pd.DataFrame:
        """A row an evaluation: evaluation, from 1; size, px; the terms; total; seconds since the start."""
        return pd.DataFrame(self.rows)

    def __next__(self) -> dict[str, float]:
        if len(self.rows) == self.config.evaluations:
            raise StopIteration
        started = time.perf_counter()
        if len(self.rows) == self.last:
            self.begin(self.scale + 1)
        row = self.evaluate()
        self.seconds += time.perf_counter() - started
        self.rows.append({"evaluation": len(self.rows) + 1, "size": self.config.sizes[self.scale]} | row)
        self.rows[-1]["seconds"] = self.seconds
        return self.rows[-1]

    @torch.inference_mode(False)
    @torch.no_grad()
    def begin(self, scale: int) -> None:
        """Makes ready for the scale of that number."""
        size = self.config.sizes[scale]
        content, style = (resized(image, size) for image in self.inputs)
        before = self.image if scale else None
        self.area = None if self.mask is None else F.interpolate(self.mask, content.shape[-2:], mode="area")
        if before is not None:
            start = resized(before, shape=content.shape[-2:])
        elif self.config.start == "noise":
            drawn = torch.Generator().manual_seed(derive(self.config.seed, "noise"))
            start = torch.rand(content.shape, generator=drawn).to(content)
        else:
            start = content
        self.scale, self.content = scale, content
        self.last = self.config.evaluations * (scale + 1) // self.config.scales
        self.objective = Objective(self.features, self.config, content, style, self.area)
        self.optimizer = LBFGS(start)
        self.best, self.lowest = start, float("inf")
        self.mean, self.mean_weight = torch.zeros_like(start), 0.0

    @torch.inference_mode(False)
    @torch.enable_grad()
    def evaluate(self) -> dict[str, float]:
        """The terms and their total where the picture is now; then a step of L-BFGS."""
        pixels = self.optimizer.point
        wanted = pixels.detach().requires_grad_()
        terms = self.objective(self.compose(wanted))
        total = self.objective.total(terms)
        (gradient,) = torch.autograd.grad(total, wanted)
        row = {name: value.item() for name, value in (terms | {"total": total}).items()}
        self.keep(pixels, row["total"])
        self.optimizer.step(gradient.contiguous())
        return row

    def keep(self, pixels: Tensor, total: float) -> None:
        if not math.isfinite(total):
            raise StyleError(
                f"the objective is {total} at evaluation {len(self.rows) + 1}: give smaller weights "
                "alpha, beta and gamma"
            )
        if total < self.lowest:
            self.best, self.lowest = pixels, total
        if self.config.averaging:
            self.mean.lerp_(pixels, 1 - self.config.averaging)
            self.mean_weight += (1 - self.config.averaging) * (1 - self.mean_weight)

    def compose(self, pixels: Tensor) -> Tensor:
        """The content where the mask is 0."""
        return pixels if self.area is None else torch.lerp(self.content, pixels, self.area)


def stylize(
    content: Tensor,
    style: Tensor,
    features: Features,
    config: StyleConfig | None = None,
    mask: Tensor | None = None,
    on_step: Callable[[Transfer], object] | None = None,
) -> Transfer:
    """A `Transfer`, which see, carried to its end under a bar with the terms.

    Args:
        on_step: is given the transfer after each evaluation; where it returns True, the transfer stops there.

    Returns:
        The transfer: its `image`, 1 3 H W in [0, 1], and its `history`.
    """
    transfer = Transfer(content, style, features, config, mask)
    with tqdm(total=transfer.config.evaluations, desc="style transfer", unit="evaluation") as bar:
        for row in transfer:
            bar.set_postfix({name: row[name] for name in (*TERMS, "total") if name in row}, refresh=False)
            bar.update()
            if on_step is not None and on_step(transfer):
                break
    return transfer


def resized(image: Tensor, size: int = 0, shape: tuple[int, int] | None = None) -> Tensor:
    """B 3 H W at a longer side of `size` px, or at `shape`; bicubic, antialiased, in [0, 1]."""
    shape = shape or shape_at(size, image.shape[-2:])
    if shape == tuple(image.shape[-2:]):
        return image
    return F.interpolate(image, shape, mode="bicubic", antialias=True).clamp(0, 1)


def checked(name: str, image: Tensor) -> Tensor:
    if image.ndim != 4 or image.shape[:2] != (1, 3) or not image.is_floating_point():
        raise StyleError(f"{name} is {image.dtype} {tuple(image.shape)}; give floats 1 3 H W in [0, 1]")
    if not (image.min() >= 0 and image.max() <= 1):
        raise StyleError(
            f"{name} has values from {image.min():.3g} to {image.max():.3g}; give them in [0, 1]"
        )
    return image.detach().float().clone(memory_format=torch.contiguous_format)


def checked_mask(mask: Tensor, content: Tensor) -> Tensor:
    if mask.shape[-2:] != content.shape[-2:] or mask.numel() != content[:, :1].numel():
        raise StyleError(
            f"mask is {tuple(mask.shape)}; give it as H W of the content, {tuple(content.shape[-2:])}"
        )
    if not (mask.min() >= 0 and mask.max() <= 1):
        raise StyleError(f"mask has values from {mask.min():.3g} to {mask.max():.3g}; give them in [0, 1]")
    return mask.reshape(1, 1, *mask.shape[-2:]).float().clone()
