"""What really happened to a sweep's combinations; the file `sweep.json`."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import artnb
from artnb.paths import written_whole
from artnb.reporting.combinations import Combination
from artnb.reporting.status import STATUS, State, machine, versions

SWEEP = "sweep.json"


@dataclass
class Outcome:
    """What became of one combination."""

    state: State = State.WAITING
    seconds: float | None = None
    message: str = ""  # why it failed
    found: bool = False  # finished by an earlier sweep


@dataclass
class Sweep:
    notebook: str  # file name without .ipynb
    title: str
    question: str
    combinations: list[Combination]
    outcomes: list[Outcome]  # of the combinations, in their order
    workers: str
    state: State = State.RUNNING
    seconds: float | None = None
    machine: str = field(default_factory=machine)
    versions: dict[str, str] = field(default_factory=versions)

    @property
    def failed(self) -> list[tuple[Combination, Outcome]]:
        return [
            (c, o) for c, o in zip(self.combinations, self.outcomes, strict=True) if o.state == State.FAILED
        ]

    def write(self, folder: Path) -> None:
        text = json.dumps({"artnb": artnb.__version__, **asdict(self)}, indent=2, ensure_ascii=False)
        with written_whole(folder / SWEEP) as path:
            path.write_text(text + "\n", "utf-8")


def found(folder: Path) -> Outcome:
    """What the report of a combination says, if it finished; else that it waits."""
    try:
        status = json.loads((folder / STATUS).read_text("utf-8"))
        [notebook] = status["notebooks"]
    except (FileNotFoundError, ValueError, KeyError):
        return Outcome()
    return (
        Outcome(State.DONE, notebook["seconds"], found=True) if status["state"] == State.DONE else Outcome()
    )
