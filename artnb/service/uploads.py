"""What a stranger's file is, found out by decoding it, never by its name or what the browser says of it.

ROOT/USER/uploads/UPLOAD/upload.json     what was found
                         file            a picture as an upright PNG without metadata, or the film as it came
                         preview.png     small, of the picture or of the film's first frame
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import av

from artnb.collect.frames import opened, upright
from artnb.errors import CollectError, ImageError, ServiceError
from artnb.images import decode
from artnb.paths import written_whole
from artnb.service.limits import MB, Limits

UPLOADS = "uploads"
PICTURE, FILM = "picture", "film"
SIDE = 2048  # px, of the longer side of a picture that is kept
PREVIEW = 512  # px
SHOWN = 80  # characters of a file's name


@dataclass(frozen=True)
class Upload:
    id: str
    name: str
    medium: str  # picture or film
    width: int
    height: int
    seconds: float
    path: Path

    @property
    def preview(self) -> Path:
        return self.path.with_name("preview.png")


def examine(raw: Path, folder: Path, name: str, limits: Limits) -> Upload:
    """The upload in the file `raw`, kept in `folder`, whose name is its id; `raw` is gone afterwards.

    Raises:
        ServiceError: it is no picture and no film, a damaged one, or larger or longer than `limits`.
    """
    name = shown(name)
    try:
        if not raw.stat().st_size:
            raise ServiceError(f"{name} is empty: choose a picture or a film.")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            image = decode(raw)
        except ImageError as error:
            found = film(raw, name, str(error), limits)
            raw.replace(folder / "file")
        else:
            found = {"medium": PICTURE, "width": image.width, "height": image.height, "seconds": 0.0}
            found["preview"] = image
            kept = image.copy()
            kept.thumbnail((SIDE, SIDE))
            kept.save(folder / "file", "PNG", compress_level=1)
        preview = found.pop("preview")
        preview.thumbnail((PREVIEW, PREVIEW))
        preview.save(folder / "preview.png")
        upload = Upload(folder.name, name, path=folder / "file", **found)
        with written_whole(folder / "upload.json") as beside:
            beside.write_text(json.dumps(asdict(upload) | {"path": "file"}))
        return upload
    finally:
        raw.unlink(missing_ok=True)


def film(raw: Path, name: str, no_picture: str, limits: Limits) -> dict[str, object]:
    """What the film is like; its packets are counted, for what it says of itself may not be so."""
    try:
        with opened(raw) as stream:
            if stream.width * stream.height > limits.film_pixels:
                raise ServiceError(
                    f"{name} has {stream.width} x {stream.height} pixels: a film may have "
                    f"{limits.film_pixels:,} a frame."
                )
            frames, first, begins, ends = 0, None, None, 0.0
            for packet in stream.container.demux(stream):
                if packet.size:
                    frames += 1
                if packet.pts is not None:
                    time = float(packet.pts * packet.time_base)
                    begins, ends = (time if begins is None else min(begins, time)), max(ends, time)
                if frames > limits.film_frames or ends - (begins or 0) > limits.film_seconds:
                    raise ServiceError(
                        f"{name} is too long: a film may have {limits.film_seconds:g} seconds and "
                        f"{limits.film_frames:,} frames. Cut out what matters."
                    )
                if first is None:
                    try:
                        first = next(iter(packet.decode()), None)
                    except av.FFmpegError:
                        continue
            if first is None:
                raise ServiceError(f"{name}: not one frame of it can be read. Save it again as MP4.")
            image = upright(first, float(stream.sample_aspect_ratio or 1))
    except CollectError:
        raise ServiceError(
            f"{name} is no picture and no film that the studio can read: {no_picture}."
        ) from None
    except av.FFmpegError as error:
        raise ServiceError(f"{name} is damaged: {error.strerror}.") from None
    seconds = round(ends - (begins or 0), 2)
    return {
        "medium": FILM,
        "width": image.width,
        "height": image.height,
        "seconds": seconds,
        "preview": image,
    }


def find_upload(root: Path, user: str, id: str) -> Upload | None:
    """That of `user`, or None."""
    folder = root / user / UPLOADS / id
    try:
        known = json.loads((folder / "upload.json").read_text())
        return Upload(**known | {"path": folder / known["path"]})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def shown(name: str) -> str:
    """A file's name as it may be shown: without folders and signs that are not printed."""
    last = re.split(r"[/\\]", name)[-1]
    printed = "".join(letter for letter in last if letter.isprintable()).strip()
    return (printed if len(printed) <= SHOWN else f"{printed[: SHOWN - 1]}…") or "The file"


def too_large(limits: Limits) -> ServiceError:
    return ServiceError(f"The file is too large: at most {limits.upload_bytes // MB} MB are taken.")
