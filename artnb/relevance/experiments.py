"""Experiments in ateliers: what learning together gains where it is known what the fields share.

In each atelier a network learns all fields together, and others of the same architecture learn each field
alone, so that nothing differs but the partners. `calibration` holds the gains against what was planted.

To carry all of `PLANNED` out takes more than an hour on two cores, so the tables are kept with the package.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from artnb.atelier import Plan, paint
from artnb.images.augmentation import Augmentation
from artnb.paths import written_whole
from artnb.relevance.exchange import exchange
from artnb.relevance.gains import gain
from artnb.relevance.matrix import matrix
from artnb.relevance.power import components
from artnb.training import Design, TrainingConfig, all_subsets
from artnb.training.design import JOIN

MODEL, IMAGE_SIZE = "artistry-multi-2", 64
CONFIG = TrainingConfig(
    15, 16, 1e-3, augmentation=Augmentation(flip=False, translation=0.06), precision="bfloat16"
)
SIZES = {"train": 160, "validation": 60, "test": 200, "size": 64}  # of an atelier (see `Plan`)
PLANNED = {  # commonality: ateliers, seeds of the networks
    0.0: (range(10), (0, 1, 2)),
    0.25: (range(2), (0, 1)),
    0.5: (range(2), (0, 1)),
    0.75: (range(2), (0, 1)),
    1.0: (range(5), (0, 1)),
}
SHARING = ("painting", "garden")  # fields with a canon in common, in the atelier of the block-wise plan
BLOCKS = Plan(**SIZES, seed=200, sharing=SHARING), tuple(range(10))
ALONE, TOGETHER = "alone", "together"
KEPT = Path(__file__).with_name("calibrated")


def calibrate(folder: Path) -> dict[str, pd.DataFrame]:
    """Carries all experiments out, with what lies below `folder` already; the tables of `kept`."""
    plans = [
        (Plan(**SIZES, commonality=commonality, seed=atelier), seeds)
        for commonality, (ateliers, seeds) in PLANNED.items()
        for atelier in ateliers
    ]
    answers, exchanges = [], []
    for plan, seeds in tqdm(plans, desc="experiments", unit="atelier"):
        design = carried_out(plan, folder, IMAGE_SIZE, CONFIG, seeds)
        answers.append(answered(design, plan))
        exchanges.append(exchange(design).assign(planted=plan.commonality, atelier=plan.seed))
    answers, blocks = pd.concat(answers, ignore_index=True), block_design(*BLOCKS, folder)
    return {
        "outcomes": outcomes(answers),
        "components": components(answers, TOGETHER, ALONE),
        "exchanges": pd.concat(exchanges, ignore_index=True),
        "blocks": matrix(blocks.predictions("test")),
        "block_exchanges": exchange(blocks),
    }


def kept() -> dict[str, pd.DataFrame]:
    """The calibration that was carried out: outcomes (see `outcomes`), components (see `power`), exchanges
    (see `calibration.exchanged`), and blocks and block_exchanges, the matrix and the exchange of an atelier
    in which only the fields `SHARING` share a canon."""
    return {file.stem: pd.read_csv(file) for file in sorted(KEPT.glob("*.csv"))}


def keep(tables: dict[str, pd.DataFrame]) -> None:
    """Puts `tables` (see `calibrate`) in the place of the kept ones."""
    for name, table in tables.items():
        with written_whole(KEPT / f"{name}.csv") as path:
            table.to_csv(path, index=False, float_format="%.6g")


def carried_out(
    plan: Plan, folder: Path, image_size: int, config: TrainingConfig, seeds: Sequence[int]
) -> Design:
    """Paints `plan` below `folder` and learns each field alone and all together; what is there is taken from
    there."""
    images = paint(plan, folder / plan.name)
    subsets = (*((field,) for field in images.fields), images.fields)
    design = Design(images, image_size, config, (MODEL,), tuple(seeds), subsets=subsets)
    design.run()
    return design


def answered(design: Design, plan: Plan) -> pd.DataFrame:
    """The table of `Design.predictions` of the test images, with the methods `ALONE` and `TOGETHER`, and
    planted (the commonality) and atelier (the seed of the plan)."""
    judged = design.predictions("test").assign(planted=plan.commonality, atelier=plan.seed)
    several = judged["method"].str.contains(JOIN, regex=False)
    return judged.assign(method=several.map({True: TOGETHER, False: ALONE}))


def outcomes(answers: pd.DataFrame) -> pd.DataFrame:
    """The gain of each experiment: the table that `calibration` takes.

    Args:
        answers: of `answered`, of one experiment or several.

    Returns:
        planted, atelier, and the columns of `relevance.gain` but its method.
    """
    tables = []
    for (planted, atelier), of_experiment in answers.groupby(["planted", "atelier"]):
        table = gain(of_experiment, ALONE).drop(columns="method")
        table.insert(0, "planted", planted)
        table.insert(1, "atelier", atelier)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def block_design(
    plan: Plan,
    seeds: Sequence[int],
    folder: Path,
    image_size: int = IMAGE_SIZE,
    config: TrainingConfig = CONFIG,
) -> Design:
    """Paints `plan` below `folder` and learns every set of its fields."""
    images = paint(plan, folder / plan.name)
    subsets = all_subsets(images.fields)
    design = Design(images, image_size, config, (MODEL,), tuple(seeds), subsets=subsets)
    design.run()
    return design
