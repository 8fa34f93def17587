"""Films written here with PyAV, whose every frame, time and sound is known, converted and read again."""

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artnb.anime.film import Flicker, convert_film, flicker, frames_of, sampled
from artnb.errors import CollectError, FilmError

NTSC = Fraction(24000, 1001)
NOISE = 4 / 255  # of the mean absolute difference that two encodings may make


def picture(time: int, width: int = 64, height: int = 48) -> np.ndarray:
    """H W 3 uint8: soft colours and a bright square that moves 2 px a frame; no two frames are alike."""
    down, right = np.mgrid[:height, :width]
    image = np.stack([down * 200 // height, right * 200 // width, (down + right) * 100 // height], -1)
    place = 2 * time % (width - 12)
    image[10:22, place : place + 12] = 250
    return (image + 5 * (time % 3)).clip(0, 255).astype(np.uint8)


def write(
    file: Path,
    frames: int = 12,
    *,
    size: tuple[int, int] = (64, 48),
    rate: Fraction = NTSC,
    times: list[int] | None = None,
    time_base: Fraction | None = None,
    turn: int = 0,
    sound: str = "",
    codec: str = "libx264",
) -> Path:
    """A film of `picture`s; `times` are in units of `time_base`."""
    base = time_base or 1 / rate
    with av.open(str(file), "w") as container:
        video = container.add_stream(codec, rate=rate, options={"crf": "1"} if codec == "libx264" else {})
        video.width, video.height = size
        video.pix_fmt = "yuv444p" if codec == "libx264" else "yuv420p"
        video.time_base = video.codec_context.time_base = base
        if turn:
            video.set_display_rotation(turn)
        audio = container.add_stream(sound, rate=44100, layout="mono") if sound else None
        for place, pts in enumerate(times or range(frames)):
            frame = av.VideoFrame.from_ndarray(picture(place, *size))
            frame.pts, frame.time_base = pts, base
            container.mux(video.encode(frame))
            if audio:
                tone = np.sin(np.arange(1840 * place, 1840 * (place + 1)) / 20).astype(np.float32) * 0.5
                heard = av.AudioFrame.from_ndarray(tone[None], "fltp", "mono")
                heard.sample_rate, heard.pts = 44100, 1840 * place
                container.mux(audio.encode(heard))
        container.mux(video.encode())
        if audio:
            container.mux(audio.encode())
    return file


def same(images: torch.Tensor) -> torch.Tensor:
    return images


def negative(images: torch.Tensor) -> torch.Tensor:
    return 1 - images


def times(file: Path) -> list[Fraction]:
    with av.open(str(file)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def sounds(file: Path) -> list[bytes]:
    with av.open(str(file)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def apart(film: Path, frames: int, change=lambda pixels: pixels) -> float:
    """The largest mean difference of a frame from what it should be, in [0, 1]; there must be `frames`."""
    read = [image.permute(1, 2, 0).numpy() for image in frames_of(film)]
    assert len(read) == frames
    height, width = read[0].shape[:2]
    wanted = [change(picture(place, width, height) / 255) for place in range(frames)]
    return max(float(np.abs(is_ - should).mean()) for is_, should in zip(read, wanted, strict=True))


@pytest.mark.parametrize("batch", [1, 5, 64])
def test_each_frame_is_itself_again_at_the_exact_rate(tmp_path, batch):
    made = convert_film(write(tmp_path / "a.mp4", 23), tmp_path / "b.mp4", same, batch=batch, part=7)
    assert (made.frames, made.rate, made.width, made.height) == (23, NTSC, 64, 48)
    assert (made.sound, made.notice) == ("none", "")
    assert times(made.path) == times(tmp_path / "a.mp4") == [Fraction(n * 1001, 24000) for n in range(23)]
    assert apart(made.path, 23) < NOISE
    with av.open(str(made.path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == NTSC
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_done_to_the_frames_is_in_the_film(tmp_path):
    convert_film(write(tmp_path / "a.mp4"), tmp_path / "b.mp4", negative)
    assert apart(tmp_path / "b.mp4", 12, lambda pixels: 1 - pixels) < NOISE
    assert apart(tmp_path / "b.mp4", 12) > 0.2


def test_frames_reach_the_conversion_in_batches_as_numbers_in_0_1(tmp_path):
    seen = []

    def watch(images):
        seen.append((tuple(images.shape), images.dtype, float(images.min()) >= 0, float(images.max()) <= 1))
        return images

    done = []
    convert_film(
        write(tmp_path / "a.mp4", 10),
        tmp_path / "b.mp4",
        watch,
        batch=4,
        on_batch=lambda *of: done.append(of),
    )
    assert seen == [((n, 3, 48, 64), torch.float32, True, True) for n in (4, 4, 2)]
    assert done == [(4, 10), (8, 10), (10, 10)]


@settings(max_examples=8, deadline=None)
@given(gaps=st.lists(st.integers(1, 400), min_size=4, max_size=9), part=st.integers(1, 5))
def test_a_variable_frame_rate_stays_one(tmp_path_factory, gaps, part):
    folder = tmp_path_factory.mktemp("variable")
    at = list(np.cumsum([0, *gaps]).tolist())
    source = write(folder / "a.mp4", times=at, time_base=Fraction(1, 12800))
    convert_film(source, folder / "b.mp4", same, part=part)
    assert times(folder / "b.mp4") == times(source) == [Fraction(pts, 12800) for pts in at]


@pytest.mark.parametrize("turn", [90, 180, -90])
def test_a_turned_film_comes_out_upright(tmp_path, turn):
    source = write(tmp_path / "a.mp4", 3, turn=turn)
    made = convert_film(source, tmp_path / "b.mp4", same)
    assert (made.width, made.height) == ((48, 64) if turn % 180 else (64, 48))
    with av.open(str(made.path)) as container:
        frame = next(container.decode(video=0))
        assert frame.rotation == 0
        shown = frame.to_ndarray(format="rgb24") / 255
    assert np.abs(shown - np.rot90(picture(0) / 255, turn // 90)).mean() < NOISE


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (33, 31)])
def test_an_odd_side_is_made_even_by_its_last_pixels(tmp_path, size):
    made = convert_film(write(tmp_path / "a.mp4", 3, size=size), tmp_path / "b.mp4", same)
    assert (made.width, made.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    image = next(frames_of(made.path)).permute(1, 2, 0).numpy()
    wanted = np.pad(picture(0, *size) / 255, ((0, size[1] % 2), (0, size[0] % 2), (0, 0)), "edge")
    assert np.abs(image - wanted).mean() < NOISE


@pytest.mark.parametrize(("name", "sound"), [("a.mp4", "aac"), ("a.mkv", "flac"), ("a.mp4", "libmp3lame")])
def test_sound_that_browsers_play_is_copied_packet_by_packet(tmp_path, name, sound):
    source = write(tmp_path / name, 30, sound=sound)
    made = convert_film(source, tmp_path / "out.mp4", same, part=8)
    assert made.sound == "copied"
    assert sounds(made.path) == sounds(source) != []
    with av.open(str(source)) as before, av.open(str(made.path)) as after:
        starts = [c.streams.audio[0].start_time * c.streams.audio[0].time_base for c in (before, after)]
        assert abs(starts[0] - starts[1]) <= Fraction(1, 500)  # Matroska counts milliseconds


def test_other_sound_becomes_aac_of_the_same_tone(tmp_path):
    made = convert_film(write(tmp_path / "a.mkv", 30, sound="pcm_s16le"), tmp_path / "b.mp4", same)
    assert made.sound == "AAC"
    with av.open(str(made.path)) as container:
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    length, wanted = 30 * 1840, np.sin(np.arange(30 * 1840) / 20) * 0.5
    assert abs(len(heard) - length) < 3000
    shifts = [heard[s : s + 20000] @ wanted[:20000] for s in range(2500)]
    best = int(np.argmax(shifts))
    assert np.abs(heard[best + 2000 : best + 18000] - wanted[2000:18000]).mean() < 0.03


def test_a_transport_stream_begins_at_0_with_its_sound(tmp_path):
    source = write(tmp_path / "a.ts", 24, sound="aac", rate=Fraction(25), time_base=Fraction(1, 25))
    begun = times(source)
    assert begun[0] > 0
    made = convert_film(source, tmp_path / "b.mp4", same, part=9)
    after = times(made.path)
    assert [t - after[0] for t in after] == [t - begun[0] for t in begun]
    with av.open(str(source)) as old, av.open(str(made.path)) as new:
        gaps = [float(c.streams.audio[0].start_time * c.streams.audio[0].time_base - first)
                for c, first in ((old, begun[0]), (new, after[0]))]  # fmt: skip
    assert min(after[0], after[0] + gaps[1]) == pytest.approx(0, abs=0.03)
    assert gaps[0] == pytest.approx(gaps[1], abs=0.001)


def test_a_film_that_is_cut_off_is_converted_as_far_as_it_goes(tmp_path):
    source = write(tmp_path / "a.mkv", 100, size=(160, 120))
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    made = convert_film(source, tmp_path / "b.mp4", same)
    assert 10 < made.frames < 90
    assert "stops at" in made.notice
    assert len(times(made.path)) == made.frames


def bad_shape(images):
    return images[..., 1:]


def not_finite(images):
    return images / 0 - images / 0


@pytest.mark.parametrize(("convert", "says"), [(bad_shape, "keep their size"), (not_finite, "not finite")])
def test_a_conversion_that_goes_wrong_leaves_no_film(tmp_path, convert, says):
    with pytest.raises(FilmError, match=says):
        convert_film(write(tmp_path / "a.mp4"), tmp_path / "b.mp4", convert)
    assert not (tmp_path / "b.mp4").exists()


def test_what_cannot_be_is_said(tmp_path):
    source = write(tmp_path / "a.mp4", 2)
    with pytest.raises(FilmError, match=r"ends in \.mp4"):
        convert_film(source, tmp_path / "b.avi", same)
    with pytest.raises(FilmError, match="must be 1 or more"):
        convert_film(source, tmp_path / "b.mp4", same, batch=0)
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n")
    with pytest.raises(CollectError, match="cannot be opened"):
        convert_film(tmp_path / "list.mp4", tmp_path / "b.mp4", same)
    (tmp_path / "file").write_text("")
    with pytest.raises(FilmError, match="cannot be written"):
        convert_film(source, tmp_path / "file" / "b.mp4", same)


SCRIPT = """
import sys, time, torch
from artnb.anime.film import convert_film
def slow(images):
    time.sleep(0.15)
    return 1 - images
convert_film(sys.argv[1], sys.argv[2], slow, batch=2, part=4, key="negative")
"""


def test_a_killed_film_goes_on_and_ends_as_if_never_stopped(tmp_path):
    source = write(tmp_path / "a.mp4", 30, sound="aac")
    to = tmp_path / "b.mp4"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(source), str(to)], stderr=subprocess.DEVNULL
    )
    parts = tmp_path / ".b.mp4.parts"
    end = time.monotonic() + 60
    while len(list(parts.glob("*.nut"))) < 3:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not to.exists()
    left = len(list(parts.glob("*.nut")))
    assert 3 <= left < 8

    converted = 0

    def counted(images):
        nonlocal converted
        converted += len(images)
        return 1 - images

    convert_film(source, to, counted, batch=2, part=4, key="negative")
    assert converted == 30 - 4 * left
    assert not parts.exists()
    convert_film(source, tmp_path / "whole.mp4", negative, batch=2, part=4)
    assert to.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_parts_of_another_conversion_are_not_taken_up(tmp_path):
    source = write(tmp_path / "a.mp4", 12)

    def stops(images, after=[2]):  # noqa: B006
        after[0] -= 1
        if after[0] < 0:
            raise KeyboardInterrupt
        return images

    with pytest.raises(KeyboardInterrupt):
        convert_film(source, tmp_path / "b.mp4", stops, batch=4, part=4, key="same")
    assert len(list((tmp_path / ".b.mp4.parts").glob("*.nut"))) == 2
    convert_film(source, tmp_path / "b.mp4", negative, batch=4, part=4, key="negative")
    assert apart(tmp_path / "b.mp4", 12, lambda pixels: 1 - pixels) < NOISE


def test_memory_does_not_grow_with_the_film(tmp_path):
    """A frame of 640 x 480 takes 3.7 MB as float: 400 of them would be 1.5 GB."""
    source = write(tmp_path / "a.mp4", 60, size=(640, 480), codec="mpeg4")
    long = tmp_path / "long.mp4"
    with av.open(str(source)) as before, av.open(str(long), "w") as after:
        packets = [(bytes(packet), packet.is_keyframe) for packet in before.demux(video=0) if packet.size]
        stream = after.add_stream_from_template(before.streams.video[0])
        for place in range(400):
            data, key = packets[place % 12] if place % 12 else packets[0]
            packet = av.Packet(data)
            packet.pts = packet.dts = place
            packet.time_base, packet.stream, packet.is_keyframe = 1 / NTSC, stream, key
            after.mux_one(packet)
    process, peaks = psutil.Process(), []

    def watch(images):
        peaks.append(process.memory_info().rss)
        return images

    convert_film(long, tmp_path / "b.mp4", watch, batch=8, part=50)
    assert len(peaks) >= 50
    assert max(peaks[25:]) - max(peaks[5:25]) < 60e6


def test_four_frames_one_in_three(tmp_path):
    frames = sampled(write(tmp_path / "a.mp4", 14), first=2)
    assert len(frames) == 4
    for place, frame in zip((2, 5, 8, 11), frames, strict=True):
        assert np.abs(frame / 255 - picture(place) / 255).mean() < NOISE


def still(frames: int, seed: int = 0) -> list[torch.Tensor]:
    return [torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(seed)) * 0.5 + 0.25] * frames


def test_flicker_by_hand():
    """Frames of one colour: differences of 0.1 and 0.3 in the source, of 0.2 and 0.6 in the other."""
    source = [torch.full((3, 8, 8), value) for value in (0.1, 0.2, 0.5)]
    converted = [torch.full((3, 8, 8), value) for value in (0.9, 0.7, 0.1)]
    found = flicker(source, converted)
    assert (found.source, found.converted) == (pytest.approx(0.2), pytest.approx(0.4))
    assert found.ratio == pytest.approx(2)
    assert flicker(source, source).ratio == flicker(still(3), still(3)).ratio == 1
    assert flicker(still(3), source_like(still(3))).ratio == float("inf")
    assert Flicker(0.0, 0.0).ratio == 1


def source_like(frames):
    return [frame + 0.1 * (place % 2) for place, frame in enumerate(frames)]


@pytest.mark.parametrize(("warped", "seen"), [(False, False), (True, True)])
def test_motion_is_told_from_flicker_only_when_frames_are_warped(warped, seen):
    """A texture that moves by 3 px a frame, and the same getting lighter and darker in turn: warped, what
    moves is hardly a difference, and the flicker of 0.1 is nearly all of what is left."""
    blocks = np.random.default_rng(0).random((30, 40, 3))
    large = np.asarray(Image.fromarray((blocks * 255).astype(np.uint8)).resize((160, 120)), np.float32) / 255
    source = [
        torch.from_numpy(large[20:80, 20 + 3 * n : 100 + 3 * n].copy()).permute(2, 0, 1) * 0.8
        for n in range(5)
    ]
    found = flicker(source, source_like(source), warped)
    plain = flicker(source, source)
    assert (found.source < 0.3 * plain.source) == seen
    assert (found.converted == pytest.approx(0.1, abs=0.02)) == seen


def test_flicker_of_what_does_not_belong_together():
    with pytest.raises(FilmError, match="different numbers"):
        flicker(still(3), still(4))
    with pytest.raises(FilmError, match="two or more"):
        flicker(still(1), still(1))
    with pytest.raises(FilmError, match="cannot be compared"):
        flicker(still(2), [torch.zeros(3, 42, 50)] * 2)


def test_flicker_of_a_film_and_what_became_of_it(tmp_path):
    made = convert_film(write(tmp_path / "a.mp4", 8, size=(63, 47)), tmp_path / "b.mp4", negative)
    found = flicker(frames_of(tmp_path / "a.mp4"), frames_of(made.path))
    assert found.ratio == pytest.approx(1, abs=0.2)
