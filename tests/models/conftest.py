"""Weights for the models that want some: drawn here, for tests must not depend on the hub."""

import pytest
import torch
from safetensors.torch import save_file

from artnb.weights import VARIABLE, torchvision_network


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A folder with weights of mobilenet_v2 and squeezenet1_0."""
    folder = tmp_path_factory.mktemp("weights")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name in ("mobilenet_v2", "squeezenet1_0"):
            save_file(torchvision_network(name).state_dict(), folder / f"{name}.safetensors")
    return folder


@pytest.fixture(autouse=True, scope="module")
def found_by_variable(weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(weights))
        yield
