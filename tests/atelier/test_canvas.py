import numpy as np
import pytest

from artnb.atelier.canvas import Canvas, Palette, colour, mix, shade

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def pixels(canvas: Canvas) -> np.ndarray:
    return np.asarray(canvas.finished()).astype(int)


def test_colours():
    assert colour(0, 1, 1) == colour(1, 1, 1) == colour(-2, 7, 7) == (255, 0, 0)
    assert colour(1 / 3, 1, 0.2) == (0, 51, 0)
    assert mix(BLACK, (100, 200, 50), 0.5) == (50, 100, 25)
    assert shade((100, 100, 100), -1) == BLACK
    assert shade((100, 100, 100), 1) == WHITE
    assert shade((100, 100, 100), 0) == (100, 100, 100)


def test_a_palette_is_drawn_from_its_generator():
    first, again, other = (Palette.draw(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("size", [16, 33])
def test_strokes_cover_what_their_fractions_say(size):
    canvas = Canvas(size, BLACK, 0)
    canvas.rectangle(0.25, 0.5, 0.75, 1, WHITE)
    found = pixels(canvas)
    assert found.shape == (size, size, 3)
    share = found.mean() / 255
    assert share == pytest.approx(0.25, abs=0.5 / size * 4)
    assert (found[: size // 2 - 1] == 0).all()
    assert (found[-2:, size // 2] == 255).all()


def test_an_ellipse_has_its_area_and_smooth_edges():
    canvas = Canvas(96, BLACK, 0)
    canvas.ellipse(0.5, 0.5, 0.4, 0.2, WHITE)
    found = pixels(canvas)[..., 0]
    assert found.mean() / 255 == pytest.approx(np.pi * 0.4 * 0.2, rel=0.05)
    assert len(np.unique(found)) > 2


def test_a_gradient_runs_from_tone_to_tone_between_its_rows_alone():
    canvas = Canvas(64, WHITE, 0)
    canvas.gradient(0.25, 0.75, BLACK, (200, 100, 50))
    found = pixels(canvas)
    assert (found[:16] == 255).all()
    assert (found[48:] == 255).all()
    assert (np.diff(found[16:48, 0, 0]) >= 0).all()
    np.testing.assert_allclose(found[47, 5], (200, 100, 50), atol=5)


@pytest.mark.parametrize("light", [-1, 1])
def test_a_body_is_lit_from_where_the_light_is(light):
    canvas = Canvas(64, (128, 128, 128), light)
    canvas.solid(0.5, 0.5, 0.4, 0.4, (128, 128, 128))
    canvas.side_light(np.random.default_rng(0))
    found = pixels(canvas)[..., 0]
    assert np.sign(found[:, 32:].mean() - found[:, :32].mean()) == light


def test_grain_and_strokes_leave_the_mean_tone():
    canvas = Canvas(64, (128, 128, 128), 0)
    canvas.grain(np.random.default_rng(0), 32, 6)
    canvas.strokes(np.random.default_rng(0), 100, 0.1, 0.02)
    found = pixels(canvas)
    assert found.std() > 1
    assert found.mean() == pytest.approx(128, abs=4)
