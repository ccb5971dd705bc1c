from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize(
    "address", [("203.0.113.7", 443), ("exchange.example", 443), ("2001:db8::1", 443, 0, 0)]
)
def test_no_test_reaches_an_address_off_this_machine(address: tuple[object, ...]) -> None:
    family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
    with socket.socket(family) as probe, pytest.raises(AssertionError, match=r"tests stay on 127\.0\.0\.1"):
        probe.connect(address)


def test_the_loopback_address_stays_reachable() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()
