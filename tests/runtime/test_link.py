"""What a client does whose engine says nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from midas.domain.command import Reconcile
from midas.errors import LinkSilent
from midas.runtime.frames import pack, subscription
from midas.runtime.link import SocketLink


def test_nothing_is_asked_of_an_engine_that_hangs_since_it_would_do_it_when_it_wakes(tmp_path: Path) -> None:
    path = tmp_path / "link.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        hung.bind(str(path))
        hung.listen(1)
        link = SocketLink(path, hz=0)
        link.start()
        with pytest.raises(LinkSilent, match="nothing was asked of it"):
            link.ask(Reconcile(), "ann", timeout=0.02)
        link.close()
        connection, _ = hung.accept()
        with connection:
            assert connection.makefile("rb").read() == pack(subscription(0))
