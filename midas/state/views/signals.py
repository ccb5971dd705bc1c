"""What the strategies say, and what became of it."""

from __future__ import annotations

import msgspec


class ContributionView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One term of a signal's explanation."""

    name: str
    value: float


class BreachView(msgspec.Struct, frozen=True, gc=False):
    """A limit that said no to a signal."""

    limit: str
    value: float
    maximum: float
    sentence: str


class SizeStepView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one step of sizing left of a position; the last one's weight is what was asked for."""

    name: str  # "share of equity", "volatility", ...
    factor: float  # 0 to 1
    weight: float  # share of equity after it
    why: str


class SignalView(msgspec.Struct, frozen=True):
    """A signal with its reasons and what became of it."""

    sequence: int
    time: int
    at: int
    strategy: str
    instrument: str
    direction: float
    confidence: float
    outcome: str  # acted, refused, held, muted, frozen
    detail: str
    why: tuple[ContributionView, ...]
    inputs: tuple[ContributionView, ...] = ()  # what the strategy looked at
    reason: str = ""  # the strategy's own words
    breaches: tuple[BreachView, ...] = ()  # of a refused one
    orders: tuple[str, ...] = ()  # what it led to: "a91f BUY 0.0082 @ 61775.5 LIMIT_MAKER", oldest first
    steps: tuple[SizeStepView, ...] = ()  # of its size, in their order; none where none was computed
    probability: float | None = None  # of winning, where the strategy states it


class StrategyView(msgspec.Struct, frozen=True):
    """A strategy of the workspace and how it does."""

    name: str
    state: str  # running, warming, muted, paused, frozen, failed
    detail: str
    fills: int  # this session
    realised: float  # this session, fees included
    last_signal_at: int
    paused: bool = False  # by a person: no new risk
