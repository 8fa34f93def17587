"""Pictures stand in their row and column, terms and rates at their evaluations, gains by the published."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures import innovation, losses, side_by_side, similarities, similarity_gains


def test_each_picture_stands_in_its_row_and_column(transferred):
    axes = np.reshape(side_by_side(transferred).axes, (2, 3))
    assert [panel.get_title() for panel in axes[0]] == ["content", "style", "l1"]
    assert [line[0].get_ylabel() for line in axes] == ["a street, a wave", "a cat, a starry\nnight"]
    for line, of_row in zip(axes, transferred.values(), strict=True):
        for panel, picture in zip(line, of_row.values(), strict=False):
            assert (panel.images[0].get_array() == picture).all()
    assert (axes[1, 2].images[0].get_array() == 255).all()  # where there is none


def test_pictures_of_another_form_are_refused(transferred):
    with pytest.raises(ReportError, match="no pictures to draw"):
        side_by_side({})
    with pytest.raises(ReportError, match="no pictures to draw"):
        side_by_side(transferred | {"another": {}})
    with pytest.raises(ReportError, match="H W 3, uint8"):
        side_by_side({"a": {"content": np.zeros((4, 4, 3))}})


def test_terms_are_drawn_against_the_evaluations(falling):
    figure = losses(falling.sample(frac=1, random_state=0))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["total", "content", "style", "perceptual"]
    for axes in figure.axes:
        of_method = falling[falling["method"] == axes.get_title(loc="left")]
        assert axes.get_yscale() == "log"
        for line, term in zip(axes.lines, names, strict=True):
            np.testing.assert_equal(line.get_xydata(), of_method[["evaluation", term]].to_numpy())


def test_terms_that_no_method_has_have_no_key(falling):
    figure = losses(falling[falling["method"] == "l1"].drop(columns="content"))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["total", "style"]
    assert "20 evaluations of 1 method" in figure.get_supxlabel().replace("\n", " ")


def rows_of(axes) -> dict[float, str]:
    return dict(zip(axes.get_yticks(), [label.get_text() for label in axes.get_yticklabels()], strict=True))


def test_what_no_style_transfer_made_stands_apart(alike):
    figure = similarities(alike, ["blend", "style itself"])
    assert figure.get_suptitle() == "How alike pictures are to the style"
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "SSIM, −1 to 1", "cosine similarity, −1 to 1", "LPIPS, lower is closer, 0 or more",
    ]  # fmt: skip
    for axes in figure.axes:
        names = rows_of(axes)
        assert list(names.values()) == [
            "style transfer", "gatys", "l1", "no style transfer", "blend", "style itself",
        ]  # fmt: skip
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        found = {names[dot.get_ydata()[0]]: (dot.get_xdata()[0], dot.get_mfc()) for dot in dots}
        assert {name: value for name, (value, _) in found.items()} == pytest.approx(
            {"blend": 0.1, "gatys": 0.3, "l1": 0.5, "style itself": 0.7}
        )
        assert [name for name, (_, face) in found.items() if face == "white"] == ["blend", "style itself"]
    assert "n = 12 pairs of 4 contents and 3 styles" in figure.get_supxlabel().replace("\n", " ")


def test_gains_stand_beside_the_published(gained):
    published = gained.iloc[[0, 3]].assign(gain=[0.05, 0.07])
    published.loc[len(gained)] = published.iloc[0].replace({"l1": "another"})
    figure = similarity_gains(gained, published)
    found = []
    for axes in figure.axes:
        names = rows_of(axes)
        assert list(names.values()) == ["over gatys", "l1", "both", "over ulyanov", "l1", "both"]
        dots = {line.get_ydata()[0]: line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"}
        assert [dots[y] for y in sorted(dots)] == pytest.approx([-0.01, 0, -0.01, 0])
        marks = [line for line in axes.lines if line.get_marker() == "D"]
        found += [
            (axes.get_title(loc="left"), names[mark.get_ydata()[0]], mark.get_xdata()[0]) for mark in marks
        ]
    assert found == [("SSIM", "l1", 0.05), ("SSIM", "both", 0.07)]
    assert "−0.010  [−0.030, +0.020]" in [text.get_text() for text in figure.axes[0].texts]


def test_percentages_that_do_not_exist_are_a_dash(gained):
    gained = gained.assign(unit="percent")
    gained.loc[0, ["gain", "low", "high"]] = np.nan
    figure = similarity_gains(gained)
    assert figure.axes[0].texts[0].get_text() == "–"
    assert len([line for line in figure.axes[0].lines if line.get_marker() == "o"]) == 3
    assert not figure.legends
    assert "In percent of the baseline's mean" in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("draw", "columns"), [(similarities, ["against"]), (similarity_gains, ["against", "unit"])]
)
def test_what_cannot_be_compared_is_not_drawn_together(draw, columns, alike, gained):
    table = alike if draw is similarities else gained
    for column in columns:
        mixed = pd.concat([table, table.assign(**{column: "other"})])
        with pytest.raises(ReportError, match=f"{column} is .* and other: give the rows of one"):
            draw(mixed)


def test_rates_stand_at_their_evaluations_between_the_controls(innovating):
    rates, controls = innovating
    figure = innovation(rates, controls)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "l1", "both", "photographs", "unseen images of the type",
    ]  # fmt: skip
    for axes, measure in zip(figure.axes, ("heritage", "innovation"), strict=True):
        across, curves = axes.lines[:2], axes.lines[2:]
        assert [line.get_ydata()[0] for line in across] == [0.25, 0.9]
        of_measure = rates[rates["measure"] == measure].sort_values("evaluations")
        for line, setting in zip(curves, ("l1", "both"), strict=True):
            expected = of_measure[of_measure["setting"] == setting][["evaluations", "rate"]]
            assert line.get_xydata().tolist() == expected.to_numpy().tolist()
    note = figure.get_supxlabel().replace("\n", " ")
    assert "n = 12 pairs of 4 contents and 3 styles; grey: photographs, 20; unseen" in note


def test_rates_need_no_controls(innovating):
    figure = innovation(innovating[0])
    assert len(figure.axes[0].lines) == 2
    assert "grey" not in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("draw", "fixture", "column"),
    [
        (losses, "falling", "total"),
        (similarities, "alike", "styles"),
        (similarity_gains, "gained", "baseline"),
        (innovation, "innovating", "setting"),
    ],
)
def test_tables_of_another_form_are_refused(draw, fixture, column, request):
    table = request.getfixturevalue(fixture)
    table = table[0] if isinstance(table, tuple) else table
    with pytest.raises(ReportError, match=f"no column '{column}'"):
        draw(table.drop(columns=column))
    with pytest.raises(ReportError, match="no rows"):
        draw(table.iloc[:0])
