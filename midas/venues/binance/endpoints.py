"""Where Binance is. Simulation, demo and live differ only here and in the credentials."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from midas.errors import ConfigInvalid, NotLoopback


class Endpoints(msgspec.Struct, frozen=True):
    """The four addresses that this venue is made of, each without a trailing slash."""

    rest: str  # http://127.0.0.1:8080/api
    sapi: str  # http://127.0.0.1:8080/sapi
    ws_api: str  # ws://127.0.0.1:8080/ws-api/v3
    streams: str  # ws://127.0.0.1:8080

    @classmethod
    def at(cls, http: str, ws: str) -> Endpoints:
        """The endpoints of a venue that serves everything at one HTTP and one WebSocket address."""
        http, ws = http.rstrip("/"), ws.rstrip("/")
        return cls(f"{http}/api", f"{http}/sapi", f"{ws}/ws-api/v3", ws)

    @property
    def urls(self) -> tuple[str, ...]:
        """All four, for whoever checks or shows them."""
        return (self.rest, self.sapi, self.ws_api, self.streams)


def refuse_non_loopback(endpoints: Endpoints) -> None:
    """Let only addresses of this machine pass. Raises NotLoopback, naming the URL (environment SIM)."""
    for url in endpoints.urls:
        for address in _addresses(url):
            if not ipaddress.ip_address(address).is_loopback:
                raise NotLoopback(
                    f"environment SIM trades on this machine only, but {url} resolves to {address}; "
                    "point the venue's URLs at 127.0.0.1 or choose environment DEMO or LIVE"
                )


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine literally, without asking a resolver."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_schemes(endpoints: Endpoints) -> None:
    """Raises ConfigInvalid where an address isn't a URL of the protocol that it is for."""
    for name, url in msgspec.structs.asdict(endpoints).items():
        schemes = ("http", "https") if name in ("rest", "sapi") else ("ws", "wss")
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.hostname:
            raise ConfigInvalid(
                f"venue URL {name} is {url!r}; expected {schemes[0]}://host[:port]/... or {schemes[1]}://..."
            )


def _addresses(url: str) -> Iterator[str]:
    """Every address that the host of `url` resolves to, scope ids removed."""
    host = urlsplit(url).hostname
    if not host:
        raise NotLoopback(f"{url!r} names no host; environment SIM needs addresses of this machine")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        raise NotLoopback(
            f"the host of {url} can't be resolved; environment SIM needs one of this machine: 127.0.0.1"
        ) from None
    for _, _, _, _, address in found:
        yield str(address[0]).split("%")[0]
