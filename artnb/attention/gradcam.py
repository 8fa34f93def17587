"""Grad-CAM: where in an image the evidence for a class lies.

Selvaraju et al.: "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization"
(2017), Eqs. (1) and (2):

    alpha_k = mean over i, j of d logit_target / d A^k_ij        L = sum over k of alpha_k A^k

Departure: the paper keeps ReLU(L). Here the map keeps its sign, for a map that is negative everywhere
also says something; `positive` gives the paper's.

Captum gives activations and gradients of all layers from one pass. Its `LayerGradCam`, whose maps these are
to the bit, goes through the network once for each layer, and keeps for the way back what lies before it too.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from captum._utils.gradient import compute_layer_gradients_and_eval
from captum.attr import LayerAttribution
from torch import Tensor, nn
from torch.func import functional_call

from artnb.errors import ModelError


def grad_cam(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    task: str,
    layers: Sequence[str] | Mapping[str, nn.Module] | None = None,
    batch_size: int = 64,
) -> dict[str, Tensor]:
    """Signed maps B H W at the size of the images, unscaled: comparable between images and networks.

    Works where gradients are switched off, and leaves the model as it was whatever happens: the mode of
    every module, the hooks, the gradients.

    Args:
        images: standardised, B 3 H W, on the model's device.
        targets: the class to explain, one per image or one for all.
        task: the field that the images are of.
        layers: names among `model.attention_layers(task)`, all of them when None; or other layers by a name.
        batch_size: images at a time; the maps do not depend on it.

    Returns:
        The maps by the name of the layer, enlarged bilinearly from the layer's size.

    Raises:
        ModelError: the model has no such layer, a layer takes no part in its answer, or the number of targets
            is not that of the images.
    """
    return grad_cam_and_logits(model, images, targets, task, layers, batch_size)[0]


@torch.inference_mode(False)
def grad_cam_and_logits(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    task: str,
    layers: Sequence[str] | Mapping[str, nn.Module] | None = None,
    batch_size: int = 64,
) -> tuple[dict[str, Tensor], Tensor]:
    """As `grad_cam`, with the logits, B K, which the maps explain."""
    known = layers if isinstance(layers, Mapping) else model.attention_layers(task)
    layers = list(known) if layers is None else list(layers)
    if unknown := [name for name in layers if name not in known]:
        raise ModelError(f"no attention layer {unknown[0]!r} for {task}: known are {', '.join(known)}")
    images = images.clone() if images.is_inference() else images
    targets = torch.as_tensor(targets, dtype=torch.long, device=images.device)
    if targets.shape not in ((), (len(images),)):
        raise ModelError(
            f"targets must be one class or {len(images)}, as the images: not {list(targets.shape)}"
        )
    targets = targets.expand(len(images)).clone()
    batches = list(zip(images.split(batch_size), targets.split(batch_size), strict=True))
    with evaluating(model):
        parts = [attribute(model, {name: known[name] for name in layers}, *batch, task) for batch in batches]
    maps, logits = zip(*parts, strict=True)
    return {name: torch.cat([part[name] for part in maps]) for name in layers}, torch.cat(logits)


def positive(maps: Tensor) -> Tensor:
    """Grad-CAM as published: only what speaks for the class. May be empty (zero everywhere)."""
    return maps.relu()


def attribute(
    model: nn.Module, layers: Mapping[str, nn.Module], images: Tensor, targets: Tensor, task: str
) -> tuple[dict[str, Tensor], Tensor]:
    """The maps of all layers, and the logits: one pass forth, and one back as far as the first layer."""
    if not len(images):
        return dict.fromkeys(layers, images[:, 0]), model(images, task)
    frozen = {name: parameter.detach() for name, parameter in model.named_parameters()}
    logits = []

    def answer(images: Tensor, task: str) -> Tensor:
        logits.append(functional_call(model, frozen, (images, task)))
        return logits[-1]

    try:
        found = compute_layer_gradients_and_eval(answer, [*layers.values()], images, targets, task)
    except AssertionError:  # a hook saw nothing
        raise ModelError(
            f"of the attention layers {', '.join(layers)} one takes no part in what the model says of {task}"
        ) from None
    maps = {
        name: (gradients.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True).detach()
        for name, (gradients,), (features,) in zip(layers, *found, strict=True)
    }
    enlarged = {
        name: LayerAttribution.interpolate(map_, images.shape[-2:], "bilinear").squeeze(1)
        for name, map_ in maps.items()
    }
    return enlarged, logits[0].detach()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode; afterwards every module in the mode it had."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
