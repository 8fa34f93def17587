"""Pictures read for a transfer, and saved so that each can be made again from itself.

A saved picture is a PNG whose text chunks hold all parameters, what is known of the features and the machine,
and the content, the style and the mask as they were used: who gets the picture gets those too.
"""

import base64
import binascii
import io
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from artnb import __version__
from artnb.errors import ArtnbError, ImageError, StyleError
from artnb.images import decode
from artnb.images.decoding import decode_bytes
from artnb.paths import written_whole
from artnb.processes import threads
from artnb.style.config import StyleConfig
from artnb.style.features import Features, random_vgg19, vgg19
from artnb.style.transfer import Transfer

PARAMETERS = "artnb style transfer"  # the keyword of the chunk with the parameters
INPUTS = {name: f"artnb {name}" for name in ("content", "style", "mask")}


def read_picture(path: str | Path, size: int) -> Tensor:
    """1 3 H W in [0, 1], in steps of 1/255: the longer side `size` px.

    Raises:
        ImageError: it cannot be read; the message names it.
    """
    try:
        return tensor_of(resized(decode(path, side=size), size))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def read_mask(path: str | Path, size: int) -> Tensor:
    """1 1 H W in [0, 1]: where the picture is bright the style shall act. Raises as `read_picture` does."""
    return tensor_of(image_of(read_picture(path, size)).convert("L"))


def resized(image: Image.Image, size: int) -> Image.Image:
    longer = max(image.size)
    return image.resize(
        [max(1, round(side * size / longer)) for side in image.size], Image.Resampling.LANCZOS
    )


def tensor_of(image: Image.Image) -> Tensor:
    """1 C H W in [0, 1] of an image in mode RGB or L."""
    pixels = torch.from_numpy(np.array(image))
    return pixels.reshape(image.height, image.width, -1).permute(2, 0, 1)[None] / 255


def image_of(picture: Tensor) -> Image.Image:
    """An image in mode RGB or L of 1 C H W in [0, 1], rounded to 8 bits."""
    pixels = (picture[0].detach().cpu() * 255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)


def save_picture(path: str | Path, transfer: Transfer) -> None:
    """Writes the picture of a transfer, finished or stopped, as a PNG from which `remake` makes it again.

    Raises:
        StyleError: an input has not the 8 bits that `read_picture` gives, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise StyleError(f"{path} cannot hold its parameters: give a name that ends in .png")
    known = PngInfo()
    known.add_text(PARAMETERS, json.dumps(described(transfer), indent=1))
    inputs = dict(zip(INPUTS, (*transfer.inputs, transfer.mask), strict=True))
    for name, picture in inputs.items():
        if picture is not None:
            image = image_of(picture)
            if not torch.equal(tensor_of(image), picture.cpu()):
                raise StyleError(f"{name} has more than 8 bits a channel: take it from read_picture")
            known.add_text(INPUTS[name], base64.b64encode(png(image)).decode())
    try:
        with written_whole(path) as beside:
            image_of(transfer.image).save(beside, pnginfo=known)
    except OSError as error:
        raise StyleError(f"{path} cannot be written: {error.strerror or error}") from None


def described(transfer: Transfer) -> dict[str, object]:
    features = transfer.features
    return {
        "artnb": __version__,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "config": asdict(transfer.config),
        "evaluations_made": len(transfer.rows),
        "features": {
            "origin": features.origin,
            "weights": features.weights,
            "deepest": features.layers[-1],
            "seed": features.seed,
        },
    }


def parameters(path: str | Path) -> dict[str, object]:
    """What a saved picture says of how it was made.

    Raises:
        ImageError: it cannot be read.
        StyleError: it is not one that `save_picture` wrote.
    """
    return read_chunks(path)[0]


def remake(path: str | Path, features: Features | None = None) -> Transfer:
    """The transfer that a saved picture came from, carried as far as it was: to the bit on the same machine.

    Args:
        features: those it was made with; without them random ones are drawn again, and others are looked for
            where `vgg19` looks.

    Raises:
        ImageError: it cannot be read.
        StyleError: it is not one that `save_picture` wrote, or the features are others.
        ModelError: the weights cannot be had.
    """
    known, inputs = read_chunks(path)
    try:
        config, recorded = StyleConfig.from_json(known["config"]), known["features"]
        made, number = int(known["evaluations_made"]), int(known["threads"])
        wanted, deepest, seed = recorded["weights"], str(recorded["deepest"]), recorded["seed"]
        if features is None:
            features = vgg19(deepest=deepest) if seed is None else random_vgg19(int(seed), deepest)
    except (StyleError, KeyError, TypeError, ValueError) as error:
        raise StyleError(f"{path} cannot be made again: {error!r}") from None
    if features.weights != wanted:
        raise StyleError(
            f"{path} was made with features {wanted} ({recorded.get('origin')}), not {features.weights} "
            f"({features.origin}): give those"
        )
    with threads(max(number, 1)):
        transfer = Transfer(inputs["content"], inputs["style"], features, config, inputs.get("mask"))
        for _ in zip(range(made), transfer, strict=False):
            pass
    return transfer


def read_chunks(path: str | Path) -> tuple[dict[str, object], dict[str, Tensor]]:
    """The parameters and the inputs."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            chunks = dict(image.text)
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise ImageError(f"{path} cannot be read as a PNG ({error})") from None
    try:
        known = json.loads(chunks[PARAMETERS])
        inputs = {
            name: tensor_of(decode_bytes(base64.b64decode(chunks[key], validate=True)))
            for name, key in INPUTS.items()
            if key in chunks
        }
        if not isinstance(known, dict) or not {"content", "style"} <= inputs.keys():
            raise ValueError
    except (KeyError, ValueError, binascii.Error, ArtnbError):
        raise StyleError(
            f"{path} holds no parameters of a style transfer: give one that artnb saved"
        ) from None
    if "mask" in inputs:
        inputs["mask"] = inputs["mask"][:, :1]
    return known, inputs


def png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
