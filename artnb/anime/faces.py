"""Whether a portrait suits AFGAN, which has "specific requirements for face occupancy and face orientation".

So Wu & Chen (2022, Section 5.2), who give no numbers.

Faces are found by the cascade of local binary patterns that comes with scikit-image, taught frontal faces
only: a face that it does not find may be turned.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import skimage.data
from skimage.feature import Cascade

from artnb.errors import AnimeError

SMALL = 0.06  # of the picture: a face that covers less is too small
SMALLEST = 24  # px, of a face that is looked for
AGREEING = 10  # windows over one face: with fewer, what is no face is taken for one


@dataclass(frozen=True)
class Face:
    """A frontal face, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def share(self, image: np.ndarray) -> float:
        """Of the picture, in [0, 1]."""
        return self.width * self.height / (image.shape[0] * image.shape[1])


@cache
def cascade() -> Cascade:
    return Cascade(skimage.data.lbp_frontal_face_cascade_filename())


def faces(image: np.ndarray) -> list[Face]:
    """Frontal faces in H W 3 uint8, the largest first."""
    shorter = min(image.shape[:2])
    if shorter <= SMALLEST:
        return []
    found = cascade().detect_multi_scale(
        img=image,
        scale_factor=1.1,
        step_ratio=1,
        min_size=(SMALLEST,) * 2,
        max_size=(shorter,) * 2,
        min_neighbor_number=AGREEING,
    )
    known = [Face(*(int(each[name]) for name in ("c", "r", "width", "height"))) for each in found]
    return sorted(known, key=lambda face: -face.width * face.height)


def heads(images: np.ndarray) -> np.ndarray:
    """Where the largest frontal face of each picture is, with hair and chin: N H W 3 uint8 -> N H W bool.

    An ellipse about what was found; nowhere where nothing was.
    """
    rows, columns = np.mgrid[: images.shape[1], : images.shape[2]]
    masks = np.zeros(images.shape[:3], bool)
    for mask, image in zip(masks, images, strict=True):
        for face in faces(image)[:1]:
            x, y = face.left + face.width / 2, face.top + 0.45 * face.height
            across, down = (columns - x) / (0.7 * face.width), (rows - y) / (0.85 * face.height)
            mask[:] = across**2 + down**2 < 1
    return masks


def warning(image: np.ndarray, head: np.ndarray | None = None) -> str:
    """Why a portrait may come out badly, in a sentence; "" where nothing speaks against it.

    Args:
        image: H W 3 uint8.
        head: H W bool, where the head is: then no face is looked for, and of its turn nothing is said.

    Raises:
        AnimeError: the picture or the head has another form.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise AnimeError(f"the portrait is {image.dtype} {image.shape}; give H W 3 uint8")
    if head is not None:
        if head.shape != image.shape[:2]:
            raise AnimeError(f"the head is {head.shape}; give H W as the portrait has, {image.shape[:2]}")
        share = float(np.mean(head))
    elif found := faces(image):
        share = found[0].share(image)
    else:
        return "No frontal face was found: it may be turned, covered or too small. Say where it is by a mask."
    if share < SMALL:
        return f"The face covers {share:.1%} of the picture, less than {SMALL:.0%}: cut the portrait closer."
    return ""
