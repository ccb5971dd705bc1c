"""Round trips from flat to flat, with all their fees and funding, and what they say together.

Money is exact; what is computed from many results is evidence. The profit factor of trades and that of
daily returns are different numbers: the KPI is on trades.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import fsum, sqrt

import msgspec

from midas.domain.money import ZERO
from midas.statistics.conventions import (
    LEAST_HIT_RATE,
    LEAST_MEAN,
    NO_SPREAD,
    Figure,
    Reason,
    deviation,
    mean,
    refusal,
    unknown,
)
from midas.statistics.performance import profit_factor, win_rate


class Deal(msgspec.Struct, frozen=True):
    """One fill of one instrument: `quantity` in base units, negative for a sale; `fee` in quote currency."""

    time: int
    quantity: Decimal
    price: Decimal
    fee: Decimal = ZERO  # negative: a rebate


class Funding(msgspec.Struct, frozen=True):
    """Funding or interest of one instrument, quote currency; negative where it was paid."""

    time: int
    amount: Decimal


class Match(msgspec.Struct, frozen=True):
    """A part of a position, first in first out, from the deal that opened it to the one that closed it."""

    opened_at: int
    closed_at: int
    quantity: Decimal  # negative: it was short
    entry: Decimal
    exit: Decimal
    fees: Decimal  # its share of what both deals cost

    @property
    def profit(self) -> Decimal:
        """After its fees, quote currency; funding belongs to the round trip."""
        return self.quantity * (self.exit - self.entry) - self.fees


class RoundTrip(msgspec.Struct, frozen=True):
    """From flat to flat: a trade."""

    opened_at: int
    closed_at: int
    matches: tuple[Match, ...]
    funding: Decimal

    @property
    def long(self) -> bool:
        """Whether it began with a purchase."""
        return self.matches[0].quantity > ZERO

    @property
    def fees(self) -> Decimal:
        """Of all its deals, quote currency."""
        return sum((match.fees for match in self.matches), ZERO)

    @property
    def profit(self) -> Decimal:
        """After fees and funding, quote currency."""
        return sum((match.profit for match in self.matches), self.funding)


class Trips(msgspec.Struct, frozen=True):
    """The trades of one instrument, and what belongs to none of them yet."""

    closed: tuple[RoundTrip, ...]
    realised: tuple[Match, ...]  # of the trade that is still open
    position: Decimal
    funding: Decimal  # of the trade that is still open

    @property
    def profits(self) -> list[float]:
        """The result of each closed trade, oldest first, as evidence."""
        return [float(trip.profit) for trip in self.closed]


class TradeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What the results of many trades say; in the unit of the results where not a ratio."""

    profit_factor: Figure
    win_rate: Figure
    payoff: Figure
    expectancy: Figure
    quality: Figure


class _Lot(msgspec.Struct):
    """What is left of an opening deal."""

    time: int
    quantity: Decimal
    price: Decimal
    fee: Decimal  # of what is left

    def take(self, quantity: Decimal) -> Decimal:
        """Takes `quantity` off and gives its share of the fee; the last part gets all that is left."""
        fee = self.fee if quantity == self.quantity else self.fee * quantity / self.quantity
        self.quantity -= quantity
        self.fee -= fee
        return fee


def round_trips(entries: Iterable[Deal | Funding]) -> Trips:
    """The trades of one instrument from its deals and funding, in order of time.

    A deal through zero closes one trade and opens the next. Funding that arrives when flat belongs to the
    trade before it, or to the first one where there is none.
    """
    book = _Book()
    for entry in entries:
        if isinstance(entry, Funding):
            book.fund(entry)
        else:
            book.trade(entry)
    return book.trips()


def trade_statistics(profits: Sequence[float], least: int | None = None) -> TradeStatistics:
    """Everything told of the results of trades; `least` replaces the number of trades each figure needs."""
    rate, centre = (least, least) if least is not None else (LEAST_HIT_RATE, LEAST_MEAN)
    return TradeStatistics(
        profit_factor=profit_factor(profits, rate),
        win_rate=win_rate(profits, rate),
        payoff=payoff(profits, rate),
        expectancy=expectancy(profits, centre),
        quality=quality(profits, rate),
    )


def payoff(profits: Sequence[float], least: int = LEAST_HIT_RATE) -> Figure:
    """The mean win over the mean loss; NaN without either."""
    if refused := refusal(profits, least):
        return refused
    wins = [each for each in profits if each > 0.0]
    losses = [each for each in profits if each < 0.0]
    if not wins or not losses:
        return unknown(Reason.NO_LOSSES if wins else Reason.NO_WINS, len(profits))
    return Figure(mean(wins) / -mean(losses), len(profits))


def expectancy(profits: Sequence[float], least: int = LEAST_MEAN) -> Figure:
    """The mean result of a trade, in the unit of the results."""
    return refusal(profits, least) or Figure(fsum(profits) / len(profits), len(profits))


def quality(profits: Sequence[float], least: int = LEAST_HIT_RATE) -> Figure:
    """The system quality number sqrt(n) mean / std, ddof 1 (Tharp): the t statistic of the mean trade."""
    if refused := refusal(profits, max(least, 2)):
        return refused
    spread = deviation(profits)
    if spread < NO_SPREAD:
        return unknown(Reason.NO_SPREAD, len(profits))
    return Figure(sqrt(len(profits)) * mean(profits) / spread, len(profits))


class _Book:
    """The open lots of one instrument, and the trades that they became."""

    def __init__(self) -> None:
        self._lots: deque[_Lot] = deque()
        self._matches: list[Match] = []
        self._funding = ZERO
        self._closed: list[RoundTrip] = []

    def fund(self, entry: Funding) -> None:
        """Books funding to the open trade, or when flat to the last one."""
        if self._lots or not self._closed:
            self._funding += entry.amount
        else:
            last = self._closed[-1]
            self._closed[-1] = msgspec.structs.replace(last, funding=last.funding + entry.amount)

    def trade(self, deal: Deal) -> None:
        """Closes what the deal is against, oldest first, and opens the rest."""
        assert deal.quantity != ZERO, f"expected a deal over something, got {deal}"
        rest = _Lot(deal.time, deal.quantity, deal.price, deal.fee)
        while rest.quantity and self._lots and self._lots[0].quantity * rest.quantity < ZERO:
            self._match(self._lots[0], rest)
            if not self._lots[0].quantity:
                self._lots.popleft()
            if not self._lots:
                self._close(deal.time)
        if rest.quantity:
            self._lots.append(rest)

    def trips(self) -> Trips:
        """What was booked so far."""
        position = sum((lot.quantity for lot in self._lots), ZERO)
        return Trips(tuple(self._closed), tuple(self._matches), position, self._funding)

    def _match(self, lot: _Lot, rest: _Lot) -> None:
        smaller = min(abs(lot.quantity), abs(rest.quantity))
        quantity = smaller if lot.quantity > ZERO else -smaller
        fees = lot.take(quantity) + rest.take(-quantity)
        self._matches.append(Match(lot.time, rest.time, quantity, lot.price, rest.price, fees))

    def _close(self, time: int) -> None:
        matches = tuple(self._matches)
        self._closed.append(RoundTrip(matches[0].opened_at, time, matches, self._funding))
        self._matches, self._funding = [], ZERO
