"""Sample views of screen 5 for the snapshots of `tests.fakes.snapshots`: tree, matrix, breakers, tail."""

from __future__ import annotations

from math import nan

from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.state.views.calibration import CalibrationPanel, CalibrationView, ReliabilityView
from midas.state.views.orders import StopView
from midas.state.views.risk import BranchView, BreakerView, ControlsView, CorrelationView, ExposureView
from midas.state.views.signals import BreachView
from midas.state.views.tail import StressView, TailPartView, TailRecordView, TailView

BTC, ETH = "BTC-USDT.binance", "ETH-USDT.binance"
BREACH = BreachView(
    "position", 0.362, 0.35,
    "ETH-USDT would be 36.2% of equity, at most 35%: 1.2% over; at most 0.0340 ETH fits",
)  # fmt: skip
BREACHES = {  # by the age of the signal
    9: (BREACH,),
    95: (BreachView("order rate", 11.0, 10.0, "11 orders in 10 s, at most 10"),),
}
COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "AVAX", "LINK", "DOT", "LTC", "BNB", "TRX")
COMPONENTS = (
    ("price feed", 5 * MINUTE, "no new entries, stops kept", True),
    ("broker", 2 * MINUTE, "alert, retry; mode OBSERVATION if it lasts", True),
    ("journal", 0, "no new entries, stops kept", True),
    ("clock", 0, "no new entries, stops kept", True),
    ("news", HOUR, "strategies that need it pause, others go on", False),
    ("models", MINUTE, "strategies that need it pause, others go on", False),
    ("sentiment", HOUR, "decisions without it, at smaller size", False),
)


def tree(exposed: tuple[ExposureView, ...]) -> tuple[BranchView, ...]:
    """Both coins in one sector of one class at one venue."""
    rows = [view for view in exposed if view.scope == "instrument"]
    gross, entries = sum(view.value for view in rows), sum(view.working for view in rows)
    worst = sum(view.worst for view in rows)
    above = (
        ("all", "everything", nan),
        ("venue", "binance", nan),
        ("class", "crypto", 0.60),
        ("sector", "crypto", 0.90),
    )
    branches = [
        BranchView(depth, scope, name, gross, gross, entries, worst, maximum)
        for depth, (scope, name, maximum) in enumerate(above)
    ]
    leaves = (
        BranchView(4, "instrument", v.name, v.value, v.value, v.working, v.worst, v.maximum) for v in rows
    )
    return (*branches, *leaves)


def correlations() -> CorrelationView:
    """Two coins that move together."""
    return CorrelationView(
        ("BTC-USDT", "ETH-USDT"), ((1.0, 0.83), (0.83, 1.0)), (True, True), 0.70, 0, 300, 41
    )


def matrix(count: int) -> CorrelationView:
    """Many instruments, of every strength and either sign."""
    names = tuple(f"{name}-USDT" for name in COINS[:count])
    rows = tuple(
        tuple(
            1.0 if a == b else round(((a * 7 + b * 7 + a * b * 3) % 19) / 11 - 0.75, 2) for b in range(count)
        )
        for a in range(count)
    )
    return CorrelationView(names, rows, tuple(n < 3 for n in range(count)), 0.70, 4, 300, 41)


def controls() -> ControlsView:
    """Nobody is throttled."""
    return ControlsView(3, 20, 2500.0, 50.0, 5 * SECOND, 30, 60 * SECOND, 0.10, 10.0)


def breakers() -> tuple[BreakerView, ...]:
    """All closed."""
    return tuple(
        BreakerView(name, "closed", 0, "", effect, used, 0, patience, 30 * SECOND)
        for name, patience, effect, used in COMPONENTS
    )


def tripped(now: int) -> tuple[BreakerView, ...]:
    """The broker is gone, the clock just came back."""
    rows = {one.component: one for one in breakers()}
    broker = BreakerView(
        "broker", "open", now - 141 * SECOND, "no user stream for 261 s", COMPONENTS[1][2],
        True, 1, 2 * MINUTE, 30 * SECOND,
    )  # fmt: skip
    clock = BreakerView(
        "clock", "half-open", now - 12 * SECOND, "back after 44 s", COMPONENTS[3][2], True, 2, 0, 30 * SECOND,
        now + 18 * SECOND,
    )  # fmt: skip
    return (broker, clock, *(one for name, one in rows.items() if name not in ("broker", "clock")))


def stops(btc: float, eth: float) -> tuple[StopView, ...]:
    """One only in memory, one at the venue."""
    return (
        StopView(
            "book-imbalance", ETH, 0.621, eth * 1.002, eth * 0.985, "trailing", 0.015, 0.0, eth * 0.621,
            eth * 0.621 * 0.015, "the venue takes no stop below 5 USDT away from the last price",
        ),
        StopView(
            "trend-following", BTC, 0.0412, btc * 0.999, btc * 0.978, "protective", 0.022, 0.0412, 0.0,
            btc * 0.0412 * 0.022, "",
        ),
    )  # fmt: skip


def tail(now: int, equity: float) -> tuple[TailView, ...]:
    """A day with a short record, an hour with a long one that refutes it."""
    parts = (TailPartView(BTC, 0.255, 0.0112), TailPartView(ETH, 0.15, 0.0071))
    day = TailView(
        DAY, "1 d", 0.95, now - 21 * SECOND, 0.0131, 0.0183, "filtered historical", "", 0.0131 * equity,
        0.0183 * equity, 0.0137, 0.0201, "", 0.0118, 0.0148, 412, 100, parts,
        TailRecordView(31, 2, 1.55, 0.72, 0.61, 0.79, 0.12, ""),
    )  # fmt: skip
    hour = TailView(
        HOUR, "1 h", 0.95, now - 21 * SECOND, 0.0034, 0.0047, "filtered historical", "", 0.0034 * equity,
        0.0047 * equity, nan, nan, "the expansion isn't monotone here", 0.0031, 0.0039, 480, 100, parts,
        TailRecordView(310, 31, 15.5, 0.0004, 0.21, 0.001, 0.92, "red"),
    )  # fmt: skip
    return day, hour


def untold(now: int) -> tuple[TailView, ...]:
    """Too few candles yet."""
    reason = (
        "insufficient data: 12 of 100 scenarios of 1 d (BTC-USDT has 32 of 120 bars, 20 to warm the filter)"
    )
    return (
        TailView(
            DAY, "1 d", 0.95, now - 5 * SECOND, nan, nan, "", reason, nan, nan, nan, nan, reason, nan,
            nan, 12, 100, (), TailRecordView(),
        ),
    )  # fmt: skip


def stress(equity: float) -> tuple[StressView, ...]:
    """The worst first."""
    rows = (
        ("crypto_crash", "crypto -40 % in a day", "1 d", 0.162, "May 2021, doubled"),
        ("march_2020", "March 2020", "1 d", 0.158, "12 March 2020"),
        ("correlations_one", "all correlations to 1", "1 d", 0.061, "three standard deviations"),
        ("october_2008", "October 2008", "1 w", 0.048, "6 to 10 October 2008"),
        ("flash_crash", "flash crash", "20 min", 0.038, "6 May 2010"),
    )
    return tuple(
        StressView(
            name, title, horizon, loss, loss * equity, ((BTC, loss * 0.62), (ETH, loss * 0.38)), "", source
        )
        for name, title, horizon, loss, source in rows
    )


def points() -> tuple[ReliabilityView, ...]:
    """Too sure of itself at the upper end."""
    rows = (
        (0.42, 0.44),
        (0.48, 0.47),
        (0.52, 0.55),
        (0.56, 0.52),
        (0.61, 0.60),
        (0.66, 0.58),
        (0.72, 0.63),
        (0.81, 0.60),
    )
    return tuple(
        ReliabilityView(52, stated, came, max(0.0, came - 0.13), min(1.0, came + 0.13))
        for stated, came in rows
    )


def calibration() -> CalibrationPanel:
    """The naive rule would fire, the corrected one doesn't."""
    desk = CalibrationView(
        "", True, 416, 88.0, 0.541, 0.598, -0.057, -1.09, "calibrated", 0, False, 0.2431, 0.0612, 0.051,
        0.083, points(),
    )  # fmt: skip
    trend = CalibrationView(
        "trend-following", True, 31, 19.0, 0.42, 0.61, -0.19, -1.71, "insufficient data", 0, True, 0.2714,
        nan, nan, nan, points()[:3],
    )  # fmt: skip
    return CalibrationPanel((desk, trend), 7)
