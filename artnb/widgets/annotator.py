"""The annotator: an image, a question, a key for each answer. For JupyterLab and Voilà."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import traitlets
from anywidget.experimental import command

from artnb.catalogue import ARTISTIC, NON_ARTISTIC, Catalogue
from artnb.collect.sitting import Sitting
from artnb.errors import ArtnbError, CollectError, ImageError
from artnb.figures.palette import readable
from artnb.images import decode

SIDE = 1024  # px, of the longer side of an image as it is shown
QUALITY = 90
TAKEN = "su"  # letters that are keys already: skip, undo
STEPS = {"back": -1, "on": 1}


class Annotator(anywidget.AnyWidget):
    """Shows one image of `catalogue` after another to the annotator `by` and asks for a label.

    Keys, once the widget has the focus: a number or a first letter for each label, S or space to skip, U or
    backspace to undo, ← and → to look back and ahead. Each answer is on the disk before the next image is
    shown (see `artnb.collect.labels`); run the cell again at any time to go on. The order is drawn for each
    annotator, so that weariness falls on other images for each. What the catalogue says of an image is not
    shown: it would be an answer.

    Args:
        catalogue: what to label. Its table stays as it is: see `artnb.collect.labels.apply_labels`.
        by: the annotator's name.
        field: the images of this field only; None for all.
        question: stands above the image.
        labels: the answers, 2 to 9.
        adjudicate: show the images on which annotators differ, and who said what; the answer decides.

    Raises:
        CollectError: `labels` or `by` cannot be used, no image is of `field`, or a word is damaged.
    """

    _esm = Path(__file__).with_name("annotator.js")
    _css = Path(__file__).with_name("annotator.css")
    by = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    answers = traitlets.List().tag(sync=True)  # a label, how it is shown, its keys
    state = traitlets.Dict().tag(sync=True)  # what the sitting is at

    def __init__(
        self,
        catalogue: Catalogue,
        by: str,
        field: str | None = None,
        question: str = "Is this artistic?",
        labels: Sequence[str] = (ARTISTIC, NON_ARTISTIC),
        adjudicate: bool = False,
    ) -> None:
        answers = [
            {"label": label, "shown": readable(label), "keys": keys}
            for label, keys in keys_of(labels).items()
        ]
        self._catalogue, self._sitting = catalogue, Sitting(catalogue, by, field, adjudicate)
        super().__init__(by=by, question=question, answers=answers)
        self._tell()

    def _tell(self) -> None:
        sitting = self._sitting
        image, coming = sitting.image, sitting.coming
        self.state = {
            "image": image,
            "coming": coming and coming[0],
            "place": sitting.place,
            "spoken": image in sitting.said,
            "label": sitting.said.get(image),
            "others": [f"{name}: {readable(label)}" for name, label in sitting.others.items()],
            "adjudicates": sitting.adjudicates,
            **sitting.progress,
        }

    @command
    def _act(self, asked: Mapping, buffers: list[bytes]) -> tuple[str, list[bytes]]:
        """Does what the annotator asked for; answers with what went wrong, or ""."""
        sitting, does = self._sitting, asked["does"]
        if tuple(asked["image"] or ()) != (sitting.image or ()):
            return "", []  # asked of an image that has gone since
        try:
            if does in STEPS:
                sitting.move(STEPS[does])
            elif does == "undo":
                if not sitting.undo():
                    return "there is nothing to undo", []
            elif sitting.image is not None:
                sitting.say(asked["label"])
        except (ArtnbError, OSError) as error:
            return f"not saved: {error}", []
        self._tell()
        return "", []

    @command
    def _picture(self, id: str, buffers: list[bytes]) -> tuple[str, list[bytes]]:
        """The image as a JPEG of at most SIDE px; or why it cannot be shown."""
        try:
            path = self._catalogue.image_path(id)
            return "", [shown(path)]
        except ImageError as error:
            advice = "put the file back, or import its folder again"
            return f"This image cannot be shown: {path}: {error}; {advice}", []
        except ArtnbError as error:
            return f"This image cannot be shown: {error}", []


def keys_of(labels: Sequence[str]) -> dict[str, list[str]]:
    """The keys of each label: its number, and its first letter where no other needs it.

    Raises:
        CollectError: fewer than 2 labels, more than 9, one twice, or a blank one.
    """
    if not 2 <= len(labels) <= 9 or len(set(labels)) < len(labels) or not all(map(str.strip, labels)):
        raise CollectError(f"labels {list(labels)}: give 2 to 9 different ones")
    initials = [label.strip()[0].lower() for label in labels]
    keys = {}
    for number, (label, initial) in enumerate(zip(labels, initials, strict=True), start=1):
        free = initial.isalpha() and initial not in TAKEN and initials.count(initial) == 1
        keys[label] = [str(number), initial] if free else [str(number)]
    return keys


def shown(path: Path) -> bytes:
    image = decode(path, side=SIDE)
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
