"""A server on this machine that answers as a stranger's may: every fault lies at an address of its own."""

import gzip
import io
import json
import struct
import time
import zlib
from contextlib import contextmanager, suppress
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

ZEROS = bytes(64 * 1024)


@cache
def jpeg() -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


@cache
def png_bomb(side: int = 50_000) -> bytes:
    """A sound PNG of side² black pixels at one bit each: 0.3 GB unpacked, 1.4 MB packed."""
    packer = zlib.compressobj(1)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row * 100) for _ in range(side // 100)) + packer.flush()
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)),
        (b"IDAT", pixels),
        (b"IEND", b""),
    ]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@cache
def gzip_bomb() -> bytes:
    """100 MB of nothing, in 0.1 MB."""
    return gzip.compress(bytes(100_000_000))


class Hostile(ThreadingHTTPServer):
    """What it was asked, when and by whom; its robots.txt; how many requests it held at once."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.host}"
        self.robots: tuple[int, bytes] = (404, b"")
        self.robots_pause = 0.0  # seconds
        self.asked: list[tuple[str, dict, float]] = []
        self.targets: list[str] = []
        self.at_once = self.most_at_once = 0
        self.lock = Lock()
        self.closing = Event()

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.asked)

    def handle_error(self, *_):
        """A client that hangs up is what these tests are about."""


@contextmanager
def hostile():
    server = Hostile()
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        with server.lock:
            server.asked.append((url.path, dict(self.headers), time.monotonic()))
            server.targets.append(self.path)
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
            self.time = server.count(url.path)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                getattr(self, url.path.strip("/").replace(".", "_").replace("-", "_"), self.missing)()
        finally:
            with server.lock:
                server.at_once -= 1

    def send(self, data: bytes = b"", status: int = 200, kind: str = "image/jpeg", **headers: str):
        headers = {"Content-Type": kind, "Content-Length": str(len(data))} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def send_json(self, value, **headers):
        self.send(json.dumps(value).encode(), kind="application/json", **headers)

    def missing(self):
        self.send(b"<html>nothing here</html>", 404, "text/html")

    def robots_txt(self):
        time.sleep(self.server.robots_pause)
        status, data = self.server.robots
        if status == 302:
            self.send(status=302, Location=data.decode())
        else:
            self.send(data, status, "text/plain")

    # what is well

    def fine_jpg(self):
        self.send(jpeg())

    def fine_json(self):
        self.send_json({"asked": self.query, "accept": self.headers["Accept"]})

    def zipped_json(self):
        self.send(gzip.compress(b'{"zipped": true}'), kind="application/json", Content_Encoding="gzip")

    def paused_json(self):
        time.sleep(0.02)
        self.send_json(None)

    # slow, cut off, endless

    def silent(self):
        self.server.closing.wait(10)

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.drip_bytes(jpeg())

    def drip_headers(self):
        self.drip_bytes(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 1000)

    def drip_bytes(self, data: bytes):
        self.close_connection = True
        for byte in data:
            if self.server.closing.wait(0.02):
                return
            self.wfile.write(bytes([byte]))

    def cut(self):
        self.close_connection = True
        data = jpeg()
        self.send(data[: len(data) // 2], Content_Length=str(len(data)))

    def cut_once(self):
        self.cut() if self.time == 1 else self.fine_jpg()

    def hang_up(self):
        self.close_connection = True

    def cut_chunks(self):
        self.close_connection = True
        self.send(b"5\r\nab", Content_Length=None, Transfer_Encoding="chunked")

    def endless(self):
        self.send(jpeg(), Content_Length=None, Connection="close")
        self.close_connection = True
        while not self.server.closing.is_set():
            self.wfile.write(ZEROS)

    def endless_chunks(self):
        self.send(b"", kind="application/json", Content_Length=None, Transfer_Encoding="chunked")
        self.close_connection = True
        while not self.server.closing.is_set():
            self.wfile.write(b"%x\r\n%s\r\n" % (len(ZEROS), ZEROS))

    def endless_headers(self):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.closing.is_set():
            self.wfile.write(b"X-Many: 1\r\n" * 1000)

    def endless_continue(self):
        self.close_connection = True
        while not self.server.closing.is_set():
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            time.sleep(0.01)

    # lies

    def declared_huge(self):
        self.close_connection = True
        self.send(jpeg(), Content_Length=str(10**12))

    def declared_short(self):
        self.send(jpeg(), Content_Length="100")

    def declared_wrong(self):
        self.send(jpeg(), Content_Length="many")

    def html_jpg(self):
        self.send(b"<!doctype html><html>log in first</html>" * 9)

    def html(self):
        self.send(b"<!doctype html><html>log in first</html>", kind="text/html")

    def kind(self):
        self.send(jpeg(), kind=self.query["kind"])

    def svg(self):
        self.send(b"<svg xmlns='http://www.w3.org/2000/svg'/>", kind="image/svg+xml")

    def empty_jpg(self):
        self.send(b"")

    def letter_jpg(self):
        self.send(b"P")

    def zipped_jpg(self):
        self.send(gzip.compress(jpeg()), Content_Encoding="gzip")

    def bomb_png(self):
        self.send(png_bomb(), kind="image/png")

    def not_http(self):
        self.close_connection = True
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    # no JSON

    def invalid_json(self):
        self.send(b'{"data": [1, 2', kind="application/json")

    def deep_json(self):
        self.send(b"[" * 1_000_000, kind="application/json")

    def latin_json(self):
        self.send('{"title": "Käfer"}'.encode("latin-1"), kind="application/json")

    def bomb_json(self):
        self.send(gzip_bomb(), kind="application/json", Content_Encoding="gzip")

    def twice_zipped_json(self):
        data = gzip.compress(gzip_bomb())
        self.send(data, kind="application/json", Content_Encoding="gzip, gzip")

    def broken_gzip_json(self):
        self.send(b"\x1f\x8bnot so", kind="application/json", Content_Encoding="gzip")

    # redirects

    def to(self):
        self.send(status=int(self.query.get("status", 302)), Location=self.query["url"])

    def loop(self):
        self.send(status=302, Location="/loop")

    def hops(self):
        left = int(self.query["left"])
        self.send(status=301, Location=f"/hops?left={left - 1}") if left else self.fine_json()

    def nowhere(self):
        self.send(status=302)

    # refusals

    def status(self):
        self.send(b"no", int(self.query["status"]), "text/plain")

    def storm(self):
        headers = {"Retry_After": self.query["after"]} if "after" in self.query else {}
        self.send(b"slow down", 429, "text/plain", **headers)

    def storm_then_fine(self):
        if self.time <= int(self.query["times"]):
            after = self.query["after"]
            after = formatdate(time.time() + float(after[1:]), usegmt=True) if after[0] == "+" else after
            self.send(b"slow down", int(self.query.get("status", 429)), "text/plain", Retry_After=after)
        else:
            self.send_json("fine")

    def cookie(self):
        self.send_json(self.headers["Cookie"], Set_Cookie="visitor=1")
