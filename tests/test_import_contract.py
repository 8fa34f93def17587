"""The order of imports of pyproject.toml, and what the command line may load before it has work to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "torch",
    "torchvision",
    "pandas",
    "matplotlib",
    "numpy",
    "scipy",
    "sklearn",
    "papermill",
    "nbconvert",
}


def run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_imports_run_one_way():
    contract = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    result = run(sys.executable, "-c", contract)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_contract_sees_a_violation(tmp_path):
    """The same contract on a package in which `errors` imports `cli`."""
    package = tmp_path / "artnb"
    for source in (ROOT / "artnb").rglob("*.py"):
        copy = package / source.relative_to(ROOT / "artnb")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    (package / "errors.py").write_text("import artnb.cli\n" + (package / "errors.py").read_text("utf-8"))
    contract = (
        f"from importlinter.cli import lint_imports; "
        f"raise SystemExit(lint_imports(config_filename={str(ROOT / 'pyproject.toml')!r}, no_cache=True))"
    )
    result = subprocess.run(
        [sys.executable, "-c", contract],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 1
    assert "artnb.errors -> artnb.cli" in result.stdout


@pytest.mark.parametrize(
    "what", ["import artnb", "import artnb.cli", "from artnb.cli import app; app(['--help'])"]
)
def test_help_loads_nothing_heavy(what):
    code = f"import sys\ntry:\n    {what}\nexcept SystemExit:\n    pass\nprint('LOADED', *sys.modules)"
    result = run(sys.executable, "-c", code)
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.rpartition("LOADED")[2].split())
    assert not loaded & HEAVY
