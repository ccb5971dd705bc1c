"""What a strategy is: one file, one class, deterministic, deciding from what it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.market import Bar
from midas.domain.opinion import Family, Forecast, Opinion, Regime

if TYPE_CHECKING:  # every command reads this module, and few need arrays
    import numpy as np
    from numpy.typing import NDArray


class MarketView(Protocol):
    """The market of one instrument as a strategy may see it: floats, NaN where there is nothing."""

    @property
    def instrument(self) -> Instrument:
        """What it is."""

    @property
    def time(self) -> int:
        """Market time of the newest event."""

    @property
    def bars(self) -> Sequence[Bar]:
        """The newest closed candles, the oldest first."""

    @property
    def book_valid(self) -> bool:
        """False: the book has a gap and shows nothing."""

    @property
    def bid_price(self) -> float:
        """Best bid."""

    @property
    def ask_price(self) -> float:
        """Best ask."""

    @property
    def mid(self) -> float:
        """Halfway between the best prices."""

    @property
    def flow(self) -> float:
        """Exponentially weighted sign of recent trades, -1 (all sold) to +1 (all bought)."""

    def imbalance(self, levels: int) -> float:
        """(bid - ask) / (bid + ask) volume over the best `levels`."""

    def microprice(self) -> float:
        """Mid weighted by the opposite size."""


class Briefing(msgspec.Struct, frozen=True):
    """What the analysts say about one instrument, and what the strategy already holds there."""

    regime: Regime
    forecast: Forecast | None
    position: float  # base units of this strategy's own sleeve
    average_price: float  # of that position; NaN when flat
    volatility: float  # of one bar's log return; NaN until warm


class Columns(msgspec.Struct, frozen=True):
    """Closed candles of one instrument as columns, oldest first; they are there to be read, not changed."""

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def __len__(self) -> int:
        """How many candles."""
        return len(self.close)


class Hears:
    """On which event a strategy is asked."""

    BAR = "bar"
    BOOK = "book"
    TICK = "tick"  # every quote and every trade print


class Strategy(Protocol):
    """One file in `strategies/` holds one class of this shape.

    Asked on each event that it hears, it answers with an Opinion, or None for "nothing new". It may keep
    its own memory: it is driven by the step alone, so a replay rebuilds that memory exactly.

    An Opinion may state `probability` (with `horizon_ns`), and with it `gain` and `loss`: it is then sized by
    Kelly instead of by its weight, and held to its word. A class with `calibrated = True` says that its
    confidence is such a probability. One with `needs = ("news",)` pauses while that component fails.

    A class with `unaided = True` decides from prices alone: no analyst works for it, so that its briefing
    knows neither forecast nor regime nor volatility, and no regime mutes it.
    """

    name: ClassVar[str]
    family: ClassVar[Family]
    hears: ClassVar[str]
    trades_unknown: ClassVar[bool]  # may it open risk while the regime is UNKNOWN?
    Parameters: ClassVar[type[msgspec.Struct]]

    def __init__(self, parameters: msgspec.Struct) -> None:
        """Keep the parameters, already checked against `Parameters`."""

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """Where this instrument should be held now."""


class Vectorised(Strategy, Protocol):
    """A strategy that can also say all of its opinions at once, so that a back-test of it may be compiled.

    Its opinions are AGGRESSIVE, state no chance and depend on nothing but the candles: what `signal` has
    said last after bar i, a direction above 0 or not, is what row k of `wanted` says at i. Where bars, costs
    and limits let both come to other fills, midas steps the engine instead.
    """

    @classmethod
    def wanted(cls, parameters: Sequence[msgspec.Struct], bars: Columns) -> NDArray[np.bool_]:
        """Whether it is to be held after each bar: (len(parameters), len(bars)), a row for each parameters.

        Row k may look at bars up to i only; a numba kernel over many rows at once is what makes sweeps fast.
        """


class Listening(Strategy, Protocol):
    """An `unaided` strategy that hears many candles in one call, so that a back-test needn't ask at each.

    Its opinions depend on nothing but the candles and what it remembers of them. It is asked by `signal`
    as before wherever candles come one by one, and midas compares both over the first candles of a run.
    """

    def listen(self, bars: Columns) -> int:
        """Hear these candles one after the other, up to the first that `signal` answers; how many before it.

        That one it hasn't heard: `signal` is asked about it. At each candle it may look at those up to it.
        """
