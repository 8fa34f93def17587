"""What holds for every figure: it can be read, stands apart from pyplot, and refuses what it cannot draw."""

import inspect
import io
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from artnb import figures
from artnb.errors import ReportError
from artnb.figures.palette import WIDTH

CONVERGED = pd.DataFrame(
    [
        {"method": m, "set": s, "epochs": 3, "near": 0.02}
        for m in ("single", "multi-2")
        for s in ("original", "augmented")
    ]
)
UNDERSTOOD = pd.DataFrame(
    [{"planted": 0.0, "auroc": 0.52, "low": 0.48, "high": 0.56, "reached": 0.6, "ateliers": 5}]
)
LEVELS = pd.DataFrame({"method": ["single"], "epoch": [4], "accuracy": [0.97], "source": ["Wu, Figure 4"]})


@pytest.fixture
def drawings(
    estimates, history, predictions, catalogue, images, masks, maps, overlap,
    audited, found, shown, pictures, agreements, confused, claims, added, exchanged, differing, outcomes,
    fit, curves,
    near, ranked, by_works,
    profiles, branch_shares, blurred_effects, class_predictions, converging, overfitted, ablated, by_modules,
    layers, transferred, falling, alike, gained, innovating, spectral, learning, nearer,
):  # fmt: skip
    """A call of every public figure, with what a notebook would give it."""
    names = [f"painting\n{i}" for i in range(8)]
    rows = {("painting", "artistic"): images, ("garden", "non_artistic"): images[:3]}
    one = class_predictions.query("method == 'fusenet' and seed == 1")
    types = ["comic", "chinese_painting", "sketch"]
    return {
        "ablation": lambda: figures.ablation(ablated, ablated[["question", "variant", "gain"]]),
        "accuracies": lambda: figures.accuracies(
            estimates, estimates[["method", "field", "accuracy"]].assign(source="Sato, Table 4")
        ),
        "affinities": lambda: figures.affinities(near, added, ranked),
        "against": lambda: figures.against(by_modules[0], "modules", by_modules[1]),
        "attention_grid": lambda: figures.attention_grid(
            images, maps, names, "row", masks, {"single": names}
        ),
        "blurring": lambda: figures.blurring(blurred_effects),
        "calibration": lambda: figures.calibration(predictions),
        "channel_profiles": lambda: figures.channel_profiles(profiles),
        "common_shares": lambda: figures.common_shares(branch_shares),
        "confusion": lambda: figures.confusion(confused),
        "confusion_matrices": lambda: figures.confusion_matrices(class_predictions, types),
        "contact_sheet": lambda: figures.contact_sheet(rows),
        "convergence": lambda: figures.convergence(converging, CONVERGED, LEVELS),
        "counts": lambda: figures.counts(catalogue),
        "cues": lambda: figures.cues(images, masks, ["garden, rhythm of a long name (shared)"] * 8),
        "examples": lambda: figures.examples(dict.fromkeys(one["id"], images[0]), one, types),
        "exchange_graph": lambda: figures.exchange_graph(exchanged),
        "exchange_matrix": lambda: figures.exchange_matrix(exchanged),
        "exchanges": lambda: figures.exchanges(exchanged.assign(planted=0.0, atelier=1), UNDERSTOOD),
        "false_alarms": lambda: figures.false_alarms(outcomes),
        "feature_maps": lambda: figures.feature_maps(images[0], layers),
        "filmstrips": lambda: figures.filmstrips(
            {"original": images[:4], "FSGAN": images[4:]}, {"FSGAN": 1.2}
        ),
        "gain_by_works": lambda: figures.gain_by_works(*by_works),
        "gains": lambda: figures.gains(estimates[estimates["method"] == "multi-2"]),
        "gap": lambda: figures.gap(overfitted),
        "innovation": lambda: figures.innovation(*innovating),
        "kappas": lambda: figures.kappas(agreements),
        "leak": lambda: figures.leak(claims),
        "learning_curves": lambda: figures.learning_curves(history),
        "losses": lambda: figures.losses(falling),
        "map_agreement": lambda: figures.map_agreement(differing[differing["measure"] == "area"]),
        "map_differences": lambda: figures.map_differences(differing, "area"),
        "near_duplicates": lambda: figures.near_duplicates({"the same façade, five times": images[:5]}),
        "objectives": lambda: figures.objectives(nearer),
        "overlaps": lambda: figures.overlaps(overlap),
        "planted": lambda: figures.planted(outcomes, fit),
        "power": lambda: figures.power(curves),
        "provenance": lambda: figures.provenance(audited),
        "randomisation": lambda: figures.randomisation(overlap.assign(correlation=0.25)),
        "relevance_graph": lambda: figures.relevance_graph(added),
        "relevance_matrix": lambda: figures.relevance_matrix(added),
        "sample_sheet": lambda: figures.sample_sheet({"photograph": list(images), "step 200": list(images)}),
        "shortcuts": lambda: figures.shortcuts(found),
        "side_by_side": lambda: figures.side_by_side(transferred),
        "similarities": lambda: figures.similarities(alike, ["blend", "style itself"]),
        "similarity_gains": lambda: figures.similarity_gains(gained, gained.assign(gain=0.005)),
        "sizes": lambda: figures.sizes(audited),
        "spectra": lambda: figures.spectra(*spectral),
        "suspects": lambda: figures.suspects(shown, pictures),
        "terms": lambda: figures.terms(learning, 5),
    }


@pytest.mark.parametrize("name", figures.__all__)
def test_it_can_be_read(drawings, name):
    before = dict(mpl.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawings[name]()
        figure.savefig(io.BytesIO(), format="png")
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before
    assert figure.get_suptitle()
    assert "8 images" in figure.get_supxlabel() or any(c.isdigit() for c in figure.get_supxlabel())
    assert figure.get_size_inches()[0] == WIDTH
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 > -0.02
    assert drawn.y0 > -0.02
    assert drawn.x1 < width + 0.02
    assert drawn.y1 < height + 0.02


@pytest.mark.parametrize("name", ["confusion_matrices", "convergence", "examples", "feature_maps", "gap"])
def test_it_is_drawn_the_same_again(drawings, name):
    pictures = [io.BytesIO(), io.BytesIO()]
    for picture in pictures:
        drawings[name]().savefig(picture, format="png", dpi=40)
    assert pictures[0].getvalue() == pictures[1].getvalue()


@pytest.mark.parametrize("name", figures.__all__)
def test_words_do_not_lie_over_each_other(drawings, name):
    figure = drawings[name]()
    figure.draw_without_rendering()
    boxes = []
    for axes in filter(lambda axes: axes.axison, figure.axes):
        words = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            words += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        boxes += [word.get_window_extent() for word in words if word.get_visible() and word.get_text()]
    boxes += [text.get_window_extent() for text in (figure._suptitle, figure._supxlabel)]
    boxes += [legend.get_window_extent() for legend in figure.legends]
    for i, box in enumerate(boxes):
        for other in boxes[i + 1 :]:
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            down = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert across < 1 or down < 1, f"{across:.0f} x {down:.0f} pixels of two texts coincide"


TABLES = {
    "accuracies": "accuracy",
    "gains": "gain",
    "learning_curves": "epoch",
    "calibration": "probability",
    "counts": "group",
    "overlaps": "overlap",
}


@pytest.mark.parametrize(("name", "column"), TABLES.items())
def test_a_table_without_a_column_or_rows_is_refused(
    name, column, estimates, history, predictions, catalogue, overlap
):
    tables = [estimates, estimates, history, predictions, catalogue, overlap]
    table = dict(zip(TABLES, tables, strict=True))[name]
    with pytest.raises(ReportError, match=f"no column '{column}'"):
        getattr(figures, name)(table.drop(columns=column))
    with pytest.raises(ReportError, match="no rows"):
        getattr(figures, name)(table.iloc[:0])


def test_images_of_another_form_are_refused(images, masks):
    with pytest.raises(ReportError, match="H W 3, uint8"):
        figures.contact_sheet({("painting", "artistic"): images / 255})
    with pytest.raises(ReportError, match="H W 3, uint8"):
        figures.near_duplicates({"group": images[..., 0]})
    with pytest.raises(ReportError, match="no images to draw"):
        figures.contact_sheet({("painting", "artistic"): []})
    with pytest.raises(ReportError, match="7 masks"):
        figures.cues(images, masks[:7], [""] * 8)


def test_every_figure_is_annotated_as_one():
    for name in figures.__all__:
        assert inspect.signature(getattr(figures, name)).return_annotation.__name__ == "Figure"
    assert np.isfinite(WIDTH)
