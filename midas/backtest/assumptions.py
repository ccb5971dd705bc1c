"""What a back-test takes for granted about the venue; every report names it."""

from __future__ import annotations

import msgspec

from midas.costs import CostModel
from midas.domain.time import HOUR

RISK_AVERSE = "risk-averse"


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """Times in nanoseconds. The defaults are those of a small account at a liquid venue."""

    costs: CostModel = CostModel()
    spread_bps: float = 0.0  # quoted, where no quotes were recorded
    impact: bool = False  # charge the square-root law, from the volume and volatility of the bars before
    feed_latency: int = 0  # from a bar's close until the engine hears of it
    order_latency: int = 0  # from a request until the venue has it
    answer_latency: int = 0  # from what the venue does until the engine hears of it
    funding: float = 0.0  # of a position's value, paid by who is long at every multiple of `funding_every`
    funding_every: int = 8 * HOUR
    of_ticks: bool = False  # quotes, prints and books decide what fills; else bars
    queue: str = RISK_AVERSE  # of `backtest.queues`: who left a level of a book before us
    volume_share: float = 0.10  # of a bar's volume that may be ours at most
    tick_every: int = 6 * HOUR  # market time between two looks of the guardian; see `Watch`
    equity_step: float = 0.001  # of equity: a look at once where it may have moved by so much
