"""Networks that stylise in one pass, each trained for one style.

Johnson, Alahi and Fei-Fei: "Perceptual Losses for Real-Time Style Transfer and Super-Resolution" (2016).
Ulyanov et al.: "Texture Networks: Feed-forward Synthesis of Textures and Stylized Images" (2016), with the
instance normalisation of "Improved Texture Networks" (Ulyanov, Vedaldi and Lempitsky, 2017).

Departures: Johnson's is a quarter as wide with three of its five residual blocks, and enlarges by nearest
neighbour and convolution in place of transposed convolution (Odena et al.: "Deconvolution and Checkerboard
Artifacts", 2016), its last kernel 3 x 3; both have mirrored borders, and begin as the picture itself, which
they learn to change. The papers train for hours on a GPU; small pictures and these widths take a minute or
two on two cores, and come less far.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from artnb.errors import StyleError
from artnb.paths import written_whole
from artnb.seeding import derive
from artnb.style.config import StyleConfig
from artnb.style.features import Features
from artnb.style.losses import gram, total
from artnb.style.transfer import checked, resized

DARKEST = 0.02  # and lightest: pixels are moved from there, for a logit of 0 has no slope
LARGEST_GRADIENT = 1.0  # norm to which longer ones are shortened


def convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """With a mirrored border and instance normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, padding_mode="reflect"),
        nn.InstanceNorm2d(outputs, affine=True),
    )


def silent(layer: nn.Conv2d) -> nn.Conv2d:
    """Begins with 0 everywhere."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def changed(images: Tensor, by: Tensor) -> Tensor:
    """In [0, 1]: the pictures themselves where `by` is 0."""
    return (images.clamp(DARKEST, 1 - DARKEST).logit() + by).sigmoid()


class Residual(nn.Module):
    def __init__(self, width: int, convolution: Callable[[int, int], nn.Module] = convolution):
        super().__init__()
        self.block = nn.Sequential(convolution(width, width), nn.ReLU(), convolution(width, width))

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.block(maps)


class JohnsonNetwork(nn.Module):
    """Halves the sides twice, changes, and doubles them again.

    Args:
        width: channels of the first convolution; 32 in the paper.
        blocks: residual ones; 5 in the paper.
    """

    def __init__(self, width: int = 8, blocks: int = 3):
        super().__init__()
        self.options = {"width": width, "blocks": blocks}
        self.down = nn.Sequential(
            *(convolution(3, width, 9), nn.ReLU()),
            *(convolution(width, 2 * width, stride=2), nn.ReLU()),
            *(convolution(2 * width, 4 * width, stride=2), nn.ReLU()),
            *(Residual(4 * width) for _ in range(blocks)),
        )
        self.up = nn.ModuleList([convolution(4 * width, 2 * width), convolution(2 * width, width)])
        self.last = silent(nn.Conv2d(width, 3, 3, padding=1, padding_mode="reflect"))

    def forward(self, images: Tensor) -> Tensor:
        """B 3 H W in [0, 1] -> the same; each side 16 px or more."""
        height, width = images.shape[-2:]
        maps = self.down(images - 0.5)
        for layer, divisor in zip(self.up, (2, 1), strict=True):
            sides = -(-height // divisor), -(-width // divisor)
            maps = F.relu(layer(F.interpolate(maps, sides, mode="nearest")))
        return changed(images, self.last(maps))


class TextureNetwork(nn.Module):
    """Ulyanov's pyramid: from coarse to fine, each scale sees the picture and noise, and what came before.

    Args:
        scales: each twice as fine as the one before; 6 in the paper.
        width: channels that a scale adds; 8 in the paper.
    """

    def __init__(self, scales: int = 4, width: int = 8):
        super().__init__()
        self.options = {"scales": scales, "width": width}
        self.entries = nn.ModuleList(self.block(3 + 3, width) for _ in range(scales))
        self.joints = nn.ModuleList(
            self.block((number + 1) * width, (number + 1) * width) for number in range(1, scales)
        )
        self.last = silent(nn.Conv2d(scales * width, 3, 1))

    @staticmethod
    def block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            *(convolution(inputs, outputs), nn.LeakyReLU(0.01)),
            *(convolution(outputs, outputs), nn.LeakyReLU(0.01)),
            *(convolution(outputs, outputs, 1), nn.LeakyReLU(0.01)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """B 3 H W in [0, 1] -> the same; each side 16 px or more. In evaluation the noise never changes."""
        drawn = None if self.training else torch.Generator().manual_seed(0)
        maps = None
        for number, entry in enumerate(self.entries):
            divisor = 2 ** (len(self.entries) - 1 - number)
            sides = [-(-side // divisor) for side in images.shape[-2:]]
            seen = F.adaptive_avg_pool2d(images - 0.5, sides) if divisor > 1 else images - 0.5
            noise = torch.rand(seen.shape if drawn is None else seen[:1].shape, generator=drawn)
            noise = noise.to(images).expand_as(seen)
            found = entry(torch.cat([seen, noise], 1))
            if maps is not None:
                before = F.interpolate(maps, sides, mode="nearest")
                found = self.joints[number - 1](torch.cat([before, found], 1))
            maps = found
        return changed(images, self.last(maps))


NETWORKS: Mapping[str, type[nn.Module]] = {"johnson": JohnsonNetwork, "ulyanov": TextureNetwork}


def train_feedforward(
    name: str,
    contents: Tensor,
    style: Tensor,
    features: Features,
    config: StyleConfig | None = None,
    steps: int = 300,
    batch_size: int = 4,
    learning_rate: float = 1e-3,
    **options: int,
) -> tuple[nn.Module, pd.DataFrame]:
    """A network that gives pictures the style, taught by the terms that a transfer with `config` has.

    Args:
        name: "johnson" or "ulyanov".
        contents: N 3 S S in [0, 1], what it learns on.
        style: 1 3 h w in [0, 1]; seen at a longer side of config.size.
        config: layers, alpha, beta, gamma, content_loss and seed are taken from it.
        learning_rate: of Adam, at the start; falls to 0 along half a cosine.
        options: of the network.

    Returns:
        The network, in evaluation mode, and a table with a row a step: step, the terms, total.

    Raises:
        StyleError: there is no such network, or a total is not finite.
    """
    if name not in NETWORKS:
        raise StyleError(f"no network {name!r}: there are {', '.join(NETWORKS)}")
    config = config or StyleConfig()
    features.check(config.layers)
    with torch.no_grad():
        wanted = features(resized(checked("style", style), config.size), config.style_layers)
        grams = {layer: gram(maps) for layer, maps in wanted.items()}
    rows = []
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(config.seed, "feedforward", name))
        network = NETWORKS[name](**options).to(memory_format=torch.channels_last).train()
        optimizer = torch.optim.Adam(network.parameters(), learning_rate)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for step in (bar := tqdm(range(1, steps + 1), desc=f"{name} network", unit="step")):
            batch = contents[torch.randint(len(contents), (batch_size,))]
            terms = terms_of(features, config, network(batch), batch, grams)
            objective = total(config, terms)
            if not objective.isfinite():
                raise StyleError(f"the total is {objective.item()} at step {step}: lower the learning_rate")
            optimizer.zero_grad()
            objective.backward()
            nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
            optimizer.step()
            scheduler.step()
            terms["total"] = objective
            rows.append({"step": step} | {term: value.item() for term, value in terms.items()})
            bar.set_postfix(total=rows[-1]["total"], refresh=False)
    return network.eval(), pd.DataFrame(rows)


def terms_of(
    features: Features, config: StyleConfig, images: Tensor, contents: Tensor, grams: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Those of `artnb.style.losses`, means over the batch."""
    found = features(images, config.layers)
    with torch.no_grad():
        wanted = features(contents, config.content_layers + config.perceptual_layers)
    terms = {}
    if config.content_layers:
        loss = F.mse_loss if config.content_loss == "mse" else F.l1_loss
        terms["content"] = sum(loss(found[layer], wanted[layer]) for layer in config.content_layers)
    if config.style_layers:
        terms["style"] = sum(
            F.mse_loss(gram(found[layer]), grams[layer].expand(len(images), -1, -1))
            for layer in config.style_layers
        )
    if config.perceptual_layers:
        terms["perceptual"] = sum(
            F.mse_loss(found[layer], wanted[layer]) for layer in config.perceptual_layers
        )
    return terms


def save_network(path: str | Path, network: nn.Module) -> None:
    """Writes a network as safetensors with its name and options."""
    name = next(name for name, kind in NETWORKS.items() if type(network) is kind)
    known = {"network": name, "options": json.dumps(network.options)}
    weights = {key: value.contiguous() for key, value in network.state_dict().items()}
    with written_whole(path) as beside:
        save_file(weights, beside, known)


def load_network(path: str | Path) -> nn.Module:
    """What `save_network` wrote, in evaluation mode.

    Raises:
        StyleError: it is no such file.
    """
    try:
        with safe_open(path, "pt") as file:
            known = file.metadata()
            network = NETWORKS[known["network"]](**json.loads(known["options"]))
            network.load_state_dict({key: file.get_tensor(key) for key in network.state_dict()})
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StyleError(f"{path} holds no network that was trained for a style ({error})") from None
    return network.to(memory_format=torch.channels_last).eval()
