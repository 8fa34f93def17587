"""How long a report takes that was made before, or whose networks were, beside one that trains them.

    python tests/benchmarks/reporting.py [--demo]

In a home of its own, which begins empty: no images, no runs. With --demo it is the demo as `make reports`
writes it, and again into the same folder; without, its networks learn for `EPOCHS` epochs, and another
folder, which then has little to save, is asked too.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from paired import Comparison, in_turn, seconds, table

from artnb.paths import home

WARM = 3
EPOCHS = 2


def comparisons(demo: bool = False) -> Iterator[Comparison]:
    with TemporaryDirectory() as folder:
        for name in ("notebooks", "data/recipes"):
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).symlink_to(home() / name)

        def report(name: str) -> None:
            parameters = [] if demo else ["-p", f"epochs={EPOCHS}"]
            code = "from artnb.cli import app; app()"
            subprocess.run(
                [sys.executable, "-c", code, "report", "--to", f"{folder}/reports/{name}", *parameters],
                check=True,
                env={**os.environ, "ARTNB_HOME": folder},
            )

        cold, others = seconds(partial(report, "first")), count(2)
        ways = [partial(report, "first"), lambda: report(f"report-{next(others)}")][: 1 if demo else 2]
        again, *elsewhere = in_turn(*ways, rounds=WARM, warm_up=0)
        what = "the demo's report" if demo else f"a report of {EPOCHS} epochs"
        against = f"the first, which took {cold:.0f} s"
        yield Comparison(f"{what} again", against, "time", again / cold, at_most=0.1)
        for times in elsewhere:
            yield Comparison(f"{what} into another folder", against, "time", times / cold)


if __name__ == "__main__":
    print(table(list(comparisons("--demo" in sys.argv))))
