"""What several rooms of tests look at: 64 painted pictures of 32 px, and one network that has seen them.

The imports stand inside, so that tests which need none of this stay quick.
"""

import pytest


@pytest.fixture(scope="session")
def painted(tmp_path_factory):
    """A catalogue; of each field 8 training, 4 validation and 4 test images."""
    from artnb.atelier import Plan, paint

    return paint(Plan(train=8, validation=4, test=4, size=32), tmp_path_factory.mktemp("painted"))


@pytest.fixture(scope="session")
def data(painted):
    from artnb.training import load

    return load(painted, 32)


@pytest.fixture(scope="session")
def run(data, tmp_path_factory):
    """A finished run of two epochs on painting and garden."""
    from artnb.training import TrainingConfig, fit

    config = TrainingConfig(epochs=2, batch_size=4)
    return fit("artistry-multi-2", data.only("painting", "garden"), config, tmp_path_factory.mktemp("runs"))
