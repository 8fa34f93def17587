"""What the layers of a network make of a picture, on its way from the first to the last."""

import numpy as np
import torch
from captum.attr import LayerActivation

from artnb.images.augmentation import standardise
from artnb.training import Run, TrainingData


def layer_features(
    run: Run, data: TrainingData, field: str, place: int = 0, split: str = "test"
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The feature maps of one image where they are last of their size, in a network with one backbone.

    Wu & Chen look at their network in this way ("A Study on the Relationship between Painter's Psychology and
    Anime Creation Style Based on a Deep Neural Network", Section 5.1); Zeiler & Fergus: "Visualizing and
    Understanding Convolutional Networks", ECCV 2014.

    Args:
        place: of the image among those of `field` in `split`, ordered by id.

    Returns:
        The image, H W 3 uint8, and the maps, C h w, by the name of the backbone's part, from the first on.
    """
    network = run.network()
    images, _ = data.splits[split][field].batch(np.array([place]))
    parts = dict(network.backbone.named_children())
    with torch.no_grad():
        found = LayerActivation(network, list(parts.values())).attribute(
            standardise(images), additional_forward_args=field
        )
    maps = {name: features[0].numpy() for name, features in zip(parts, found, strict=True)}
    last = {features.shape[1:]: name for name, features in maps.items()}
    return images[0].permute(1, 2, 0).numpy(), {name: maps[name] for name in last.values()}
