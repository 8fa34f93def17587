"""Networks trained for a style: they learn it, give pictures of any size, and come back from a file."""

import pytest
import torch
from safetensors.torch import save_file

from artnb.errors import StyleError
from artnb.style import load_network, save_network, train_feedforward
from artnb.style.feedforward import NETWORKS, JohnsonNetwork, TextureNetwork, terms_of
from artnb.style.losses import Objective, gram

SMALL = {"johnson": {"width": 4, "blocks": 1}, "ulyanov": {"width": 4, "scales": 3}}


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request, tiny, config, content, style):
    contents = torch.cat([content[..., :24], content[..., 8:].flip(3)])
    return request.param, train_feedforward(
        request.param,
        contents,
        style,
        tiny,
        config,
        steps=60,
        batch_size=2,
        learning_rate=1e-2,
        **SMALL[request.param],
    )


def test_they_learn_the_style(trained):
    _, (network, history) = trained
    assert list(history) == ["step", "content", "style", "total"]
    assert history["total"].tail(5).mean() < history["total"].head(3).mean() / 3
    assert history["style"].tail(5).mean() < history["style"].head(3).mean() / 5
    assert not network.training


def test_they_are_trained_alike_from_one_seed(trained, tiny, config, content, style):
    name, (_, history) = trained
    before = torch.random.get_rng_state()
    contents = torch.cat([content[..., :24], content[..., 8:].flip(3)])
    _, again = train_feedforward(
        name, contents, style, tiny, config, steps=60, batch_size=2, learning_rate=1e-2, **SMALL[name]
    )
    assert again["total"].tolist() == history["total"].tolist()
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 30), (33, 18)])
def test_pictures_of_any_size(trained, height, width):
    _, (network, _) = trained
    picture = torch.rand(2, 3, height, width)
    with torch.no_grad():
        first, second = network(picture), network(picture)
    assert first.shape == picture.shape
    assert 0 <= first.min() <= first.max() <= 1
    assert torch.equal(first, second)


def test_a_network_comes_back_from_its_file(trained, content, tmp_path):
    name, (network, _) = trained
    save_network(tmp_path / "one.safetensors", network)
    again = load_network(tmp_path / "one.safetensors")
    assert type(again) is NETWORKS[name]
    with torch.no_grad():
        assert torch.equal(again(content), network(content))


def test_other_files_and_names_are_refused(tmp_path, tiny, config, content, style):
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    for name in ("other", "none"):
        with pytest.raises(StyleError, match="holds no network that was trained for a style"):
            load_network(tmp_path / f"{name}.safetensors")
    with pytest.raises(StyleError, match="no network 'pix2pix': there are johnson, ulyanov"):
        train_feedforward("pix2pix", content, style, tiny, config)


def test_its_terms_are_the_transfers(tiny, config, content, style):
    image = style[..., :24, :]
    wanted = Objective(tiny, config, content, style)(image)
    grams = {layer: gram(maps) for layer, maps in tiny(style, config.style_layers).items()}
    both = (torch.cat([picture, picture]) for picture in (image, content))
    for name, value in terms_of(tiny, config, *both, grams).items():
        torch.testing.assert_close(value, wanted[name], rtol=1e-4, atol=1e-8)


def test_instances_are_normalised_one_by_one():
    """What a picture becomes does not depend on what it is shown with."""
    torch.manual_seed(0)
    pictures = torch.rand(3, 3, 20, 20)
    for network in (JohnsonNetwork().eval(), TextureNetwork(scales=3).eval()):
        with torch.no_grad():
            alone, together = network(pictures[:1]), network(torch.cat([pictures[:1], pictures[:1]]))
            other = network(torch.cat([pictures[:1], pictures[1:2]]))
        torch.testing.assert_close(alone[0], other[0], rtol=0, atol=1e-4)
        torch.testing.assert_close(together[0], other[0], rtol=0, atol=1e-4)
