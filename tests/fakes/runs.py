"""Kept back-tests out of the air: the same on every machine, whatever the engine would make of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import sin

from midas.domain.time import DAY, HOUR, SECOND
from midas.reports.sheet import (
    Benchmark,
    Bin,
    Candle,
    Chart,
    Costs,
    Curve,
    Evidence,
    Fall,
    Growth,
    Interval,
    Measure,
    Month,
    Part,
    Sheet,
    Source,
    Trade,
    Trading,
    head_of,
)
from midas.reports.shelf import Board, Place, Shelf

BEGINS = 1_577_836_800 * SECOND  # 2020-01-01
DAYS = 366
NAME = "BTC-USDT"
ID = "BTC-USDT.file"


def sheet(run: str = "261122-045312-7f3", horizon: int = 10, lift: float = 1.0) -> Sheet:
    """A year of days; `lift` makes it better or worse."""
    times = tuple(BEGINS + DAY * (day + 1) for day in range(DAYS))
    equity = tuple(round(10_000 + lift * (3.4 * day + 260 * sin(day / 21)), 2) for day in range(DAYS))
    peaks, peak = [], 10_000.0
    for value in equity:
        peak = max(peak, value)
        peaks.append(round(value / peak - 1.0, 6))
    total = equity[-1] / 10_000 - 1.0
    return Sheet(
        id=run, made_at=1_795_323_192 * SECOND, strategy="trend-following", parameters={"horizon": horizon},
        instruments=(NAME,), currency="USDT", begins=BEGINS, ends=times[-1], bars=DAYS, seconds=0.2,
        data=(Source(
            instrument=NAME, file="btcusdt-1d.csv", rows=DAYS, period=DAY, begins=BEGINS, ends=times[-1],
            digest="aa",
        ),),
        cash=10_000.0, equity=equity[-1], digest=run[-3:], worst=min(peaks), exposed=0.61,
        growth=Growth(
            total=_told(total), cagr=_told(total * 0.99), volatility=_told(0.091),
            sharpe=_told(1.31 * lift), sortino=_told(1.96 * lift), max_drawdown=_told(min(peaks)),
            calmar=_told(2.4), recovery_factor=_told(2.5), profit_factor=_told(1.22), win_rate=_told(0.53),
            ulcer=_told(0.011), skewness=_told(-0.3), kurtosis=_told(4.1),
        ),
        evidence=Evidence(
            sharpe=Interval(-0.62, 3.24), cagr=Interval(-0.05, 0.33), adjusted=_told(1.2),
            dependent=_told(0.4), positive=0.91, goal=0.7, deflated=0.58, trials=24, years=1.0,
            years_needed=1.6,
        ),
        trading=Trading(
            closed=12, won=7, fills=24, makers=4, profit_factor=Measure(None, 12, "too few observations"),
            win_rate=Measure(None, 12, "too few observations"), best=312.4, worst=-120.2, wins_in_row=3,
            losses_in_row=2, held_median=9 * DAY,
        ),
        costs=Costs(fees=41.2, spread=8.9, impact=3.1, traded=102_400.0),
        benchmark=Benchmark(
            growth=Growth(total=_told(3.01), cagr=_told(2.99), volatility=_told(0.75), sharpe=_told(2.25)),
            worst=-0.536, beta=_told(0.08), correlation=_told(0.31),
        ),
        months=tuple(Month(2020, month, round(0.03 * sin(month) * lift, 4)) for month in range(1, 13)),
        falls=(Fall(min(peaks), times[40], times[98], times[150]), Fall(-0.02, times[200], times[230], 0)),
        curve=Curve(
            time=times, equity=equity, drawdown=tuple(peaks), held=equity, exposure=(0.4,) * DAYS
        ),
        bins=(Bin(-0.02, 0.0, 5), Bin(0.0, 0.02, 7)), charts=(_chart(),), trades=_trades(lift),
        parts=(Part(kind="regime", name="Trending Bull", profit=900.0, trades=12, time=0.4),),
    )  # fmt: skip


class Archive:
    """Everything is there at once."""

    def __init__(self, *sheets: Sheet) -> None:
        self.sheets = {each.id: each for each in sheets}
        self.troubles: dict[str, str] = {}
        self.looked = True
        self.board: Board | None = None

    def look(self, wanted: Sequence[str]) -> Shelf:
        """All that is wanted."""
        heads = tuple(head_of(each) for _, each in sorted(self.sheets.items(), reverse=True))
        known = {run: self.sheets[run] for run in wanted if run in self.sheets and run not in self.troubles}
        return Shelf(heads if self.looked else (), known, self.troubles, self.looked, self.board)


def three() -> Archive:
    """Three runs of one strategy."""
    return Archive(sheet(), sheet("261122-050120-a01", 20, 0.6), sheet("261122-051544-e9c", 40, -0.4))


def board(done: int = 40) -> Board:
    """A sweep of two parameters that runs."""
    places = tuple(
        Place(number, {"average": 20 + 10 * number, "enter": 0.02 + 0.01 * (number % 4)},
              1.4 - 0.06 * number, 0.12 - 0.01 * number, -0.02 - 0.004 * number, 24 + number)
        for number in range(done)
    )  # fmt: skip
    failed = Place(99, {"average": 2, "enter": 0.0}, None, None, None, 0, "too few days")
    return Board("9f3a", "trend-following", "sharpe", "grid", done + 1, 120, True, (*places, failed))


def _told(value: float) -> Measure:
    return Measure(value, DAYS, "")


def _price(day: float) -> float:
    return 9_000.0 + 12.0 * day + 900.0 * sin(day / 17)


def _chart() -> Chart:
    candles = tuple(
        Candle(
            BEGINS + DAY * (day + 1), _price(day), max(_price(day), _price(day + 1)) + 60.0,
            min(_price(day), _price(day + 1)) - 60.0, _price(day + 1), 900.0 + 300.0 * sin(day / 5),
        )
        for day in range(0, DAYS, 2)
    )  # fmt: skip
    return Chart(instrument=ID, name=NAME, period=2 * DAY, decimals=2, candles=candles)


def _trades(lift: float) -> tuple[Trade, ...]:
    made = []
    for number in range(12):
        first, last = 20 + 28 * number, 34 + 28 * number
        profit = round((_price(last) - _price(first)) * 0.2 * lift, 2)
        made.append(Trade(
            ID, "trend-following", True, BEGINS + DAY * first + HOUR, BEGINS + DAY * last, 0.2,
            _price(first), _price(last), profit, profit / (0.2 * _price(first)), 2.4,
        ))  # fmt: skip
    return tuple(made)
