"""Connections to public addresses only, to the very address that was checked, and none that lasts for ever.

A source's answer names the hosts we speak to next. Unchecked, it could send us to a machine inside the user's
own network, also by a name that leads elsewhere when it is looked up again (DNS rebinding).
"""

import ipaddress
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from artnb.errors import FetchError, UnavailableError

DEADLINE: ContextVar[float] = ContextVar("deadline")  # of time.monotonic
IPV4_IN_IPV6 = ipaddress.ip_network("64:ff9b::/96")  # what DNS64 answers where there is no IPv4, RFC 6052


class Transport(httpx.HTTPTransport):
    """httpx's own, over guarded connections; takes no proxy and no certificate from the environment."""

    def __init__(self, allow_private: bool):
        trusted = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=trusted, trust_env=False)
        # httpx has no argument for this; the tests of private addresses fail if it comes to nothing
        self._pool = httpcore.ConnectionPool(
            trusted, network_backend=Guard(allow_private), keepalive_expiry=30
        )


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Whatever is read or written here ends within `seconds`, however slowly it drips.

    Raises:
        UnavailableError: it did not.
    """
    token = DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        DEADLINE.reset(token)


class Guard(httpcore.SyncBackend):
    """Connects to names whose addresses are all public, or to any with `allow_private`."""

    def __init__(self, allow_private: bool):
        self.allow_private = allow_private

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        failure = httpcore.ConnectError(f"{host} has no address")
        for address in self.addresses(host, port):
            try:
                with bounded(timeout) as left:
                    return Stream(super().connect_tcp(address, port, left, *args, **options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise httpcore.ConnectError(f"{host} is not found: {error.strerror}") from None
        except (UnicodeError, OverflowError) as error:
            raise FetchError(f"{host}:{port} cannot be an address: {error}") from None
        addresses = [entry[4][0] for entry in found]
        for address in addresses:
            if not self.allow_private and not is_public(address):
                raise FetchError(f"{host} is at {address}, not a public address of the internet")
        return addresses


class Stream(httpcore.NetworkStream):
    """A connection that keeps the deadline in each of its steps."""

    def __init__(self, stream: httpcore.NetworkStream):
        self.stream = stream
        self.close = stream.close
        self.get_extra_info = stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with bounded(timeout) as left:
            return self.stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with bounded(timeout) as left:
            self.stream.write(buffer, left)

    def start_tls(self, ssl_context, server_hostname=None, timeout=None) -> "Stream":
        with bounded(timeout) as left:
            return Stream(self.stream.start_tls(ssl_context, server_hostname, left))


@contextmanager
def bounded(timeout: float | None) -> Iterator[float]:
    """Yields the seconds that one step may take: `timeout`, or what is left until the deadline."""
    left = DEADLINE.get() - time.monotonic()
    try:
        if left <= 0:
            raise httpcore.ReadTimeout
        yield min(left, timeout or left)
    except httpcore.TimeoutException:
        if time.monotonic() < DEADLINE.get():
            raise
        raise UnavailableError("too slow: not finished in the time a request may take") from None


def is_public(address: str) -> bool:
    """Whether the internet routes to it: no private, loopback, link-local, reserved or multicast address."""
    ip = ipaddress.ip_address(address)
    if ip in IPV4_IN_IPV6:
        ip = ipaddress.IPv4Address(ip.packed[-4:])
    if ip.version == 6 and (ip.sixtofour or ip.teredo or ip.is_site_local):  # tunnels hide an IPv4 address
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)
