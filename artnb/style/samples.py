"""Squares to try style transfer on: photographs that ship with libraries, a folder's, a catalogue's.

Squares, for metrics compare place with place: a style picture of other proportions would be distorted.
"""

from pathlib import Path

from PIL import Image
from torch import Tensor

from artnb.catalogue import Catalogue
from artnb.errors import ImageError, StyleError
from artnb.images import decode_square
from artnb.paths import resolve
from artnb.style.photographs import SHIPPED, photograph
from artnb.style.pictures import tensor_of


def photographs(number: int, size: int) -> dict[str, Tensor]:
    """The first `number` of `SHIPPED`, each 1 3 `size` `size` in [0, 1]: the middle square.

    Raises:
        StyleError: there are not so many.
    """
    check_number(number, len(SHIPPED), "photographs that ship with scikit-image and scikit-learn")
    return {name: square(photograph(name, size)) for name in list(SHIPPED)[:number]}


def of_folder(folder: str | Path, number: int, size: int) -> dict[str, Tensor]:
    """The first `number` pictures of a folder, by file name: name without suffix -> as `photographs`.

    A relative folder is looked for below `paths.home()`. Files that are no pictures are passed over.

    Raises:
        StyleError: the folder has not so many pictures.
    """
    found: dict[str, Tensor] = {}
    for path in sorted(path for path in resolve(folder).glob("*") if path.is_file()):
        if len(found) == number:
            break
        try:
            found[path.stem] = square(Image.fromarray(decode_square(path, size)))
        except ImageError:
            continue
    check_number(number, len(found), f"pictures in {folder}")
    return found


def of_catalogue(
    catalogue: Catalogue, field: str, size: int, of_each: int = 1, split: str = "test"
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The first `of_each` pictures of every label of `field`, by their hashes, of one split.

    Returns:
        name -> as `photographs`, and name -> label; a name is its label in words, with a number where there
        are several.

    Raises:
        StyleError: a label has not so many.
        ImageError: a picture cannot be read.
    """
    pictures, labels = {}, {}
    table = catalogue.table.query("field == @field and split == @split").sort_values("id")
    for label, rows in table.groupby("label", observed=True):
        check_number(of_each, len(rows), f"pictures of {label} in the split {split}")
        for place, id in enumerate(rows["id"].head(of_each), start=1):
            said = str(label).replace("_", " ")
            name = f"{said} {place}" if of_each > 1 else said
            pictures[name] = square(Image.fromarray(decode_square(catalogue.image_path(id), size)))
            labels[name] = str(label)
    return pictures, labels


def square(image: Image.Image) -> Tensor:
    return tensor_of(image.convert("RGB"))


def check_number(wanted: int, there: int, what: str) -> None:
    if not 1 <= wanted <= there:
        raise StyleError(f"{wanted} wanted of {there} {what}: ask for 1 to {there}")
