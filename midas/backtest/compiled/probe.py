"""Asks a strategy bar by bar what it has said at once: an author's two answers must be one."""

from __future__ import annotations

from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.agents.strategy_manager import UNSTUDIED
from midas.backtest.series import Bars
from midas.domain.opinion import Opinion, Urgency
from midas.ports.strategy import Briefing, Strategy
from midas.state.market import InstrumentMarket

ASKED = 2_500  # candles from the first on: more than any warm-up, and a few milliseconds
NOTHING = Briefing(UNSTUDIED, None, 0.0, float("nan"), float("nan"))


def disagreement(
    kind: type[Strategy], parameters: msgspec.Struct, wanted: NDArray[np.bool_], bars: Bars,
    spread: float | None,
) -> str:  # fmt: skip
    """Where `signal` of a fresh strategy says something else than `wanted` in the first candles."""
    strategy, market = kind(parameters), InstrumentMarket(bars.instrument, spread)
    held = False
    for place, bar in enumerate(islice(bars.events(), ASKED)):
        market.on_bar(bar)
        try:
            opinion = strategy.signal(market, NOTHING)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `listening`
            return f"{kind.name} raises {type(error).__name__} at candle {place}"
        if opinion is not None:
            if not isinstance(opinion, Opinion) or opinion.urgency is not Urgency.AGGRESSIVE:
                return f"{kind.name} isn't AGGRESSIVE at candle {place}: its orders may rest"
            if opinion.probability is not None or opinion.gain is not None:
                return f"{kind.name} states a chance at candle {place}: its size isn't fixed"
            held = opinion.direction > 0.0
        if held != wanted[place]:
            said = "wants" if held else "doesn't want"
            return f"{kind.name}: `signal` {said} a position at candle {place}, and `wanted` says otherwise"
    return ""
