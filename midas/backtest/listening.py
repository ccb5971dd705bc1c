"""Asks a strategy at each candle that it leaves out when it listens: an author's two answers must be one."""

from __future__ import annotations

from copy import deepcopy
from itertools import cycle

from midas.agents.strategy_manager import UNSTUDIED
from midas.backtest.reel import between
from midas.backtest.series import Bars
from midas.ports.strategy import Briefing, Strategy
from midas.state.market import InstrumentMarket

ASKED = 2_500  # candles from the first on: more than any warm-up, and a few milliseconds
AT_ONCE = (1, 60, 7, 400, 25)  # candles: what it knows of those to come must change nothing
NOTHING = Briefing(UNSTUDIED, None, 0.0, float("nan"), float("nan"))


def objection(strategy: Strategy, series: Bars, spread: float | None) -> str:
    """Why it is asked at every candle although it has `listen`; empty where both say the same.

    `strategy` is fresh, and stays so.
    """
    listen = getattr(strategy, "listen", None)
    if listen is None:
        return ""
    if not getattr(strategy, "unaided", False):
        return "it isn't `unaided`: analysts work for it at every candle"
    try:
        return _compared(strategy, series, InstrumentMarket(series.instrument, spread))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin: it will be switched off
        return f"it raises {type(error).__name__}: {error}"


def _compared(strategy: Strategy, series: Bars, market: InstrumentMarket) -> str:
    asked, listens = deepcopy(strategy), deepcopy(strategy)
    bars = series.made(slice(0, ASKED))
    columns = series.columns
    place, sizes = 0, cycle(AT_ONCE)
    while place < len(bars):
        count = min(next(sizes), len(bars) - place)
        heard = listens.listen(between(columns, place, place + count))  # type: ignore[attr-defined]
        if type(heard) is not int or not 0 <= heard <= count:
            return f"`listen` answers {heard!r} to {count} candles"
        for bar in bars[place : place + heard]:
            market.on_bar(bar)
            if asked.signal(market, NOTHING) is not None:
                return f"`signal` answers to candle {market.bars_seen - 1}, and `listen` says otherwise"
        place += heard
        if heard < count:
            market.on_bar(bars[place])
            if asked.signal(market, NOTHING) != listens.signal(market, NOTHING):
                return f"`signal` answers otherwise to candle {place} after `listen`"
            place += 1
    return ""
