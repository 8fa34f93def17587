"""How soon `artnb --help` answers and `import artnb` returns, each in a process of its own.

python tests/benchmarks/startup.py
"""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from paired import Comparison, in_turn, table

COMMANDS = {
    "artnb --help": "from artnb.cli import app; app(['--help'])",
    "import artnb": "import artnb",
}


def comparisons() -> Iterator[Comparison]:
    ways = [partial(start, code) for code in COMMANDS.values()]
    for command, seconds in zip(COMMANDS, in_turn(*ways), strict=True):
        yield Comparison(command, "", "seconds", seconds, at_most=0.3)


def start(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    print(table(list(comparisons())))
