"""The same colour for the same field everywhere, and marks that differ without colour."""

from artnb.figures.palette import FIELDS, INK, field_colours, method_marks, readable


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
