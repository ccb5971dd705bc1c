"""Stops of open positions (R7.3): what is wanted of them, and what one of them is."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

import msgspec

from midas.domain.money import ZERO
from midas.domain.time import SECOND

NONE, PROTECTIVE, TRAILING, BREAK_EVEN = "none", "protective", "trailing", "break-even"


class StopRules(msgspec.Struct, frozen=True, kw_only=True):
    """Distances are fractions of a price or multiples of ATR(14) of the bars; 0 leaves a rule out."""

    enabled: bool = True
    percent: float = 0.02  # below the entry
    atr: float = 0.0  # multiples below the entry; of two distances the shorter one holds
    trail_percent: float = 0.03  # below the best price since
    trail_atr: float = 0.0
    break_even_r: float = 1.0  # a gain of so many times the first risk moves the stop to the cost
    time: int = 0  # ns of market time that a position has to reach `time_gain`
    time_gain: float = 0.0  # fraction of the entry
    collar_bps: float = 50.0  # of a resident stop: its limit below its trigger
    resident: bool = True  # at the venue where it takes stops; else in memory only
    by_hand: bool = True  # what a person bought, too
    step_bps: float = 5.0  # of the price: smaller moves of a level aren't worth a cancel
    pace: int = 5 * SECOND  # wall time: the least between two moves of one resident stop
    chase: int = 2 * SECOND  # wall time: reached and not filled for so long, it is sold at the touch

    def distance(self, entry: float, atr: float) -> float:
        """From the entry down to its protective stop; 0: none, or not known before ATR is."""
        wanted = [entry * self.percent, atr * self.atr]
        return min((d for d in wanted if d > 0.0), default=0.0)


NO_STOPS = StopRules(enabled=False)


class StopBook(msgspec.Struct, frozen=True, dict=True):
    """The rules of every strategy."""

    default: StopRules = NO_STOPS
    by_strategy: dict[str, StopRules] = {}

    def of(self, strategy: str) -> StopRules:
        """Those that hold for one."""
        return self.by_strategy.get(strategy, self.default)

    @cached_property
    def enabled(self) -> bool:
        """Whether anybody has stops."""
        return self.default.enabled or any(rules.enabled for rules in self.by_strategy.values())


class StopKept(msgspec.Struct, frozen=True, kw_only=True):
    """The stop of one position, as the journal tells it; wherever it stands, it only ever rises."""

    strategy: str
    instrument: str
    opened_at: int  # of the position: another one begins anew
    since: int  # market time at which it was set
    entry: Decimal  # what a unit was bought at
    risk: float  # price units from the entry down to the first stop: 1 R; 0: not known
    atr: float  # when it was set; 0: not known
    best: float  # the highest price since, as of its last move
    level: Decimal = ZERO  # at or below it the position is sold; 0: none yet
    kind: str = NONE  # which rule sets the level
    gained: bool = False  # what the time stop waits for has come

    @property
    def key(self) -> tuple[str, str]:
        """Its sleeve."""
        return self.strategy, self.instrument
