"""What the desk thinks: regime, forecasts, opinions, signals and targets. Evidence, so all floats.

Only a target's quantity is exact, because an order is cut from it. Every `time` is market time.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Literal

import msgspec


class RegimeLabel(Enum):
    """The five regimes of R4.1, and the one before there is evidence."""

    TREND_UP = "TREND_UP"
    TREND_DOWN = "TREND_DOWN"
    RANGE = "RANGE"
    HIGH_VOLATILITY = "HIGH_VOLATILITY"
    CRISIS = "CRISIS"
    UNKNOWN = "UNKNOWN"

    @property
    def short(self) -> str:
        """The words that a person reads: `Trending Bull`."""
        return _SHORT[self]


_SHORT = {
    RegimeLabel.TREND_UP: "Trending Bull",
    RegimeLabel.TREND_DOWN: "Trending Bear",
    RegimeLabel.RANGE: "Range-bound",
    RegimeLabel.HIGH_VOLATILITY: "High Volatility",
    RegimeLabel.CRISIS: "Crisis",
    RegimeLabel.UNKNOWN: "Unknown",
}

RegimeSource = Literal["rule", "hold", "warming"]


class Family(Enum):
    """What a strategy lives on (R3.8); a regime switches whole families on and off."""

    TREND_FOLLOWING = "TREND_FOLLOWING"
    MOMENTUM = "MOMENTUM"
    MEAN_REVERSION = "MEAN_REVERSION"
    PAIRS = "PAIRS"
    SCALPING = "SCALPING"
    HEDGE = "HEDGE"


class Urgency(Enum):
    """Whether to wait for a price or to pay for it."""

    PASSIVE = "PASSIVE"
    AGGRESSIVE = "AGGRESSIVE"


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """The market's state as the rules see it, with the evidence they saw. NaN: not known yet."""

    label: RegimeLabel
    source: RegimeSource  # a rule is true; no rule is and the last one holds; windows still fill
    since: int  # close of the first bar under this label
    adx: float = float("nan")
    price_over_sma: float = float("nan")  # close / SMA200 - 1
    stress: float = float("nan")  # on the scale of the VIX: 20 is normal for this instrument
    atr_ratio: float = float("nan")  # 1 is normal
    bars_seen: int = 0
    bars_needed: int = 0


class Contribution(msgspec.Struct, frozen=True):
    """How much one input moved an opinion; positive is towards buying."""

    name: str
    value: float


class Reading(msgspec.Struct, frozen=True):
    """A figure that somebody looked at, for whoever asks what a signal saw."""

    name: str
    value: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """An analyst's expectation of the next `horizon_ns`."""

    instrument: str
    source: str  # who says so: an analyst or a model
    horizon_ns: int
    expected_return: float  # simple return
    probability: float  # of a rise, 0 to 1
    contributions: tuple[Contribution, ...] = ()
    time: int


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy answers: where, how surely, why, for how long and how urgently."""

    direction: float  # -1 short to +1 long; 0 is flat
    confidence: float  # 0 to 1
    contributions: tuple[Contribution, ...] = ()
    horizon_ns: int = 0
    urgency: Urgency = Urgency.PASSIVE
    reason: str = ""
    inputs: tuple[Reading, ...] = ()  # shown to a person who asks; decides nothing
    # Who can, states a bet: its size then follows from Kelly, and its chance is compared with what happens.
    probability: float | None = None  # of winning within `horizon_ns`, which must be stated with it
    gain: float | None = None  # fraction of price at the target; with `probability` and `loss` or not at all
    loss: float | None = None  # fraction of price at the stop, gap included; costs are added here


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """An opinion with its author and place in the sequence."""

    strategy: str
    instrument: str
    direction: float
    confidence: float
    contributions: tuple[Contribution, ...] = ()
    horizon_ns: int = 0
    urgency: Urgency = Urgency.PASSIVE
    reason: str = ""
    inputs: tuple[Reading, ...] = ()
    probability: float | None = None  # of winning within `horizon_ns`; None: nobody says
    gain: float | None = None
    loss: float | None = None
    time: int
    sequence: int


class Reducing(msgspec.Struct, frozen=True):
    """A position that is worked down without any signal: a restart goes on with it."""

    strategy: str
    instrument: str
    quantity: Decimal  # base units that are left
    reason: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The position that a strategy should hold."""

    strategy: str
    instrument: str
    quantity: Decimal  # base units, signed
    urgency: Urgency
    reference_price: float  # the mid that the size was computed at
    confidence: float
    reason: str
    time: int
