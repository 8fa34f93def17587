"""The same colour for the same field everywhere, and marks that differ without colour."""

import pytest

from artnb.figures.palette import FIELDS, INK, field_colours, method_label, method_marks, readable


def test_a_field_of_the_paper_has_its_colour_in_any_company():
    for field, colour in FIELDS.items():
        assert field_colours(["poster", field, "mean"])[field] == colour
    assert field_colours(["mean"]) == {"mean": INK}


def test_eight_fields_have_eight_colours():
    fields = [*FIELDS, "poster", "ceramics", "textile", "mask"]
    assert len(set(field_colours(fields).values())) == 8
    assert len(field_colours([*fields, "a", "b"])) == 10


def test_methods_differ_in_marker_or_line_and_single_is_hollow():
    marks = method_marks(["single", "multi-1", "multi-2", "multi-3", "multi-2, common"])
    assert len(set(marks.values())) == 5
    assert [name for name, mark in marks.items() if mark.hollow] == ["single"]


def test_labels_as_a_reader_writes_them():
    assert [readable(label) for label in ("non_artistic", "comic_strip")] == ["non-artistic", "comic strip"]


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("multi-2", "multi-2"),
        ("dkse(branches=('1x1', '5x5'))", "dkse 1x1+5x5"),
        ("dkse(positions=(6, 9), branches=('1x1', '5x5'), r=8)", "dkse positions 6+9, 1x1+5x5, r 8"),
        ("dkse(positions=())", "dkse positions none"),
        ("transfer(backbone='mobilenet_v2')", "transfer mobilenet_v2"),
        (
            "recalibrated-resnet50(modules=9, pretrained=True)",
            "recalibrated-resnet50 modules 9, pretrained yes",
        ),
        ("multi-2 (common)", "multi-2 (common)"),
        ("half (open", "half (open"),
        ("model()", "model()"),
    ],
)
def test_options_of_a_method_are_written_as_words(method, label):
    assert method_label(method) == label
