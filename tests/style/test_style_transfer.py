"""A transfer goes where the objective says, and can be watched, stopped, masked and gone on with."""

from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from skimage.color import rgb2yuv

from artnb.errors import StyleError
from artnb.style import VARIANTS, StyleConfig, Transfer, random_vgg19, stylize, variant, vgg19
from artnb.style.losses import Objective
from artnb.style.transfer import resized

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def test_the_objective_falls_and_the_result_is_its_lowest(tiny, config, content, style):
    done = stylize(content, style, tiny, config)
    assert done.image.shape == (1, 3, 24, 32)
    assert 0 <= done.image.min() <= done.image.max() <= 1
    assert list(done.history) == ["evaluation", "size", "content", "style", "total", "seconds"]
    assert done.history["evaluation"].tolist() == list(range(1, 13))
    totals = done.history["total"]
    np.testing.assert_allclose(totals, done.history["content"] + 1e3 * done.history["style"], rtol=1e-5)
    assert totals.min() < totals[0] / 3
    objective = Objective(tiny, config, content, resized(style, 32))
    assert objective.total(objective(done.image)).item() == pytest.approx(totals.min(), rel=1e-5)


@pytest.mark.parametrize(
    "changes", [{}, {"scales": 2}, {"averaging": 0.8, "scales": 2}, {"start": "noise", "tile": 64}]
)
def test_stopped_and_gone_on_with_it_has_the_same_numbers(tiny, config, content, style, changes):
    config = replace(config, **changes)
    whole = stylize(content, style, tiny, config)
    transfer = Transfer(content, style, tiny, config)
    for stop in (1, 4, 1, 6):
        list(islice(transfer, stop))
        _ = transfer.image, transfer.history  # a preview
    assert next(transfer, None) is None
    pd.testing.assert_frame_equal(
        transfer.history.drop(columns="seconds"), whole.history.drop(columns="seconds"), check_exact=True
    )
    assert torch.equal(transfer.image, whole.image)


def test_a_watcher_may_end_it(tiny, config, content, style):
    seen = []

    def watch(transfer):
        seen.append(transfer.image)
        return len(seen) == 3

    assert len(stylize(content, style, tiny, config, on_step=watch).history) == 3
    assert not torch.equal(seen[0], seen[2])


def test_works_where_gradients_are_off(tiny, config, content, style):
    with torch.inference_mode():
        inside = stylize(content, style, tiny, config)
    assert torch.equal(inside.image, stylize(content, style, tiny, config).image)


def test_outside_the_mask_the_content_stays(tiny, config, content, style):
    mask = torch.zeros(24, 32)
    mask[:, 16:] = 1
    for keep_colours in (False, True):
        image = stylize(content, style, tiny, replace(config, keep_colours=keep_colours), mask).image
        assert torch.equal(image[..., :16], content[..., :16])
        assert (image - content)[..., 16:].abs().max() > 0.1


def test_a_mask_of_ones_is_none(tiny, config, content, style):
    with_mask, without = (
        stylize(content, style, tiny, config, mask) for mask in (torch.ones(1, 24, 32), None)
    )
    torch.testing.assert_close(with_mask.image, without.image, atol=1e-2, rtol=0)


def test_kept_colours_are_the_contents(tiny, config, content, style):
    """By scikit-image's U and V, where no channel is at a bound."""
    image = stylize(content, style, tiny, replace(config, keep_colours=True)).image
    inside = ((image > 0) & (image < 1)).all(1)[0].numpy()
    assert inside.mean() > 0.1
    ours, theirs = (rgb2yuv(picture[0].permute(1, 2, 0).numpy())[inside] for picture in (image, content))
    np.testing.assert_allclose(ours[:, 1:], theirs[:, 1:], atol=1e-4)
    assert np.abs(ours[:, 0] - theirs[:, 0]).max() > 0.1


def test_noise_comes_from_the_seed(tiny, config, content, style):
    def first(seed):
        transfer = Transfer(content, style, tiny, replace(config, start="noise", seed=seed))
        return transfer.image

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))
    assert first(1).std() == pytest.approx(1 / 12**0.5, abs=0.01)  # uniform


def test_scales_grow_by_the_root_of_two(tiny, config, content, style):
    config = replace(config, size=32, scales=3, evaluations=7)
    history = stylize(content, style, tiny, config).history
    assert history["size"].tolist() == [16, 16, 23, 23, 32, 32, 32]


def test_averaging_is_the_weighted_mean(tiny, config, content, style):
    transfer = Transfer(content, style, tiny, replace(config, averaging=0.5))
    points = []
    for _ in range(3):
        points.append(transfer.optimizer.point)
        next(transfer)
    wanted = (points[0] + 2 * points[1] + 4 * points[2]) / 7
    torch.testing.assert_close(transfer.image, wanted, rtol=0, atol=1e-6)


def test_li_variants():
    """The table of the issue: what each adds to the baseline."""
    plain = asdict(VARIANTS["baseline"])
    assert (plain["alpha"], plain["beta"]) == (1, 1e6)
    differ = {
        name: {key for key, value in asdict(variant(name)).items() if value != plain[key]}
        for name in VARIANTS
    }
    assert differ == {
        "baseline": set(),
        "l1": {"content_loss"},
        "perceptual": {"perceptual_layers"},
        "both": {"content_loss", "perceptual_layers"},
        "gatys": {"content_layers", "style_layers"},
    }
    cut = variant("gatys").within(random_vgg19().layers)
    assert cut.style_layers == ("relu1_1", "relu2_1")
    assert cut.content_layers == ("conv3_1",)


def test_configs_that_cannot_be():
    for changes, message in [
        ({"content_layers": "conv2_2"}, "content_layers is 'conv2_2'; give the names of layers"),
        ({"alpha": -1}, "alpha is -1"),
        ({"beta": float("nan")}, "beta is nan"),
        ({"gamma": float("inf")}, "gamma is inf"),
        ({"content_loss": "l2"}, "content_loss is 'l2'; give one of mse, l1"),
        ({"start": "style"}, "start is 'style'"),
        ({"size": 8}, "size is 8"),
        ({"size": 99.5}, "size is 99.5; give a whole number"),
        ({"scales": 9}, "scales is 9, which begins with 16 px"),
        ({"scales": 10}, "scales is 10, which begins with 11 px"),
        ({"evaluations": 0}, "evaluations is 0"),
        ({"evaluations": 2, "scales": 3}, "evaluations is 2"),
        ({"averaging": 1.0}, "averaging is 1.0"),
        ({"content_layers": (), "style_layers": ()}, "no layers"),
    ]:
        if message.startswith("scales is 9"):
            assert StyleConfig(**changes).sizes[0] == 16
            continue
        with pytest.raises(StyleError, match=message):
            StyleConfig(**changes)
    with pytest.raises(StyleError, match="no variant 'monet'"):
        variant("monet")


def test_inputs_that_cannot_be(tiny, config, content, style):
    for images, message in [
        ((content * 255, style), "content has values from 0 to 255"),
        ((content, style[0]), "style is"),
        ((content.byte(), style), r"content is torch.uint8 \(1, 3, 24, 32\)"),
        ((content, style, torch.ones(3, 3)), r"mask is \(3, 3\)"),
        ((content, style, 2 * torch.ones(24, 32)), "mask has values from 2 to 2"),
    ]:
        with pytest.raises(StyleError, match=message):
            Transfer(images[0], images[1], tiny, config, *images[2:])


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data/weights")
def test_with_published_weights_bricks_give_their_texture():
    from skimage.data import brick, coffee

    def picture(array, size):
        return resized(torch.from_numpy(array).permute(2, 0, 1)[None] / 255, size)

    content, style = picture(coffee(), 64), picture(np.stack([brick()] * 3, -1), 64)
    done = stylize(content, style, vgg19(SHARED / "weights"), StyleConfig(size=64, evaluations=40, beta=1e5))
    first, last = done.history.iloc[0], done.history.iloc[-1]
    assert last["style"] < first["style"] / 20
    assert last["total"] < first["total"] / 10
