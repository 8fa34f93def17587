"""The images, networks and notebooks that the jobs work from, a small disk, and the count of kills below a
test session."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sorted_images(painted, tmp_path_factory) -> tuple[Path, Path]:
    """The painted images in two folders FIELD/LABEL/*, each with one file that is no image."""
    places = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    for (field, label), rows in painted.table.groupby(["field", "label"]):
        for number, path in enumerate(rows["path"]):
            folder = places[number % 2] / field / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.png").symlink_to(painted.folder / path)
    for place in places:
        (place / "garden" / "artistic" / "none.png").write_text("no image")
    return tuple(places)


@pytest.fixture(scope="session")
def stored(painted) -> Path:
    """The catalogue's folder, with a store."""
    from artnb.images import open_store

    open_store(painted, 32)
    return painted.folder


@pytest.fixture(scope="session")
def backbone(tmp_path_factory) -> Path:
    from safetensors.torch import save_file
    from torchvision import models

    file = tmp_path_factory.mktemp("backbone") / "weights.safetensors"
    save_file(models.get_model("squeezenet1_1", weights=None).state_dict(), file)
    return file


@pytest.fixture(scope="session")
def networks(data, tmp_path_factory) -> Path:
    """A folder with a multi-task network of painting and garden, and a single-task one of each."""
    from artnb.training import TrainingConfig, fit

    folder, config = tmp_path_factory.mktemp("networks"), TrainingConfig(epochs=1, batch_size=4)
    fit("artistry-multi-3", data.only("painting", "garden"), config, folder)
    for field in ("painting", "garden"):
        fit("artistry-single", data.only(field), config, folder)
    return folder


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """A checkout in miniature, of two notebooks."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    home = tmp_path_factory.mktemp("checkout")
    (home / "notebooks" / "parameters").mkdir(parents=True)
    (home / "notebooks" / "parameters" / "demo.yml").write_text("")
    table = 'page.table("counts", pd.DataFrame({"field": ["garden"], "images": [12]}), "Counts.")'
    figure = 'drawn = Figure(); drawn.subplots().plot([0, 1])\npage.figure("curve", drawn, "A curve.")'
    imports = "import pandas as pd\nfrom matplotlib.figure import Figure\nfrom artnb.reporting import Page"
    for name, *cells in (("01-table", table), ("02-figure", figure, table)):
        notebook = new_notebook(cells=[new_markdown_cell(f"# {name}\n\nWhat is there?")])
        notebook.cells.append(new_code_cell('output = ""  # a folder', metadata={"tags": ["parameters"]}))
        for cell in (f"{imports}\npage = Page(output)", *cells, "page.results(images=12)"):
            notebook.cells.append(new_code_cell(cell))
        nbformat.write(notebook, home / "notebooks" / f"{name}.ipynb")
    return home


def pytest_terminal_summary(terminalreporter) -> None:
    """How often each kind of job was killed; the reports know it from `record_property`."""
    properties = [pair for report in terminalreporter.getreports("passed") for pair in report.user_properties]
    kills = [(name, count) for name, count in properties if name.startswith("kills of ")]
    if kills:
        terminalreporter.section("kills")
        for name, count in kills:
            terminalreporter.line(f"{name}: {count}")
        terminalreporter.line(f"in all: {sum(count for _, count in kills)}")


class Disk:
    """A small disk of its own, with room that can be taken and given back, and that can be closed."""

    def __init__(self, place: Path):
        self.place = place

    def mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.place)]
        return bool(shutil.which("mount")) and not subprocess.run(command, capture_output=True).returncode

    def resize(self, size: str) -> None:
        assert self.mount(f"remount,size={size}")

    def fill(self) -> None:
        """Takes all room that is left, as another program may."""
        with (self.place / "filler").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def clear(self) -> None:
        (self.place / "filler").unlink()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Nothing on it can be written."""
        assert self.mount("remount,ro")
        try:
            yield
        finally:
            assert self.mount("remount,rw")


@pytest.fixture
def disk(tmp_path):
    """A disk of 64 MB, where one may be mounted."""
    made = Disk(tmp_path / "disk")
    made.place.mkdir()
    if not made.mount("size=64m"):
        pytest.skip("no right to mount a small disk here (root may)")
    yield made
    subprocess.run(["umount", "--lazy", str(made.place)], check=True)


@pytest.fixture
def on_disk(painted, disk):
    """The painted catalogue on the small disk, nothing computed yet; its images lie elsewhere."""
    from artnb.catalogue import Catalogue, write

    folder = disk.place / "catalogue"
    folder.mkdir()
    (folder / "images").symlink_to(painted.folder / "images")
    catalogue = Catalogue(folder, painted.table)
    write(catalogue)
    return catalogue
