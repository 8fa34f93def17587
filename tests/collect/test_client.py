"""The client against a server that misbehaves in every way we thought of (hostile.py)."""

import hashlib
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpcore
import httpx
import pytest
from hostile import gzip_bomb, hostile, jpeg, png_bomb
from hypothesis import given
from hypothesis import strategies as st

from artnb import __version__
from artnb.collect import answers
from artnb.collect import client as module
from artnb.collect.answers import is_image, parsed_rules, retry_after
from artnb.collect.client import Client, address
from artnb.collect.network import is_public
from artnb.errors import CollectError, FetchError, ImageError, UnavailableError
from artnb.images.decoding import FORMATS, decode

CONTACT = "ana@museum.example"


@pytest.fixture
def server():
    with hostile() as server:
        yield server


def robots(data: bytes):
    return parsed_rules(httpx.Response(200, stream=httpx.ByteStream(data)))


class Clock:
    """In place of the module `time`: sleeping takes none."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture(scope="session")
def trusted():
    return httpx.create_ssl_context(trust_env=False)  # takes longer than most tests


@pytest.fixture
def client(clock, monkeypatch, trusted):
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: trusted)
    with Client(CONTACT, allow_private=True) as client:
        yield client


# --- who asks, and how it is answered


@pytest.mark.parametrize(
    "contact",
    ["", "ana", "ana@museum", "@", "http://", "ftp://museum.example", "a@b.c\r\nX: 1", "ä@museum.example"],
)
def test_without_a_contact_nothing_is_asked(contact):
    with pytest.raises(CollectError, match=r"contact .* is neither an e-mail address nor a web page"):
        Client(contact)


@pytest.mark.parametrize(
    "contact", ["ana@museum.example", "https://museum.example/study", "http://museum.example"]
)
def test_every_request_says_who_asks(server, clock, contact):
    with Client(contact, allow_private=True) as client:
        client.json(f"{server.url}/fine.json")
    assert [headers["User-Agent"] for _, headers, _ in server.asked] == [
        f"artnb/{__version__} ({contact})"
    ] * 2


def test_json_with_parameters_and_headers(server, client):
    found = client.json(
        f"{server.url}/fine.json?q=a", {"query[term]": "ä b", "page": 2}, {"Accept": "application/ld+json"}
    )
    assert found == {"asked": {"q": "a", "query[term]": "ä b", "page": "2"}, "accept": "application/ld+json"}


def test_an_address_without_parameters_is_asked_as_it_stands(server, client):
    client.json(f"{server.url}/fine.json?a[b]=c&token=x%2By+z&flag")
    assert server.targets[-1] == "/fine.json?a[b]=c&token=x%2By+z&flag"


def test_zipped_json_is_unzipped(server, client):
    assert client.json(f"{server.url}/zipped.json") == {"zipped": True}


def test_an_image_is_saved_as_it_was_sent(server, client, tmp_path):
    to = tmp_path / "new" / "image"
    assert client.image(f"{server.url}/fine.jpg", to) == to
    assert to.read_bytes() == jpeg()
    assert [file.name for file in to.parent.iterdir()] == ["image"]


def test_what_an_answer_says_of_itself_cannot_garble_or_flood_the_message(server, client, tmp_path):
    server.robots = (200, b"User-agent: *\nDisallow: /secret")
    kind = "\x1b[31mtext" + "t" * 9000
    for url in (
        f"/secret/%1b[31m{'a' * 9000}",
        f"/to?url=/secret/%251b{'a' * 9000}",
        f"/kind?kind={quote(kind)}",
    ):
        with pytest.raises(FetchError) as caught:
            client.image(server.url + url, tmp_path / "image")
        assert len(str(caught.value)) < 400
        assert str(caught.value).isprintable()


def test_cookies_are_not_kept(server, client):
    assert client.json(f"{server.url}/cookie") is None
    assert client.json(f"{server.url}/cookie") is None


def test_no_proxy_is_taken_from_the_environment(server, clock, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with Client(CONTACT, allow_private=True) as client:
        assert client.json(f"{server.url}/zipped.json") == {"zipped": True}


# --- faults that another try may mend: asked five times, later and later


BUSY = {
    "cut off in the middle": ("/cut", "closed connection without sending complete message body"),
    "cut off between chunks": ("/cut-chunks", "closed connection"),
    "hangs up at once": ("/hang-up", "disconnected without sending a response"),
    "silent": ("/silent", "timed out"),
    "speaks no HTTP": ("/not-http", "illegal status line"),
    "a length that is none": ("/declared-wrong", "bad Content-Length"),
    "endless headers": ("/endless-headers", "Receive buffer too long"),
    "429 for ever": ("/storm", "429 Too Many Requests"),
    "429 with Retry-After": ("/storm?after=3", "429 Too Many Requests"),
    "500": ("/status?status=500", "500 Internal Server Error"),
    "599": ("/status?status=599", "599"),
}


@pytest.mark.parametrize(("path", "reason"), BUSY.values(), ids=BUSY)
def test_what_may_pass_is_tried_again_and_then_reported(
    server, client, clock, monkeypatch, tmp_path, path, reason
):
    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    with pytest.raises(UnavailableError, match=rf"{reason}.*; tried 5 times"):
        client.image(server.url + path, tmp_path / "image")
    assert server.count(path.partition("?")[0]) == 5
    assert not list(tmp_path.iterdir())
    backoff = [seconds for seconds in clock.slept if seconds > 0]
    assert sum(backoff) >= 1 + 2 + 4 + 8


def test_backoff_is_jittered(server, client, clock):
    with pytest.raises(UnavailableError):
        client.json(f"{server.url}/storm")
    pauses = [seconds for seconds in clock.slept if seconds > 1]
    assert len(pauses) == 4
    assert all(low <= pause <= low + 1 for low, pause in zip((1, 2, 4, 8), pauses, strict=True))
    assert len({pause % 1 for pause in pauses}) == 4


@pytest.mark.parametrize(
    "path", ["/storm-then-fine?times=3&after=0", "/storm-then-fine?times=1&status=503&after=1"]
)
def test_a_storm_that_passes_is_waited_out(server, client, path):
    assert client.json(server.url + path) == "fine"


def test_a_transfer_that_is_cut_off_once_begins_anew(server, client, tmp_path):
    assert client.image(f"{server.url}/cut-once", tmp_path / "image").read_bytes() == jpeg()
    assert server.count("/cut-once") == 2


def test_a_host_that_is_not_there(client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(
        UnavailableError, match=r"robots.txt of 127.0.0.1 cannot be read: .*refused; tried 5 times"
    ):
        client.json(f"http://127.0.0.1:{port}/")


def test_a_name_that_is_not_found(client, monkeypatch):
    def lookup(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(UnavailableError, match=r"museum.example is not found: Name or service not known"):
        client.json("https://museum.example/")


# --- Retry-After


@pytest.mark.parametrize(("after", "least"), [("40", 39), ("+40", 38), ("-1", 0), ("soon", 0), ("+-500", 0)])
def test_retry_after_is_waited_for_in_seconds_and_to_a_date(server, client, clock, after, least):
    before = clock.now
    assert client.json(f"{server.url}/storm-then-fine?times=1", {"after": after}) == "fine"
    assert least <= clock.now - before < least + 6


@pytest.mark.parametrize("after", ["3600", "9" * 400, "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_host_that_closes_for_long_is_left_alone(server, client, clock, after):
    before = clock.now
    for _ in range(3):
        with pytest.raises(UnavailableError, match=r"asks us to wait .* s: come back then"):
            client.json(f"{server.url}/storm", {"after": after})
    assert server.count("/storm") == 1
    assert clock.now - before < 10
    if after == "3600":
        clock.now += 3600
        assert client.json(f"{server.url}/zipped.json") == {"zipped": True}


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])) | st.dates().map(str))
def test_retry_after_of_any_text_is_a_number(text):
    assert retry_after(httpx.Response(429, headers={"Retry-After": text.encode("latin-1")})) >= -1e12


# --- faults that no second try mends: asked once


REFUSED_IMAGES = {
    "HTML called JPEG": ("/html.jpg", "sent as .image/jpeg., but not an image of a known format"),
    "HTML": ("/html", "not an image: sent as .text/html"),
    "SVG, which is a program": ("/svg", "sent as .image/svg.xml., but not an image of a known format"),
    "nothing": ("/empty.jpg", "not an image of a known format"),
    "one letter": ("/letter.jpg", "not an image of a known format"),
    "zipped unasked": ("/zipped.jpg", "not an image of a known format"),
    "endless": ("/endless", "more than 300,000 bytes"),
    "says it is a terabyte": ("/declared-huge", "more than 300,000 bytes"),
    "204": ("/status?status=204", "sent as .text/plain"),
    "304": ("/status?status=304", "304 Not Modified"),
    "401": ("/status?status=401", "401 Unauthorized"),
    "403": ("/status?status=403", "403 Forbidden: 127.0.0.1 does not give this to programs"),
    "404": ("/status?status=404", "404 Not Found"),
    "410": ("/status?status=410", "410 Gone"),
    "999": ("/status?status=999", "999"),
    "redirects nowhere": ("/nowhere", "302 Found"),
}


@pytest.mark.parametrize(("path", "reason"), REFUSED_IMAGES.values(), ids=REFUSED_IMAGES)
def test_what_is_no_image_is_refused_at_once(server, client, monkeypatch, tmp_path, path, reason):
    monkeypatch.setattr(answers, "MAX_IMAGE_BYTES", 300_000)
    (tmp_path / "image").write_text("what was there before")
    with pytest.raises(FetchError, match=reason) as caught:
        client.image(server.url + path, tmp_path / "image")
    assert caught.type is FetchError
    assert server.count(path.partition("?")[0]) == 1
    assert [file.read_text() for file in tmp_path.iterdir()] == ["what was there before"]


REFUSED_JSON = {
    "invalid": ("/invalid.json", "not JSON"),
    "a million brackets": ("/deep.json", "not JSON"),
    "not UTF-8": ("/latin.json", "not JSON"),
    "HTML": ("/html", "not JSON"),
    "a gzip bomb": ("/bomb.json", "unpacks to more than 20,000,000 bytes"),
    "a gzip bomb in gzip": ("/twice-zipped.json", "not JSON"),
    "broken gzip": ("/broken-gzip.json", "said to be gzip and is not"),
    "endless": ("/endless-chunks", "more than 20,000,000 bytes"),
    "400": ("/status?status=400", "400 Bad Request"),
    "403": ("/status?status=403", "403 Forbidden"),
}


@pytest.mark.parametrize(("path", "reason"), REFUSED_JSON.values(), ids=REFUSED_JSON)
def test_what_is_no_json_is_refused_at_once(server, client, path, reason):
    with pytest.raises(FetchError, match=reason) as caught:
        client.json(server.url + path)
    assert caught.type is FetchError
    assert server.count(path.partition("?")[0]) == 1


def test_a_gzip_bomb_takes_little_memory(server, client, monkeypatch):
    client.json(f"{server.url}/fine.json")
    monkeypatch.setattr(answers, "MAX_JSON_BYTES", 2_000_000)
    assert len(gzip_bomb()) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="unpacks"):
            client.json(f"{server.url}/bomb.json")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


def test_more_than_was_declared_is_not_taken_for_the_next_answer(server, client, tmp_path):
    assert client.image(f"{server.url}/declared-short", tmp_path / "image").read_bytes() == jpeg()[:100]
    assert client.json(f"{server.url}/zipped.json") == {"zipped": True}


@pytest.mark.parametrize("path", ["/drip", "/drip-headers", "/endless-continue", "/silent"])
def test_a_server_that_drips_does_not_hold_us(server, client, monkeypatch, tmp_path, path):
    client.json(f"{server.url}/fine.json")
    monkeypatch.setattr(module, "MAX_SECONDS", 0.4)
    begun = time.monotonic()
    with pytest.raises(UnavailableError, match="too slow"):
        client.image(server.url + path, tmp_path / "image")
    assert 0.35 < time.monotonic() - begun < 5
    assert server.count(path) == 1


def test_a_bomb_of_pixels_is_refused_before_they_are_decoded(server, client, tmp_path):
    file = client.image(f"{server.url}/bomb.png", tmp_path / "image")
    assert len(png_bomb()) < 2_000_000
    begun = time.process_time()
    with pytest.raises(ImageError, match="at most 80,000,000 pixels are decoded"):
        decode(file)
    assert time.process_time() - begun < 0.2  # its 2.5 gigapixels take longer


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_we_decode_is_known_by_its_first_bytes(format, tmp_path):
    from PIL import Image

    file = tmp_path / "image"
    Image.new("RGB", (64, 64), "red").save(file, format)
    assert is_image(file.read_bytes())
    assert not is_image(b"\0" + file.read_bytes())


@given(st.binary(max_size=32))
def test_first_bytes_of_any_kind_are_judged(start):
    assert is_image(start) in (True, False)


# --- where it may lead


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://museum.example/a", "//museum.example", "http:///a", ""]
)
def test_only_the_web_is_asked(client, url):
    with pytest.raises(FetchError, match="expected http:// or https://"):
        client.json(url)


@pytest.mark.parametrize("url", ["http://[::1", "http://a:b/", "http://a\x00/", "http://xn--/"])
def test_what_is_no_address(client, url):
    with pytest.raises(FetchError, match="is no address"):
        client.json(url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_with_the_same_headers(server, client, status):
    found = client.json(
        f"{server.url}/to", {"status": status, "url": "fine.json?a=1"}, {"Accept": "text/turtle"}
    )
    assert found == {"asked": {"a": "1"}, "accept": "text/turtle"}


def test_five_redirects_and_no_more(server, client):
    client.json(f"{server.url}/hops?left=5")
    with pytest.raises(FetchError, match="redirected more than 5 times"):
        client.json(f"{server.url}/hops?left=6")
    with pytest.raises(FetchError, match=r"redirected more than 5 times, the last time to 127.0.0.1"):
        client.json(f"{server.url}/loop")
    assert server.count("/loop") == 6


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,AAAA"])
def test_a_redirect_leads_to_the_web_only(server, client, tmp_path, url):
    with pytest.raises(FetchError, match="expected http:// or https://"):
        client.image(str(httpx.URL(f"{server.url}/to").copy_set_param("url", url)), tmp_path / "image")


def test_a_redirect_to_what_is_no_address(server, client):
    with pytest.raises(FetchError, match="is no address"):
        client.json(f"{server.url}/to", {"url": "http://[::1"})
    assert server.count("/to") == 1


@given(st.text(max_size=40) | st.text("htps:/.@[]?#%x0179-", max_size=30))
def test_any_location_is_an_address_or_a_fetch_error(text):
    try:
        url = address(text, httpx.URL("https://museum.example/a"))
    except FetchError:
        return
    rules = robots(b"User-agent: *\nDisallow: /*b*c$\n")
    assert rules.can_fetch(str(url), "artnb") in (True, False)


# --- private addresses, and names that lead to them


PRIVATE = ["127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"]
PRIVATE += ["100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"]
PRIVATE += ["::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"]
PRIVATE += ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "185.15.59.224", "2620:0:862:ed1a::1", "64:ff9b::808:808"])
def test_public_addresses(address):
    assert is_public(address)


def name_leads_to(monkeypatch, *lookups):
    """Each lookup of a name gives the next of these lists of addresses; returns what was connected to."""
    lookups, connected = iter(lookups), []

    def lookup(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(lookups)]

    def connect(self, address, *_, **__):
        connected.append(address)
        raise httpcore.ConnectError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return connected


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "0"])
def test_this_machine_is_not_asked_unless_allowed(server, clock, host):
    with Client(CONTACT) as client, pytest.raises(FetchError, match="not a public address") as caught:
        client.json(f"{server.url.replace('127.0.0.1', host)}/fine.json")
    assert caught.type is FetchError
    assert not server.asked


def test_a_name_that_leads_to_this_machine_is_not_asked(clock, monkeypatch):
    connected = name_leads_to(monkeypatch, ["8.8.8.8", "127.0.0.1"])
    with (
        Client(CONTACT) as client,
        pytest.raises(FetchError, match=r"evil.example is at 127.0.0.1, not a public"),
    ):
        client.json("http://evil.example/")
    assert not connected


def test_a_redirect_to_this_machine_is_not_followed(server, clock, monkeypatch):
    """A public host redirects to a loopback address: only the first is let through here."""
    monkeypatch.setattr("artnb.collect.network.is_public", lambda address: address != "127.0.0.2")
    other = server.url.replace("127.0.0.1", "127.0.0.2")
    with Client(CONTACT) as client:
        with pytest.raises(FetchError, match=r"127.0.0.2 is at 127.0.0.2, not a public address"):
            client.json(f"{server.url}/to", {"url": f"{other}/fine.json"})
        assert server.count("/to") == 1
        assert server.count("/fine.json") == 0
        server.robots = (302, f"{other}/robots.txt".encode())
    with Client(CONTACT) as client, pytest.raises(FetchError, match=r"robots.txt .* not a public address"):
        client.json(f"{server.url}/fine.json")


def test_the_address_that_was_checked_is_the_one_connected_to(clock, monkeypatch):
    """DNS rebinding: the second lookup of a name would lead to this machine."""
    connected = name_leads_to(monkeypatch, ["8.8.8.8", "8.8.4.4"], *[["127.0.0.1"]] * 9)
    with Client(CONTACT) as client, pytest.raises(FetchError, match="not a public address"):
        client.json("http://rebinding.example/")
    assert connected == ["8.8.8.8", "8.8.4.4"]


# --- TLS


@pytest.fixture
def certificate(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not there to make a certificate")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=a"
    command += (
        f" -addext subjectAltName=DNS:museum.example -keyout {tmp_path}/tls.pem -out {tmp_path}/tls.crt"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return tmp_path / "tls.crt", tmp_path / "tls.pem"


def test_a_certificate_must_be_trusted_and_of_the_name_asked(server, clock, certificate, monkeypatch):
    """The connection goes to an address, its certificate is still that of the name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    monkeypatch.setattr("artnb.collect.network.Guard.addresses", lambda self, host, port: ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))  # what the environment trusts is not enough
    with Client(CONTACT) as client, pytest.raises(UnavailableError, match="self-signed certificate"):
        client.json(f"https://museum.example:{port}/fine.json")
    trusted = ssl.create_default_context(cafile=certificate[0])
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: trusted)
    with Client(CONTACT) as client:
        assert client.json(f"https://museum.example:{port}/zipped.json") == {"zipped": True}
        with pytest.raises(UnavailableError, match=r"not valid for 'other.example'"):
            client.json(f"https://other.example:{port}/zipped.json")


# --- robots.txt


def test_robots_is_read_once_and_first(server, client):
    for _ in range(3):
        client.json(f"{server.url}/fine.json")
    assert [path for path, _, _ in server.asked] == ["/robots.txt"] + ["/fine.json"] * 3


@pytest.mark.parametrize(
    ("robots", "barred"),
    [
        (b"User-agent: *\nDisallow: /", True),
        (b"User-agent: *\r\nDisallow: /*.json$", True),
        (b"\xef\xbb\xbfUser-agent: artnb\rDisallow: /fine", True),
        (b"User-agent: *\nDisallow: /\nAllow: /fine", False),
        (b"User-agent: *\nDisallow: /\n\nUser-agent: ArtNB\nDisallow:", False),
        (b"User-agent: Otherbot\nDisallow: /", False),
        (b"<!doctype html><html>not here</html>", False),
        (bytes(range(256)) * 20, False),
        (b"", False),
    ],
)
def test_robots_is_obeyed(server, client, robots, barred):
    server.robots = (200, robots)
    if barred:
        with pytest.raises(FetchError, match=r"robots.txt of 127.0.0.1 bars programs from ./fine.json"):
            client.json(f"{server.url}/fine.json")
        assert server.count("/fine.json") == 0
    else:
        client.json(f"{server.url}/fine.json")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_where_there_is_no_robots_all_is_allowed(server, client, status):
    server.robots = (status, b"User-agent: *\nDisallow: /")
    client.json(f"{server.url}/fine.json")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_where_robots_cannot_be_read_nothing_is_asked(server, client, status):
    server.robots = (status, b"")
    with pytest.raises(
        UnavailableError, match=rf"robots.txt of 127.0.0.1 cannot be read: {status}.*tried 5 times"
    ):
        client.json(f"{server.url}/fine.json")
    assert server.count("/fine.json") == 0
    server.robots = (404, b"")
    client.json(f"{server.url}/fine.json")


def test_robots_may_redirect_and_may_not_be_bottomless(server, client, clock):
    server.robots = (302, b"/loop")
    with pytest.raises(FetchError, match=r"robots.txt .* redirected more than 5 times"):
        client.json(f"{server.url}/fine.json")
    server.robots = (200, b"#" * 600_000)
    with pytest.raises(FetchError, match=r"robots.txt .* more than 524,288 bytes"):
        client.json(f"{server.url}/fine.json")
    server.robots = (302, b"/nothing-here")
    client.json(f"{server.url}/fine.json")


def test_robots_of_many_programs_and_rules_is_no_bomb(server, client):
    agents = b"".join(b"User-agent:a%d\n" % number for number in range(15_000))
    server.robots = (200, agents + b"Disallow:/x\n" * 15_000)
    with pytest.raises(FetchError, match="too many rules for too many programs"):
        client.json(f"{server.url}/fine.json")


def test_robots_is_asked_of_each_host_that_a_redirect_leads_to(server, client):
    with hostile() as other:
        other.robots = (200, b"User-agent: *\nDisallow: /fine")
        with pytest.raises(FetchError, match=r"bars programs from ./fine.json"):
            client.json(f"{server.url}/to", {"url": f"{other.url}/fine.json"})
        assert [path for path, _, _ in other.asked] == ["/robots.txt"]


def test_documented_interfaces_are_exempt_and_only_these(server, clock):
    server.robots = (200, b"User-agent: *\nCrawl-delay: 7\nDisallow: /")
    with Client(CONTACT, documented=[f"{server.url}/fine"], allow_private=True) as client:
        before = clock.now
        client.json(f"{server.url}/fine.json")
        assert clock.now - before >= 7
        for url in (f"{server.url}/zipped.json", f"{server.url}/to?url=/fine.json"):
            with pytest.raises(FetchError, match="bars"):
                client.json(url)
    others = [f"{server.url.replace('http', 'https')}/fine", "http://127.0.0.1:1/fine"]
    with (
        Client(CONTACT, documented=others, allow_private=True) as client,
        pytest.raises(FetchError, match="bars"),
    ):
        client.json(f"{server.url}/fine.json")


@given(st.binary(max_size=300) | st.text("User-agent:*Dislow/ \r\n#$é0", max_size=200).map(str.encode))
def test_any_robots_can_be_read(data):
    rules = robots(data)
    assert rules.can_fetch("https://museum.example/a?b=c", "artnb") in (True, False)
    assert (rules.crawl_delay("artnb") or 0) >= 0


# --- pace


@pytest.mark.parametrize(("paces", "interval"), [({}, 1), ({"HOST": 4}, 0.25), ({"other": 4}, 1)])
def test_each_host_has_its_pace(server, clock, paces, interval):
    paces = {host.replace("HOST", server.host): pace for host, pace in paces.items()}
    with Client(CONTACT, paces=paces, allow_private=True) as client:
        before = clock.now
        for _ in range(4):
            client.json(f"{server.url}/fine.json")
        assert clock.now - before == pytest.approx(4 * interval)  # robots.txt is the first of five


@pytest.mark.parametrize(("delay", "interval"), [("3", 3), ("0.1", 1), ("-2", 1), ("inf", 1), ("soon", 1)])
def test_a_crawl_delay_slows_and_never_hastens(server, client, clock, delay, interval):
    server.robots = (200, f"User-agent: *\nCrawl-delay: {delay}".encode())
    client.json(f"{server.url}/fine.json")
    before = clock.now
    client.json(f"{server.url}/fine.json")
    assert clock.now - before == pytest.approx(interval)


def test_a_crawl_delay_of_years_is_not_waited(server, client, clock):
    server.robots = (200, b"User-agent: *\nCrawl-delay: 1e9")
    with pytest.raises(UnavailableError, match="asks us to wait"):
        client.json(f"{server.url}/fine.json")
    assert clock.now == 1000


def test_in_real_time_threads_ask_a_host_one_after_the_other(server):
    server.robots_pause = 0.2  # long enough for all threads to want it
    with (
        Client(CONTACT, paces={server.host: 20}, allow_private=True) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        list(pool.map(lambda _: client.json(f"{server.url}/paused.json"), range(10)))
    times = [at for path, _, at in server.asked if path == "/paused.json"]
    assert server.count("/robots.txt") == 1
    assert server.most_at_once == 1
    assert times[-1] - times[0] > 0.4  # nine pauses of 0.05


def test_in_real_time_hosts_do_not_wait_for_each_other():
    with hostile() as first, hostile() as second:
        paces = {first.host: 10, second.host: 10}
        with Client(CONTACT, paces=paces, allow_private=True) as client, ThreadPoolExecutor(2) as pool:
            for server in (first, second):
                pool.submit(lambda url: [client.json(url) for _ in range(4)], f"{server.url}/fine.json")
        assert len(first.asked) == len(second.asked) == 5
        assert second.asked[0][2] < first.asked[-1][2]
        assert first.asked[0][2] < second.asked[-1][2]


def test_hosts_that_redirect_to_each_other_do_not_lock_each_other_out(clock):
    with hostile() as first, hostile() as second:
        first.robots = (302, f"{second.url}/nothing".encode())
        second.robots = (302, f"{first.url}/nothing".encode())
        urls = [f"{first.url}/to?url={second.url}/fine.json", f"{second.url}/to?url={first.url}/fine.json"]
        with Client(CONTACT, allow_private=True) as client, ThreadPoolExecutor(4) as pool:
            found = list(pool.map(client.json, urls * 4, timeout=20))
        assert len(found) == 8


def test_what_was_saved_is_what_was_sent(server, client, tmp_path):
    files = [client.image(f"{server.url}/fine.jpg", tmp_path / str(number)) for number in range(3)]
    assert {hashlib.sha256(Path(file).read_bytes()).digest() for file in files} == {
        hashlib.sha256(jpeg()).digest()
    }
