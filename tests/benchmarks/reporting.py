"""How long a report takes that finds all its networks trained, beside one that trains them.

    python tests/benchmarks/reporting.py [--demo]

In a home of its own, which begins empty: no images, no runs. The demo as `make reports` writes it takes
minutes; without --demo its networks learn for `EPOCHS` epochs instead of fifteen, which leaves a report
little to save, and no goal.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
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

        def report():
            parameters = [] if demo else ["-p", f"epochs={EPOCHS}"]
            code = "from artnb.cli import app; app()"
            subprocess.run(
                [sys.executable, "-c", code, "report", *parameters],
                check=True,
                env={**os.environ, "ARTNB_HOME": folder},
            )

        cold = seconds(report)
        (warm,) = in_turn(report, rounds=WARM, warm_up=0)
        against = f"the first, which took {cold:.0f} s"
        if demo:
            yield Comparison("the demo's report again", against, "time", warm / cold, at_most=0.1)
        else:
            yield Comparison(f"a report of {EPOCHS} epochs again", against, "time", warm / cold)


if __name__ == "__main__":
    print(table(list(comparisons("--demo" in sys.argv))))
