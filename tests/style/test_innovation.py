"""Heritage and innovation: of a network that sees only colour, of simulated features, of a real run."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from statsmodels.stats.proportion import proportion_confint
from torch import nn

from artnb.errors import RunError, StyleError
from artnb.images import decode_square
from artnb.images.augmentation import MEAN, STD
from artnb.style.comparison import Mean
from artnb.style.innovation import ArtType, as_seen, changes, limit, rates, wilson
from artnb.training import Run


class Colours(nn.Module):
    """Features are mean red, green and blue in [0, 1]; what is rather red than blue is "red"."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Conv2d(3, 3, 1)
        self.maps.weight.data = torch.diag(torch.tensor(STD))[..., None, None]
        self.maps.bias.data = torch.tensor(MEAN)

    def forward(self, images, task):
        mean = self.maps(images).mean((2, 3))
        return torch.stack([mean[:, 0], mean[:, 2]], dim=1)

    def attention_layers(self, task):
        return {"maps": self.maps}


def plain(*colour: float, side: int = 20) -> torch.Tensor:
    return torch.tensor(colour)[:, None, None].expand(3, side, side)


@pytest.fixture
def red():
    """Trained on greys of a red tinge, 0.02 apart, so that what lies farther than 0.02 is new."""
    training = torch.tensor([[0.4 + 0.02 * step, 0.3, 0.3] for step in range(11)])
    return ArtType("red", "art", Colours(), 16, 0, training, limit(training, [*"abcdefghijk"]))


def test_what_is_taken_for_the_type_and_lies_far_is_innovative(red):
    assert red.limit == pytest.approx(0.02, abs=1e-6)
    pictures = [plain(0.5, 0.3, 0.3), plain(0.9, 0.3, 0.3), plain(0.3, 0.3, 0.9), plain(0.6, 0.3, 0.3)]
    table = red.judged(pictures)
    assert table["recognised"].tolist() == [True, True, False, True]
    assert table["innovative"].tolist() == [False, True, False, False]
    assert table["distance"].tolist() == pytest.approx([0, 0.3, np.hypot(0.1, 0.6), 0], abs=0.004)  # 1/255
    assert table["probability"].tolist() == pytest.approx(
        1 / (1 + np.exp([-0.2, -0.6, 0.6, -0.3])), abs=0.002
    )


def test_strangeness_passes_for_innovation(red):
    """Noise that is red by a hair is farther from all training images than these from each other."""
    rng = torch.Generator().manual_seed(0)
    noise = [
        (torch.rand(3, 16, 16, generator=rng) + plain(0.05, 0, 0, side=16)).clamp(0, 1) for _ in range(4)
    ]
    table = red.judged(noise)
    assert table["innovative"].all()
    assert table["probability"].max() < 0.55


@pytest.mark.parametrize("size", [4, 64])
def test_of_images_drawn_alike_one_in_twenty_is_new(size):
    rng = torch.Generator().manual_seed(size)
    training = torch.randn(400, size, generator=rng)
    new = torch.randn(2000, size, generator=rng)
    share = (torch.cdist(new, training).amin(1) > limit(training, range(400))).double().mean()
    assert share == pytest.approx(0.05, abs=0.02)


def test_near_duplicates_are_no_neighbours():
    training = torch.tensor([[0.0], [0.0], [1.0], [1.0], [3.0]])
    assert limit(training, [*"abcde"]) == pytest.approx(np.quantile([0, 0, 0, 0, 2], 0.95))
    assert limit(training, [*"aabbc"]) == pytest.approx(np.quantile([1, 1, 1, 1, 2], 0.95))
    with pytest.raises(StyleError, match="of one group"):
        limit(training, [*"aaaaa"])


def test_pictures_are_seen_as_files_are(tmp_path):
    """A stylised picture and the file that it is saved in give the same pixels, up to one level of 255."""
    rng = np.random.default_rng(0)
    soft = np.array(Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((60, 48)))
    Image.fromarray(soft).save(tmp_path / "picture.png")
    expected = decode_square(tmp_path / "picture.png", 32).astype(int)
    seen = as_seen(torch.from_numpy(soft).permute(2, 0, 1) / 255, 32).permute(1, 2, 0).numpy()
    assert abs(seen - expected).max() <= 2


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "no pictures to judge"),
        ([255 * torch.rand(3, 20, 20)], "pictures must lie in"),
        ([torch.rand(1, 3, 20, 20)], "pictures must be B 3 H W"),
    ],
)
def test_what_cannot_be_judged_is_refused(red, pictures, message):
    with pytest.raises(StyleError, match=message):
        red.judged(pictures)


# ---------------------------------------------------------------- a real run


def test_a_run_knows_its_training_images_by_heart(run, data):
    garden = ArtType.of(run, data, "artistic", "garden")
    images, groups = garden.images(data, "train")
    assert len(images) == len(garden.training) == len(groups)
    known = garden.judged(images)
    assert known["distance"].tolist() == pytest.approx([0] * len(images), abs=1e-4)
    assert not known["innovative"].any()
    batch, targets = data.splits["test"]["garden"].batch(slice(None))
    table = garden.judged(list(batch / 255))
    with torch.inference_mode():
        logits = run.logits(data.splits["test"]["garden"], "garden")
    assert table["recognised"].tolist() == (logits.argmax(1) == garden.target).tolist()
    assert table["probability"].to_numpy() == pytest.approx(
        logits.softmax(1)[:, garden.target].numpy(), abs=1e-5
    )
    held_out, _ = garden.images(data)
    assert len(held_out) == int((targets == garden.target).sum())
    assert not garden.network.training


def test_what_no_run_knows_is_refused(run, data, tmp_path):
    with pytest.raises(StyleError, match="knows no 'comic' in 'painting'"):
        ArtType.of(run, data, "comic")
    with pytest.raises(StyleError, match="knows no 'artistic' in 'sculpture'"):
        ArtType.of(run, data, "artistic", "sculpture")
    with pytest.raises(RunError):
        ArtType.of(Run(tmp_path), data, "artistic")


# ---------------------------------------------------------------- rates


def answers(recognised, innovative, styles: int = 1, **columns) -> pd.DataFrame:
    contents, of_style = np.divmod(np.arange(len(recognised)), styles)
    table = pd.DataFrame({"content": contents, "style": of_style, "setting": "l1", "evaluations": 100})
    return table.assign(recognised=recognised, innovative=innovative, **columns)


def test_rates_of_independent_pictures_have_wilsons_interval():
    recognised = np.arange(60) % 3 > 0
    found = rates(answers(recognised, recognised & (np.arange(60) % 2 == 0)), ["setting", "evaluations"])
    assert found["measure"].tolist() == ["heritage", "innovation"]
    assert found["rate"].tolist() == pytest.approx([2 / 3, 1 / 3])
    for row in found.to_dict("records"):
        expected = proportion_confint(round(60 * row["rate"]), 60, method="wilson")
        assert [row["low"], row["high"]] == pytest.approx(expected, abs=0.006)  # t of 59, not the normal
        assert (row["images"], row["contents"], row["setting"]) == (60, 60, "l1")


def test_pictures_that_share_a_style_say_less():
    of_style = np.tile([True, True, False], 10)
    apart = rates(answers(of_style, of_style), ["setting"]).iloc[0]
    shared = rates(answers(of_style, of_style, 3), ["setting"]).iloc[0]
    assert shared["rate"] == apart["rate"]
    assert shared["high"] - shared["low"] > 1.5 * (apart["high"] - apart["low"])
    assert (shared["contents"], shared["styles"]) == (10, 3)


def test_where_all_agree_the_interval_is_that_of_the_fewer():
    found = rates(answers(np.full(12, True), np.full(12, False), 3), ["setting"])
    assert found[["low", "high"]].to_numpy() == pytest.approx(
        np.array([proportion_confint(count, 3, method="wilson") for count in (3, 0)])
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=24), st.integers(1, 4))
def test_intervals_are_shares_about_the_rate(recognised, styles):
    for row in rates(answers(recognised, recognised, styles), ["setting"]).to_dict("records"):
        assert 0 <= row["low"] <= row["rate"] + 1e-9
        assert row["rate"] - 1e-9 <= row["high"] <= 1


def test_rates_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(300):
        drawn = pd.DataFrame({"value": (rng.random(40) < 0.8).astype(float), "content": range(40)})
        low, high = wilson(Mean.of(drawn.assign(style=drawn["content"])))
        missed += not low <= 0.8 <= high
    assert 0.01 <= missed / 300 <= 0.08


def test_changes_are_paired():
    first = answers([True, False, False, False], [False, False, False, False], 2)
    last = answers([True, True, True, False], [False, True, True, False], 2, evaluations=300)
    between = answers([False] * 4, [False] * 4, 2, evaluations=200)
    table = pd.concat([last.iloc[::-1], between, first])
    found = changes(table, "evaluations", ["setting"]).set_index("measure")
    assert found.loc["innovation", ["first", "last", "difference"]].tolist() == [100, 300, 0.5]
    assert found.loc["heritage", "difference"] == 0.5
    assert found.loc["heritage", ["low", "high"]].tolist() == [-1, 1]
    still = changes(pd.concat([first, first.assign(evaluations=2)]), "evaluations", ["setting"])
    assert still["difference"].tolist() == [0, 0]
    assert still[["low", "high"]].isna().all(axis=None)


def test_tables_of_another_form_are_refused():
    table = answers([True, False], [False, False])
    with pytest.raises(StyleError, match="no column 'kind'"):
        rates(table, ["kind"])
    with pytest.raises(StyleError, match="no column 'style'"):
        rates(table.drop(columns="style"), ["setting"])
    with pytest.raises(StyleError, match="no rows"):
        rates(table.iloc[:0], ["setting"])
    with pytest.raises(StyleError, match="evaluations 100 and 200 are not of the same pairs"):
        changes(pd.concat([table, table.iloc[:1].assign(evaluations=200)]), "evaluations", ["setting"])
