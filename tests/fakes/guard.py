"""No way off this machine: any connect to a non-loopback address raises, whichever library asks for it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

Patch = Callable[[type, str, Any], None]


class OffMachine(AssertionError):
    """A test tried to reach an address outside this machine."""


def stay_on_this_machine(patch: Patch = setattr) -> None:
    """Guard every socket of this process."""
    for name in ("connect", "connect_ex"):
        patch(socket.socket, name, _guarded(name))


def _stays_here(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix-domain socket
    host = str(address[0]).partition("%")[0]
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded(name: str) -> Any:
    original = getattr(socket.socket, name)

    def connect(self: socket.socket, address: Any) -> Any:
        if not _stays_here(address):
            raise OffMachine(f"a test tried to connect to {address!r}; tests stay on 127.0.0.1")
        return original(self, address)

    return connect
