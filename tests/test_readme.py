"""What the README names is there, and nothing is missing from its code map."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_code_map_names_every_module():
    code_map = README.split("## The code")[1]
    modules = {path.name for path in (ROOT / "artnb").rglob("*.py") if path.name != "__init__.py"}
    one_line = {"figures", "reporting"}  # folders that the map describes as a whole
    described = {
        name for name in modules if any((ROOT / "artnb" / folder / name).exists() for folder in one_line)
    }
    named = set(re.findall(r"\b\w+\.py\b", code_map))
    assert named - modules == set()
    assert modules - described - named == set()
    folders = {path.name for path in (ROOT / "artnb").iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^      (\w+)/", code_map, re.MULTILINE)) == folders


def test_the_notebook_table_names_every_notebook_and_links_lead_somewhere():
    notebooks = {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    assert set(re.findall(r"^\| \[([\w-]+)\]", README, re.MULTILINE)) == notebooks
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_presets_are_those_that_lie_there():
    presets = {path.stem for path in (ROOT / "notebooks" / "parameters").glob("*.yml")}
    described = README.split("`notebooks/parameters`:")[1].split("One parameter")[0]
    assert set(re.findall(r"`(\w+)` \(", described)) == presets


def test_make_alone_prints_the_targets():
    printed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("reports", "test", "lab", "notebooks", "lint"):
        assert re.search(rf"^{target}\s+\w", printed, re.MULTILINE), target
