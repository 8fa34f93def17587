"""Frames of a video or a camera become images: of each run of frames the sharpest, upright, none twice.

PyAV decodes. Sharpness is measured after Crété-Roffet et al., "The blur effect: perception and estimation
with a new no-reference perceptual blur metric" (2007).
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import sleep

import av
import numpy as np
import pandas as pd
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from PIL import Image
from scipy.ndimage import uniform_filter1d
from tqdm.auto import tqdm

from artnb.catalogue import Catalogue, perceptual_hash, read
from artnb.catalogue.duplicates import MAX_DISTANCE
from artnb.catalogue.schema import FILE
from artnb.collect.admission import admit, catalogue_like
from artnb.errors import CollectError
from artnb.images.decoding import MAX_PIXELS

FORMATS = ("mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "ogg", "mxf", "dv", "gif")
"""FFmpeg's names; .mp4 is a mov, .webm a matroska. No playlists: they make it open files that they name."""
CAMERAS = {"darwin": "avfoundation", "win32": "dshow"}.get(sys.platform, "v4l2")  # of this system, to FFmpeg
SIDE = 512  # px, the longer side of the picture whose sharpness is measured
BLUR = 9  # px, of the box that blurs it once more
SHARP_ENOUGH = 0.75
"""A frame is passed over below this share of the median sharpness of the frames so far.

Measured on 300 real images at 512 px or less: of these as they are 3 % fell below it, of those moved by 9 px
99 %, by 5 px 72 %, of those blurred with a sigma of 2 px 100 %, of 1 px 53 %. The variance of the Laplacian,
let fall 3 % too, told 15 %, 9 %, 99 %, 31 %.
"""
FIRST_BYTES = 1 << 20  # of a file, that tell which video it is
MOST_OF = 0.9  # of the time that a video announces: if it stops a second before that, it is cut off
QUALITY = 95
"""Of the JPEGs that frames are kept as. Three photographs as frames of 1920 x 1080 took 0.4 MB each, 15 ms to
write, and came back within 48 dB; as PNG 1.4 MB and 0.5 s."""


@dataclass(frozen=True)
class Camera:
    """A camera under the name its system shows, or the one it goes by there: /dev/video0, 0."""

    name: str
    format: str = CAMERAS


@dataclass(frozen=True, eq=False)
class Frame:
    image: Image.Image  # RGB, upright, its pixels square
    time: float  # seconds since the first frame
    sharpness: float  # in [0, 1], see `sharpness`


def import_frames(
    source: str | Path | Camera,
    to: str | Path,
    *,
    field: str,
    label: str,
    every: int = 30,
    seconds: float | None = None,
) -> Catalogue:
    """The frames of a video file or a camera as images of the catalogue in the folder `to`, in one label.

    They are one work, so that no split parts them: a label waits without splits until it has frames of three
    videos, or other images. `annotations` tells the video, the time in it and the sharpness. Frames that the
    catalogue has under this label already do not come in again. What could be read of a damaged video stays,
    and the quarantine says where it stops.

    Raises:
        CollectError: as `frames`; not one frame can be used.
        CatalogueError: as `admit`.
    """
    if not field.strip() or not label.strip():
        raise CollectError(f"frames need a field and a label; these are {field!r} and {label!r}")
    to, now, name = Path(to), datetime.now(UTC).isoformat(timespec="seconds"), name_of(source)
    work = work_of(source, now)
    known = hashes_of(work, field, label, to)
    with TemporaryDirectory(prefix="artnb-frames-") as folder:
        rows = saved(frames(source, every=every, seconds=seconds, known=known), name, Path(folder))
        if not known and (not rows or not rows[0]["file"]):
            raise CollectError(rows[0]["reason"] if rows else f"{name}: not one frame can be used")
        if not rows:
            return read(to)
        kind = "camera" if isinstance(source, Camera) else "video"
        shared = {"field": field, "label": label, "work": work, "source": kind, "retrieved_at": now}
        return admit(catalogue_like(pd.DataFrame(rows).assign(**shared)), to, complete=False)


def saved(found: Iterator[Frame], name: str, folder: Path) -> list[dict[str, object]]:
    """Rows for `admit`: the frames, now files in `folder`; last, if `name` stops too early, the reason."""
    rows = []
    try:
        for frame in found:
            file = folder / f"{len(rows)}.jpg"
            frame.image.save(file, quality=QUALITY)
            said = {"video": name, "time_s": round(frame.time, 3), "sharpness": round(frame.sharpness, 3)}
            said = json.dumps(said, ensure_ascii=False)
            row = {"file": file, "name": f"{name} {frame.time:.3f} s.jpg", "annotations": said, "reason": ""}
            rows.append(row)
    except CollectError as error:
        rows.append({"file": None, "name": name, "annotations": "", "reason": str(error)})
    except OSError as error:
        raise CollectError(f"{folder}: {error.strerror}; set TMPDIR to a folder with more room") from error
    return rows


def frames(
    source: str | Path | Camera, *, every: int = 30, seconds: float | None = None, known: Iterable[str] = ()
) -> Iterator[Frame]:
    """Of each run of `every` frames the sharpest, in order of time.

    Passed over are those less than SHARP_ENOUGH times as sharp as this video's frames usually are, and those
    whose perceptual hash lies within MAX_DISTANCE of one that came before or of one in `known`. A file is
    watched to its end or for `seconds`; a camera has no end. Few frames are held at a time.

    Raises:
        CollectError: no such file or camera, no video in it, no `seconds` for a camera; or, after the frames
            that could be read, that the video stops before its end.
    """
    if every < 1:
        raise CollectError(f"every is {every}: give 1 for each frame, 30 for one in 30")
    if seconds is None and isinstance(source, Camera):
        raise CollectError(f"camera {source.name} has no end: say for how many seconds to watch it")
    return distinct(source, every, seconds, known)


def distinct(
    source: str | Path | Camera, every: int, seconds: float | None, known: Iterable[str]
) -> Iterator[Frame]:
    seen = np.array([int(text, 16) for text in known], np.uint64)
    usual = []
    with opened(source) as stream:
        for sharp, time, picture in sharpest(lasting(decoded(stream), seconds), every):
            usual.append(sharp)
            if sharp == 0 or sharp < SHARP_ENOUGH * median(usual):
                continue
            image = upright(picture, float(stream.sample_aspect_ratio or 1))
            phash = np.uint64(int(perceptual_hash(image), 16))
            if (np.bitwise_count(seen ^ phash) > MAX_DISTANCE).all():
                seen = np.append(seen, phash)
                yield Frame(image, time, sharp)


@contextmanager
def opened(source: str | Path | Camera) -> Iterator[av.VideoStream]:
    """The first video stream of `source`; its file or camera is closed afterwards."""
    if isinstance(source, Camera):
        names = cameras(source.format)
        place, format = names.get(source.name, source.name), source.format
        options = {"framerate": "30"} if format == "avfoundation" else {}  # Macs refuse FFmpeg's 29.97
        expected = f"give one of {', '.join(names)}" if names else "none is known here"
        if format == "dshow":
            place = f"video={place}"
    else:
        place, format = str(Path(source).absolute()), None
        options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
        expected = f"expected a video ({', '.join(FORMATS)})"
    try:
        container = av.open(place, format=format, options=options)
    except av.FFmpegError as error:
        raise CollectError(f"{place} cannot be opened: {error.strerror}; {expected}") from None
    with container:
        videos = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not videos:
            kinds = {stream.type for stream in container.streams}
            raise CollectError(f"{place} has no video in it, only {', '.join(sorted(kinds))}")
        size = videos[0].codec_context
        if size is None:
            raise CollectError(f"{place} is in a format that cannot be decoded; convert it to H.264")
        if size.width * size.height > MAX_PIXELS:
            raise CollectError(f"{place}: {size.width} x {size.height} pixels; at most {MAX_PIXELS:,}")
        yield videos[0]


def cameras(format: str = CAMERAS) -> dict[str, str]:
    """The cameras of this machine: the name that is shown, and the one it goes by."""
    try:
        devices = av.enumerate_input_devices(format)
    except (av.FFmpegError, ValueError):  # a format that cannot tell, or is not of this system
        return {}
    return {device.description: device.name for device in devices if device.media_types != ["audio"]}


def decoded(stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """The sound frames of a video; raises CollectError, at its end, where it stops before its time."""
    container, name, reached = stream.container, name_of(stream.container.name), 0.0
    stream.thread_type = "AUTO"
    with tqdm(total=announced(stream), desc=f"watch {name}", unit="frame") as bar:
        try:
            for packet in packets(stream):
                if packet.pts is not None:
                    reached = max(reached, float(packet.pts * packet.time_base))
                if packet.stream_index == stream.index:
                    for frame in pictures(packet):
                        bar.update()
                        yield frame
        except av.FFmpegError as error:
            raise CollectError(
                f"{name}: stops at {reached:.1f} s: {error.strerror}; what came before is kept"
            ) from None
    length = (container.duration or 0) / av.time_base
    if reached + 1 - (container.start_time or 0) / av.time_base < MOST_OF * length:
        raise CollectError(
            f"{name}: stops at {reached:.1f} s of {length:.1f} s; what came before is kept, for the rest "
            "copy the video again"
        )


def announced(stream: av.VideoStream) -> int | None:
    """How many frames a video says it has, or its length and rate make likely."""
    length, rate = stream.container.duration, stream.average_rate
    return stream.frames or (round(length / av.time_base * rate) if length and rate else None)


def packets(stream: av.VideoStream) -> Iterator[av.Packet]:
    """The packets of the video and, as they tell how far the file goes, those of its sound."""
    container = stream.container
    while True:
        try:
            yield from container.demux(stream, *container.streams.audio)
            return
        except av.BlockingIOError:  # a Mac's camera has no picture yet
            sleep(0.01)


def pictures(packet: av.Packet) -> Iterator[av.VideoFrame]:
    """The frames that a packet brings, without those that are damaged or stand at no time."""
    try:
        yield from (frame for frame in packet.decode() if not frame.is_corrupt and frame.time is not None)
    except av.InvalidDataError:
        return


def lasting(
    pictures: Iterator[av.VideoFrame], seconds: float | None
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Each frame and its time since the first, up to `seconds`."""
    start = None
    for picture in pictures:
        start = picture.time if start is None else start
        if seconds is not None and picture.time - start >= seconds:
            return
        yield picture.time - start, picture


def sharpest(
    pictures: Iterator[tuple[float, av.VideoFrame]], every: int
) -> Iterator[tuple[float, float, av.VideoFrame]]:
    """Of each run of `every` frames the sharpest: its sharpness, its time, itself."""
    scaler = VideoReformatter()
    measured = ((sharpness(grey(picture, scaler)), time, picture) for time, picture in pictures)
    while best := max(islice(measured, every), key=itemgetter(0), default=None):
        yield best


def grey(picture: av.VideoFrame, scaler: VideoReformatter) -> np.ndarray:
    """H W float32 in [0, 255], the longer side at most SIDE px; one `scaler` for all frames is quicker."""
    scale = min(1, SIDE / max(picture.width, picture.height))
    width, height = (max(round(side * scale), 1) for side in (picture.width, picture.height))
    small = scaler.reformat(picture, width, height, "gray", interpolation="AREA", threads=1)
    return small.to_ndarray().astype(np.float32)


def sharpness(grey: np.ndarray) -> float:
    """The share of the differences between neighbours that H W `grey` loses when it is blurred once more.

    In [0, 1], of rows or of columns the smaller, 0 for one colour. A picture that is blurred already has
    little left to lose. Unlike in the variance of the Laplacian, brightness and contrast play no part. The
    blur of Crété-Roffet et al. (2007) is 1 minus this.
    """
    shares = []
    for axis in (0, 1):
        differences = np.abs(np.diff(grey, axis=axis))
        left = np.abs(np.diff(uniform_filter1d(grey, BLUR, axis=axis), axis=axis))
        total = differences.sum()
        shares.append(float(np.maximum(differences - left, 0).sum() / total) if total else 0.0)
    return min(shares)


def upright(picture: av.VideoFrame, pixel: float) -> Image.Image:
    """RGB, turned as the video's metadata say; `pixel` is a pixel's width, where its height is 1."""
    image = picture.to_image(width=round(picture.width * pixel), height=picture.height)
    return image.rotate(round(picture.rotation / 90) * 90, expand=True)


def name_of(source: str | Path | Camera) -> str:
    name = Path(source.name if isinstance(source, Camera) else source).name
    return os.fsencode(name).decode("utf-8", "replace")  # names of other encodings too


def work_of(source: str | Path | Camera, now: str) -> str:
    """What the frames of a recording have in common: its first bytes, so that a copy under another name, or
    one that was cut off, is the same video; of a camera, that it was watched at this moment."""
    if isinstance(source, Camera):
        return f"camera {source.name}, {now}"
    try:
        with Path(source).open("rb") as file:
            return f"video {hashlib.sha256(file.read(FIRST_BYTES)).hexdigest()[:16]}"
    except OSError as error:
        raise CollectError(f"{source} cannot be opened: {error.strerror}") from None


def hashes_of(work: str, field: str, label: str, to: Path) -> list[str]:
    """The perceptual hashes of the frames that the catalogue in `to` has of `work` under this label."""
    if not (to / FILE).exists():
        return []
    table = read(to).table
    return table.loc[
        (table[["work", "field", "label"]] == [work, field, label]).all(axis=1), "phash"
    ].tolist()
