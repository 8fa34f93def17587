"""Filmstrips show every frame of every film in its place."""

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures import filmstrips


def frames(value: int, number: int = 4) -> list[np.ndarray]:
    return [np.full((24, 32, 3), value + place, np.uint8) for place in range(number)]


def test_each_frame_is_in_its_row_and_column():
    films = {"original": frames(10), "FSGAN": frames(60), "AFGAN": frames(110)}
    figure = filmstrips(films, {"FSGAN": 1.25})
    shown = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert [int(image[0, 0, 0]) for image in shown] == [v + n for v in (10, 60, 110) for n in range(4)]
    names = [figure.axes[row * 4].get_ylabel() for row in range(3)]
    assert names == ["original", "FSGAN\nflicker 1.25", "AFGAN"]
    assert "one frame in 3" in figure.get_supxlabel()


@pytest.mark.parametrize("films", [{}, {"a": []}, {"a": frames(1), "b": frames(1, 3)}])
def test_films_of_other_lengths_are_refused(films):
    with pytest.raises(ReportError, match="same number of frames"):
        filmstrips(films)
