"""What the network of one field says of another: does what it holds to be artistic hold there too?

Each field's own network is asked about the test images of all fields, as a network that learnt on one dataset
is tested on another (Torralba & Efros, "Unbiased Look at Dataset Bias", CVPR 2011). Nothing is learnt of the
field that is asked about, so that neither more images nor regularisation can pass for a concept that both
share: where they share none, the network orders the other's images as by chance. It costs no training beside
the single-task networks.

The answer is the area under the ROC curve, for a concept's threshold in one field need not be another's. Its
interval is that of `relevance.gains`: every image's part in the area (DeLong, DeLong & Clarke-Pearson,
"Comparing the areas under two or more correlated receiver operating characteristic curves", Biometrics 44,
1988), summed over its group (Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53,
1997), varies with groups and with seeds.

It is about these very fields: two concepts that were found apart from each other may be alike by accident,
and an interval away from 0.5 says that they are, not why. `calibration.exchanged` counts such accidents.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from artnb.errors import RelevanceError
from artnb.relevance.gains import MEAN, estimates_of
from artnb.training.design import Design

CHANCE = 0.5


def exchange(design: Design, split: str = "test") -> pd.DataFrame:
    """How well each field's network orders the images of each field: those of its label before the others.

    Args:
        design: which has been run, and learns each field alone (`artnb.training.Design`: artistry-single, or
            subsets of one field); its other networks and its controls are not asked.

    Returns:
        One row per field and partner: field (whose images are asked about), partner (whose network answers;
        the field itself too), auroc (in [0, 1]; 0.5 is chance, below it the partner's label means the
        opposite), low, high, seeds, images, groups.

    Raises:
        RelevanceError: no field is learnt alone, or by two models; or one has images of one label only.
        RunError: a network has not been trained: `design.run` does it.
    """
    answers = answered(design, split)
    tables = []
    for _, of_field in answers.groupby("field", sort=False):
        sizes = of_field.drop_duplicates("id").groupby(["field", "group"]).size()
        parts = {
            partner: of_partner.pivot_table("part", ["field", "group"], "seed", aggfunc="sum")
            for partner, of_partner in of_field.groupby("partner", sort=False)
        }
        tables.append(estimates_of("auroc", parts, sizes))
    table = pd.concat(tables, ignore_index=True).rename(columns={"method": "partner"})
    table = table[table["field"] != MEAN].reset_index(drop=True)
    return table[["field", "partner", *table.columns.drop(["field", "partner"])]]


def answered(design: Design, split: str) -> pd.DataFrame:
    """Every image's part in the area, from each field's network: field, partner, seed, id, group, part."""
    alone = [trial for trial in replace(design, controls=()).trials if len(trial.data.fields) == 1]
    learnt = Counter((trial.data.fields, trial.config.seed) for trial in alone)
    if not learnt or max(learnt.values()) > 1:
        raise RelevanceError(
            "each field must be learnt alone, by one model: give a design with artistry-single, or with "
            "subsets of one field"
        )
    tables = []
    for trial in alone:
        (partner,) = trial.data.fields
        for field, images in design.data(trial.config.seed).splits[split].items():
            if len(images.targets.unique()) < 2:
                raise RelevanceError(
                    f"{field} has {split} images of one label only: give it some of the other"
                )
            probabilities = trial.run.logits(images, partner).softmax(1)[:, -1].numpy()
            columns = {"field": field, "partner": partner, "seed": trial.config.seed, "id": images.ids}
            part = parts_of_area(images.targets.numpy() > 0, probabilities)
            tables.append(pd.DataFrame(columns | {"group": images.groups, "part": part}))
    return pd.concat(tables, ignore_index=True)


def parts_of_area(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """What each image adds to the area under the ROC curve, scaled so that their mean is the area, N.

    DeLong et al., Eqs. (4) to (6): of a positive image the share of negative ones that it is ranked above, of
    a negative one that of positive ones above it; ties count half.
    """
    ranks = rankdata(scores)
    parts = np.empty(len(scores))
    for chosen, sign in ((positive, 1), (~positive, -1)):
        above = sign * (ranks[chosen] - rankdata(scores[chosen])) / (~chosen).sum()
        above = above if sign > 0 else 1 + above
        parts[chosen] = above.mean() + len(scores) / chosen.sum() * (above - above.mean())
    return parts
