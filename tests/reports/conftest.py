"""One run on a small market, and its sheet."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.series import Bars
from midas.costs import CostModel, FeeSchedule
from midas.domain.time import DAY, SECOND
from midas.reports.build import Run, sheet_of
from midas.reports.sheet import Sheet, Trade
from tests.backtest.stage import CASH, START, Script, bars, config, played, walk

MADE_AT = 1_800_000_000 * SECOND
DAYS = 200


class Made(msgspec.Struct):
    """Everything of one run."""

    sheet: Sheet
    trades: list[Trade]
    outcome: Outcome
    run: Run


def days(closes: list[float]) -> Bars:
    """The same bars, a day each."""
    plain = bars(closes)
    time = START + DAY * (1 + (plain.time - plain.time[0]) // plain.period)
    return msgspec.structs.replace(plain, period=DAY, time=time)


def made(
    closes: list[float] | None = None, held: Callable[[int], bool] = lambda n: n % 10 < 5,
    funding: float = 0.0, **more: object,
) -> Made:  # fmt: skip
    """A script that holds half of the time, on days."""
    closes = closes if closes is not None else walk(DAYS)
    series = days(closes)
    given = Assumptions(
        costs=CostModel(fees=FeeSchedule(Decimal(0), Decimal("0.001"))),
        spread_bps=2.0,
        impact=True,
        funding=funding,
    )
    settings = msgspec.structs.replace(config([series]), period=DAY)
    record = Record(keep=False)
    outcome = played(
        series, Script(held(n) for n in range(len(closes))), given, settings=settings, record=record
    )
    run = Run(
        strategy="script", parameters={"span": 5}, currency="USDT", cash=float(CASH), given=given,
        series=[series], outcome=outcome, record=record, made_at=MADE_AT, files=["days.csv"], **more,  # type: ignore[arg-type]
    )  # fmt: skip
    sheet, trades = sheet_of(run)
    return Made(sheet, trades, outcome, run)


@pytest.fixture(scope="package")
def run() -> Made:
    """The plain one; nobody changes it."""
    return made()
