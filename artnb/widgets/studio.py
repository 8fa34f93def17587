"""The studio: a picture in another's style, made while one watches. For JupyterLab and Voilà."""

import asyncio
import base64
import re
import time
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

import anywidget
import ipywidgets as widgets
from torch import Tensor

from artnb.errors import ArtnbError, ImageError, StyleError
from artnb.images.decoding import decode_bytes
from artnb.paths import resolve
from artnb.style.config import VARIANTS, StyleConfig, variant
from artnb.style.features import Features
from artnb.style.losses import TERMS
from artnb.style.pictures import image_of, png, resized, save_picture, tensor_of
from artnb.style.transfer import Transfer
from artnb.widgets.upload import Upload

LARGEST = 1024  # px, of the longer side of an upload that is kept
SHOWN = 512  # px, of the longer side of what is shown
PAUSE = 0.25  # seconds between two previews at least
WRONG = (ArtnbError, OSError, MemoryError, RuntimeError)  # torch raises the last where memory runs out
ACTIONS = {
    "Start": "Begin anew with what the controls say",
    "Stop": "Leave it after this evaluation",
    "Continue": "Go on where it was left, with what it was started with",
    "Save": "Keep the picture, with all that it needs to be made again",
}


class Studio(widgets.VBox):
    """Chooses or takes two pictures, carries a `Transfer` and shows how the picture changes.

    Start begins anew with what the controls say. Stop leaves it after the evaluation that runs; Continue goes
    on as if it had never been left. Save writes a PNG from which `artnb.style.remake` makes the picture
    again, and offers it for download. Every control has a label and works by the keyboard.

    What is uploaded is judged by its bytes, never by its name.

    Args:
        contents, styles: name -> picture, 1 3 H W in [0, 1], in steps of 1/255 as pictures are read.
        features: what pictures are compared by; a variant keeps those of its layers that they have.
        notice: stands above it, as where weights are missing.
        folder: where pictures are saved; below `paths.home()` where it is relative.

    Raises:
        StyleError: there is no content or no style.
    """

    def __init__(
        self,
        contents: Mapping[str, Tensor],
        styles: Mapping[str, Tensor],
        features: Features,
        notice: str = "",
        folder: str | Path = "data/stylised",
    ) -> None:
        if not contents or not styles:
            raise StyleError("the studio has nothing to show: give one content and one style or more")
        self.features, self.folder = features, folder
        self.transfer: Transfer | None = None
        self.task: asyncio.Task | None = None  # while one runs
        self.stopping = False
        self.status, self.download = widgets.HTML(), widgets.HTML()
        self.content, self.style = Choice("content", contents, self.say), Choice("style", styles, self.say)
        self.variant = widgets.Dropdown(options=[*VARIANTS], description="variant")
        self.weight = widgets.FloatLogSlider(
            1e6, min=2, max=9, step=0.25, description="style weight", readout_format=".1e"
        )
        self.size = widgets.IntSlider(128, min=32, max=512, step=32, description="size, pixels")
        self.evaluations = widgets.IntSlider(100, min=10, max=500, step=10, description="evaluations")
        self.scales = widgets.IntSlider(1, min=1, max=4, description="scales")
        self.colours = widgets.Checkbox(False, description="keep the content's colours", indent=False)
        self.controls = [
            self.variant, self.weight, self.size, self.evaluations, self.scales, self.colours
        ]  # fmt: skip
        self.buttons = {name: widgets.Button(description=name, tooltip=ACTIONS[name]) for name in ACTIONS}
        does = {"Start": self.start, "Stop": self.stop, "Continue": self.go_on, "Save": self.save}
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: does[name]())
        self.buttons["Start"].button_style = "primary"
        self.picture, self.terms = widgets.HTML(), widgets.HTML()
        self.bar = widgets.IntProgress(0, max=1, description="evaluations")
        super().__init__(
            [
                *([widgets.HTML(f"<p>{escape(notice)}</p>")] if notice else []),
                part("pictures", self.content.box, self.style.box, part("picture", self.picture)),
                part("controls", *self.controls),
                part("buttons", *self.buttons.values(), self.download),
                part("course", self.bar, self.terms),
                self.status,
                Manners(),
            ]
        )
        self.add_class("artnb-studio")
        self.show()
        self.say("Choose two pictures and press Start.")
        self.allow()

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def config(self) -> StyleConfig:
        """What the controls say; raises StyleError where no transfer can begin with it."""
        chosen = variant(
            self.variant.value,
            beta=self.weight.value,
            size=self.size.value,
            evaluations=self.evaluations.value,
            scales=self.scales.value,
            keep_colours=self.colours.value,
        )
        return chosen.within(self.features.layers)

    def start(self) -> None:
        if self.running:
            return
        try:
            config = self.config
            pictures = [choice.picture(config.size) for choice in (self.content, self.style)]
            self.transfer = Transfer(*pictures, self.features, config)
        except WRONG as error:
            self.say(f"This cannot start: {error}")
            return
        self.names = self.content.name, self.style.name, self.variant.value
        self.bar.value, self.bar.max, self.download.value = 0, config.evaluations, ""
        self.go_on()

    def go_on(self) -> None:
        if not self.running:
            self.stopping = False
            self.task = asyncio.ensure_future(self.carry(self.transfer))
            self.allow()

    def stop(self) -> None:
        self.stopping = True

    async def carry(self, transfer: Transfer) -> None:
        """Takes the transfer to its end or to Stop; each evaluation in a thread: the kernel answers."""
        self.say("It runs.")
        shown = 0.0
        try:
            while not self.stopping and await asyncio.to_thread(next, transfer, None):
                if time.monotonic() - shown > PAUSE:
                    self.show()
                    shown = time.monotonic()
        except WRONG as error:
            self.transfer = None
            self.say(f"It came to nothing: {error}")
        else:
            made, wanted = len(transfer.rows), transfer.config.evaluations
            self.say("It is done." if made == wanted else f"Stopped after {made} of {wanted} evaluations.")
            self.show()
        self.task = None
        self.allow()

    def save(self) -> None:
        words = [re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "picture" for name in self.names]
        try:
            path = free(resolve(self.folder), "-".join(words))
            save_picture(path, self.transfer)
            data = base64.b64encode(path.read_bytes()).decode()
        except WRONG as error:
            self.say(f"This cannot be saved: {error}")
            return
        address = f"href='data:image/png;base64,{data}'"
        self.download.value = f"<a download='{path.name}' {address}>Download {path.name}</a>"
        self.say(f"Saved as {path}. artnb.style.remake makes it again from this file.")

    def show(self) -> None:
        """The picture as it is now, how far it has come, and its terms."""
        if self.transfer is None:
            self.picture.value = "<figure><div></div><figcaption>the picture</figcaption></figure>"
            return
        row = self.transfer.rows[-1]
        caption = f"after {row['evaluation']} of {self.transfer.config.evaluations} evaluations"
        self.picture.value = figure(
            self.transfer.image, f"{self.names[0]} in the style of {self.names[1]}", caption
        )
        self.bar.value = row["evaluation"]
        terms = [f"{name} {row[name]:.3g}" for name in (*TERMS, "total") if name in row]
        self.terms.value = f"<span>{' · '.join(terms)}</span>"

    def say(self, text: str) -> None:
        self.status.value = f"<p role='status'>{escape(text)}</p>"

    def allow(self) -> None:
        """Gives free what can be done now."""
        rows = 0 if self.transfer is None else len(self.transfer.rows)
        unfinished = self.transfer is not None and rows < self.transfer.config.evaluations
        possible = {
            "Start": not self.running,
            "Stop": self.running,
            "Continue": not self.running and unfinished,
            "Save": not self.running and rows > 0,
        }
        for name, button in self.buttons.items():
            button.disabled = not possible[name]
        for control in (*self.controls, *self.content.controls, *self.style.controls):
            control.disabled = self.running


class Manners(anywidget.AnyWidget):
    """How the studio looks, and whose its keys are; shows nothing."""

    _esm = Path(__file__).with_name("studio.js")
    _css = Path(__file__).with_name("studio.css")


class Choice:
    """One picture, chosen among named ones or uploaded.

    Args:
        role: what the picture is for: "content".
        pictures: name -> picture, as for `Studio`.
        say: is told what is wrong with an upload.
    """

    def __init__(self, role: str, pictures: Mapping[str, Tensor], say: Callable[[str], None]) -> None:
        self.role, self.pictures, self.say = role, dict(pictures), say
        self.chosen = widgets.Dropdown(options=[*self.pictures], description=role)
        self.upload = Upload(f"or upload a {role}", self.take, say)
        self.thumbnail = widgets.HTML()
        self.controls = [self.chosen, self.upload]
        self.box = part("picture", self.thumbnail, *self.controls)
        self.chosen.observe(lambda _: self.show(), "value")
        self.show()

    @property
    def name(self) -> str:
        return self.chosen.value

    def picture(self, size: int) -> Tensor:
        """1 3 H W, the longer side `size` px, as `artnb.style.read_picture` would give it."""
        return tensor_of(resized(image_of(self.pictures[self.name]), size))

    def take(self, name: str, data: bytes) -> None:
        try:
            image = decode_bytes(data, side=LARGEST)
        except ImageError as error:
            self.say(f"{name} is not taken: {error}")
            return
        image.thumbnail((LARGEST, LARGEST))
        shown = f"{name[:40]} (uploaded)"
        self.pictures[shown] = tensor_of(image)
        self.chosen.options = [*self.pictures]
        self.chosen.value = shown
        self.say(f"{name} is taken as the {self.role}: {image.width} x {image.height} pixels.")

    def show(self) -> None:
        self.thumbnail.value = figure(self.pictures[self.name], f"{self.role}: {self.name}")


def part(name: str, *children: widgets.Widget) -> widgets.Box:
    box = widgets.Box(children)
    box.add_class(name)
    return box


def figure(picture: Tensor, alt: str, caption: str = "") -> str:
    """A picture 1 3 H W in [0, 1] as HTML."""
    image = image_of(picture)
    image.thumbnail((SHOWN, SHOWN))
    data = base64.b64encode(png(image)).decode()
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure><img alt='{escape(alt)}' src='data:image/png;base64,{data}'>{words}</figure>"


def free(folder: Path, stem: str) -> Path:
    """A name in `folder` that no file has."""
    number = 1
    while (path := folder / f"{stem}-{number}.png").exists():
        number += 1
    return path
