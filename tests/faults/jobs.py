"""What is killed: a job does its work in a folder, says what came of it, and whether all that lies there is
sound. Each makes little steps and takes its time, so that a kill finds it in the middle of many."""

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

from artnb.catalogue import Catalogue, check_splits, read
from artnb.training import Run, TrainingConfig, TrainingData, load

SIZE = 32  # px
PAUSE = 0.03  # seconds before each step of a job whose steps are quick
CONFIG = TrainingConfig(epochs=10, batch_size=4)
FIELDS = ("painting", "garden")


@dataclass(frozen=True)
class Job:
    """Subclasses work from files that are there already, and change only the folder `place`."""

    def work(self, place: Path) -> None:
        """What is killed; called again it goes on, and comes to the same."""

    def sound(self, place: Path) -> None:
        """Every file under its real name is whole, and nothing says that it is finished which is not."""

    def result(self, place: Path) -> Mapping[str, object]:
        """What the finished work came to, in bytes, numbers and texts that can be compared."""

    def progress(self, place: Path) -> str:
        """In a word, what a kill left."""


def after_a_pause(step: Callable) -> Callable:
    return lambda *given, **named: (time.sleep(PAUSE), step(*given, **named))[1]


@dataclass(frozen=True)
class Importing(Job):
    """Two folders into one catalogue, one after the other."""

    first: Path
    second: Path

    def work(self, place: Path) -> None:
        from artnb.collect import admission
        from artnb.collect.folders import import_folder

        admission.measure = after_a_pause(admission.measure)
        import_folder(self.first, place / "to")
        import_folder(self.second, place / "to")

    def sound(self, place: Path) -> None:
        to = place / "to"
        for file in to.glob("images/*/[!.]*"):
            assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem
        if (to / "catalogue.parquet").exists():
            table = read(to).table
            check_splits(table)
            assert all((to / path).is_file() for path in table["path"])
        if (to / "quarantine.parquet").exists():
            pd.read_parquet(to / "quarantine.parquet")

    def result(self, place: Path) -> Mapping[str, object]:
        names = ("catalogue.parquet", "quarantine.parquet")
        images = sorted(path.relative_to(place).as_posix() for path in place.glob("to/images/*/[!.]*"))
        return {name: pd.read_parquet(place / "to" / name) for name in names} | {"images": images}

    def progress(self, place: Path) -> str:
        images = len(list(place.glob("to/images/*/[!.]*")))
        table = len(read(place / "to").table) if (place / "to" / "catalogue.parquet").exists() else 0
        return f"{images} images copied, {table} in the table"


@dataclass(frozen=True)
class Storing(Job):
    """A store, a few images at a time."""

    catalogue: Path

    def here(self, place: Path) -> Catalogue:
        """The same catalogue, nothing of it decoded yet."""
        if not (place / "images").exists():
            (place / "images").symlink_to(self.catalogue / "images")
        return Catalogue(place, read(self.catalogue).table)

    def work(self, place: Path) -> None:
        from artnb.images import open_store, store

        store.IMAGES_A_COMMIT = 2
        store.square = after_a_pause(store.square)
        open_store(self.here(place), SIZE)

    def sound(self, place: Path) -> None:
        from artnb.images import decode_square
        from artnb.images.store import committed

        store = committed(place / "stores" / str(SIZE), SIZE)
        catalogue = self.here(place)
        for id, row in zip(store.ids, store.pixels, strict=True):
            np.testing.assert_array_equal(row, decode_square(catalogue.image_path(id), SIZE))

    def result(self, place: Path) -> Mapping[str, object]:
        folder = place / "stores" / str(SIZE)
        return {name: (folder / name).read_bytes() for name in ("ids.txt", "pixels", "format")}

    def progress(self, place: Path) -> str:
        ids = place / "stores" / str(SIZE) / "ids.txt"
        return f"{ids.stat().st_size // 65 if ids.exists() else 0} rows committed"


@dataclass(frozen=True)
class Training(Job):
    """A run with a checkpoint after each epoch."""

    catalogue: Path
    config: TrainingConfig = CONFIG
    model: str = "artistry-multi-3"

    @property
    def data(self) -> TrainingData:
        return load(read(self.catalogue), SIZE, FIELDS)

    def work(self, place: Path) -> None:
        from artnb.training import fit, fitting

        fitting.CHECKPOINT_SECONDS = -1
        fit(self.model, self.data, self.config, place)

    def sound(self, place: Path) -> None:
        for file in place.glob("*/checkpoint.pt"):
            with zipfile.ZipFile(file) as archive:
                assert archive.testzip() is None
            torch.load(file, weights_only=True)
        for file in place.glob("*/weights.safetensors"):
            load_file(file)
        for file in place.glob("*/history.parquet"):
            pd.read_parquet(file)
        for file in place.glob("*/run.json"):
            run = Run(file.parent)
            run.network()
            assert run.history["epoch"].max() == self.config.epochs

    def result(self, place: Path) -> Mapping[str, object]:
        [file] = place.glob("*/run.json")
        run = Run(file.parent)
        weights = (run.folder / "weights.safetensors").read_bytes()
        said = {name: value for name, value in run.description.items() if name != "seconds"}
        return {"weights": weights, "history": run.history, "said": said}

    def progress(self, place: Path) -> str:
        if list(place.glob("*/run.json")):
            return "finished"
        [*files] = place.glob("*/checkpoint.pt")
        epochs = torch.load(files[0], weights_only=True)["epoch"] if files else 0
        halves = " and half of a file" if list(place.glob("*/.*-*")) else ""
        return f"{epochs} of {self.config.epochs} epochs kept{halves}"


@dataclass(frozen=True)
class Designing(Training):
    """A multi-task network and single-task ones, two at a time in processes of their own."""

    def work(self, place: Path) -> None:
        from artnb.training.design import fit_all

        single = [("artistry-single", self.data.only(field), self.config, place) for field in FIELDS]
        fit_all([(self.model, self.data, self.config, place), *single], 2)

    def result(self, place: Path) -> Mapping[str, object]:
        folders = sorted(file.parent for file in place.glob("*/run.json"))
        assert len(folders) == 3
        histories = {f"{folder.name} history": Run(folder).history for folder in folders}
        return histories | {
            f"{folder.name} weights": (folder / "weights.safetensors").read_bytes() for folder in folders
        }

    def progress(self, place: Path) -> str:
        begun, finished = (len(list(place.glob(name))) for name in ("*/.lock", "*/run.json"))
        return f"{begun} of 3 runs begun, {finished} finished"


@dataclass(frozen=True)
class Extracting(Storing):
    """Features of a frozen network, a few images at a time, of images that have a store."""

    weights: Path

    def work(self, place: Path) -> None:
        from artnb.training import features

        features.IMAGES_A_BATCH = 2
        features.standardise = after_a_pause(features.standardise)
        torch.set_num_threads(1)
        features.extract(self.here(place), "squeezenet1_1", self.weights, SIZE)

    def sound(self, place: Path) -> None:
        super().sound(place)
        for file in place.glob("features/*.npy"):
            assert np.isfinite(np.load(file)).all()

    def result(self, place: Path) -> Mapping[str, object]:
        [file] = place.glob("features/*.npy")
        assert not list(place.glob("features/*.part"))
        return {"vectors": file.read_bytes()}

    def progress(self, place: Path) -> str:
        rows = sum(file.stat().st_size // (512 * 4) for file in place.glob("features/*.part"))
        return f"{rows} rows of features computed"


@dataclass(frozen=True)
class Explaining(Job):
    """The maps of two networks: measured, blurred, and kept on a page, field by field."""

    catalogue: Path
    runs: Path

    def work(self, place: Path) -> None:
        from artnb.attention import field_maps, measure
        from artnb.attention.occlusion import effect_of_blurring
        from artnb.reporting import Page

        torch.set_num_threads(1)
        data = load(read(self.catalogue), SIZE, FIELDS)
        runs = [Run(file.parent) for file in sorted(self.runs.glob("*/run.json"))]
        page = Page(place / "page")
        for field in FIELDS:
            page.table(f"maps-{field}", measure([field_maps(runs, data, field, each=4)]))
            page.table(f"blurring-{field}", effect_of_blurring(runs, data, field, 1))

    def sound(self, place: Path) -> None:
        sound_page(place / "page")

    def result(self, place: Path) -> Mapping[str, object]:
        return {file.stem: pd.read_parquet(file) for file in sorted(place.glob("page/tables/*.parquet"))}

    def progress(self, place: Path) -> str:
        return f"{len(list(place.glob('page/tables/*.parquet')))} of 4 tables of maps kept"


@dataclass(frozen=True)
class Reporting(Job):
    """A report of the notebooks of a checkout in miniature."""

    home: Path

    def work(self, place: Path) -> None:
        import os

        from artnb.reporting import runner

        os.environ["ARTNB_HOME"] = str(self.home)
        runner.report(place / "report")

    def sound(self, place: Path) -> None:
        folder = place / "report"
        state = ""
        if (folder / "status.json").exists():
            state = json.loads((folder / "status.json").read_text())["state"]
        if (folder / "index.html").exists():
            assert (folder / "index.html").read_text("utf-8").rstrip().endswith("</html>")
        for file in folder.glob("*/page.json"):
            sound_page(file.parent)
        for file in folder.glob("*/[!.]*.html"):
            assert file.read_text("utf-8").rstrip().endswith("</html>")
        for file in (*folder.glob("*/[!.]*.ipynb"), *folder.glob("*/results.json")):
            json.loads(file.read_text("utf-8"))
        if state == "done":
            self.result(place)

    def result(self, place: Path) -> Mapping[str, object]:
        folder = place / "report"
        status = json.loads((folder / "status.json").read_text())
        assert status["state"] == "done"
        assert (folder / "index.html").exists()
        names = [notebook["name"] for notebook in status["notebooks"]]
        for name in names:
            assert (folder / name / f"{name}.html").exists()
        results = {name: json.loads((folder / name / "results.json").read_text()) for name in names}
        tables = {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*/tables/[!.]*.parquet"))}
        return {"results": results, "states": [n["state"] for n in status["notebooks"]]} | tables

    def progress(self, place: Path) -> str:
        file = place / "report" / "status.json"
        if not file.exists():
            return "no status yet"
        status = json.loads(file.read_text())
        return f"{status['state']}: {', '.join(notebook['state'] for notebook in status['notebooks'])}"


def sound_page(folder: Path) -> None:
    """All that a page says it has kept is there, and whole."""
    from PIL import Image

    from artnb.reporting.page import read_contents

    for item in read_contents(folder)["items"]:
        if item["kind"] == "table":
            pd.read_parquet(folder / "tables" / f"{item['name']}.parquet")
        else:
            Image.open(folder / "figures" / f"{item['name']}.png").load()
            assert (folder / "figures" / f"{item['name']}.svg").read_text().rstrip().endswith("</svg>")
