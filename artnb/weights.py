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
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision import models

from artnb.errors import ModelError
from artnb.paths import resolve

HUB = "hub"
SHOWN = 3  # keys named in an error
VARIABLE = "ARTNB_WEIGHTS"
PATTERNS = (  # of files in a folder: whole networks, the last as the hub calls them, then parts of one
    "{}.safetensors", "{}.pth", "{}.pt", "{}-*.pth", "{}_features.safetensors", "{}_conv*.safetensors"
)  # fmt: skip
QUIRKS = {"googlenet": {"init_weights": False}}  # else drawn by a method that torchvision gives up


def load_weights(network: nn.Module, name: str, source: str | Path | None = None) -> str:
    """Puts published weights into `network`: torchvision's network `name`, or a part that kept its keys.

    Args:
        source: safetensors, a state dict saved by torch (.pth, .pt), or a folder where such a file has the
            name of the network; a part of one ends with `_features` or with its layers, as in
            `vgg19_conv1_1_to_conv3_1`. Without it what ARTNB_WEIGHTS names is taken, and where that is not
            set torchvision's hub is asked for its default weights of `name`, whose hash it checks.

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


def choose(name: str, source: str | Path) -> str:
    """Where new models shall find the published weights of `name`, in this process and those it starts.

    Args:
        source: a file or a folder of them (a relative one below `paths.home()`); "hub": what ARTNB_WEIGHTS
            names, or else torchvision's hub; "": none are wanted.

    Returns:
        "" where they are there; else one sentence that says why a model must start without them.
    """
    if not source:
        return f"Published weights of {name} were not asked for: it starts from random numbers."
    if source != HUB:
        os.environ[VARIABLE] = str(resolve(source))
    try:
        if file := file_of(name):
            digest(file)
        else:
            from_hub(name)
    except ModelError as error:
        return f"It starts from random numbers, for {error}."
    return ""


def origin(name: str) -> str:
    """What the weights of `name` that new models find are known by: 16 hex digits of their file's sha256, or
    the name that torchvision's hub has for them, which holds some.

    Raises:
        ModelError: there is no such file.
    """
    file = file_of(name)
    return digest(file) if file else Path(models.get_model_weights(name).DEFAULT.url).name


def digest(file: Path) -> str:
    try:
        state = file.stat()
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error.strerror}): name a file or a folder") from None
    return digest_of(file, state.st_mtime_ns, state.st_size)


@lru_cache
def digest_of(file: Path, changed: int, size: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def file_of(name: str, source: str | Path | None = None) -> Path | None:
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
