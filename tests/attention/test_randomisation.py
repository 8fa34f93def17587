"""The randomisation check, on maps whose answer is known and on networks that must fail it."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artnb.attention import rank_correlations, reinitialised
from artnb.attention.randomisation import correlate
from artnb.errors import ModelError
from artnb.models import create


def test_correlations_computed_by_hand():
    maps = torch.tensor([[[1.0, 2], [3, 4]]]).expand(5, 2, 2)
    others = torch.tensor(
        [[[1.0, 4], [9, 16]], [[4, 3], [2, 1]], [[1, 3], [2, 4]], [[5, 5], [5, 5]], [[1, 2], [3, 4]]]
    )
    np.testing.assert_allclose(correlate(maps, others), [1, -1, 0.8, np.nan, 1])  # 1 - 6 * 2 / (4 * 15)


class EdgeDetector(nn.Module):
    """Its maps come from a filter that nothing teaches: the check must see through it."""

    class Fixed(nn.Conv2d):
        def reset_parameters(self) -> None:
            nn.init.constant_(self.weight, 1.0)

    def __init__(self):
        super().__init__()
        self.filter = self.Fixed(3, 4, 3, padding=1, bias=False)

    def forward(self, images: Tensor, task: str) -> Tensor:
        return self.filter(images).mean((2, 3))

    def attention_layers(self, task: str) -> dict[str, nn.Module]:
        return {"individual": self.filter}


def test_maps_that_ignore_the_weights_are_found_out():
    rho = rank_correlations(EdgeDetector(), torch.randn(3, 3, 8, 8), 1, "painting", seeds=range(2))
    np.testing.assert_allclose(rho["individual"], np.ones((2, 3)))


def test_maps_of_a_network_change_with_its_weights():
    """Also for the seed that the network itself began with: its copy is another one."""
    torch.manual_seed(0)
    model, images = create("artistry-multi-2", ("painting", "garden"), 64), torch.randn(5, 3, 64, 64)
    with torch.inference_mode():
        rho = rank_correlations(
            model, images, torch.tensor([0, 1, 0, 1, 0]), "garden", seeds=range(4), batch_size=2
        )
    assert {layer: values.shape for layer, values in rho.items()} == {"individual": (4, 5), "common": (4, 5)}
    for values in rho.values():
        assert (np.abs(values) < 0.999).all()
        assert values.std() > 0.1
    again = rank_correlations(model, images, torch.tensor([0, 1, 0, 1, 0]), "garden", seeds=[3])
    np.testing.assert_allclose(again["common"][0], rho["common"][3], atol=1e-3)


def test_a_copy_is_drawn_from_its_seed_alone():
    model = create("artistry-single", ("a",), 32)
    model(5 + torch.randn(8, 3, 32, 32), "a")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    generator = torch.get_rng_state()
    first, second, other = (reinitialised(model, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in before.items())
    assert all(torch.equal(first[name], second[name]) for name in first)
    weights = [name for name in first if first[name].ndim > 1]
    assert not any(torch.equal(first[name], other[name]) for name in weights)
    assert not any(torch.equal(first[name], before[name]) for name in weights)
    assert all((first[name] == 0).all() for name in first if name.endswith("running_mean"))


def test_parameters_that_cannot_be_drawn_anew_are_named():
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].scale = nn.ParameterList([nn.Parameter(torch.ones(1))])
    with pytest.raises(ModelError, match=r"0\.scale \(ParameterList\)"):
        reinitialised(model, 0)
