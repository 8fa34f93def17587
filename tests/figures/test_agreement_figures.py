"""Kappas and confusions carry the numbers of the tables, and say what they leave out."""

import pytest

from artnb.errors import ReportError
from artnb.figures.agreement import confusion, kappas
from artnb.figures.palette import FIELDS


def test_kappas_are_the_table_with_their_intervals(agreements):
    axes = kappas(agreements).axes[0]
    dots = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert dots == [0.4, 0.3]
    assert "0.40  [0.30, 0.60]" in [text.get_text() for text in axes.texts]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["garden", "Cohen's kappa of ana, ben", "Fleiss' kappa of all 3"]
    assert any(list(line.get_xdata()) == [0, 0] for line in axes.lines)


def test_the_note_says_what_is_not_drawn_and_why(agreements):
    note = kappas(agreements).get_supxlabel().replace("\n", " ")
    assert "Not drawn: painting, ana, ben: all labels are artistic." in note
    assert "garden 40" in note
    assert "Not drawn" not in kappas(agreements.iloc[:2]).get_supxlabel()


def test_no_kappa_at_all_is_refused_with_the_reasons(agreements):
    with pytest.raises(ReportError, match="no kappa to draw: painting, ana, ben: all labels"):
        kappas(agreements.iloc[2:])


def test_every_number_of_a_confusion_stands_in_its_cell(confused):
    figure = confusion(confused)
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in panels] == ["garden", "garden", "painting"]
    assert [axes.get_xlabel() for axes in panels] == ["ben", "cleo", "ben"]
    cells = {text.get_position(): text.get_text() for text in panels[1].texts}
    assert cells == {(0, 0): "20", (1, 0): "21", (0, 1): "22", (1, 1): "23"}  # (second, first)
    assert [label.get_text() for label in panels[0].get_xticklabels()] == ["artistic", "non-artistic"]
    assert panels[2]._left_title.get_color() == FIELDS["painting"]
    assert f"{confused['images'].sum()} pairs" in figure.get_supxlabel()


@pytest.mark.parametrize(("draw", "column"), [(kappas, "reason"), (confusion, "second")])
def test_a_table_of_another_form_is_refused(draw, column, agreements, confused):
    table = agreements if draw is kappas else confused
    with pytest.raises(ReportError, match=f"no column '{column}'"):
        draw(table.drop(columns=column))
    with pytest.raises(ReportError, match="no rows"):
        draw(table.iloc[:0])
