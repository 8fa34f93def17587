"""kill -9 at random moments: what is on the disk is sound, and the same call goes on to the same result."""

from dataclasses import replace

import pytest
from jobs import CONFIG, Designing, Explaining, Extracting, Importing, Reporting, Storing, Training
from killing import killed_often


@pytest.fixture
def make(request):
    """A job of a kind; what it works from is made only where it is asked for."""
    of = request.getfixturevalue

    def trained(**changed):
        return Training(of("stored"), replace(CONFIG, **changed))

    kinds = {
        "import": lambda: Importing(*of("sorted_images")),
        "store": lambda: Storing(of("painted").folder),
        "training": trained,
        "training by uncertainty": lambda: trained(objective="uncertainty"),
        "training by dwa": lambda: trained(objective="dwa"),
        "training by pcgrad": lambda: trained(objective="pcgrad"),
        "training in bfloat16": lambda: trained(precision="bfloat16"),
        "design": lambda: Designing(of("stored"), replace(CONFIG, epochs=30)),
        "features": lambda: Extracting(of("painted").folder, of("backbone")),
        "maps": lambda: Explaining(of("stored"), of("networks")),
        "report": lambda: Reporting(of("checkout")),
    }
    return lambda kind: kinds[kind]()


def killed(make, kind: str, kills: int, seed: int, tmp_path, record_property) -> None:
    found = killed_often(make(kind), tmp_path, kills, seed)
    record_property(f"kills of {kind}", len(found))
    print(kind, *found, sep="\n  ")


@pytest.mark.parametrize(
    ("kind", "kills"), [("import", 2), ("store", 2), ("training", 3), ("features", 1), ("maps", 1)]
)
def test_a_few_kills(make, kind, kills, tmp_path, record_property):
    killed(make, kind, kills, 0, tmp_path, record_property)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "kills"),
    [
        ("import", 12),
        ("store", 12),
        ("training", 10),
        ("training by uncertainty", 4),
        ("training by dwa", 4),
        ("training by pcgrad", 4),
        ("training in bfloat16", 4),
        ("design", 4),
        ("features", 8),
        ("maps", 10),
        ("report", 8),
    ],
)
def test_many_kills(make, kind, kills, tmp_path, record_property):
    killed(make, kind, kills, 1, tmp_path, record_property)
