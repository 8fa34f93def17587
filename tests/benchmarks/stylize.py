"""How fast pictures are stylised, beside a plain Gatys, and how much memory large ones take.

    python tests/benchmarks/stylize.py

The plain one is written as PyTorch's tutorial is (Jacq: "Neural Transfer Using PyTorch"): modules that keep
their losses between VGG's layers, torch's L-BFGS with its defaults, pixels clamped before each evaluation. It
gets the same network with the same weights, the same layers and the same objective, and 300 evaluations, as
in the tutorial, of 256 px. *speed* is that of one evaluation with its step, or that of coming to the lowest
total that the plain one saw. Both take as many threads as there are cores, and photographs that come with
scikit-image and scikit-learn. The weights are those that ARTNB_WEIGHTS names, else random ones.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import skimage.data
import torch
from joblib import cpu_count
from measuring import apart, forget_peak, machine, markdown, memory
from paired import Comparison, in_turn, table
from sklearn.datasets import load_sample_image
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from artnb.images.augmentation import MEAN, STD
from artnb.style import Features, StyleConfig, Transfer, published_or_random
from artnb.style.config import HALF, PRECISIONS
from artnb.style.lbfgs import PAIRS as PAIRS_KEPT
from artnb.style.losses import Objective
from artnb.style.memory import peak_bytes
from artnb.style.transfer import resized

SIZE = 256  # px, both sides
EVALUATIONS = 300  # the tutorial's
PAIRS = {"coffee, flower": ("coffee", "flower.jpg"), "rocket, china": ("rocket", "china.jpg")}
LARGE = 1024  # px


def picture(name: str, size: int) -> Tensor:
    """1 3 size size of a photograph."""
    image = load_sample_image(name) if "." in name else getattr(skimage.data, name)()
    side = min(image.shape[:2])
    square = torch.from_numpy(np.array(image[:side, :side])).permute(2, 0, 1)[None] / 255
    return resized(square, size).contiguous()


class Normalization(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = torch.tensor(MEAN).view(-1, 1, 1)
        self.std = torch.tensor(STD).view(-1, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.std


class ContentLoss(nn.Module):
    def __init__(self, target: Tensor):
        super().__init__()
        self.target = target.detach()

    def forward(self, maps: Tensor) -> Tensor:
        self.loss = F.mse_loss(maps, self.target)
        return maps


def gram_matrix(maps: Tensor) -> Tensor:
    a, b, c, d = maps.size()
    features = maps.view(a * b, c * d)
    return torch.mm(features, features.t()).div(a * b * c * d)


class StyleLoss(nn.Module):
    def __init__(self, target: Tensor):
        super().__init__()
        self.target = gram_matrix(target).detach()

    def forward(self, maps: Tensor) -> Tensor:
        self.loss = F.mse_loss(gram_matrix(maps), self.target)
        return maps


class Plain:
    """The tutorial's model and loop; `totals` and `seconds` of each evaluation."""

    def __init__(self, features: Features, config: StyleConfig, content: Tensor, style: Tensor):
        self.model = nn.Sequential(Normalization())
        self.content_losses, self.style_losses = [], []
        for name, layer in features.chain.named_children():
            if isinstance(layer, nn.Conv2d):
                twin = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1)
                twin.load_state_dict({key: value.contiguous() for key, value in layer.state_dict().items()})
                layer = twin
            self.model.append(layer)
            if name in config.content_layers:
                self.content_losses.append(ContentLoss(self.model(content)))
                self.model.append(self.content_losses[-1])
            if name in config.style_layers:
                self.style_losses.append(StyleLoss(self.model(style)))
                self.model.append(self.style_losses[-1])
        self.model.eval()
        self.model.requires_grad_(False)
        self.config, self.image = config, content.clone().requires_grad_(True)
        self.optimizer = torch.optim.LBFGS([self.image])
        self.totals: list[float] = []
        self.seconds: list[float] = []
        self.taken = 0.0

    def closure(self) -> Tensor:
        with torch.no_grad():
            self.image.clamp_(0, 1)
        self.optimizer.zero_grad()
        self.model(self.image)
        content = sum(part.loss for part in self.content_losses) * self.config.alpha
        style = sum(part.loss for part in self.style_losses) * self.config.beta
        total = content + style
        total.backward()
        self.totals.append(total.item())
        return total

    def run_more(self, evaluations: int) -> float:
        before = time.perf_counter()
        self.run(len(self.totals) + evaluations)
        return time.perf_counter() - before

    def run(self, evaluations: int) -> None:
        while len(self.totals) < evaluations:
            started, before = time.perf_counter(), len(self.totals)
            self.optimizer.step(self.closure)
            each = (time.perf_counter() - started) / (len(self.totals) - before)
            for _ in self.totals[before:]:
                self.taken += each
                self.seconds.append(self.taken)


def comparisons() -> Iterator[Comparison]:
    torch.set_num_threads(cpu_count())
    features, _ = published_or_random()
    for name, pair in PAIRS.items():
        content, style = (picture(part, SIZE) for part in pair)
        yield from compare(name, features, content, style)


def compare(name: str, features: Features, content: Tensor, style: Tensor) -> Iterator[Comparison]:
    config = StyleConfig(size=SIZE, evaluations=EVALUATIONS)
    plain = Plain(features, config, content, style)
    ways = {
        precision: Transfer(content, style, features, replace(config, precision=precision))
        for precision in PRECISIONS
    }
    each = in_turn(partial(plain.run_more, 20), *(partial(take, way, 20) for way in ways.values()), rounds=3)
    plain.run(EVALUATIONS)
    lowest = int(np.argmin(plain.totals))
    exact = Objective(features, config, content, style)
    for way, seconds in zip(ways, each[1:], strict=True):
        ours = f"{name}, {SIZE} px, {way}"
        yield Comparison(f"an evaluation: {ours}", "a plain Gatys", "speed", each[0] / seconds)
        transfer = Transfer(content, style, features, replace(config, precision=way))
        for row in transfer:
            if row["total"] < plain.totals[lowest] and judged(exact, transfer.best) <= plain.totals[lowest]:
                break
        speed = plain.seconds[lowest] / transfer.seconds
        print(
            f"{ours}: {judged(exact, transfer.best):.4g} after {len(transfer.rows)} evaluations and "
            f"{transfer.seconds:.0f} s; the plain one {plain.totals[lowest]:.4g} after {lowest + 1} and "
            f"{plain.seconds[lowest]:.0f} s",
            file=sys.stderr,
        )
        yield Comparison(f"to equal objective: {ours}", "a plain Gatys", "speed", [speed], at_least=2)


def take(transfer: Transfer, evaluations: int) -> float:
    before = transfer.seconds
    for _ in zip(range(evaluations), transfer, strict=False):
        pass
    return transfer.seconds - before


@torch.no_grad()
def judged(objective: Objective, image: Tensor) -> float:
    """The total in float32."""
    return objective.total(objective(image)).item()


def large(tile: int, evaluations: int) -> dict[str, object]:
    """What a transfer at LARGE px takes, the estimate beside it."""
    torch.set_num_threads(cpu_count())
    features, _ = published_or_random()
    content, style = (picture(part, LARGE) for part in PAIRS["rocket, china"])
    config = StyleConfig(size=LARGE, tile=tile, precision=HALF)
    estimate = peak_bytes(features, config, content.shape[-2:]) / 1e6
    forget_peak()
    before = memory("VmRSS")
    transfer = Transfer(content, style, features, config)
    take(transfer, evaluations)
    peak = memory("VmHWM")
    return {
        "tile, px": tile,
        "estimated MB": round(estimate),
        "measured MB": round((peak - before) * 1.048576),
        "of the process, MB": round(peak * 1.048576),
        "seconds an evaluation": round(transfer.seconds / evaluations, 1),
    }


def seam() -> str:
    """How far pixels' gradients, and the total, differ between one tile and four."""
    features, _ = published_or_random()
    content, style, start = picture("rocket", 512), picture("china.jpg", 512), picture("coffee", 512)
    found = []
    for tile in (256, 512):
        objective = Objective(features, StyleConfig(size=512, tile=tile), content, style)
        pixels = start.clone().requires_grad_()
        total = objective.total(objective(pixels))
        found.append((total.item(), torch.autograd.grad(total, pixels)[0]))
    (parted, its), (whole, gradient) = found
    apart_by = (its - gradient).abs().max() / gradient.abs().max()
    along = torch.cat([(its - gradient)[..., 248:264].flatten(), (its - gradient)[..., 248:264, :].flatten()])
    return (
        f"Four tiles instead of one at 512 px: the total differs by {abs(parted / whole - 1):.1e} of itself, "
        f"the gradient nowhere by more than {apart_by:.1e} of its largest, along the seams by "
        f"{along.abs().max() / gradient.abs().max():.1e}."
    )


def main() -> None:
    print(table(list(comparisons())))
    rows = [apart(large, tile, PAIRS_KEPT + 1) for tile in tqdm((512, 2 * LARGE), "large pictures")]
    print(f"\n{machine('torch')} {LARGE} px, {HALF}.\n\n{markdown(pd.DataFrame(rows))}\n\n{seam()}")


if __name__ == "__main__":
    main()
