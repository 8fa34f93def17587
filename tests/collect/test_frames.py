"""Videos written here with PyAV, whose every frame is known, and the ways in which videos go wrong."""

import json
import shutil
import struct
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import psutil
import pytest
from av.stream import Disposition
from av.video.reformatter import Colorspace
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter1d

from artnb.catalogue import check_splits
from artnb.collect import frames as module
from artnb.collect.admission import quarantine
from artnb.collect.frames import Camera, cameras, frames, import_frames, sharpness
from artnb.errors import CollectError
from artnb.images.decoding import decode

SIZE = (240, 320)  # H W
PATTERN = Camera("testsrc2=rate=10:size=320x240", "lavfi")  # FFmpeg's moving test card, without an end


def picture(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """H W 3 uint8: soft blocks of 20 px, another picture for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (size[0] // 20, size[1] // 20, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.NEAREST))


def scenes(count: int, length: int = 10, first: int = 0) -> list[np.ndarray]:
    """`count` pictures, each held for `length` frames."""
    return [picture(first + scene) for scene in range(count) for _ in range(length)]


def video(
    file: Path, pictures, *, codec="libx264", times=None, prepare=lambda stream: None, muxer=None
) -> Path:
    """`times`: of each picture, in 25ths of a second."""
    with av.open(str(file), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=25, options={"g": "10"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, 25)
        stream.codec_context.time_base = Fraction(1, 25)
        prepare(stream)
        for time, pixels in zip(times or range(len(pictures)), pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels)
            frame.pts, frame.time_base = time, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def scene_of(time: float, length: int = 10) -> int:
    return round(25 * time) // length


def cut(file: Path, share: float) -> Path:
    data = file.read_bytes()
    short = file.with_name(f"cut {file.name}")
    short.write_bytes(data[: int(share * len(data))])
    return short


def difference(image: Image.Image, pixels: np.ndarray) -> float:
    return float(np.abs(np.asarray(image, float) - pixels).mean())


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts", "a.webm", "a.gif"])
def test_each_scene_comes_once_with_its_time(tmp_path, name):
    codec = {"webm": "libvpx-vp9", "gif": "gif"}.get(name.split(".")[1], "libx264")

    def of_gif(stream):
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"

    made = video(tmp_path / name, scenes(6), codec=codec, prepare=of_gif)
    found = list(frames(made, every=5))
    assert [scene_of(frame.time) for frame in found] == list(range(6))
    for scene, frame in enumerate(found):
        assert difference(frame.image, picture(scene)) < (30 if codec == "gif" else 8)
        assert difference(frame.image, picture(scene + 1)) > 50


def test_one_in_so_many_is_the_sharpest_of_its_run(tmp_path):
    pictures = [gaussian_filter(picture(n // 8), (3, 3, 0)) for n in range(40)]
    for n in (5, 11, 23, 30, 32):
        pictures[n] = picture(n // 8)
    found = list(frames(video(tmp_path / "a.mp4", pictures), every=8))
    assert [round(frame.time * 25) for frame in found] == [5, 11, 23, 30, 32]
    assert [len(list(frames(tmp_path / "a.mp4", every=n))) for n in (40, 16, 1000)] == [1, 3, 1]


def test_blurred_and_blank_scenes_are_passed_over(tmp_path):
    still = scenes(8)
    still[:10] = [np.zeros_like(still[0])] * 10  # a fade from black
    still[30:40] = [uniform_filter1d(picture(3), 15, axis=1)] * 10  # the camera pans
    still[50:60] = [np.full_like(still[0], 200)] * 10
    still[60:70] = [(picture(6) * 0.3).astype(np.uint8)] * 10  # dark, and as sharp as the others
    found = list(frames(video(tmp_path / "a.mp4", still), every=10))
    assert [scene_of(frame.time) for frame in found] == [1, 2, 4, 6, 7]


def test_sharpness_is_told_from_contrast():
    texture = np.asarray(Image.fromarray(picture(1)).convert("L"), np.float32)
    moved = [sharpness(uniform_filter1d(texture, width, axis=1)) for width in (1, 3, 5, 9, 15)]
    assert moved == sorted(moved, reverse=True)
    assert all(0 <= value <= 1 for value in moved)
    assert sharpness(texture * 0.3 + 50) == pytest.approx(sharpness(texture), rel=1e-4)
    assert sharpness(texture.T) == pytest.approx(sharpness(texture))
    assert sharpness(np.full((40, 40), 7, np.float32)) == 0
    step = np.zeros((20, 20), np.float32)
    step[:, 10:] = 1  # blurred over 9 px, the step of 1 leaves nine of a ninth: of the one, 8 / 9 are lost
    step += step.T
    assert sharpness(step) == pytest.approx(8 / 9, abs=1e-5)


def test_a_picture_that_comes_again_is_kept_once(tmp_path):
    again = [picture(n % 3) for n in range(12) for _ in range(5)]
    made = video(tmp_path / "a.mp4", again)
    found = list(frames(made, every=5))
    assert len(found) == 3
    known = [module.perceptual_hash(frame.image) for frame in found[:2]]
    [left] = frames(made, every=5, known=known)
    assert difference(left.image, picture(2)) < 8


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_frames_stand_upright(tmp_path, turn):
    """A phone held upright stores pictures that lie on their side, and by how much to turn them back."""
    upright = picture(1, (320, 240) if turn % 180 else SIZE)
    stored = np.rot90(upright, -turn // 90).copy()  # numpy turns as the display matrix does, to the left
    made = video(tmp_path / "a.mp4", [stored] * 5, prepare=lambda s: s.set_display_rotation(turn))
    if turn == -90:  # (x, y) shows at (height - y, x), as QuickTime's matrix has it
        assert struct.pack(">5i", 0, 1 << 16, 0, -1 << 16, 0) in made.read_bytes()
    [found] = frames(made)
    assert found.image.size == upright.shape[1::-1]
    assert difference(found.image, upright) < 8


def test_pixels_become_square_and_colours_stay(tmp_path):
    def wide(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)

    [found] = frames(video(tmp_path / "wide.mp4", [picture(1)] * 5, prepare=wide))
    assert found.image.size == (480, 240)

    plain = np.zeros((*SIZE, 3), np.uint8)
    plain[:, :160], plain[:120, 160:], plain[120:, 160:] = (200, 30, 40), (30, 180, 60), (240, 240, 20)
    for space in (Colorspace.ITU709, Colorspace.ITU601):  # of today's cameras, and of old ones
        with av.open(str(tmp_path / "plain.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=25, options={"qp": "4"})
            stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
            frame = av.VideoFrame.from_ndarray(plain).reformat(format="yuv420p", dst_colorspace=space)
            stream.codec_context.colorspace = frame.colorspace
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        [found] = frames(tmp_path / "plain.mp4")
        for row, column in ((60, 60), (60, 240), (200, 240)):
            off = np.asarray(found.image, int)[row, column] - plain[row, column]
            assert np.abs(off).max() <= 6


def test_times_are_those_of_a_variable_rate(tmp_path):
    times = [0, 1, 2, 50, 51, 52, 250, 251, 300, 301]
    made = video(tmp_path / "a.mkv", [picture(n) for n in range(10)], times=times)
    assert [round(frame.time * 25) for frame in frames(made, every=1)] == times
    assert [round(frame.time * 25) for frame in frames(made, every=1, seconds=2)] == [0, 1, 2]


def test_the_video_is_chosen_not_its_cover_or_its_sound(tmp_path):
    cover = Image.fromarray(picture(99))
    cover.save(tmp_path / "cover.jpg")
    with (
        av.open(str(tmp_path / "cover.jpg")) as image,
        av.open(str(tmp_path / "song.mp4"), "w") as container,
    ):
        sound = container.add_stream("aac", rate=44100)
        stream = container.add_stream_from_template(image.streams.video[0])
        stream.disposition = Disposition.attached_pic
        frame = av.AudioFrame(layout="stereo", samples=1024)
        frame.sample_rate = 44100
        container.mux(sound.encode(frame))
        for packet in image.demux():
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
        container.mux(sound.encode())
    with pytest.raises(CollectError, match=r"song\.mp4 has no video in it, only audio"):
        list(frames(tmp_path / "song.mp4"))


@pytest.mark.parametrize("name", ["fast.mp4", "a.mkv", "a.webm"])
def test_a_video_that_is_cut_off_gives_what_it_has_and_says_so(tmp_path, name):
    muxer = {"movflags": "faststart"} if name == "fast.mp4" else {}  # its index stands at the start
    codec = "libvpx-vp9" if name == "a.webm" else "libx264"
    whole = video(tmp_path / name, scenes(20), codec=codec, muxer=muxer)
    found = []
    with pytest.raises(CollectError, match=r"cut .*: stops at \d\.\d s of 8\.0 s; .* copy the video again"):
        found.extend(frames(cut(whole, 0.5), every=10))  # extend keeps what came before the error
    assert 5 <= len(found) <= 15
    for scene, frame in enumerate(found):
        assert difference(frame.image, picture(scene)) < 8


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_damage_in_the_middle_costs_only_what_it_hit(tmp_path, name):
    made = video(tmp_path / name, scenes(20))
    data = bytearray(made.read_bytes())
    middle = slice(len(data) // 2, len(data) // 2 + len(data) // 10)
    data[middle] = np.random.default_rng(0).bytes(middle.stop - middle.start)
    made.write_bytes(data)
    found = list(frames(made, every=10))
    right = [difference(frame.image, picture(scene_of(frame.time))) < 8 for frame in found]
    assert sum(right) >= 14
    assert right[0]
    assert right[-1]


def test_a_picture_that_was_mended_by_guessing_is_passed_over(tmp_path):
    short = cut(video(tmp_path / "a.avi", scenes(40, length=1), codec="mpeg4"), 0.6)
    with av.open(str(short)) as container:
        corrupt = [frame.time for frame in container.decode(video=0) if frame.is_corrupt]
    found = []
    with suppress(CollectError):
        found.extend(frames(short, every=1))
    assert len(found) > 15
    assert corrupt
    assert not {frame.time for frame in found} & set(corrupt)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("a sunny day")
    (tmp_path / "empty.mp4").touch()
    whole = video(tmp_path / "a.mp4", scenes(3))
    for name, message in {
        "none.mp4": "No such file",
        "text.mp4": r"text\.mp4 cannot be opened: Invalid data.*expected a video \(mov, ",
        "empty.mp4": "Invalid data",
        cut(whole, 0.6).name: "Invalid data",  # its index stood at the end
        ".": "Is a directory",
    }.items():
        with pytest.raises(CollectError, match=message):
            list(frames(tmp_path / name))
        with pytest.raises(CollectError):
            import_frames(tmp_path / name, tmp_path / "to", field="garden", label="artistic")
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile a.ts\n",
    ],
)
def test_a_file_that_names_other_files_is_not_followed(tmp_path, playlist):
    video(tmp_path / "a.ts", scenes(2))
    (tmp_path / "list.m3u8").write_text(playlist)
    with av.open(str(tmp_path / "list.m3u8")) as followed:  # FFmpeg itself would
        assert followed.streams.video
    with pytest.raises(CollectError, match="cannot be opened"):
        list(frames(tmp_path / "list.m3u8"))


def test_a_video_of_too_many_pixels_is_not_decoded(tmp_path, monkeypatch):
    made = video(tmp_path / "a.mp4", scenes(1))
    monkeypatch.setattr(module, "MAX_PIXELS", 320 * 240 - 1)
    with pytest.raises(CollectError, match=r"a\.mp4: 320 x 240 pixels; at most 76,799"):
        list(frames(made))


def test_names_that_ffmpeg_would_take_for_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(video(tmp_path / "a.mp4", scenes(1)), "concat:b.mp4")
    assert len(list(frames("concat:b.mp4"))) == 1


def test_a_camera_is_watched_for_a_time():
    found = list(frames(PATTERN, every=5, seconds=4))
    assert 2 <= len(found) <= 8
    assert found[-1].time < 4
    with pytest.raises(CollectError, match=r"camera testsrc2.* has no end: say for how many seconds"):
        frames(PATTERN)
    with pytest.raises(CollectError, match="every is 0"):
        frames(PATTERN, every=0, seconds=1)


def test_a_camera_that_is_not_there_is_named_with_those_that_are(monkeypatch):
    with pytest.raises(CollectError, match=r"/dev/video77 cannot be opened: .*; none is known here"):
        list(frames(Camera("/dev/video77", "v4l2"), seconds=1))
    there = {"Card": "testsrc2=size=320x240", "Desk camera": "nothing"}
    monkeypatch.setattr(module, "cameras", lambda format: there)
    assert len(list(frames(Camera("Card", "lavfi"), every=100, seconds=1))) == 1
    with pytest.raises(CollectError, match="give one of Card, Desk camera"):
        list(frames(Camera("Desc camera", "lavfi"), seconds=1))
    assert cameras("no such system") == {}


def test_a_camera_that_has_no_picture_yet_is_asked_again(monkeypatch):
    """A Mac's camera answers so until its next picture is there."""
    slept = []

    class Busy:
        streams = SimpleNamespace(audio=())

        def demux(self, *streams):
            if len(slept) < 3:
                raise av.BlockingIOError(35, "Resource temporarily unavailable")
            yield from ("one", "two")

    monkeypatch.setattr(module, "sleep", slept.append)
    assert list(module.packets(SimpleNamespace(container=Busy()))) == ["one", "two"]
    assert len(slept) == 3


def test_memory_stays_flat():
    """Held, the 1,200 frames would take 140 MB as they are decoded and 280 MB in colours."""
    memory = psutil.Process().memory_info
    found = frames(PATTERN, every=10, seconds=120)
    next(found)
    before = memory().rss
    assert max(memory().rss - before for frame in found) < 40e6


def several(tmp_path: Path, count: int = 3) -> list[Path]:
    return [video(tmp_path / f"walk {n}.mp4", scenes(4, first=100 * n)) for n in range(count)]


def test_frames_come_into_the_catalogue_with_where_they_are_from(tmp_path):
    to = tmp_path / "to"
    walks = several(tmp_path)
    for walk in walks:
        made = import_frames(walk, to, field="garden", label="artistic", every=10)
    table = made.table
    assert len(table) == 12
    check_splits(table)
    assert table.groupby("work")["group"].nunique().tolist() == [1, 1, 1]
    assert set(table.groupby("work")["split"].nunique()) == {1}
    assert (table["source"] == "video").all()
    assert table["retrieved_at"].str.endswith("+00:00").all()
    for row in table.itertuples():
        said = json.loads(row.annotations)
        walk, time = int(said["video"].split()[1][0]), said["time_s"]
        assert difference(decode(made.image_path(row.id)), picture(100 * walk + scene_of(time))) < 8
        assert said["file"] == f"{said['video']} {time:.3f} s.jpg"
        assert 0 < said["sharpness"] <= 1
    assert quarantine(to).empty


def test_two_videos_wait_for_a_third(tmp_path):
    first, second, third = several(tmp_path)
    import_frames(first, tmp_path / "to", field="garden", label="artistic")
    waiting = import_frames(second, tmp_path / "to", field="garden", label="artistic").table
    assert (waiting["split"] == "").all()
    ready = import_frames(third, tmp_path / "to", field="garden", label="artistic").table
    assert set(ready["split"]) == {"train", "validation", "test"}


def test_the_same_video_comes_in_once_under_any_name(tmp_path, monkeypatch):
    walk, to = several(tmp_path, 1)[0], tmp_path / "to"
    into = {"field": "garden", "label": "artistic", "every": 10}
    first = import_frames(walk, to, **into).table
    same = import_frames(walk.rename(tmp_path / "renamed.mp4"), to, **into).table
    assert same.to_numpy().tolist() == first.to_numpy().tolist()
    monkeypatch.setattr(module, "QUALITY", 80)  # a library that writes other bytes
    same = import_frames(tmp_path / "renamed.mp4", to, **{**into, "every": 5}).table
    assert same["id"].tolist() == first["id"].tolist()
    other = import_frames(tmp_path / "renamed.mp4", to, field="painting", label="artistic", every=10).table
    assert len(other) == 8
    assert other["group"].nunique() == 1


def test_a_video_cut_off_stays_one_with_its_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FIRST_BYTES", 10_000)
    whole, to = video(tmp_path / "a.ts", scenes(20)), tmp_path / "to"
    into = {"field": "garden", "label": "artistic", "every": 10}
    assert whole.stat().st_size > 20_000
    part = import_frames(cut(whole, 0.5), to, **into).table
    assert 5 <= len(part) <= 15
    made = import_frames(whole, to, **into).table
    assert made["group"].nunique() == 1


def test_the_quarantine_says_where_a_video_stops(tmp_path):
    short, to = cut(video(tmp_path / "a.mkv", scenes(20)), 0.5), tmp_path / "to"
    made = import_frames(short, to, field="garden", label="artistic", every=10)
    assert 5 <= len(made.table) <= 15
    [[name, reason]] = quarantine(to).to_numpy().tolist()
    assert name == "cut a.mkv"
    assert "of 8.0 s; what came before is kept" in reason
    again = import_frames(short, to, field="garden", label="artistic", every=10)
    assert again.fingerprint == made.fingerprint
    assert len(quarantine(to)) == 1


def test_a_camera_comes_into_the_catalogue(tmp_path):
    made = import_frames(PATTERN, tmp_path / "to", field="garden", label="artistic", every=5, seconds=4)
    assert made.table["group"].nunique() == 1
    assert (made.table["source"] == "camera").all()


def test_what_is_asked_wrongly_is_refused_before_the_video_is_read(tmp_path):
    [walk] = several(tmp_path, 1)
    for wrong in ({"field": " "}, {"label": ""}, {"every": 0}):
        with pytest.raises(CollectError):
            import_frames(walk, tmp_path / "to", **{"field": "garden", "label": "artistic", **wrong})
    blank = video(tmp_path / "blank.mp4", [np.zeros((*SIZE, 3), np.uint8)] * 20)
    with pytest.raises(CollectError, match=r"blank\.mp4: not one frame can be used"):
        import_frames(blank, tmp_path / "to", field="garden", label="artistic")
    assert not (tmp_path / "to").exists()


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    [walk] = several(tmp_path, 1)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(CollectError, match="No space left on device; set TMPDIR"):
        import_frames(walk, tmp_path / "to", field="garden", label="artistic")
    assert not (tmp_path / "to").exists()
