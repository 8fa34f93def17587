"""Films converted frame by frame, sound and times kept; and how much they flicker.

Wu and Chen split a film, convert its frames in batches and put them together in order. Here the frames are
never all in memory, and never on disk as pictures: what is converted is encoded in parts of some frames each,
and the finished parts are joined, packet by packet, with the sound of the source. A film that was stopped, by
whatever, goes on after its last finished part, and comes out as if it had never been stopped.

The film written is an MP4 with H.264 that browsers play. Each frame keeps its time, so that a variable frame
rate stays one; a film that begins later than 0 is moved to begin there, pictures and sound alike. Frames are
turned upright and their pixels made square before they are converted. H.264 with 4:2:0 colours has even
sides: where one is odd, its last row or column is repeated once. The sound is copied where browsers play it
in an MP4, else encoded as AAC of one channel or two. Subtitles are left out.
"""

import hashlib
import heapq
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count, islice, pairwise, zip_longest
from pathlib import Path

import av
import numpy as np
import torch
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from filelock import FileLock
from PIL import Image
from skimage.registration import optical_flow_ilk
from torch import Tensor
from torch.nn import functional as F

from artnb.collect.frames import announced, decoded, opened, upright
from artnb.errors import CollectError, FilmError
from artnb.paths import sweep, written_whole

Convert = Callable[[Tensor], Tensor]
"""B 3 H W in [0, 1] -> the same shape and range."""

COPIED = ("aac", "mp3", "flac", "opus")  # sounds that browsers play in an MP4
ENCODING = {"crf": "18", "preset": "fast", "bf": "0"}  # no B-frames: parts can then be joined at any frame
PART = 100  # frames: what a kill may cost
VISIBLE = 50.0  # how fast a place counts less as its colour in the warped source differs (Lai et al.)


@dataclass(frozen=True)
class Film:
    """What `convert_film` wrote.

    `sound` is "copied", "AAC" or "none"; `notice` is empty, or says where the source stops too early.
    """

    path: Path
    frames: int
    width: int  # px, as is the height; even
    height: int
    rate: Fraction  # frames per second, on average where it varies
    sound: str
    notice: str = ""


@dataclass(frozen=True)
class Flicker:
    """How much neighbouring frames differ, in [0, 1], in a film and in what became of it."""

    source: float
    converted: float

    @property
    def ratio(self) -> float:
        """1 where the conversion adds no flicker; infinite where only the converted film moves."""
        if self.source:
            return self.converted / self.source
        return float("inf") if self.converted else 1.0


@torch.inference_mode()
def convert_film(
    source: str | Path,
    to: str | Path,
    convert: Convert,
    *,
    batch: int = 8,
    part: int = PART,
    key: str = "",
    on_batch: Callable[[int, int | None], object] | None = None,
) -> Film:
    """Converts every frame of the film `source` and writes the film `to`, an .mp4, whole or not at all.

    Args:
        batch: frames converted at a time; the memory it takes does not depend on the film's length.
        part: frames encoded into one part.
        key: names the conversion, as a run's fingerprint does. Parts that a stopped call left beside `to` are
            taken up by a call with the same key, source and `part`; without a key it begins anew.
        on_batch: called after each batch with the number of frames done, and of all as far as it is known.

    Raises:
        CollectError: the source is no video, or cannot be opened.
        FilmError: `to` is no .mp4 or cannot be written, `batch` or `part` is below 1, no frame can be read,
            or `convert` gives another shape or numbers that are not finite.
    """
    source, to = Path(source), Path(to)
    if to.suffix.lower() != ".mp4":
        raise FilmError(f"{to}: films are written as MP4: give a name that ends in .mp4")
    if batch < 1 or part < 1:
        raise FilmError(f"batch is {batch} and part {part}: both must be 1 or more")
    folder = to.with_name(f".{to.name}.parts")
    with writing(to):
        folder.mkdir(parents=True, exist_ok=True)
        with opened(source) as stream, FileLock(folder / "lock"):
            begin(folder, source, key, part)
            notices: list[str] = []
            frames = in_order(readable(stream, notices))
            first = next(frames, None)
            if first is None:
                raise FilmError(f"{source}: not one frame can be read" + "".join(f" ({n})" for n in notices))
            plan = Plan.of(stream, first)
            frames, done, total = chain([first], frames), 0, announced(stream)
            for number in count():
                group = islice(frames, part)
                file = folder / f"{number:06}.nut"
                if file.exists():
                    skipped = sum(1 for _ in group)
                    done += skipped
                    if on_batch:
                        on_batch(done, total)
                    if skipped < part:
                        break
                    continue
                begun = next(group, None)
                if begun is None:
                    break
                with written_whole(file) as beside:
                    for made in encoded(beside, chain([begun], group), plan, convert, batch):
                        done += made
                        if on_batch:
                            on_batch(done, total)
            sound = joined(sorted(folder.glob("*.nut")), source, to, plan)
            shutil.rmtree(folder)
    return Film(to, done, plan.width, plan.height, plan.rate, sound, "; ".join(notices))


@dataclass(frozen=True)
class Plan:
    """What all parts of a film have in common."""

    size: tuple[int, int]  # width and height in px of what is converted: upright, pixels square
    pixel: float  # a stored pixel's width, where its height is 1
    time_base: Fraction
    rate: Fraction

    @classmethod
    def of(cls, stream: av.VideoStream, first: av.VideoFrame) -> "Plan":
        pixel = float(stream.sample_aspect_ratio or 1)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        return cls(upright(first, pixel).size, pixel, stream.time_base, rate)

    @property
    def width(self) -> int:
        return self.size[0] + self.size[0] % 2

    @property
    def height(self) -> int:
        return self.size[1] + self.size[1] % 2


@contextmanager
def writing(to: Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise FilmError(f"{to} cannot be written: {error.strerror or error}") from error


def begin(folder: Path, source: Path, key: str, part: int) -> None:
    """Leaves in `folder` only finished parts of this very conversion."""
    with source.open("rb") as file:
        film = {"source": hashlib.file_digest(file, "sha256").hexdigest(), "key": key, "part": part}
    known = folder / "film.json"
    sweep(folder)
    with suppress(OSError, ValueError):
        if key and json.loads(known.read_text()) == film:
            return
    for file in folder.glob("*.nut"):
        file.unlink()
    with written_whole(known) as beside:
        beside.write_text(json.dumps(film))


def readable(stream: av.VideoStream, notices: list[str]) -> Iterator[av.VideoFrame]:
    """The frames as far as they can be read; where they stop too early, the reason joins `notices`."""
    try:
        yield from decoded(stream)
    except CollectError as error:
        notices.append(str(error))


def in_order(frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Those that come later than all before; damaged films have others."""
    last = None
    for frame in frames:
        if last is None or frame.pts > last:
            last = frame.pts
            yield frame


def encoded(
    file: Path, frames: Iterator[av.VideoFrame], plan: Plan, convert: Convert, batch: int
) -> Iterator[int]:
    """Writes one part; yields after each batch how many frames it had."""
    with av.open(str(file), "w", format="nut") as container:
        video = container.add_stream("libx264", rate=plan.rate, options=ENCODING)
        video.width, video.height, video.pix_fmt = plan.width, plan.height, "yuv420p"
        context = video.codec_context
        video.time_base = context.time_base = plan.time_base
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        while group := list(islice(frames, batch)):
            images = torch.stack([tensor_of(frame, plan) for frame in group])
            for frame, image in zip(group, checked(convert(images), images), strict=True):
                container.mux(video.encode(frame_of(image, frame, plan)))
            yield len(group)
        container.mux(video.encode())


def tensor_of(frame: av.VideoFrame, plan: Plan) -> Tensor:
    """3 H W in [0, 1]."""
    image = upright(frame, plan.pixel)
    if image.size != plan.size:  # some films change their size on the way
        image = image.resize(plan.size, Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1) / 255


def frame_of(image: Tensor, source: av.VideoFrame, plan: Plan) -> av.VideoFrame:
    """A frame to encode, at the time of `source`."""
    width, height = plan.size
    pixels = (image * 255).round().byte().permute(1, 2, 0).numpy()
    pixels = np.pad(pixels, ((0, plan.height - height), (0, plan.width - width), (0, 0)), "edge")
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    frame.pts, frame.duration, frame.time_base = source.pts, source.duration, plan.time_base
    return frame


def checked(converted: Tensor, images: Tensor) -> Tensor:
    if converted.shape != images.shape:
        raise FilmError(
            f"the conversion made {list(converted.shape)} of {list(images.shape)}: frames must keep their "
            "size"
        )
    if not converted.isfinite().all():
        raise FilmError("the conversion gave numbers that are not finite: train its network anew")
    return converted.detach().float().cpu().clamp(0, 1)


def joined(parts: Sequence[Path], source: Path, to: Path, plan: Plan) -> str:
    """The parts and the sound of `source` as one film; says what became of the sound."""
    with written_whole(to) as beside, sounding(source) as sounds:
        options = {"movflags": "+faststart"}
        with (
            av.open(str(beside), "w", format="mp4", options=options) as film,
            av.open(str(parts[0])) as first,
        ):
            start = max(Fraction(0), min(begins(stream) for stream in (first.streams.video[0], *sounds)))
            video = film.add_stream_from_template(first.streams.video[0])
            video.time_base = plan.time_base
            outputs = {
                sound.index: film.add_stream_from_template(sound)
                if copied(sound)
                else film.add_stream("aac", rate=sound.codec_context.sample_rate, layout=layout(sound))
                for sound in sounds
            }
            streams = [of_parts(parts, video, start), of_sounds(sounds, outputs, start)]
            for packet in heapq.merge(*streams, key=lambda packet: packet.dts * packet.time_base):
                film.mux_one(packet)
        if not sounds:
            return "none"
        return "copied" if all(map(copied, sounds)) else "AAC"


@contextmanager
def sounding(source: Path) -> Iterator[list[av.AudioStream]]:
    """The sounds of a film that can be read."""
    with opened(source) as stream:
        yield [sound for sound in stream.container.streams.audio if sound.codec_context is not None]


def begins(stream: av.VideoStream | av.AudioStream) -> Fraction:
    """In seconds."""
    return (stream.start_time or 0) * stream.time_base


def copied(sound: av.AudioStream) -> bool:
    return sound.codec_context.codec.canonical_name in COPIED


def layout(sound: av.AudioStream) -> str:
    """Of its AAC: more than two channels are mixed down to two."""
    return "mono" if sound.codec_context.channels == 1 else "stereo"


def of_parts(parts: Sequence[Path], video: av.VideoStream, start: Fraction) -> Iterator[av.Packet]:
    for part in parts:
        with av.open(str(part)) as container:
            for packet in container.demux(video=0):
                if packet.size:
                    packet.dts = packet.pts  # so it is without B-frames, which nobody has told the container
                    yield moved(packet, video, start)


def of_sounds(
    sounds: Sequence[av.AudioStream], outputs: dict[int, av.AudioStream], start: Fraction
) -> Iterator[av.Packet]:
    """Packets for the film's streams, until the source ends or can be read no further."""
    if not sounds:
        return
    with suppress(av.FFmpegError):
        for packet in sounds[0].container.demux(*sounds):
            sound, output = packet.stream, outputs[packet.stream.index]  # the last packets have no index
            if copied(sound):
                if packet.dts is not None:
                    yield moved(packet, output, start)
                continue
            with suppress(av.InvalidDataError):
                for frame in packet.decode():
                    if frame.pts is not None:
                        frame.pts -= round(start / frame.time_base)
                    yield from output.encode(frame)
    for sound in sounds:
        if not copied(sound):
            yield from outputs[sound.index].encode()


def moved(packet: av.Packet, stream: av.VideoStream | av.AudioStream, start: Fraction) -> av.Packet:
    by = round(start / packet.time_base)
    packet.pts, packet.dts = (packet.dts if packet.pts is None else packet.pts) - by, packet.dts - by
    packet.stream = stream
    return packet


def frames_of(film: str | Path) -> Iterator[Tensor]:
    """The frames of a film in order, each 3 H W in [0, 1], upright and with square pixels.

    Raises:
        CollectError: it is no video, or, after the frames that could be read, stops before its end.
    """
    with opened(film) as stream:
        plan = None
        for frame in in_order(decoded(stream)):
            plan = plan or Plan.of(stream, frame)
            yield tensor_of(frame, plan)


def sampled(film: str | Path, frames: int = 4, every: int = 3, first: int = 0) -> list[np.ndarray]:
    """`frames` of a film, one in `every` from `first` on, each H W 3 uint8: Wu and Chen's Figure 8 has four,
    one in three."""
    chosen = islice(frames_of(film), first, first + (frames - 1) * every + 1, every)
    return [(image * 255).round().byte().permute(1, 2, 0).numpy() for image in chosen]


def flicker(source: Iterable[Tensor], converted: Iterable[Tensor], warped: bool = False) -> Flicker:
    """The mean difference of neighbouring frames, of a film and of what became of it.

    Plain, a film's own motion counts in both. Warped, each frame is first moved to where the next one is, by
    the optical flow of the source (Le Besnerais and Champagnat's iterative Lucas-Kanade, from scikit-image),
    and places that the flow does not explain in the source count less, as in Lai et al., "Learning Blind
    Video Temporal Consistency" (2018): what is left is what should not have changed. Departure: differences
    are absolute, as in the plain measure, not squared.

    H.264 smooths a film's noise away: frames read from a converted film flicker less than those that were
    encoded. Compare them with a film that was converted to itself, or measure frames before they are encoded.

    Args:
        source, converted: as many frames, each 3 H W in [0, 1]; the converted may have one row or column
            more, as `convert_film` writes them, which is passed over.

    Raises:
        FilmError: their numbers or sizes differ, or there are fewer than two frames.
    """
    sums, weights, pairs = np.zeros(2), 0.0, 0
    for (before, made_before), (after, made_after) in pairwise(beside(source, converted)):
        old, new = torch.stack([before, made_before]), torch.stack([after, made_after])
        seen = torch.ones(1, 1, *before.shape[1:])
        if warped:
            new = moved_by(new, flow(before, after))
            seen = torch.exp(-VISIBLE * (new[:1] - old[:1]).square().sum(1, keepdim=True))
        sums += ((new - old).abs().mean(1, keepdim=True) * seen).sum((1, 2, 3)).numpy()
        weights += float(seen.sum())
        pairs += 1
    if not pairs:
        raise FilmError("flicker is what changes between frames: give two or more")
    return Flicker(*(float(of_film) / weights for of_film in sums))


def beside(source: Iterable[Tensor], converted: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Frame by frame; of the converted without what it has more."""
    for mine, made in zip_longest(source, converted):
        if mine is None or made is None:
            raise FilmError("the films have different numbers of frames: compare a film with its own")
        more = [larger - side for larger, side in zip(made.shape, mine.shape, strict=True)]
        if not all(0 <= sides <= 1 for sides in more):
            raise FilmError(
                f"frames of {list(mine.shape)} and {list(made.shape)} cannot be compared: give a film and "
                "what became of it"
            )
        yield mine, made[:, : mine.shape[1], : mine.shape[2]]


def flow(before: Tensor, after: Tensor) -> Tensor:
    """2 H W, in px, down and right: `before` at a place is `after` at the place plus this."""
    grey = [image.mean(0).numpy() for image in (before, after)]
    return torch.from_numpy(optical_flow_ilk(*grey, radius=7, dtype=np.float32))


def moved_by(images: Tensor, flow: Tensor) -> Tensor:
    """Each place of B C H W taken from the place plus the flow, bilinearly; beyond the border its nearest."""
    height, width = images.shape[-2:]
    down, right = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack(
        [(2 * (right + flow[1]) + 1) / width - 1, (2 * (down + flow[0]) + 1) / height - 1], -1
    )
    return F.grid_sample(
        images, places[None].expand(len(images), -1, -1, -1), padding_mode="border", align_corners=False
    )
