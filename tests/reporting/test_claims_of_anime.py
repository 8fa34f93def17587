"""What Wu & Chen state of anime: their words, and verdicts on tables of `artnb.anime`."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from artnb.anime import comparison, kept
from artnb.anime.spectra import differences
from artnb.reporting.claims import judge, read_papers

TEXT = Path(__file__).resolve().parents[3] / "shared" / "papers" / "003_8c52658bb3f3a8e1.txt"
[PAPER] = (paper for paper in read_papers() if paper.name == "Wu & Chen")
CLAIMS = {claim.name: claim for claim in PAPER.claims}


@pytest.mark.skipif(not TEXT.exists(), reason="needs the text of the paper, in ../shared/papers")
@pytest.mark.parametrize("name", CLAIMS)
def test_sentences_are_quoted_word_by_word(name):
    text = re.sub(r"\s+", " ", TEXT.read_text("utf-8"))
    assert re.sub(r"\s+", " ", CLAIMS[name].says) in text


@pytest.fixture
def gains():
    """From three seeds FSGAN is nearest to anime in all, and no nearer to the photograph than CartoonGAN."""
    rng = np.random.default_rng(0)
    levels = dict.fromkeys(
        ("without spectral", "without boundary", "without colour block", "cartoongan", "animegan"), 2.0
    )
    rows = [
        {"objective": name, "seed": seed, "metric": metric, "value": level + rng.normal(0, 0.01)}
        for name, level in (levels | {"fsgan": 1.0}).items()
        for seed in range(3)
        for metric in comparison.METRICS
    ]
    table = pd.DataFrame(rows).assign(images=8)
    kept = (table["objective"] == "cartoongan") & (table["metric"] == "content distance")
    table.loc[kept, "value"] = 0.5
    return comparison.gains(table, "fsgan")


def test_claims_of_objectives_are_judged_by_gains(gains):
    expected = {
        "style-losses-help": "holds",
        "spectral-loss-fits-the-spectrum": "holds",
        "higher-quality": "holds",
        "better-realism": "fails",
    }
    assert {name: str(judge(CLAIMS[name], gains).verdict) for name in expected} == expected
    undecided = gains.assign(low=-1.0)
    assert judge(CLAIMS["style-losses-help"], undecided).verdict == "undecided"


def test_the_claim_of_spectra_is_judged_by_bands():
    claim = CLAIMS["photographs-have-more-of-every-frequency"]
    noise = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert judge(claim, differences(noise, 0.2 * noise)).verdict == "holds"
    assert judge(claim, differences(0.2 * noise, noise)).verdict == "fails"


def test_the_claim_of_the_background_is_judged_by_portraits():
    photos = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    heads = torch.zeros(4, 8, 8, dtype=torch.bool)
    heads[:, :4] = True
    made = torch.where(heads[:, None], 1 - photos, photos)
    assert judge(CLAIMS["keeps-the-background"], kept(made, photos, heads)).verdict == "holds"
    assert judge(CLAIMS["keeps-the-background"], kept(made, photos, ~heads)).verdict == "fails"
