"""What every test gets: no way off this machine, a home of its own, reference data where it exists."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_REPOSITORY = Path(__file__).resolve().parent.parent


class OffMachine(AssertionError):
    """A test tried to reach an address outside this machine."""


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


@pytest.fixture(autouse=True, scope="session")
def _no_way_off_this_machine() -> Iterator[None]:
    """Any connect to a non-loopback address raises, whichever library asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(name))
        yield


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from the test alone: no MIDAS_ variable of the caller, and a home in its folder."""
    for name in [name for name in os.environ if name.startswith("MIDAS_")]:
        if name != "MIDAS_REFERENCE_DATA":
            monkeypatch.delenv(name)
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of recorded and historical data that some tests compare with; they skip without it."""
    named = os.environ.get("MIDAS_REFERENCE_DATA", "../shared")
    folder = (_REPOSITORY / named).resolve()
    if not (folder / "data").is_dir():
        pytest.skip(f"no reference data: MIDAS_REFERENCE_DATA={named} has no folder 'data'")
    return folder


@pytest.fixture(scope="session")
def recorded_stream(reference_data: Path) -> Path:
    """The recorded BTCUSDT spot stream of the reference data."""
    found = sorted((reference_data / "data").glob("binance-spot-btcusdt-*.jsonl.gz"))
    if not found:
        pytest.skip(f"no reference data: {reference_data / 'data'} holds no recorded BTCUSDT stream")
    return found[0]
