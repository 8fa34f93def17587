"""Published weights for torchvision's networks, from torchvision's hub or from a file, checked key by key.

A file is read without running anything in it: safetensors, or a pickle of tensors alone. Its keys are
torchvision's, such as `features.0.0.weight`. The environment variable ARTNB_WEIGHTS may name a file, or a
folder of files, that is then taken wherever none is named.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from difflib import get_close_matches
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision import models

from artnb.errors import ModelError

SHOWN = 3  # keys named in an error
VARIABLE = "ARTNB_WEIGHTS"
PATTERNS = ("{}.safetensors", "{}.pth", "{}.pt", "{}-*.pth")  # of files in a folder; the last is the hub's
QUIRKS = {"googlenet": {"init_weights": False}}  # else drawn by a method that torchvision gives up


def load_weights(network: nn.Module, name: str, source: str | Path | None = None) -> str:
    """Puts published weights into `network`: torchvision's network `name`, or a part that kept its keys.

    Args:
        source: safetensors, a state dict saved by torch (.pth, .pt), or a folder where such a file has the
            name of the network. Without it what ARTNB_WEIGHTS names is taken, and where that is not set
            torchvision's hub is asked for its default weights of `name`, whose hash it checks.

    Returns:
        16 hex digits of the numbers that `network` now holds: the same from whatever file they came.

    Raises:
        ModelError: no such network, the hub cannot be reached, there is no such file or it cannot be read,
            or it lacks a tensor, has one too many, or one of another shape; names it.
    """
    with torch.device("meta"):  # shapes without numbers
        whole = torchvision_network(name).state_dict().keys()
    file = file_of(name, source)
    weights = from_file(file) if file else from_hub(name)
    source = file or "torchvision's hub"
    if surplus := sorted(weights.keys() - whole):
        raise ModelError(f"{source} has {named(surplus)}, which no {name} has: give a file with its weights")
    known = network.state_dict().keys()
    try:
        missing, _ = network.load_state_dict(
            {key: weights[key] for key in weights.keys() & known}, strict=False
        )
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise ModelError(f"{source} does not fit {name}: {first}") from None
    if missing:
        raise ModelError(f"{source} lacks {named(sorted(missing))}: give a file with all weights of {name}")
    return fingerprint(network)


def file_of(name: str, source: str | Path | None) -> Path | None:
    """The file that `source`, or else ARTNB_WEIGHTS, has for the network `name`; None where none is named."""
    named = source or os.environ.get(VARIABLE)
    if not named or not Path(named).is_dir():
        return Path(named) if named else None
    for pattern in PATTERNS:
        if found := sorted(Path(named).glob(pattern.format(name))):
            return found[0]
    folder = named if source else f"{named}, which {VARIABLE} names,"
    raise ModelError(f"{folder} has no weights of {name}: put {name}.safetensors there, or {name}.pth")


def torchvision_network(name: str, num_classes: int = 1000) -> nn.Module:
    """torchvision's network for images `name`, freshly initialised.

    Raises:
        ModelError: it has none of that name.
    """
    known = models.list_models(module=models)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        raise ModelError(f"torchvision has no network {name!r}: {hint}")
    return models.get_model(name, weights=None, num_classes=num_classes, **QUIRKS.get(name, {}))


def from_hub(name: str) -> Mapping[str, Tensor]:
    published = models.get_model_weights(name).DEFAULT
    try:
        with redirect_stdout(sys.stderr):  # where torch announces a download
            return published.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except Exception as error:  # a line or a damaged file may raise anything
        raise ModelError(
            f"the weights of {name} cannot be had from torchvision's hub ({reason(error)}): "
            f"name a file or a folder that has them, or set {VARIABLE}"
        ) from None


def from_file(file: Path) -> Mapping[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file may raise anything
        raise ModelError(
            f"{file} cannot be read ({reason(error)}): give safetensors, or a state dict that torch saved"
        ) from None
    if not isinstance(weights, Mapping) or not all(isinstance(part, Tensor) for part in weights.values()):
        raise ModelError(f"{file} holds no state dict: give the tensors by their torchvision keys alone")
    return weights


def fingerprint(network: nn.Module) -> str:
    """16 hex digits of every tensor of `network` and its key; the count of batches seen is no weight."""
    digest = hashlib.sha256()
    for key, tensor in sorted(network.state_dict().items()):
        if not key.endswith("num_batches_tracked"):
            digest.update(f"{key} {tensor.dtype} {list(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def reason(error: Exception) -> str:
    """In one line; torch's own advice for a file of unknown content is to run it."""
    if isinstance(error, pickle.UnpicklingError):
        return "it holds something besides tensors"
    return (str(error) or type(error).__name__).splitlines()[0]


def named(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(keys[:SHOWN]) + more
