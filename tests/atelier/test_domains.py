"""The two domains and their moving scenes: what is painted is what they are said to be."""

import numpy as np
import pytest
from scipy.ndimage import laplace

from artnb.atelier.domains import DOMAINS, pictures, portraits
from artnb.atelier.scenes import moving_scene
from artnb.errors import CatalogueError


@pytest.fixture(scope="module")
def domains():
    return {domain: pictures(12, 64, domain, seed=3) for domain in DOMAINS}


def test_pictures_are_bytes_and_come_again_from_their_seed(domains):
    for domain, images in domains.items():
        assert images.shape == (12, 64, 64, 3)
        assert images.dtype == np.uint8
        np.testing.assert_array_equal(images[:2], pictures(2, 64, domain, seed=3))
        assert not np.array_equal(images[:2], pictures(2, 64, domain, seed=4))


def test_anime_has_flat_blocks_and_a_photograph_has_none(domains):
    """The share of pixels that equal their right neighbour exactly."""
    flat = {name: (images[:, :, 1:] == images[:, :, :-1]).all(-1).mean() for name, images in domains.items()}
    assert flat["anime"] > 0.6
    assert flat["photo"] < 0.05


def test_anime_is_more_saturated_and_its_edges_are_harder(domains):
    saturation = {name: np.ptp(images.astype(float), axis=-1).mean() for name, images in domains.items()}
    assert saturation["anime"] > 1.3 * saturation["photo"]
    edges = {
        name: np.mean([np.percentile(np.abs(laplace(image.mean(-1))), 98) for image in images])
        for name, images in domains.items()
    }
    assert edges["anime"] > 2 * edges["photo"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_mask_of_a_portrait_lies_on_its_head(domain):
    images, masks = portraits(6, 64, domain)
    assert images.shape == (6, 64, 64, 3)
    assert masks.shape == (6, 64, 64)
    assert masks.dtype == bool
    assert (masks.mean((1, 2)) > 0.08).all()
    assert (masks.mean((1, 2)) < 0.5).all()
    rows = np.arange(64) @ masks.sum(2).T / masks.sum((1, 2))
    assert ((rows > 15) & (rows < 40)).all()


def test_only_the_sensor_differs_where_nothing_moves():
    """The lower left corner of the first frames: a cel's stays as it is, a film's is grainy."""
    drawn, filmed = (moving_scene(5, 3, 64, domain).astype(int) for domain in ("anime", "photo"))
    still = np.abs(np.diff(drawn, axis=0)).max(-1) == 0
    assert 0.5 < still.mean() < 1
    grain = np.abs(np.diff(filmed, axis=0)).max(-1)[still]
    assert 0.5 < grain.mean() < 15


def test_the_camera_pans_and_the_balloon_crosses():
    film = moving_scene(5, 12, 64, "anime").astype(int)
    assert film.shape == (12, 64, 64, 3)
    from_the_first = [np.abs(frame - film[0]).mean() for frame in film]
    assert from_the_first[0] == 0
    assert min(from_the_first[1:]) > 1
    assert from_the_first[1] < np.mean(from_the_first[4:8])


def test_bad_requests_are_named():
    with pytest.raises(CatalogueError, match="'manga'; there are photo, anime"):
        pictures(1, 64, "manga")
    with pytest.raises(CatalogueError, match="size is 8"):
        moving_scene(0, 2, 8)
