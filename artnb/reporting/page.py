"""What a notebook has to say: shown as it runs and, in a report, kept as files for the index."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure
from PIL import Image as pillow

from artnb.errors import ReportError
from artnb.paths import written_whole
from artnb.reporting.tables import to_html

DPI = 144  # of the PNG files; a page shows them at 96 to the inch, so that text keeps its size
CONTENTS = "page.json"
RESULTS = "results.json"


class Page:
    """Shows figures, tables and results; keeps them too where a folder is given.

    `page.json` in the folder lists what was kept, in order, with captions. A name used twice, as when
    a cell is run again, replaces what it named.

    Args:
        folder: where to keep things; "" shows only.
    """

    def __init__(self, folder: str | Path = ""):
        self.folder = Path(folder) if folder else None
        self.contents: dict[str, Any] = {"summary": "", "facts": {}, "items": []}

    def summary(self, text: str) -> None:
        """The finding in a sentence or two of Markdown; a report opens with those of its notebooks."""
        display(Markdown(text))
        self.contents["summary"] = text
        self._keep_contents()

    def facts(self, **values: Any) -> None:
        """What a reader needs to judge or repeat this page and no check compares, such as
        `data_fingerprint`, `seeds` or `device`; a report lists them, the notebook shows nothing."""
        self.contents["facts"] |= {name: plain(value) for name, value in values.items()}
        self._keep_contents()

    def figure(self, name: str, figure: Figure, caption: str = "") -> None:
        """Shows a figure with its caption; keeps `figures/<name>.png` and `.svg`.

        The same figure gives the same files on every day: no timestamps, no random identifiers.
        """
        check_name(name)
        with mpl.rc_context({"svg.hashsalt": name}):
            png = rendered(figure, format="png", dpi=DPI, metadata={"Software": None})
            svg = rendered(figure, format="svg", metadata={"Date": None}) if self.folder else b""
        picture = pillow.open(BytesIO(png)).convert("RGB")
        width, height = (round(pixels * 96 / DPI) for pixels in picture.size)
        display(Image(light(picture), width=width))
        show_caption(caption)
        if self.folder:
            write_bytes(self.folder / "figures" / f"{name}.png", png)
            write_bytes(self.folder / "figures" / f"{name}.svg", svg)
            self._keep_item("figure", name, caption=caption, width=width, height=height)

    def table(self, name: str, table: pd.DataFrame, caption: str = "") -> None:
        """Shows a table, rounded, with its caption; keeps `tables/<name>.parquet` unrounded.

        A named index becomes columns; an unnamed one is dropped.
        """
        check_name(name)
        table = flat(table)
        display({"text/html": to_html(table), "text/plain": table.to_string(index=False)}, raw=True)
        show_caption(caption)
        if self.folder:
            with kept(self.folder / "tables" / f"{name}.parquet") as path:
                table.to_parquet(path, index=False)
            self._keep_item("table", name, caption=caption)

    def results(self, **values: Any) -> None:
        """Prints the results as sorted JSON, rounded to 3 decimals; keeps it as `results.json`.

        Meant for the last cell, tagged `nbval-check-output`: 3 decimals is what two machines agree on.
        Numbers, text, and mappings, sequences and arrays of them; what is not finite becomes null.
        """
        text = json.dumps(plain(values, decimals=3), indent=2, sort_keys=True, ensure_ascii=False)
        print(text)
        if self.folder:
            write_bytes(self.folder / RESULTS, f"{text}\n".encode())

    def _keep_item(self, kind: str, name: str, **item: Any) -> None:
        item = {"kind": kind, "name": name, **item}
        items = self.contents["items"]
        places = [i for i, kept in enumerate(items) if (kept["kind"], kept["name"]) == (kind, name)]
        if places:
            items[places[0]] = item
        else:
            items.append(item)
        self._keep_contents()

    def _keep_contents(self) -> None:
        if self.folder:
            text = json.dumps(self.contents, indent=2, ensure_ascii=False)
            write_bytes(self.folder / CONTENTS, text.encode())


def read_contents(folder: Path) -> dict[str, Any]:
    """What `Page(folder)` kept; empty where it kept nothing."""
    contents = folder / CONTENTS
    return json.loads(contents.read_text("utf-8")) if contents.exists() else Page().contents


def clear(folder: Path) -> None:
    """Removes what a `Page` kept in `folder`, and nothing else that lies there."""
    for item in read_contents(folder)["items"]:
        if item["kind"] == "figure":
            for suffix in ("png", "svg"):
                (folder / "figures" / f"{item['name']}.{suffix}").unlink(missing_ok=True)
        else:
            (folder / "tables" / f"{item['name']}.parquet").unlink(missing_ok=True)
    (folder / RESULTS).unlink(missing_ok=True)
    (folder / CONTENTS).unlink(missing_ok=True)
    for emptied in ("figures", "tables"):
        remove_if_empty(folder / emptied)


def remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # as a folder that is not empty raises
        folder.rmdir()


def check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ReportError(f"{name!r} cannot name a file: use letters, digits, hyphens and underscores.")


def rendered(figure: Figure, **options: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, bbox_inches="tight", pad_inches=0.05, **options)
    return buffer.getvalue()


def light(picture: pillow.Image) -> bytes:
    """PNG in 256 colours: a quarter of the size, so that notebooks can be kept with their figures."""
    buffer = BytesIO()
    picture.quantize(256).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def show_caption(caption: str) -> None:
    if caption:
        display(Markdown(caption))


def write_bytes(path: Path, content: bytes) -> None:
    with kept(path) as beside:
        beside.write_bytes(content)


@contextmanager
def kept(path: Path) -> Iterator[Path]:
    """As `written_whole`; raises ReportError where the disk refuses."""
    try:
        with written_whole(path) as beside:
            yield beside
    except OSError as error:
        raise ReportError(
            f"{path} cannot be kept: {error.strerror}. Free some space or mend the folder's rights, and run "
            "the notebook again"
        ) from error


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with plain column names and its named index levels as columns."""
    named = [level for level in table.index.names if level is not None]
    table = table.reset_index(level=named).reset_index(drop=True) if named else table.reset_index(drop=True)
    return table.set_axis(
        [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in table.columns], axis=1
    )


def plain(value: Any, decimals: int | None = None) -> Any:
    """`value` as JSON knows it, its floats rounded to `decimals`."""
    match value:
        case Mapping():
            return {str(key): plain(item, decimals) for key, item in value.items()}
        case bool() | np.bool_():
            return bool(value)
        case int() | np.integer():
            return int(value)
        case float() | np.floating():
            number = float(value) if decimals is None else round(float(value), decimals)
            return number + 0.0 if math.isfinite(number) else None  # + 0.0 turns -0.0 into 0.0
        case str() | None:
            return value
        case Path():
            return str(value)
        case pd.Series():
            return plain(value.to_dict(), decimals)
        case np.ndarray():
            return plain(value.tolist(), decimals)
        case list() | tuple():
            return [plain(item, decimals) for item in value]
    raise ReportError(f"a result must be made of numbers and text, not of {type(value).__name__}.")
