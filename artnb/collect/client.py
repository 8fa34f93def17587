"""One polite client for every source: it says who asks, obeys robots.txt and keeps to each host's pace.

Sources: RFC 9309 for robots.txt, RFC 9110 for redirects, statuses and Retry-After. What comes back is a
stranger's and not trusted: answers.py bounds its size and its kind, network.py its time and where it leads.
"""

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Self, TypeVar

import httpx
from protego import Protego
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from artnb import __version__
from artnb.collect.answers import parsed_json, parsed_rules, retry_after, save_image, status
from artnb.collect.network import Transport, within
from artnb.errors import CollectError, FetchError, UnavailableError

PACE = 1.0  # requests per second to a host of which nothing is known
MAX_REDIRECTS = 5
MAX_TRIES = 5
MAX_SECONDS = 120  # that one answer may take
MAX_WAIT = 120  # seconds that a host may ask us to wait
TIMEOUT = 30  # seconds of silence
CONTACT = re.compile(r"[^@\s()]+@[^@\s()]+\.[^@\s()]+|https?://[^\s()/]+\.[^\s()]+")

T = TypeVar("T")
Take = Callable[[httpx.Response], T]


class Busy(Exception):
    """The host says: not now."""


@dataclass
class Host:
    """What is known of a host: how often it may be asked, when it was, its robots.txt once that is read."""

    interval: float  # seconds from one request to the next
    asked_at: float = -math.inf  # of time.monotonic
    closed_until: float = -math.inf
    rules: Protego | None = None
    asking: Lock = field(default_factory=Lock)
    reading_rules: Lock = field(default_factory=Lock)

    def wait(self) -> None:
        """Returns when the host may be asked again."""
        seconds = max(self.asked_at + self.interval, self.closed_until) - time.monotonic()
        if seconds > MAX_WAIT:
            raise UnavailableError(f"the host asks us to wait {seconds:,.0f} s: come back then")
        time.sleep(max(seconds, 0))
        self.asked_at = time.monotonic()


class Client:
    """Fetches JSON and images over http(s), one request at a time from each host. Threads may share it.

    Each address is asked only if the robots.txt of its host lets `artnb`; so is each that it redirects to.
    429, 5xx and what is lost on the way are tried again, later and later; other refusals are not.

    Args:
        contact: the e-mail address or web page of whoever runs this: sources ask for it, to write before they
            shut a program out. It stands in the User-Agent.
        paces: host, with its port where that is unusual -> requests per second; 1 for hosts not named.
        documented: beginnings of addresses that their owner documents for programs; robots.txt is written for
            search engines and often bars them. Only its Crawl-delay is obeyed there.
        allow_private: also ask addresses of this machine and its network.

    Raises:
        CollectError: no such contact.
    """

    def __init__(
        self,
        contact: str,
        *,
        paces: Mapping[str, float] = {},
        documented: Sequence[str] = (),
        allow_private: bool = False,
    ):
        if not (contact.isascii() and contact.isprintable() and CONTACT.fullmatch(contact)):
            raise CollectError(
                f"contact {contact!r} is neither an e-mail address nor a web page: give yours; sources ask "
                "programs to say who runs them, so as to write before they shut one out"
            )
        self.agent = f"artnb/{__version__} ({contact})"
        self.documented = [httpx.URL(prefix) for prefix in documented]
        self.hosts = {host: Host(1 / pace) for host, pace in paces.items()}
        self.transport = Transport(allow_private)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.transport.close()

    def json(
        self, url: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON at `url`, whose query grows by `params`; at most MAX_JSON_BYTES once unpacked.

        Raises:
            FetchError: refused, barred by robots.txt, too large, or no JSON.
            UnavailableError: not now; later it may be.
        """
        whole = address(url)
        if params:
            whole = whole.copy_merge_params(params)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **(headers or {})}
        return self.follow(whole, headers, parsed_json)

    def image(self, url: str, to: Path) -> Path:
        """The image at `url` as the file `to`, its bytes unchanged; whole or not at all.

        Raises:
            FetchError: refused, barred by robots.txt, more than MAX_IMAGE_BYTES, or no image by its type or
                its first bytes. Its pixels are not looked at.
            UnavailableError: not now; later it may be.
        """
        headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
        self.follow(address(url), headers, lambda response: save_image(response, to))
        return to

    def follow(self, url: httpx.URL, headers: Mapping[str, str], take: Take[T], by_rules: bool = True) -> T:
        """What `take` makes of the answer at the end of the redirects, each of them checked as the first."""
        for _ in range(MAX_REDIRECTS + 1):
            if by_rules:
                self.obey_rules(url)
            to, taken = self.ask(url, headers, take)
            if to is None:
                return taken
            url = to
        raise FetchError(f"redirected more than {MAX_REDIRECTS} times, the last time to {url.host}")

    def host(self, url: httpx.URL) -> Host:
        return self.hosts.setdefault(url.netloc.decode("ascii"), Host(1 / PACE))

    def obey_rules(self, url: httpx.URL) -> None:
        """Reads the host's robots.txt where it has not been read, and takes over its pace."""
        host = self.host(url)
        with host.reading_rules:
            if host.rules is None:
                headers = {"Accept-Encoding": "gzip"}
                try:
                    rules = self.follow(url.join("/robots.txt"), headers, parsed_rules, by_rules=False)
                except FetchError as error:
                    raise type(error)(f"robots.txt of {url.host} cannot be read: {error}") from None
                host.interval = max(host.interval, rules.crawl_delay("artnb") or 0)
                host.rules = rules
        if not self.is_documented(url) and not host.rules.can_fetch(str(url), "artnb"):
            raise FetchError(f"robots.txt of {url.host} bars programs from {url.path[:200]!r}")

    def is_documented(self, url: httpx.URL) -> bool:
        return any(
            (url.scheme, url.netloc) == (prefix.scheme, prefix.netloc) and url.path.startswith(prefix.path)
            for prefix in self.documented
        )

    def ask(
        self, url: httpx.URL, headers: Mapping[str, str], take: Take[T]
    ) -> tuple[httpx.URL | None, T | None]:
        """Where `url` redirects to, or what `take` makes of its answer; asked up to MAX_TRIES times."""
        host = self.host(url)
        patiently = Retrying(
            retry=retry_if_exception_type((Busy, httpx.TransportError)),
            stop=stop_after_attempt(MAX_TRIES),
            wait=wait_exponential_jitter(initial=1, jitter=1, max=MAX_WAIT),
            sleep=time.sleep,
            retry_error_callback=give_up,
        )
        with host.asking:
            return patiently(self.ask_once, host, url, headers, take)

    def ask_once(
        self, host: Host, url: httpx.URL, headers: Mapping[str, str], take: Take[T]
    ) -> tuple[httpx.URL | None, T | None]:
        request = httpx.Request(
            "GET",
            url,
            headers={**headers, "User-Agent": self.agent},
            extensions={"timeout": httpx.Timeout(TIMEOUT).as_dict()},
        )
        host.wait()
        with within(MAX_SECONDS), closing(self.transport.handle_request(request)) as response:
            response.request = request
            if response.status_code == 429 or response.is_server_error:
                host.closed_until = time.monotonic() + retry_after(response)
                raise Busy(status(response))
            if response.has_redirect_location:
                return address(response.headers["location"], url), None
            return None, take(response)


def give_up(state: RetryCallState) -> None:
    error = state.outcome.exception()
    reason = str(error)[:200].rstrip(".") or type(error).__name__
    raise UnavailableError(f"{reason}; tried {state.attempt_number} times") from None


def address(url: str, base: httpx.URL | str = "") -> httpx.URL:
    """`url`, which `base` may complete, once it is sure to name a web server."""
    try:
        whole = httpx.URL(base).join(url)
        known = whole.scheme in ("http", "https") and whole.host != ""
    except (httpx.InvalidURL, ValueError) as error:  # idna raises a ValueError
        raise FetchError(f"{url[:200]!r} is no address: {error}") from None
    if not known:
        raise FetchError(f"{url[:200]!r} is no address of a web server: expected http:// or https://")
    return whole
