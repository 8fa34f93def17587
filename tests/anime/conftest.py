"""Small painted domains, small features, small trainings."""

import pytest
import torch

from artnb.atelier.domains import pictures, portraits
from artnb.style.features import random_vgg19


def tensor(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def domains():
    """photo and anime, 12 3 40 40 uint8 each."""
    return tensor(pictures(12, 40, "photo")), tensor(pictures(12, 40, "anime"))


@pytest.fixture(scope="session")
def faces():
    """photo and anime portraits, 8 3 40 40 uint8 each, and where the heads of the first are."""
    photos, heads = portraits(8, 40, "photo")
    return tensor(photos), tensor(portraits(8, 40, "anime")[0]), torch.from_numpy(heads)


@pytest.fixture(scope="session")
def features():
    return random_vgg19(0, "conv2_1")
