"""`make screenshots`: pictures of a real engine on the embedded exchange, for README and guide."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from midas.assembly.access import sockets
from midas.cli.pulling import pull
from midas.cli.run_shelf import RunShelf
from midas.domain.command import AddAlert, Command, PlaceOrder, SetMode
from midas.runtime.link import SocketLink
from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView
from tui.screenshot import ACTOR, take

MARKET_S = 900.0  # of market time: enough candles for the chart, and some trades
WAIT_S = 180.0
AWAY = 0.002  # of the price: an order by hand that rests, an alert that waits
# The exporter names a web font of somebody else's host; a picture that lies in a repository must not.
WEB_FONT = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)
UNIQUE = re.compile(r"terminal-\d+")  # stands in every element, and no page holds two pictures inline


def main(folder: Path) -> None:
    """Start an engine in a home of its own, let it trade, take the pictures, stop everything."""
    with tempfile.TemporaryDirectory(prefix="midas-pictures-") as scratch:
        home = Path(scratch)
        midas = [sys.executable, "-m", "midas"]
        environ = os.environ | {"MIDAS_HOME": str(home)}
        engine = subprocess.Popen(
            [*midas, "supervise", "--market", "synthetic", "--seed", "7", "--speed", "10"], env=environ
        )
        try:
            _back_test(home, environ)
            _trade_by_hand(home, _await_trades(home))
            shelf = RunShelf(home)
            shelf.begin()
            for path in take(lambda: _connect(home), folder, kill=partial(pull, home), archive=shelf):
                path.write_text(lean(path.read_text(encoding="utf-8")), encoding="utf-8")
                print(path)
        finally:
            subprocess.run([*midas, "stop", "--exchange"], env=environ, check=False)
            engine.wait(60)


def _back_test(home: Path, environ: dict[str, str]) -> None:
    """Three runs over two years of days that nobody traded, for the screen of reports."""
    table, chance, price = home / "btcusdt-1d.csv", random.Random(3), 9_000.0
    rows = ["datetime,open,high,low,close,volume"]
    drift = 0.0
    for day in range(900):
        drift = chance.choice((0.004, 0.002, -0.003)) if day % 60 == 0 else drift
        opened, price = price, round(price * (1.0 + chance.gauss(drift, 0.02)), 2)
        low, high = min(opened, price) * 0.99, max(opened, price) * 1.01
        at = (date(2023, 1, 1) + timedelta(days=day)).isoformat()
        rows.append(f"{at},{opened:.2f},{high:.2f},{low:.2f},{price:.2f},2500.12345")
    table.write_text("\n".join(rows))
    for average in (20, 120, 60):
        command = [sys.executable, "-m", "midas", "backtest", "trend-following", "--data", str(table)]
        subprocess.run([*command, "--set", f"average={average}"], env=environ, check=True)


def lean(picture: str) -> str:
    """The same picture without a font from elsewhere, and with short names."""
    return UNIQUE.sub("t", WEB_FONT.sub("", picture))


def _connect(home: Path) -> SocketLink:
    link = SocketLink(sockets(home)[0], hz=8)
    link.start()
    return link


def _await_trades(home: Path) -> Snapshot:
    """Until the market has run long enough, with a position or an order in sight if one comes soon."""
    end = time.monotonic() + WAIT_S
    while not sockets(home)[0].exists() and time.monotonic() < end:
        time.sleep(0.1)
    link = _connect(home)
    try:
        while time.monotonic() < end:
            seen = link.latest()
            if seen is not None and seen.counts.market_seconds > MARKET_S and _busy(seen.positions):
                return seen
            time.sleep(0.05)
        raise SystemExit(f"no position within {WAIT_S:.0f} s")
    finally:
        link.close()


def _busy(positions: tuple[object, ...]) -> bool:
    return any(getattr(position, "quantity", 0.0) for position in positions)


def _trade_by_hand(home: Path, seen: Snapshot) -> None:
    """An order that rests, an alert, and a mode that was changed and changed back."""
    view = seen.instruments[0]
    commands: tuple[Command, ...] = (
        PlaceOrder("picture", view.id, "BUY", "LIMIT", "0.002", _price(view, -AWAY), "manual", True),
        AddAlert(view.id, _price(view, 2 * AWAY)),
        SetMode("DEFENSIVE", "news at two"),
        SetMode("NORMAL", "the news was none", confirmed=True),
    )
    link = _connect(home)
    try:
        for command in commands:
            print(link.ask(command, ACTOR).message)
    finally:
        link.close()


def _price(view: InstrumentView, away: float) -> str:
    ticks = round(view.last * (1 + away) / view.tick_size)
    return f"{ticks * view.tick_size:.{view.price_decimals}f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
