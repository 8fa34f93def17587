"""Numbers stand where their source and label are; dots lie at the accuracies; what is not tested is told."""

import numpy as np
import pandas as pd
import pytest

from artnb.errors import ReportError
from artnb.figures.audit import NAME, OTHERS, VALUES, provenance, shortcuts, sizes, suspects


def test_each_number_stands_at_its_source_and_label(audited):
    [axes] = provenance(audited).axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    rows = dict(zip(axes.get_yticks().round(3), names, strict=True))
    labels = ["artistic", "non_artistic"]
    field_of, field, drawn = {}, None, {}
    for y, name in rows.items():
        field = name if name in set(audited["field"]) else field
        field_of[y] = field
    for text in axes.texts:
        x, y = text.get_position()
        drawn[field_of[round(y, 3)], rows[round(y, 3)], labels[x]] = int(text.get_text())
    assert drawn == audited.groupby(["field", "source", "label"]).size().to_dict()


def test_rare_sources_are_summed_up_and_long_names_cut(audited):
    names = [f"source {place} {'of a long name' * 3}" for place in range(VALUES + 4)]
    table = audited.head(1).loc[[audited.index[0]] * 100].assign(source=(names * 12)[:96] + [""] * 4)
    [axes] = provenance(table).axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert len(shown) == 1 + VALUES + 1
    assert shown[-1] == OTHERS
    assert max(map(len, shown)) == NAME
    assert sum(int(text.get_text()) for text in axes.texts) == 100


def test_one_source_of_all_is_named(audited):
    for licence, name in (("CC0", "CC0"), ("", "unknown")):
        note = provenance(audited.assign(licence=licence), "licence").get_supxlabel()
        assert " ".join(note.split()).endswith(f"All are: {name}.")


def test_each_distribution_peaks_where_its_values_lie(audited):
    table = audited.assign(width=np.where(audited["label"] == "artistic", 300, 843))
    axes = sizes(table).axes[0]
    assert len(axes.patches) == 8
    for place, stairs in enumerate(axes.patches):
        values, edges, base = stairs.get_data()
        peak = (base - values).argmax()
        assert edges[peak] <= (843 if place % 2 else 300) <= edges[peak + 1]


def test_images_of_one_size_are_drawn(audited):
    assert sizes(audited.assign(width=96, aspect=1.0)).axes[0].get_xlim()[0] < 96


def test_dots_lie_at_the_accuracies_between_chance_and_limit(found):
    [axes] = shortcuts(found).axes
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() != "None"]
    assert dots == found["accuracy"].tolist()
    verticals = [line.get_xdata() for line in axes.lines if line.get_xdata()[0] == line.get_xdata()[-1]]
    drawn = {values[0] for values in verticals if len(values) == 2}
    assert drawn == set(found["chance"]) | set(found["limit"])


def test_what_was_not_tested_is_told(found):
    untested = found["field"] == "types"
    numbers = ["accuracy", "low", "high"]
    found.loc[untested, numbers] = np.nan
    found.loc[untested, "reason"] = "all are comic"
    figure = shortcuts(found)
    assert "types was not tested: all are comic." in " ".join(figure.get_supxlabel().split())
    assert "nan" not in "".join(text.get_text() for text in figure.axes[0].texts)
    with pytest.raises(ReportError, match="no shortcut could be tested: all are comic"):
        shortcuts(found[untested])


def test_suspects_are_shown_unchanged_with_label_and_words(shown, pictures):
    figure = suspects(shown, pictures)
    panels = [axes for axes in figure.axes if axes.images]
    for axes, row in zip(panels, shown.to_dict("records"), strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), pictures[row["id"]])
        assert axes.get_xlabel() == "even grey"
        assert axes.get_title(loc="left") == row["label"].replace("_", "-")
    assert [axes.get_ylabel() for axes in panels if axes.get_ylabel()] == [
        "painting\nborder",
        "painting\nfile",
    ]


def test_many_labels_take_more_lines(shown, pictures):
    table = pd.concat([shown.assign(feature="border"), shown.assign(feature="border", field="garden")])
    figure = suspects(table.head(20), pictures)
    assert len(figure.axes) == 24
    assert sum(axes.axison for axes in figure.axes) == 20


def test_what_cannot_be_drawn_is_refused(audited, found, shown, pictures):
    for draw, table, column in (
        (provenance, audited, "source"),
        (sizes, audited, "aspect"),
        (shortcuts, found, "limit"),
        (lambda table: suspects(table, pictures), shown, "words"),
    ):
        with pytest.raises(ReportError, match=f"no column '{column}'"):
            draw(table.drop(columns=column))
        with pytest.raises(ReportError, match="no rows"):
            draw(table.iloc[:0])
    with pytest.raises(ReportError, match="no image 00"):
        suspects(shown, {})
