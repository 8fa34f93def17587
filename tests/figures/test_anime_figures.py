"""Photo to anime drawn: what stands where."""

import numpy as np
import pytest

from artnb.errors import ReportError
from artnb.figures import objectives, sample_sheet, spectra, terms


def test_planes_share_one_scale_and_profiles_have_their_bands(spectral):
    radial, planes = spectral
    figure = spectra(radial, planes)
    first, second, profiles = (axes for axes in figure.axes if axes.get_label() != "<colorbar>")
    (left,), (right,) = first.images, second.images
    assert left.get_clim() == right.get_clim() == (1, 6)
    lines = {line.get_label(): line.get_ydata() for line in profiles.lines}
    np.testing.assert_array_equal(lines["photo"], radial.query("domain == 'photo'")["level"])
    assert len({line.get_linestyle() for line in profiles.lines}) == 2
    assert len(profiles.collections) == 2
    assert "photo 8, anime 8" in figure.get_supxlabel().replace("\n", " ")


def test_the_generators_terms_stand_apart_from_the_discriminators(learning):
    figure = terms(learning, 5)
    generator, judges = figure.axes
    named = [text.get_text() for text in generator.get_legend().get_texts()]
    assert named == ["content", "adversarial", "spectral", "colour block"]
    assert [text.get_text() for text in judges.get_legend().get_texts()] == ["picture", "spectrum"]
    adversarial = next(line for line in generator.lines if line.get_label() == "adversarial")
    assert np.isnan(adversarial.get_ydata()).sum() == 5
    assert "5, by the photograph alone" in figure.get_supxlabel().replace("\n", " ")
    content = learning[["step", "content"]]
    assert len(terms(content).axes) == 1


def test_a_sheet_has_a_row_for_each_name(images):
    figure = sample_sheet({"photograph": list(images[:3]), "step 10": list(images[3:6])})
    grid = np.reshape(figure.axes, (2, 3))
    np.testing.assert_array_equal(grid[1, 2].images[0].get_array(), images[5])
    assert grid[1, 0].get_ylabel() == "step 10"
    for rows in ({}, {"a": []}, {"a": list(images[:2]), "b": list(images[:1])}):
        with pytest.raises(ReportError, match="the same number in every row"):
            sample_sheet(rows)


def test_gains_stand_at_their_objectives(nearer):
    figure = objectives(nearer)
    assert figure.get_suptitle() == "How much nearer fsgan comes"
    kernel = figure.axes[0]
    names = [label.get_text() for label in kernel.get_yticklabels()]
    marked = [line for line in kernel.lines if line.get_marker() == "o"]
    dots = {round(float(line.get_ydata()[0]), 3): line.get_xdata()[0] for line in marked}
    heights = dict(zip(names, kernel.get_yticks(), strict=True))
    assert dots[round(float(heights["cartoongan"]), 3)] == 8.0
    assert "3 seeds" in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("figure", "fixture", "column"), [(objectives, "nearer", "over"), (terms, "learning", "step")]
)
def test_a_table_that_lacks_something_is_refused(figure, fixture, column, request):
    table = request.getfixturevalue(fixture)
    with pytest.raises(ReportError, match=f"no column '{column}'"):
        figure(table.drop(columns=column))
    with pytest.raises(ReportError, match="no rows"):
        figure(table.iloc[:0])


def test_spectra_without_planes_are_refused(spectral):
    with pytest.raises(ReportError, match="no planes"):
        spectra(spectral[0], {})
    with pytest.raises(ReportError, match="no terms"):
        terms(spectral[0].rename(columns={"frequency": "step"})[["step"]])
