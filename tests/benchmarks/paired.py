"""Ways of doing the same thing, timed in turn (A B A B ...): what slows the machine slows them all."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median

import numpy as np
import pandas as pd

ROUNDS = 7


@dataclass(frozen=True)
class Comparison:
    """A number from each round, and the goal for their median."""

    ours: str
    against: str
    quantity: str  # "speed" (how many times as fast), "time" (how many times as long) or "seconds"
    rounds: Sequence[float]
    at_least: float | None = None
    at_most: float | None = None

    @property
    def row(self) -> dict[str, object]:
        row = {"ours": self.ours, "against": self.against, "quantity": self.quantity, "goal": self.goal}
        if not len(self.rounds):
            return row | {"rounds": 0, "met": "not installed"}
        low, high = min(self.rounds), max(self.rounds)
        return row | {
            "median": f"{median(self.rounds):.3g}",
            "lowest to highest": f"{low:.3g} to {high:.3g}",
            "rounds": len(self.rounds),
            "met": self.met,
        }

    @property
    def goal(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else ""

    @property
    def met(self) -> str:
        if not self.goal:
            return ""
        middle = median(self.rounds)
        above = self.at_least is None or middle >= self.at_least
        below = self.at_most is None or middle <= self.at_most
        return "yes" if above and below else "no"


def in_turn(*ways: Callable[[], object], rounds: int = ROUNDS, warm_up: int = 1) -> np.ndarray:
    """The seconds that each of `ways` takes in each round, ways x rounds; a way that returns a number has
    timed itself."""
    taken = np.array([[seconds(way) for way in ways] for _ in range(warm_up + rounds)])
    return taken[warm_up:].T


def seconds(way: Callable[[], object]) -> float:
    started = time.perf_counter()
    own = way()
    return own if isinstance(own, float) else time.perf_counter() - started


def installed(module: str) -> bool:
    return find_spec(module) is not None


def table(comparisons: Sequence[Comparison]) -> str:
    """In Markdown."""
    columns = ["ours", "against", "quantity", "median", "lowest to highest", "rounds", "goal", "met"]
    rows = pd.DataFrame([each.row for each in comparisons]).reindex(columns=columns).fillna("")
    lines = [columns, ["---"] * len(columns), *rows.astype(str).to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
