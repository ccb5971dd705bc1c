"""The exact side of the account: balances, one sleeve per strategy and instrument, and known trades.

Balances follow fills and their fees to the last digit; a sleeve's cost is carried at average price. Every
fee is part of the result at once, also one taken in the base asset: what is held costs what was traded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Context, Decimal

import msgspec

from midas.domain.carry import SleeveCarried
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to
from midas.domain.order import BalanceReport, Fill, Side
from midas.domain.trips import OpenTrip, Trip

EXACT = Context(prec=80)  # of two factors with 18 decimals no digit is lost; the default keeps 28 in all
RELEASE_STEP = Decimal("1e-12")  # a released cost is rounded to it, so that what is left stays exact
TRIPS_KEPT = 1_000  # round trips per strategy
TRADES_KEPT = 20_000  # per instrument; older duplicates can't come back, venues page forward


class Sleeve:
    """One strategy's position in one instrument."""

    __slots__ = (
        "cost", "ended", "fees", "fills", "handed", "instrument", "opened_at", "quantity", "realised",
        "strategy", "trip",
    )  # fmt: skip

    def __init__(self, strategy: str, instrument: str) -> None:
        self.strategy = strategy
        self.instrument = instrument
        self.quantity = ZERO
        self.cost = ZERO  # quote units paid for `quantity`, without fees; received where it is short
        self.realised = ZERO
        self.fees = ZERO  # quote units
        self.fills = 0
        self.handed = ZERO  # of `quantity`, what came from another sleeve (went to one: below zero)
        self.opened_at = 0
        self.trip = OpenTrip()
        self.ended: Trip | None = None  # the round trip that the last fill closed

    @property
    def average_price(self) -> Decimal:
        """What a unit was traded at; zero when flat."""
        return self.cost / self.quantity if self.quantity else ZERO

    def book(self, side: Side, fill: Fill, instrument: Instrument) -> Decimal:
        """Apply one fill; returns the realised result in quote units, fees included."""
        fee_base = fill.fee if fill.fee_asset == instrument.base else ZERO
        fee = fee_base * fill.price + (fill.fee if fill.fee_asset == instrument.quote else ZERO)
        change = fill.quantity * side.sign - fee_base
        value = change * fill.price
        self.fees += fee
        self.fills += 1
        released, closing_value = self._release(change, value)
        before, opened_at = self.quantity, self.opened_at
        turned = before * (before + change) < 0
        if turned or self._nothing(fill, instrument):
            self.opened_at = fill.time
        self.quantity += change
        self.cost += value - closing_value - released
        realised = -closing_value - released - fee
        self.realised += realised
        self.trip, self.ended = self.trip.earned(realised + fee, fee), None
        over = turned or (abs(self.quantity) < abs(before) and self._nothing(fill, instrument))
        if over and self.trip.paid:
            self.ended = self.trip.closed(self.strategy, self.instrument, opened_at, fill.time)
            self.trip = OpenTrip()
        if turned or before * change >= 0:
            self.trip = self.trip.entered(self.quantity if turned else change, value - closing_value)
        return realised

    def _nothing(self, fill: Fill, instrument: Instrument) -> bool:
        """Flat, or left with less than the venue would have taken an order of at this price."""
        if not self.quantity:
            return True
        lots = floor_to(abs(self.quantity), instrument.lot_size)
        return lots < max(instrument.quantity_min, instrument.lot_size) or (
            lots * fill.price < instrument.notional_min
        )

    def _release(self, change: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
        """What `change` closes of the position: the cost it takes out, and its part of the trade's value."""
        if self.quantity * change >= 0:
            return ZERO, ZERO
        held, moved = abs(self.quantity), abs(change)
        if moved == held:
            return self.cost, value
        if moved < held:
            return (self.cost * moved / held).quantize(RELEASE_STEP), value
        return self.cost, (value * held / moved).quantize(RELEASE_STEP)

    def carried(self) -> SleeveCarried:
        """The sleeve as the next session inherits it."""
        return SleeveCarried(
            strategy=self.strategy, instrument=self.instrument, quantity=self.quantity, cost=self.cost,
            realised=self.realised, fees=self.fees, fills=self.fills, opened_at=self.opened_at,
            trip=self.trip, handed=self.handed,
        )  # fmt: skip


class Ledger:
    """Balances and sleeves of one account."""

    def __init__(self) -> None:
        self.opened = False
        self.changes = 0  # as long as it is the same, so is every balance and every position
        self.balances: dict[str, Decimal] = {}
        self._amounts: tuple[int, dict[str, float]] = (0, {})  # of which count of changes
        self.sleeves: dict[tuple[str, str], Sleeve] = {}
        self._trips: dict[str, tuple[Trip, ...]] = {}
        self._new_trips: dict[str, list[Trip]] = {}  # ended since somebody last asked for them
        self._trades: dict[str, set[int]] = {}
        self._recent: dict[str, deque[int]] = {}
        self._busted: dict[str, set[int]] = {}

    def open(self, balances: tuple[BalanceReport, ...]) -> None:
        """The first sight of an account: what it held before us is our opening."""
        self.changes += 1
        self.balances = {b.asset: b.total for b in balances}
        self.opened = True

    def restore(
        self,
        balances: dict[str, Decimal],
        sleeves: tuple[SleeveCarried, ...],
        trade_ids: dict[str, tuple[int, ...]],
        busted: dict[str, tuple[int, ...]] | None = None,
    ) -> None:
        """Take over the last session's ledger."""
        self.changes += 1
        self._busted = {instrument: set(ids) for instrument, ids in (busted or {}).items()}
        self.balances = dict(balances)
        self.opened = True
        for carried in sleeves:
            sleeve = self._sleeve(carried.strategy, carried.instrument)
            sleeve.quantity, sleeve.cost, sleeve.realised = carried.quantity, carried.cost, carried.realised
            sleeve.fees, sleeve.fills, sleeve.opened_at = carried.fees, carried.fills, carried.opened_at
            sleeve.trip, sleeve.handed = carried.trip, carried.handed
        self.first_sight(trade_ids)
        for instrument, ids in trade_ids.items():
            for trade_id in ids:
                self.remember(instrument, trade_id)

    @property
    def amounts(self) -> dict[str, float]:
        """The balances as evidence; to look at."""
        changes, amounts = self._amounts
        if changes != self.changes:
            amounts = {asset: float(balance) for asset, balance in self.balances.items()}
            self._amounts = self.changes, amounts
        return amounts

    def sleeve(self, strategy: str, instrument: str) -> Sleeve:
        """To look at: an empty one, kept nowhere, where nothing was ever booked."""
        return self.sleeves.get((strategy, instrument)) or Sleeve(strategy, instrument)

    def first_sight(self, instruments: Iterable[str]) -> frozenset[str]:
        """Those whose trades this ledger has never been shown; from now on it has."""
        new = frozenset(instruments) - self._trades.keys()
        for instrument in sorted(new):  # the order in which they are carried
            self._trades[instrument], self._recent[instrument] = set(), deque()
        return new

    def position(self, instrument: str) -> Decimal:
        """Sum of all sleeves in one instrument."""
        return sum((s.quantity for s in self.sleeves.values() if s.instrument == instrument), ZERO)

    def knows(self, instrument: str, trade_id: int) -> bool:
        """Has this execution been booked?"""
        return trade_id in self._trades.get(instrument, ())

    def remember(self, instrument: str, trade_id: int) -> None:
        """Mark a trade as booked."""
        if instrument not in self._trades:
            self.first_sight((instrument,))
        known, recent = self._trades[instrument], self._recent[instrument]
        known.add(trade_id)
        recent.append(trade_id)
        if len(recent) > TRADES_KEPT:
            known.discard(recent.popleft())

    def trades(self, instrument: str) -> tuple[int, ...]:
        """Known trade ids that stand, in the order they were booked."""
        gone = self._busted.get(instrument, ())
        if not gone:
            return tuple(self._recent.get(instrument, ()))
        return tuple(i for i in self._recent.get(instrument, ()) if i not in gone)

    def known(self) -> dict[str, tuple[int, ...]]:
        """Known trade ids of every instrument that was ever seen here, traded now or not."""
        return {instrument: tuple(ids) for instrument, ids in self._recent.items()}

    def book(self, strategy: str, side: Side, fill: Fill, instrument: Instrument) -> Decimal:
        """Book a fill that isn't known yet; returns the realised result in quote units."""
        self.changes += 1
        if fill.trade_id >= 0:  # else it isn't the venue's
            self.remember(instrument.id, fill.trade_id)
        self._add(instrument.base, fill.quantity * side.sign)
        self._add(instrument.quote, EXACT.multiply(EXACT.multiply(fill.price, fill.quantity), -side.sign))
        self._add(fill.fee_asset, -fill.fee)
        sleeve = self._sleeve(strategy, instrument.id)
        realised = sleeve.book(side, fill, instrument)
        if sleeve.ended is not None:
            self._keep_trip(strategy, sleeve.ended)
        return realised

    def _keep_trip(self, strategy: str, ended: Trip) -> None:
        new = self._new_trips.setdefault(strategy, [])
        new.append(ended)
        if len(new) > TRIPS_KEPT:
            del new[0]

    def stopped(self, strategy: str, instrument: str, level: Decimal) -> None:
        """A stop protects what is held now: the first level of a round trip says what it risks."""
        sleeve = self.sleeves.get((strategy, instrument))
        if sleeve is not None and sleeve.trip.paid and sleeve.trip.stop is None:
            sleeve.trip = msgspec.structs.replace(sleeve.trip, stop=level)

    @property
    def trips(self) -> dict[str, tuple[Trip, ...]]:
        """The round trips by strategy, the oldest first; a tuple is another one once a trip has ended."""
        for strategy, new in self._new_trips.items():
            self._trips[strategy] = (*self._trips.get(strategy, ()), *new)[-TRIPS_KEPT:]
        self._new_trips.clear()
        return self._trips

    @property
    def closed(self) -> tuple[Trip, ...]:
        """The round trips of all strategies, the oldest first."""
        every = [trip for trips in self.trips.values() for trip in trips]
        return tuple(sorted(every, key=lambda trip: (trip.closed_at, trip.strategy)))

    def restore_trips(self, trips: Iterable[Trip]) -> None:
        """Those of earlier sessions."""
        found: dict[str, list[Trip]] = {}
        for trip in trips:
            found.setdefault(trip.strategy, []).append(trip)
        self._new_trips.clear()
        self._trips = {strategy: tuple(made[-TRIPS_KEPT:]) for strategy, made in found.items()}

    def adjust(self, asset: str, amount: Decimal) -> None:
        """A balance moves, and no trade made it."""
        self.changes += 1
        self._add(asset, amount)

    def move(self, strategy: str, side: Side, fill: Fill, instrument: Instrument) -> None:
        """A sleeve's position moves at the price of `fill`; the balances have moved already."""
        self.changes += 1
        self._sleeve(strategy, instrument.id).book(side, fill, instrument)

    def hand_over(
        self, giver: str, taker: str, quantity: Decimal, price: Decimal, instrument: Instrument, at: int
    ) -> None:
        """A position goes from one sleeve to another at a price; no balance moves and no trade was made."""
        self.changes += 1
        fill = Fill(trade_id=-at, price=price, quantity=quantity, fee=ZERO, fee_asset="", maker=True, time=at)
        for strategy, side in ((giver, Side.SELL), (taker, Side.BUY)):
            self.move(strategy, side, fill, instrument)
            sleeve = self._sleeve(strategy, instrument.id)
            sleeve.fills -= 1
            sleeve.handed += quantity * side.sign
            if sleeve.ended is not None:
                self._keep_trip(strategy, sleeve.ended)

    def stands(self, instrument: str, trade_id: int) -> bool:
        """Has this execution been booked, and not been taken back?"""
        return self.knows(instrument, trade_id) and trade_id not in self._busted.get(instrument, ())

    def busted(self) -> dict[str, tuple[int, ...]]:
        """Trades of every instrument that the venue took back; they stay known, so none is booked again."""
        return {instrument: tuple(sorted(ids)) for instrument, ids in self._busted.items()}

    def unbook(self, strategy: str, side: Side, fill: Fill, instrument: Instrument) -> Decimal:
        """Take back a booked fill, fee included; returns what that does to the result, in quote units.

        At average price a sleeve can't forget one trade in the middle: it trades the same amount back.
        """
        self.changes += 1
        self._busted.setdefault(instrument.id, set()).add(fill.trade_id)
        self._add(instrument.base, -fill.quantity * side.sign)
        self._add(instrument.quote, EXACT.multiply(EXACT.multiply(fill.price, fill.quantity), side.sign))
        self._add(fill.fee_asset, fill.fee)
        back = Side.SELL if side is Side.BUY else Side.BUY
        sleeve = self._sleeve(strategy, instrument.id)
        realised = sleeve.book(back, msgspec.structs.replace(fill, fee=-fill.fee), instrument)
        sleeve.fills -= 2  # neither the trade nor its return
        if sleeve.ended is not None:  # nothing ended here: what it made counts in the next round trip
            sleeve.trip = sleeve.trip.earned(sleeve.ended.gross, sleeve.ended.costs)
        return realised

    def _sleeve(self, strategy: str, instrument: str) -> Sleeve:
        sleeve = self.sleeves.get((strategy, instrument))
        if sleeve is None:
            sleeve = self.sleeves[(strategy, instrument)] = Sleeve(strategy, instrument)
        return sleeve

    def _add(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] = EXACT.add(self.balances.get(asset, ZERO), amount)
