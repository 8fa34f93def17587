"""Many pairs by many methods: the pictures are those of single transfers, the tables those of the rooms."""

import pandas as pd
import pytest
import torch

from artnb.errors import StyleError
from artnb.style import Transfer, gains, means, pairs, random_vgg19, rates, similarity, variant
from artnb.style.pairs import Picture

SIZE = 24


def drawn(seed: int) -> torch.Tensor:
    pixels = torch.randint(256, (1, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(seed))
    return pixels / 255


CONTENTS = {"a": drawn(0), "b": drawn(1)}
STYLES = {"x": drawn(2), "y": drawn(3)}
METHODS = {name: variant(name, size=SIZE, evaluations=4) for name in ("baseline", "both")}


@pytest.fixture(scope="module")
def features():
    return random_vgg19()


@pytest.fixture(scope="module")
def carried(features):
    return pairs.carry_out(CONTENTS, STYLES, METHODS, features, at=(2,), workers=1)


def test_every_pair_is_carried_out_by_every_method_as_if_alone(carried, features):
    pictures, history = carried
    assert len(pictures) == 2 * 2 * 2 * 2
    alone = Transfer(CONTENTS["b"], STYLES["x"], features, METHODS["both"])
    found = [of for of in pictures if (of.content, of.style, of.method) == ("b", "x", "both")]
    assert [of.evaluations for of in found] == [2, 4]
    for picture in found:
        for _ in range(2):
            next(alone)
        assert torch.equal(picture.image, alone.image)
    of_one = history.query("pair == 'b, x' and method == 'both'").reset_index(drop=True)
    assert of_one["style"].tolist() == (1e6 * alone.history["style"]).tolist()
    parts = of_one[["content", "style", "perceptual"]].sum(axis=1)
    assert parts.tolist() == pytest.approx(of_one["total"].tolist(), rel=1e-5)


def test_side_by_side_they_are_the_same(carried, features):
    before = torch.get_num_threads()
    pictures, history = pairs.carry_out(CONTENTS, STYLES, METHODS, features, at=(2,), workers=2)
    for one, other in zip(pictures, carried[0], strict=True):
        assert (one.content, one.style, one.method) == (other.content, other.style, other.method)
        assert torch.equal(one.image, other.image)
    pd.testing.assert_frame_equal(history.drop(columns="seconds"), carried[1].drop(columns="seconds"))
    assert torch.get_num_threads() == before


def test_what_is_refused_in_a_process_is_said(features):
    with pytest.raises(StyleError, match="no layer relu4_2"):
        pairs.carry_out(CONTENTS, STYLES, {"gatys": variant("gatys", size=SIZE)}, features, workers=2)
    with pytest.raises(StyleError, match="nothing to carry out"):
        pairs.carry_out({}, STYLES, METHODS, features)


def test_the_last_of_each_is_kept(carried):
    last = pairs.last(carried[0])
    assert len(last) == 8
    assert {picture.evaluations for picture in last} == {4}


def test_a_network_is_taught_for_every_style(features, capfd):
    config = variant("baseline", size=SIZE, beta=1e3)
    made = pairs.taught("johnson", CONTENTS, STYLES, [drawn(4)], features, config, 2, 1, workers=1)
    assert [(of.content, of.style, of.method) for of in made] == [
        ("a", "x", "johnson"), ("b", "x", "johnson"), ("a", "y", "johnson"), ("b", "y", "johnson"),
    ]  # fmt: skip
    assert all(of.image.shape == (1, 3, SIZE, SIZE) for of in made)
    assert not torch.equal(made[0].image, made[2].image)
    assert "johnson network:" not in capfd.readouterr().err


def test_what_is_compared_goes_into_means_and_gains(carried):
    table = pairs.compared(carried[0], CONTENTS, STYLES)
    assert set(table["method"]) == {
        "baseline", "both", "style itself", "content itself", "blend", "style shuffled"
    }  # fmt: skip
    (picture,) = (
        of for of in pairs.last(carried[0]) if (of.content, of.style, of.method) == ("a", "y", "both")
    )
    expected = similarity(picture.image, STYLES["y"])["ssim"].item()
    row = table.query("pair == 'a, y' and method == 'both' and against == 'style' and metric == 'ssim'")
    assert row["value"].item() == pytest.approx(expected, abs=1e-6)
    itself = means(table).query("method == 'content itself' and against == 'content' and metric == 'ssim'")
    assert itself["value"].item() == pytest.approx(1, abs=1e-5)
    assert set(gains(table, "baseline")["images"]) == {4}


class Brightness:
    """In place of an ArtType: recognises what is bright."""

    label = "bright"

    def judged(self, images):
        means_of = torch.stack([image.mean() for image in images])
        bright = (means_of > 0.5).numpy()
        return pd.DataFrame({"recognised": bright, "innovative": bright & (means_of > 0.8).numpy()})

    def images(self, data):
        return [torch.ones(3, 12, 12)], pd.Index(["g"])


def made(style: str, level: float, evaluations: int = 3) -> Picture:
    return Picture("a", style, "baseline", evaluations, torch.full((1, 3, 12, 12), level))


def test_pictures_are_judged_by_the_type_of_their_style():
    pictures = [made("x", 0.9, 1), made("y", 0.9), made("x", 0.6)]
    table = pairs.recognised(pictures, {"x": Brightness()})
    assert table["style"].tolist() == ["x", "x"]
    assert table["evaluations"].tolist() == [1, 3]
    assert table["innovative"].tolist() == [True, False]
    assert len(rates(table, ["setting", "evaluations"])) == 4
    with pytest.raises(StyleError, match="no picture has a style whose art type is known"):
        pairs.recognised(pictures, {"z": Brightness()})


def test_what_no_transfer_made_is_judged_too():
    untouched = pairs.untouched({"dark": torch.zeros(1, 3, 12, 12)}, {"x": Brightness(), "y": Brightness()})
    assert untouched[["kind", "content", "style"]].to_numpy().tolist() == [
        ["photographs", "dark", "x"], ["photographs", "dark", "y"]
    ]  # fmt: skip
    assert not untouched["recognised"].any()
    unseen = pairs.unseen({"x 1": Brightness(), "x 2": Brightness()}, None)
    assert unseen[["kind", "content", "style"]].to_numpy().tolist() == [
        ["unseen images of the type", "g", "bright"]
    ]  # once, however many styles are of the type


def test_a_sheet_has_a_row_for_every_pair(carried):
    sheet = pairs.sheet(pairs.last(carried[0]), CONTENTS, {"y": STYLES["y"]})
    assert list(sheet) == ["a, y", "b, y"]
    assert list(sheet["a, y"]) == ["content", "style", "baseline", "both"]
    assert sheet["b, y"]["content"].shape == (SIZE, SIZE, 3)
    assert (
        sheet["b, y"]["content"] == (CONTENTS["b"][0] * 255).round().byte().permute(1, 2, 0).numpy()
    ).all()
