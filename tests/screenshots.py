"""`make screenshots`: pictures of a real engine on the embedded exchange, for README and guide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from midas.assembly.access import sockets
from midas.runtime.link import SocketLink
from tui.screenshot import take

MARKET_S = 420.0  # of market time: enough candles for the chart, and some trades
WAIT_S = 120.0
# The exporter names a web font of somebody else's host; a picture that lies in a repository must not.
WEB_FONT = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


def main(folder: Path) -> None:
    """Start an engine in a home of its own, let it trade, take the pictures, stop everything."""
    with tempfile.TemporaryDirectory(prefix="midas-pictures-") as scratch:
        home = Path(scratch)
        midas = [sys.executable, "-m", "midas"]
        environ = os.environ | {"MIDAS_HOME": str(home)}
        engine = subprocess.Popen(
            [*midas, "--no-ui", "--market", "synthetic", "--seed", "7", "--speed", "10"], env=environ
        )
        try:
            _await_trades(home)
            for path in take(lambda: _connect(home), folder):
                path.write_text(WEB_FONT.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
                print(path)
        finally:
            subprocess.run([*midas, "stop", "--exchange"], env=environ, check=False)
            engine.wait(60)


def _connect(home: Path) -> SocketLink:
    link = SocketLink(sockets(home)[0], hz=8)
    link.start()
    return link


def _await_trades(home: Path) -> None:
    """Until the market has run long enough, with a position or an order in sight if one comes soon."""
    end = time.monotonic() + WAIT_S
    while not sockets(home)[0].exists() and time.monotonic() < end:
        time.sleep(0.1)
    link = _connect(home)
    try:
        while time.monotonic() < end:
            seen = link.latest()
            if seen is not None and seen.counts.market_seconds > MARKET_S and _busy(seen.positions):
                return
            time.sleep(0.05)
    finally:
        link.close()


def _busy(positions: tuple[object, ...]) -> bool:
    return any(getattr(position, "quantity", 0.0) for position in positions)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
