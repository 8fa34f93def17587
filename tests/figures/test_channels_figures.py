"""The heatmap's columns stand by their users, and the marks carry the numbers of the table."""

import io
import warnings

import numpy as np
import pytest
from matplotlib.colors import to_hex

from artnb.errors import ReportError
from artnb.figures.channels import channel_profiles, common_shares
from artnb.figures.palette import FAINT, FIELDS, GREY, WIDTH


def test_channels_stand_by_whose_they_are(profiles):
    axes = channel_profiles(profiles).axes[0]
    [image] = axes.images
    order = [4, 1, 3, 0, 5, 2]  # shared, painting's, garden's, unused; within each the most used first
    expected = profiles.pivot_table("share", "field", "channel").loc[["painting", "garden"], order] * 6
    np.testing.assert_allclose(image.get_array(), expected)
    band = [to_hex(patch.get_facecolor(), keep_alpha=False) for patch in axes.patches]
    colours = [GREY, GREY, FIELDS["painting"], FIELDS["garden"], FIELDS["garden"], FAINT]
    assert band == [colour.lower() for colour in colours]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["shared 2", "own: painting 1", "own: garden 2", "unused 1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["painting", "garden"]


def test_the_note_says_of_which_network_and_of_how_many(profiles):
    note = channel_profiles(profiles).get_supxlabel().replace("\n", " ")
    for words in ("all 6 channels", "multi-2, seed 1, trained", "painting 50, garden 50; in 80 groups"):
        assert words in note


def test_two_networks_are_not_laid_over_each_other(profiles):
    with pytest.raises(ReportError, match="of 2 networks"):
        channel_profiles(profiles.assign(seed=[1] * 6 + [2] * 6))


def test_shares_and_what_stands_beside_them(branch_shares):
    figure = common_shares(branch_shares)
    axes = figure.axes[0]
    by_marker = {line.get_marker(): line.get_xdata() for line in axes.lines if line.get_linestyle() == "None"}
    np.testing.assert_allclose(by_marker["|"], 0.5)
    np.testing.assert_allclose(by_marker["x"], 0.45)
    dots = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert sorted(dots) == pytest.approx(sorted(branch_shares["share"]))
    assert axes.get_xlim() == (0, 1)
    assert "3 seeds and groups" in figure.get_supxlabel()
    alone = common_shares(branch_shares.query("method == 'multi-2'").assign(seeds=1))
    assert alone.get_suptitle().endswith("multi-2")
    assert "one seed only" in alone.get_supxlabel().replace("\n", " ")


@pytest.mark.parametrize(
    ("draw", "table", "column"),
    [(channel_profiles, "profiles", "user"), (common_shares, "branch_shares", "other_heads")],
)
def test_they_can_be_read_and_refuse_what_they_cannot_draw(draw, table, column, request):
    table = request.getfixturevalue(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = draw(table)
        figure.savefig(io.BytesIO(), format="png")
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert width == WIDTH
    assert min(box.x0, box.y0) > -0.02
    assert box.x1 < width + 0.02
    assert box.y1 < height + 0.02
    legend = figure.axes[0].get_legend().get_window_extent()
    assert legend.y0 > figure.axes[0].get_window_extent().y1 - 1
    assert legend.y1 < figure._suptitle.get_window_extent().y0
    with pytest.raises(ReportError, match=f"no column '{column}'"):
        draw(table.drop(columns=column))
    with pytest.raises(ReportError, match="no rows"):
        draw(table.iloc[:0])


def test_what_is_not_known_is_not_drawn(branch_shares, profiles):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        common_shares(branch_shares.assign(low=np.nan, high=np.nan)).savefig(io.BytesIO(), format="png")
        channel_profiles(profiles.assign(share=0.0, user="unused")).savefig(io.BytesIO(), format="png")
