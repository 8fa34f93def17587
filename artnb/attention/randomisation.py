"""Do the maps depend on what the network has learnt?

Adebayo et al.: "Sanity Checks for Saliency Maps" (2018), the model parameter randomisation test, in its
full form: every layer is initialised anew, and the new maps are compared with the old by rank. Maps that
stay alike show the image, an edge detector's work, and not the network's reasons.
"""

from collections.abc import Sequence
from copy import deepcopy
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from scipy.stats import ConstantInputWarning, spearmanr
from torch import Tensor, nn

from artnb.attention.gradcam import grad_cam
from artnb.errors import ModelError
from artnb.seeding import derive


@torch.inference_mode(False)
def rank_correlations(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int,
    task: str,
    seeds: Sequence[int] = range(5),
    batch_size: int = 64,
) -> dict[str, np.ndarray]:
    """Spearman correlation of each image's map with those of freshly initialised copies, per layer.

    Arguments are those of `grad_cam`, and a seed for each copy.

    Returns:
        By the name of the attention layer an array of len(seeds) x B in [-1, 1]; NaN where one of the two
        maps is constant. Maps that come from what was learnt have a mean near 0 over the seeds. A single
        copy proves nothing: its head favours a sign, which all images then share.
    """
    trained = grad_cam(model, images, targets, task, batch_size=batch_size)
    others = [
        grad_cam(reinitialised(model, seed), images, targets, task, batch_size=batch_size) for seed in seeds
    ]
    return {
        name: np.stack([correlate(maps, other[name]) for other in others]) for name, maps in trained.items()
    }


def reinitialised(model: nn.Module, seed: int) -> nn.Module:
    """A copy with every parameter and running statistic drawn anew; torch's global generator untouched.

    Raises:
        ModelError: a module has parameters but no `reset_parameters`.
    """
    twin = deepcopy(model)
    with torch.random.fork_rng():
        torch.manual_seed(derive(seed, "reinitialised"))  # never the start of a run of this seed
        for name, module in twin.named_modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
            elif next(module.parameters(recurse=False), None) is not None:
                raise ModelError(
                    f"{name} ({type(module).__name__}) must have reset_parameters() to be drawn anew"
                )
    return twin


def correlate(maps: Tensor, others: Tensor) -> np.ndarray:
    with catch_warnings():
        simplefilter("ignore", ConstantInputWarning)
        pairs = zip(maps.flatten(1).cpu().numpy(), others.flatten(1).cpu().numpy(), strict=True)
        return np.array([spearmanr(a, b).statistic for a, b in pairs])
