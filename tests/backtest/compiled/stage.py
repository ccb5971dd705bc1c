"""A strategy that can say its opinions one by one and all at once, and both paths over the same candles."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.api import Briefing, Columns, Family, Hears, MarketView, Opinion, Urgency
from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled.path import Compiled, Refused, compiled
from midas.backtest.outcome import Outcome
from midas.backtest.run import run
from midas.backtest.series import Bars
from midas.engine.config import EngineConfig
from tests.backtest.stage import CASH


class Choice(msgspec.Struct, frozen=True):
    seed: int = 1
    patience: int = 3


class Fickle:
    """Holds by the digits of the newest price: no sense in it, but a lot of trades."""

    name: ClassVar[str] = "fickle"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = Choice

    def __init__(self, parameters: Choice) -> None:
        self._parameters = parameters

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        bar, it = market.bars[-1], self._parameters
        digits = (round(bar.close * 100.0) * it.seed + round(bar.high * 10.0)) % 11
        if digits >= it.patience + 3:
            return None
        return Opinion(
            direction=float(digits < it.patience), confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="so"
        )

    @classmethod
    def wanted(cls, parameters: Sequence[Choice], bars: Columns) -> NDArray[np.bool_]:
        found = np.zeros((len(parameters), len(bars)), np.bool_)
        for row, it in zip(found, parameters, strict=True):
            digits = (np.rint(bars.close * 100.0) * it.seed + np.rint(bars.high * 10.0)) % 11
            held = False
            for place, digit in enumerate(digits):
                held = held if digit >= it.patience + 3 else bool(digit < it.patience)
                row[place] = held
        return found


def stepped(
    config: EngineConfig, series: Bars, given: Assumptions, choice: Choice, cash: Decimal = CASH
) -> Outcome:
    balances = {"USDT": cash, series.instrument.base: Decimal(0)}
    return run(config, [Fickle(choice)], [series], balances, given)


def worked_out(
    config: EngineConfig, series: Bars, given: Assumptions, choice: Choice, cash: Decimal = CASH
) -> Compiled | Refused:
    balances = {"USDT": cash, series.instrument.base: Decimal(0)}
    return compiled(config, [Fickle(choice)], [series], balances, given)


def assert_same(fast: Compiled, slow: Outcome) -> None:
    """Fills one by one, money to the digit, equity to the bit."""
    found = fast.outcome()
    for one, other in zip(found.fills, slow.fills, strict=False):
        assert one == other
    assert len(found.fills) == len(slow.fills)
    assert (found.cash, found.equity, found.after_gaps) == (slow.cash, slow.equity, slow.after_gaps)
    assert np.array_equal(found.curve.equity, slow.curve.equity)
    assert np.array_equal(found.curve.held, slow.curve.held)
    assert np.array_equal(found.curve.time, slow.curve.time)
