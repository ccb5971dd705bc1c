"""Sample views of risk, alarms and machine for the snapshots of `tests.fakes.snapshots`."""

from __future__ import annotations

import math
import random

import msgspec

from midas.domain.command import Acknowledge, AddAlert, Command, DropAlert
from midas.domain.time import SECOND
from midas.state.views.health import HealthView, HistogramView, ProcessView, StreamView
from midas.state.views.log import AlarmView, AlertView
from midas.state.views.mode import KillChoiceView, ModeChangeView
from midas.state.views.orders import OrderView, PositionView
from midas.state.views.risk import ExposureView, LimitView, TriggerView

POSITION_MAX = 0.35
EDGES = tuple(2.0**power for power in range(-2, 13))  # 0.25 ms to 4 s


def choices() -> tuple[KillChoiceView, ...]:
    """What the kill levels would do now."""
    return (
        KillChoiceView("all", 3, 0, 0.0, 0.0, "0.04120 BTC and 0.6210 ETH unprotected"),
        KillChoiceView("flatten", 3, 2, 6.12, 13.4, "nothing of ours"),
        KillChoiceView("disconnect", 3, 2, 6.12, 13.4, "nothing of ours, no session"),
    )


def limits(exposed: tuple[ExposureView, ...], equity: float) -> tuple[LimitView, ...]:
    """The engine's own rows, in its order."""
    held = [view.worst for view in exposed if view.scope == "instrument"]
    crypto = sum(held)
    rows = (
        ("position", "position", max(held), POSITION_MAX, "%", "reject", "BTC-USDT"),
        ("sector", "sector", crypto, 0.90, "%", "reject", "crypto"),
        ("crypto", "crypto", crypto, 0.60, "%", "reject new", ""),
        ("rate", "orders", 3.0, 10.0, "/10s", "reject", ""),
        ("drawdown", "drawdown", 0.0061, 0.10, "%", "flatten", ""),
        ("day", "day loss", 0.0, 0.02, "%", "flatten", ""),
    )
    views = [
        LimitView(
            name, title, value, maximum, value / maximum, unit, action, value >= maximum, detail,
            max(maximum - value, 0.0), max(maximum - value, 0.0) * equity if unit == "%" else math.nan,
        )
        for name, title, value, maximum, unit, action, detail in rows
    ]  # fmt: skip
    left = 1 - crypto
    cash = LimitView(
        "cash", "cash left", left, 0.10, crypto / 0.9, "%", "closing only", False, "at least", left - 0.10,
        (left - 0.10) * equity, True,
    )  # fmt: skip
    return (*views[:3], cash, *views[3:])


def exposures(
    positions: tuple[PositionView, ...], orders: tuple[OrderView, ...], equity: float
) -> tuple[ExposureView, ...]:
    """By instrument and by strategy, with what the entries may add."""
    rows = []
    for scope in ("instrument", "strategy"):
        for name in dict.fromkeys(getattr(p, scope) for p in positions):
            value = sum(p.value for p in positions if getattr(p, scope) == name)
            asked = [o for o in orders if getattr(o, scope) == name and o.side == "BUY"]
            working = sum((o.quantity - o.filled) * o.price for o in asked)
            maximum = POSITION_MAX if scope == "instrument" else math.nan
            rows.append(
                ExposureView(scope, name, value, value / equity, working, (value + working) / equity, maximum)
            )
    return tuple(rows)


def triggers(equity: float) -> tuple[TriggerView, ...]:
    """Three losses at which the engine acts."""
    peak, day = equity / (1 - 0.0061), equity
    rows = (
        ("day_stop", "day's loss", 0.0, 0.02, day, "closes every position"),
        ("drawdown_defensive", "drawdown", 0.0061, 0.05, peak, "DEFENSIVE mode"),
        ("drawdown_stop", "drawdown", 0.0061, 0.10, peak, "closes every position"),
    )
    return tuple(
        TriggerView(name, title, value, maximum, base * (1 - maximum), equity - base * (1 - maximum), action)
        for name, title, value, maximum, base, action in rows
    )


def curve(equity: float, points: int = 300) -> tuple[float, ...]:
    """A small day of equity that ends where it is now."""
    rng = random.Random(3)
    walk = [0.0]
    for step in range(points - 1):
        walk.append(walk[-1] + rng.gauss(0.12, 1.4) + 0.8 * math.sin(step / 40))
    return tuple(equity + value - walk[-1] for value in walk)


def mode_changes(now: int) -> tuple[ModeChangeView, ...]:
    """The newest first."""
    return (
        ModeChangeView(
            now - 1_080 * SECOND, "DEFENSIVE", "NORMAL", "operator console", "regime agrees again"
        ),
        ModeChangeView(now - 1_300 * SECOND, "NORMAL", "DEFENSIVE", "trigger", "drawdown 5.1%"),
        ModeChangeView(
            now - 2_500 * SECOND, "OBSERVATION", "NORMAL", "operator console", "account looks right"
        ),
        ModeChangeView(now - 2_530 * SECOND, "NORMAL", "OBSERVATION", "start", "first start"),
    )


def alarms(now: int) -> tuple[AlarmView, ...]:
    """Two things that are not as they should be."""
    rows = (
        (
            "gate:ETH-USDT.binance",
            "error",
            "ETH-USDT: no new risk, the book had a gap of 312 updates",
            "it opens by itself after the resync; if it stays, look at screen 9",
            9,
        ),
        (
            "strategy:book-imbalance",
            "warn",
            "book-imbalance was refused 14 times in 60 s: worst case 83 % would pass 80 %",
            "close a position, or pause the strategy",
            44,
        ),
    )
    return tuple(
        AlarmView(name, severity, text, advice, now - back * SECOND, False)
        for name, severity, text, advice, back in rows
    )


class Watch:
    """Alarms and price alerts that answer to commands."""

    def __init__(self, now: int, prices: dict[str, float]) -> None:
        btc, eth = prices["BTC-USDT.binance"], prices["ETH-USDT.binance"]
        rows = (
            (1, "BTC-USDT.binance", round(btc * 1.004, 1), True, 900, 0),
            (2, "BTC-USDT.binance", round(btc * 0.995, 1), False, 880, 0),
            (3, "ETH-USDT.binance", round(eth * 0.9990, 2), True, 700, now - 61 * SECOND),
        )
        self._alerts = [
            AlertView(n, i, price, above, "console tty", now - back * SECOND, fired, False)
            for n, i, price, above, back, fired in rows
        ]
        self.alarms: tuple[AlarmView, ...] = ()
        self._last = 3

    def alerts(self, now: int, prices: dict[str, float]) -> tuple[AlertView, ...]:
        """As they stand at these prices; one that is reached fires."""
        self._alerts = [_priced(alert, prices[alert.instrument], now) for alert in self._alerts]
        return tuple(self._alerts)

    def obey(self, command: Command, now: int, prices: dict[str, float]) -> tuple[bool, str] | None:
        """The engine's words; None where the command is no matter of alerts."""
        if isinstance(command, AddAlert):
            self._last += 1
            price = float(command.price)
            above = price > prices[command.instrument]
            view = AlertView(self._last, command.instrument, price, above, "console", now, 0, False)
            self._alerts.append(view)
            return True, f"alert {self._last}: when it {'rises' if above else 'falls'} to {command.price}"
        if isinstance(command, DropAlert):
            self._alerts = [alert for alert in self._alerts if alert.id != command.id]
            return True, f"alert {command.id} dropped"
        if isinstance(command, Acknowledge):
            self._seen(command.name)
            return True, f"{command.name or 'everything'} acknowledged"
        return None

    def _seen(self, name: str) -> None:
        replace = msgspec.structs.replace
        self._alerts = [
            replace(a, acknowledged=bool(a.acknowledged or (a.fired_at and name in ("", f"alert:{a.id}"))))
            for a in self._alerts
        ]
        self.alarms = tuple(
            replace(a, acknowledged=a.acknowledged or name in ("", a.name)) for a in self.alarms
        )


def _priced(alert: AlertView, last: float, now: int) -> AlertView:
    reached = last >= alert.price if alert.above else last <= alert.price
    fired = alert.fired_at or (now if reached else 0)
    return msgspec.structs.replace(alert, last=last, distance=alert.price / last - 1, fired_at=fired)


def histogram(name: str, middle: int, tail: int, p50: float, p99: float, most: float) -> HistogramView:
    """A hill around one bucket and a thin tail."""
    counts = [round(4_000 / (1 + abs(place - middle)) ** 3) for place in range(len(EDGES) + 1)]
    counts = [count if place <= middle + tail else 0 for place, count in enumerate(counts)]
    return HistogramView(name, EDGES, tuple(counts), p50, p99, most)


def health(now: int, started: int) -> HealthView:
    """A machine at ease."""
    return HealthView(
        True, True, 180.0, 12.4, 3.0, 1.9, 1.6, 0, 1_240.0, 318, 1, 1, 0, 214, 6000, 0, started,
        (
            StreamView("trades BTC-USDT", True, 96.0, 10_000.0),
            StreamView("trades ETH-USDT", True, 180.0, 10_000.0),
            StreamView("depth BTC-USDT", True, 61.0, 10_000.0),
            StreamView("depth ETH-USDT", True, 74.0, 10_000.0),
            StreamView("klines BTC-USDT", True, 812.0, 10_000.0),
            StreamView("klines ETH-USDT", True, 790.0, 10_000.0),
            StreamView("user data", True, math.nan, 0.0),
        ),
        (
            ProcessView("engine", 21_904, 11.2, 143.0, started),
            ProcessView("exchange", 21_911, 7.4, 98.0, started - 3 * SECOND),
        ),
        (
            histogram("loop", 2, 5, 0.6, 1.9, 14.0),
            histogram("barrier", 2, 3, 0.9, 1.6, 4.1),
            histogram("feed", 6, 3, 12.4, 31.0, 88.0),
            histogram("ack", 8, 2, 38.0, 61.0, 88.0),
        ),
        61_204, 3_137_200, 1,
    )  # fmt: skip
