"""Files as strangers bring them: what each is called, what is in it, and what the studio says of it."""

import io
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from hostile import png_bomb
from PIL import Image


def jpeg(seed: int = 0, size: tuple[int, int] = (96, 64)) -> bytes:
    """Soft colours."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(data, "JPEG", quality=90)
    return data.getvalue()


def mp4(file: Path, frames: int = 10, size: tuple[int, int] = (64, 48), sound: bool = False) -> bytes:
    """A film in which a bar moves."""
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(25), options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for place in range(frames):
            pixels = np.full((size[1], size[0], 3), 60, np.uint8)
            pixels[:, place % (size[0] - 8) : place % (size[0] - 8) + 8] = (220, 120, 40)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels)))
            if audio:
                heard = av.AudioFrame.from_ndarray(np.zeros((1, 1764), np.float32), "fltp", "mono")
                heard.sample_rate, heard.pts = 44100, 1764 * place
                container.mux(audio.encode(heard))
        container.mux(video.encode())
        if audio:
            container.mux(audio.encode())
    return file.read_bytes()


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("index.html", "<script>alert(1)</script>")
    return data.getvalue()


def polyglot() -> bytes:
    """A picture and an archive at once."""
    return jpeg() + archive()


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script>'
    b'<image href="file:///etc/passwd"/></svg>'
)
NO = "is no picture and no film that the studio can read"
RUDE = {
    "a text": ("holiday.jpg", b"#!/bin/sh\nrm -rf /\n", NO),
    "a cut-off JPEG": ("cut.jpg", jpeg()[:700], NO),
    "a bomb": ("bomb.png", png_bomb(30_000), "at most 80,000,000"),
    "an SVG": ("drawing.svg", SVG, NO),
    "a page": ("page.png", b"<!doctype html><script>alert(1)</script>", NO),
    "an HLS playlist": ("film.mp4", b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", NO),
    "a concat playlist": ("film.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", NO),
    "a zip": ("pictures.jpg", archive(), NO),
    "nothing": ("empty.png", b"", "is empty"),
    "a name that lies": ("../../etc/<img src=x onerror=alert(1)>.jpg", b"lies", NO),
}
