"""What a step of one network for four fields takes, beside a step of four networks for one field each.

    python tests/benchmarks/multitask.py

artistry-multi-2 against four artistry-single: the same batches of 64 px, one of each field, on as many
threads as there are cores.
"""

from collections.abc import Iterator

import torch
from joblib import cpu_count
from paired import Comparison, in_turn, table

from artnb.atelier import Plan, open_catalogue
from artnb.training import TrainingConfig
from artnb.training.data import load
from artnb.training.fitting import parts_of, reproducible
from artnb.training.loop import epoch, train_one_epoch

BATCH_SIZES = (32, 16)  # the default, and the demo's
STEPS = 3


def comparisons() -> Iterator[Comparison]:
    data = load(open_catalogue("atelier", Plan()), 64)
    for batch_size in BATCH_SIZES:
        config = TrainingConfig(batch_size=batch_size, threads=cpu_count(), device="cpu")
        together = parts_of("artistry-multi-2", data, config)
        alone = {field: parts_of("artistry-single", data.only(field), config) for field in data.fields}
        batches = list(epoch(data.splits["train"], config, 1, torch.device("cpu")))[:STEPS]

        def one_network(parts=together, batches=batches, config=config):
            with reproducible(config):
                train_one_epoch(batches=batches, **parts)

        def four_networks(alone=alone, batches=batches, config=config):
            with reproducible(config):
                for field, parts in alone.items():
                    train_one_epoch(batches=[{field: batch[field]} for batch in batches], **parts)

        one, four = in_turn(one_network, four_networks)
        yield Comparison(
            f"a step of artistry-multi-2, batches of {batch_size} of each of four fields",
            "four steps of artistry-single",
            "time",
            one / four,
            at_most=1.0,
        )


if __name__ == "__main__":
    print(table(list(comparisons())))
