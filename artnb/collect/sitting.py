"""One annotator before the images of a catalogue: which comes next, what was said, what can be taken back."""

import pandas as pd

from artnb.catalogue import Catalogue
from artnb.collect.labels import (
    disagreements,
    file_of,
    given,
    read_words,
    record,
    standing,
    verdicts,
    withdraw,
)
from artnb.errors import CollectError
from artnb.seeding import derive

Image = tuple[str, str]  # id, field


class Sitting:
    """The images of a catalogue in an order drawn for one annotator, from the first not spoken of yet.

    An adjudicator is shown the images on which annotators differ, the most contested first. Every word is
    on the disk (see `labels`) when the method that says it returns, so a sitting can be left at any moment
    and another goes on where it was.

    Raises:
        CollectError: `by` cannot name a file, no image is of `field`, or a line of the words is damaged.
    """

    def __init__(
        self, catalogue: Catalogue, by: str, field: str | None = None, adjudicates: bool = False
    ) -> None:
        if field is not None and field not in catalogue.fields:
            raise CollectError(
                f"no image is of field {field!r}: the fields are {', '.join(catalogue.fields)}"
            )
        self.folder, self.by, self.adjudicates = catalogue.folder, by, adjudicates
        self.images = [image for image in pairs(catalogue.table) if field in (None, image[1])]
        words = read_words(self.folder)
        if adjudicates:
            here = set(self.images)
            self.images = [image for image in pairs(disagreements(words)) if image in here]
        else:
            self.images.sort(key=lambda image: derive(0, "annotator", by, *image))
        self.votes = given(words)
        self.settled = set(verdicts(words[words["by"] != by]).index) if adjudicates else set()
        here = set(self.images)
        self.spoken = [  # what stands, in the order said; of two words on one image the later counts
            ((word.id, word.field), word.label)
            for word in standing(file_of(self.folder, by))
            if word.adjudicates == adjudicates and (word.id, word.field) in here
        ]
        self.place = self.next_open(-1)

    @property
    def said(self) -> dict[Image, str | None]:
        """The annotator's own words, None for a skip."""
        return dict(self.spoken)

    @property
    def image(self) -> Image | None:
        """The one to be spoken of; None when all were."""
        return self.images[self.place] if self.place < len(self.images) else None

    @property
    def coming(self) -> Image | None:
        """The one after it."""
        place = self.next_open(self.place)
        return self.images[place] if place < len(self.images) else None

    @property
    def others(self) -> dict[str, str]:
        """What annotators said of the present image, for an adjudicator to see: annotator -> label."""
        if not self.adjudicates or self.image is None:
            return {}
        id, field = self.image
        votes = self.votes[(self.votes["id"] == id) & (self.votes["field"] == field)]
        return dict(zip(votes["by"], votes["label"], strict=True))

    @property
    def progress(self) -> dict[str, int]:
        """How many images are labelled, skipped, and there in all."""
        labels = list(self.said.values())
        elsewhere = len(self.settled.intersection(self.images) - self.said.keys())
        skipped = labels.count(None)
        return {"labelled": len(labels) - skipped + elsewhere, "skipped": skipped, "total": len(self.images)}

    def say(self, label: str | None) -> None:
        """Labels the present image, or skips it (None), and goes on to the next not spoken of."""
        id, field = self.image
        record(self.folder, self.by, id, field, label, self.adjudicates)
        self.spoken.append((self.image, label))
        self.place = self.next_open(self.place)

    def undo(self) -> bool:
        """Takes the last word back and returns to its image; False where there is none."""
        if not self.spoken:
            return False
        image, _ = self.spoken[-1]
        withdraw(self.folder, self.by, *image, self.adjudicates)
        self.spoken.pop()
        self.place = self.images.index(image)
        return True

    def move(self, step: int) -> None:
        """Goes `step` images on or back, spoken of or not, as far as there are any."""
        self.place = min(max(self.place + step, 0), max(len(self.images) - 1, 0))

    def next_open(self, place: int) -> int:
        """The place of the next image not spoken of, after `place` and then from the start."""
        passed = self.said.keys() | self.settled
        order = [*range(place + 1, len(self.images)), *range(min(place + 1, len(self.images)))]
        return next((i for i in order if self.images[i] not in passed), len(self.images))


def pairs(table: pd.DataFrame) -> list[Image]:
    return list(zip(table["id"], table["field"], strict=True))
