"""What a host answers becomes JSON, an image file or the rules of a robots.txt, or a plain reason why not.

Nothing a host says of its answer is believed: not its size, its type nor its encoding.
"""

import json
import time
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from protego import Protego

from artnb.errors import FetchError
from artnb.images.decoding import FORMATS
from artnb.paths import written_whole

MAX_JSON_BYTES = 20_000_000
MAX_IMAGE_BYTES = 50_000_000
MAX_ROBOTS_BYTES = 512 * 1024  # RFC 9309 asks for 500 KiB at least
MAX_ROBOTS_RULES = 2_000_000  # protego keeps each rule for each program: 16 million took 22 s and 1.1 GB
CHUNK = 64 * 1024


def status(response: httpx.Response) -> str:
    return f"{response.status_code} {httpx.codes.get_reason_phrase(response.status_code)}".strip()


def retry_after(response: httpx.Response) -> float:
    """Seconds that the answer asks us to wait: a number or a date; 0 where it says neither."""
    asked = response.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return parsedate_to_datetime(asked).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0


def body(response: httpx.Response, most: int) -> Iterator[bytes]:
    """The bytes of a good answer as they come; FetchError where it is none, or exceeds `most` bytes."""
    if response.status_code == 403:
        raise FetchError(f"{status(response)}: {response.url.host} does not give this to programs")
    if not response.is_success:
        raise FetchError(status(response))
    too_large = FetchError(f"more than {most:,} bytes")
    if int(response.headers.get("content-length", 0)) > most:
        raise too_large
    received = 0
    for chunk in response.iter_raw(CHUNK):
        received += len(chunk)
        if received > most:
            raise too_large
        yield chunk


def unpacked(response: httpx.Response, most: int) -> bytes:
    """The whole body, unzipped where it came zipped; never more than `most` bytes."""
    data = b"".join(body(response, most))
    if response.headers.get("content-encoding", "").lower() != "gzip":
        return data
    try:
        data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, most + 1)
    except zlib.error as error:
        raise FetchError(f"said to be gzip and is not: {error}") from None
    if len(data) > most:
        raise FetchError(f"unpacks to more than {most:,} bytes")
    return data


def parsed_json(response: httpx.Response) -> Any:
    try:
        return json.loads(unpacked(response, MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise FetchError(f"not JSON: {error}") from None


def save_image(response: httpx.Response, to: Path) -> None:
    chunks = body(response, MAX_IMAGE_BYTES)
    first = next(chunks, b"")
    kind = response.headers.get("content-type", "")[:100]
    if not kind.lower().startswith("image/"):
        raise FetchError(f"not an image: sent as {kind!r}")
    if not is_image(first):
        raise FetchError(f"sent as {kind!r}, but not an image of a known format ({', '.join(FORMATS)})")
    with written_whole(to) as beside, beside.open("wb") as file:
        file.writelines(chain([first], chunks))


def is_image(start: bytes) -> bool:
    """Whether a file that starts so is of a format that we decode: Pillow's own test of the first bytes."""
    Image.init()
    return any(Image.OPEN[name][1](start[:16].ljust(16, b"\0")) is True for name in FORMATS)


def parsed_rules(response: httpx.Response) -> Protego:
    """The robots.txt; where there is none (4xx) all is allowed."""
    if response.is_client_error:
        return Protego.parse("")
    text = unpacked(response, MAX_ROBOTS_BYTES).decode("utf-8-sig", "replace")
    if text.lower().count("agent") * len(text.splitlines()) > MAX_ROBOTS_RULES:
        raise FetchError("too many rules for too many programs")
    return Protego.parse(text)
