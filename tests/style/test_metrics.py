"""Metrics against torchmetrics, scikit-image, scikit-learn, SciPy and numbers worked by hand."""

from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import entropy
from skimage.metrics import structural_similarity
from sklearn.metrics import mutual_info_score, normalized_mutual_info_score
from torch.nn import functional as F
from torchmetrics.functional.image import structural_similarity_index_measure
from torchmetrics.functional.image.lpips import _LPIPS

from artnb.errors import StyleError
from artnb.style.metrics import LPIPS_NETWORK, Lpips, perceptual_distance, similarity
from artnb.weights import torchvision_network

WEIGHTS = Path(__file__).resolve().parents[3] / "shared/data/weights/squeezenet1_1_features.safetensors"


def pictures(seed: int, number: int = 2, height: int = 29, width: int = 37) -> torch.Tensor:
    """Soft patches with some noise on them."""
    rng = torch.Generator().manual_seed(seed)
    soft = F.interpolate(torch.rand(number, 3, 5, 5, generator=rng), (height, width), mode="bicubic")
    return (soft + 0.1 * torch.randn(number, 3, height, width, generator=rng)).clamp(0, 1)


def grey(picture: torch.Tensor) -> np.ndarray:
    """By ITU-R 601, in [0, 1]."""
    return (picture.permute(1, 2, 0).double().numpy() @ [0.2989, 0.587, 0.114]).astype(float)


def codes(picture: torch.Tensor) -> np.ndarray:
    return np.rint(255 * grey(picture)).astype(int).ravel()


@pytest.mark.parametrize("seed", range(3))
def test_the_numbers_are_those_of_other_libraries(seed):
    images, references = pictures(seed), pictures(seed + 10)
    table = similarity(images, references)
    for row, (a, b) in zip(table.to_dict("records"), zip(images, references, strict=True), strict=True):
        gauss = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
        assert row["ssim"] == pytest.approx(structural_similarity(grey(a), grey(b), **gauss), abs=1e-4)
        x, y = a.double().numpy().ravel(), b.double().numpy().ravel()
        assert row["cosine"] == pytest.approx(x @ y / np.sqrt((x @ x) * (y @ y)))
        first, second = codes(a), codes(b)
        assert row["mutual_information"] == pytest.approx(mutual_info_score(first, second) / log(2), abs=5e-3)
        assert row["normalised_mutual_information"] == pytest.approx(
            normalized_mutual_info_score(first, second), abs=1e-3
        )


def test_ssim_is_torchmetrics_own_but_for_the_border():
    a, b = pictures(1, 1, 64, 64), pictures(2, 1, 64, 64)
    greys = [torch.from_numpy(grey(picture[0]))[None, None] for picture in (a, b)]
    whole = structural_similarity_index_measure(*greys, data_range=1.0)
    assert similarity(a, b)["ssim"][0] == pytest.approx(float(whole), abs=0.02)
    repeated = [torch.tile(picture, (1, 1, 6, 6)) for picture in greys]  # so that the border hardly counts
    inner = structural_similarity_index_measure(*repeated, data_range=1.0)
    assert similarity(torch.tile(a, (1, 1, 6, 6)), torch.tile(b, (1, 1, 6, 6)))["ssim"][0] == pytest.approx(
        float(inner), abs=0.002
    )


def test_mutual_information_by_hand():
    """Half black, half white, and a quarter of each half turned: I = 1 - H(1/4) bits."""
    halves = torch.zeros(1, 3, 16, 16)
    halves[..., 8:] = 1
    turned = halves.clone()
    turned[..., :4, :] = 1 - turned[..., :4, :]
    row = similarity(turned, halves).iloc[0]
    expected = 1 - entropy([0.25, 0.75], base=2)
    assert row["mutual_information"] == pytest.approx(expected)
    assert row["normalised_mutual_information"] == pytest.approx(expected)  # both entropies are 1 bit
    assert row["cosine"] == pytest.approx(0.75)


def test_grey_is_that_of_pillow():
    bytes_ = (255 * pictures(4, 1)).round().to(torch.uint8)
    theirs = np.asarray(Image.fromarray(bytes_[0].permute(1, 2, 0).numpy()).convert("L")).astype(int).ravel()
    assert abs(theirs - codes(bytes_[0] / 255)).max() <= 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_what_holds_of_any_two_pictures(seed):
    a, b = pictures(seed, 1), pictures(seed + 1, 1)
    there, back, itself = (similarity(*pair).iloc[0] for pair in ((a, b), (b, a), (a, a)))
    assert there.to_numpy() == pytest.approx(back.to_numpy())
    assert itself[["ssim", "cosine", "normalised_mutual_information"]].to_numpy() == pytest.approx(1)
    assert itself["mutual_information"] == pytest.approx(entropy(np.bincount(codes(a[0])), base=2), abs=0.01)
    assert (there <= itself + 1e-9).all()
    inverse = similarity(1 - a, b).iloc[0]  # whoever turns black into white tells as much
    assert inverse["mutual_information"] == pytest.approx(there["mutual_information"], abs=0.02)


def test_one_reference_serves_all_and_comes_to_their_size():
    images, style = pictures(3, 3), pictures(9, 1, 50, 20)
    small = F.interpolate(style, (29, 37), mode="bilinear", antialias=True)
    together = similarity(images, style)
    alone = [similarity(picture[None], small).iloc[0].to_numpy() for picture in images]
    assert together.to_numpy() == pytest.approx(np.stack(alone), abs=1e-5)
    assert similarity(small, style)["ssim"][0] == pytest.approx(1)


def test_a_picture_of_one_grey_tells_nothing():
    flat = torch.full((1, 3, 16, 16), 0.5)
    for other in (flat, pictures(0, 1, 16, 16)):
        row = similarity(flat, other).iloc[0]
        assert row["mutual_information"] == pytest.approx(0, abs=1e-9)
        assert row["normalised_mutual_information"] == pytest.approx(0, abs=1e-9)


def test_mutual_information_of_noise_shrinks_with_the_pixels():
    """What the module says of independent pictures."""
    found = [
        similarity(*(torch.rand(2, 1, 1, side, side).expand(2, 1, 3, side, side)))["mutual_information"][0]
        for side in (64, 256)
    ]
    assert found == pytest.approx([4.0, 0.8], abs=0.1)


@pytest.mark.parametrize(
    ("images", "references", "message"),
    [
        (torch.rand(3, 20, 20), torch.rand(1, 3, 20, 20), "images must be B 3 H W"),
        (torch.rand(1, 1, 20, 20), torch.rand(1, 3, 20, 20), "images must be B 3 H W"),
        (torch.zeros(1, 3, 20, 20, dtype=torch.uint8), torch.rand(1, 3, 20, 20), "floating point"),
        (torch.rand(1, 3, 20, 10), torch.rand(1, 3, 20, 20), "11 px or more"),
        (torch.rand(1, 3, 20, 20), 255 * torch.rand(1, 3, 20, 20), r"references must lie in \[0, 1\]"),
        (torch.full((1, 3, 20, 20), torch.nan), torch.rand(1, 3, 20, 20), r"images must lie in \[0, 1\]"),
        (torch.rand(3, 3, 20, 20), torch.rand(2, 3, 20, 20), "2 references for 3 images"),
    ],
)
def test_pictures_of_another_form_are_refused(images, references, message):
    with pytest.raises(StyleError, match=message):
        similarity(images, references)


# ---------------------------------------------------------------- distances of features


def test_the_perceptual_distance_is_twice_one_minus_the_cosine():
    rng = torch.Generator().manual_seed(0)
    first, second = (
        {"a": torch.randn(2, 5, 4, 3, generator=rng), "b": torch.randn(2, 7, 2, 2, generator=rng)}
        for _ in range(2)
    )
    cosines = [2 - 2 * F.cosine_similarity(first[name], second[name]).mean((1, 2)) for name in first]
    assert torch.allclose(perceptual_distance(first, second), sum(cosines), atol=1e-6)
    assert torch.equal(perceptual_distance(first, first), torch.zeros(2))
    louder = {name: 3 * maps for name, maps in second.items()}
    assert torch.allclose(perceptual_distance(first, louder), perceptual_distance(first, second))


def test_it_is_lpips_with_weights_of_one():
    network = _LPIPS(net="squeeze", pnet_rand=True, pretrained=False, use_dropout=False)
    for lin in network.lins:
        torch.nn.init.ones_(lin.model[0].weight)
    a, b = pictures(0, 2, 48, 48), pictures(5, 2, 48, 48)
    first, second = (
        dict(network.net(network.scaling_layer(2 * picture - 1))._asdict()) for picture in (a, b)
    )
    expected = network(a, b, normalize=True).flatten()
    assert torch.allclose(perceptual_distance(first, second), expected, rtol=1e-3)


def test_features_of_other_layers_or_shapes_are_refused():
    one = {"a": torch.rand(1, 2, 3, 3)}
    for other in ({"b": one["a"]}, {"a": torch.rand(1, 2, 3, 4)}, {}):
        with pytest.raises(StyleError, match="same layers"):
            perceptual_distance(one, other)
    with pytest.raises(StyleError, match="same layers"):
        perceptual_distance({}, {})


def test_lpips_is_torchmetrics_network_with_our_weights(tmp_path):
    torch.manual_seed(0)
    backbone = torchvision_network(LPIPS_NETWORK)
    torch.save(backbone.state_dict(), tmp_path / "weights.pth")
    theirs = _LPIPS(net="squeeze", pnet_rand=True)
    for part in theirs.net.slices:
        for place, module in part.named_children():
            module.load_state_dict(backbone.features[int(place)].state_dict())
    a, b = pictures(0, 2, 40, 40), pictures(5, 2, 40, 40)
    distance = Lpips(tmp_path / "weights.pth")
    assert torch.allclose(distance(a, b), theirs(a, b, normalize=True).flatten())
    assert distance(a, a).tolist() == [0, 0]
    assert distance(a[:1], b[:1]).shape == (1,)


@pytest.mark.skipif(not WEIGHTS.exists(), reason="needs the weights of squeezenet1_1, in ../shared")
def test_with_published_weights_lpips_tells_more_noise_from_less():
    distance, picture = Lpips(WEIGHTS), pictures(0, 1, 64, 64)
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    found = [float(distance((picture + by * noise).clamp(0, 1), picture)) for by in (0, 0.05, 0.1, 0.2)]
    assert found == sorted(found)
    assert found[0] == 0
    assert found[-1] > 0.1
