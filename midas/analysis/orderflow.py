"""What the top of the book and the tape say about the next moments. Prices in ticks, sizes in lots.

Where a side is empty the answer is NaN: no quote, no opinion. None of these is a forecast by itself;
order-flow imbalance explains the move that goes with it, not the one that follows.
"""

from __future__ import annotations

from math import nan

import msgspec


def imbalance(bid_lots: float, ask_lots: float) -> float:
    """(bid - ask) / (bid + ask), from -1 (only sellers) to +1 (only buyers)."""
    if bid_lots <= 0 or ask_lots <= 0:
        return nan
    return (bid_lots - ask_lots) / (bid_lots + ask_lots)


def weighted_mid(bid: float, bid_lots: float, ask: float, ask_lots: float) -> float:
    """Mid weighted crosswise: a large bid pulls it to the ask. In the unit of `bid` and `ask`."""
    if bid_lots <= 0 or ask_lots <= 0:
        return nan
    return (bid * ask_lots + ask * bid_lots) / (bid_lots + ask_lots)


def microprice_edge(bid: int, bid_lots: float, ask: int, ask_lots: float) -> float:
    """Weighted mid - mid in ticks: half the spread times the imbalance."""
    return 0.5 * (ask - bid) * imbalance(bid_lots, ask_lots)


class Top(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask, in ticks and lots."""

    bid: int
    bid_lots: float
    ask: int
    ask_lots: float


def order_flow(before: Top, after: Top) -> float:
    """Order-flow imbalance of one change of the top, in lots (Cont, Kukanov & Stoikov 2014)."""
    flow = 0.0
    if after.bid >= before.bid:
        flow += after.bid_lots
    if after.bid <= before.bid:
        flow -= before.bid_lots
    if after.ask <= before.ask:
        flow -= after.ask_lots
    if after.ask >= before.ask:
        flow += before.ask_lots
    return flow


class Decaying:
    """A sum whose past halves every `half_life` nanoseconds of market time."""

    __slots__ = ("_time", "half_life", "value")

    def __init__(self, half_life: int) -> None:
        assert half_life > 0, f"expected a positive half-life, got {half_life}"
        self.half_life = half_life
        self.value = 0.0  # as of the last addition
        self._time = 0

    def add(self, time: int, value: float) -> None:
        """Add `value` at `time`; a time before the last one counts as the last one."""
        self.value = self.at(time) + value
        self._time = max(time, self._time)

    def at(self, time: int) -> float:
        """What is left of the sum at `time`."""
        age = max(time - self._time, 0)
        return self.value * float(0.5 ** (age / self.half_life))


class OrderFlow:
    """Order-flow imbalance with exponential memory, in units of the average depth of the top."""

    __slots__ = ("_depth", "_flow", "_top", "_weight")

    def __init__(self, half_life: int) -> None:
        self._flow = Decaying(half_life)
        self._depth = Decaying(half_life)
        self._weight = Decaying(half_life)
        self._top: Top | None = None

    def update(self, time: int, top: Top) -> None:
        """Take the next top of the book."""
        before, self._top = self._top, top
        if before is None:
            return
        self._flow.add(time, order_flow(before, top))
        self._depth.add(time, 0.5 * (top.bid_lots + top.ask_lots))
        self._weight.add(time, 1.0)

    def lose(self) -> None:
        """The book has a gap: the next top has no predecessor."""
        self._top = None

    @property
    def value(self) -> float:
        """Decayed flow over the average depth, as of the last top; NaN before the second one."""
        depth = self._depth.value / self._weight.value if self._weight.value > 0.0 else 0.0
        return self._flow.value / depth if depth > 0.0 else nan


class TradeImbalance:
    """Signed share of aggressive volume, exponentially weighted: +1 only buyers lift, -1 only sellers hit."""

    __slots__ = ("_signed", "_total")

    def __init__(self, half_life: int) -> None:
        self._signed = Decaying(half_life)
        self._total = Decaying(half_life)

    def update(self, time: int, lots: float, buyer_is_maker: bool) -> None:
        """Take one public trade."""
        assert 0.0 <= lots < float("inf"), f"expected a traded quantity, got {lots}"
        self._signed.add(time, -lots if buyer_is_maker else lots)
        self._total.add(time, lots)

    @property
    def value(self) -> float:
        """From -1 to 1, as of the last trade; NaN before the first one."""
        return self._signed.value / self._total.value if self._total.value > 0.0 else nan
