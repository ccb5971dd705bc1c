"""Exchanges with one mistake each, to show that the comparison with the plain reference sees it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from midas.costs import FeeSchedule
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.lifecycle import Lifecycle, Listener
from midas.venues.sim.floor.matcher import Execution
from midas.venues.sim.floor.orders import Deal, Order
from midas.venues.sim.floor.queues import Queues, Resting
from midas.venues.sim.floor.settlement import Settlement
from tests.venues.sim.two_exchanges import Makes


class LastComesFirst(Queues):
    """The newest order at a price is filled first."""

    __slots__ = ()

    def at(self, key: int) -> list[Resting]:
        """The orders at `key`, the wrong way round."""
        return super().at(key)[::-1]


class PaysFeesInWhatItGave(Settlement):
    """The fee comes from the asset that was paid."""

    def book(self, desk: Desk, order: Order, execution: Execution, now: int) -> Deal:
        """Swap the fee after the deal."""
        deal = super().book(desk, order, execution, now)
        account, instrument = self._accounts[order.account], desk.instrument
        other = instrument.quote if deal.fee_asset == instrument.base else instrument.base
        value = deal.fee * deal.price if other == instrument.quote else deal.fee / deal.price
        value = value.quantize(Decimal("1e-8"))
        account.balance(deal.fee_asset).free += deal.fee
        account.balance(other).free -= value
        self.fees[deal.fee_asset] -= deal.fee
        self.fees[other] = self.fees.get(other, Decimal(0)) + value
        return deal


class MakersPayAsTakers(Settlement):
    """Every deal costs what a taker pays."""

    def _deal(self, desk: Desk, order: Order, execution: Execution, now: int) -> Deal:
        taken = Execution(execution.order_id, execution.tick, execution.lots, maker=False)
        return super()._deal(desk, order, taken, now)


class KeepsWhatWasLocked(Settlement):
    """An order that ends gives nothing back."""

    def release(self, desk: Desk, order: Order) -> None:
        """Forget it."""
        order.locked = Decimal(0)


class BothLegsLive(Lifecycle):
    """The second leg of a pair outlives the first one's trade."""

    def _win(self, desk: Desk, order: Order, now: int) -> None:
        made = self._pair_of(order)
        if made is not None and made.locked:
            self._money.claim(desk, made, order)


class RestsIoc(Lifecycle):
    """What an order leaves unfilled waits, whatever its time in force."""

    def _expire(self, desk: Desk, order: Order, reason: str, now: int) -> None:
        if reason != "UNFILLED_IOC_QUANTITY_EXPIRED":
            super()._expire(desk, order, reason, now)


class FirstStopLast(Lifecycle):
    """Of several stops that one trade reaches the newest starts first."""

    def traded(self, desk: Desk, tick: int, now: int) -> None:
        """The wrong way round."""
        self._due.extend(reversed(desk.triggers.traded(tick, now)))


def _wrong_queues(exchange: Exchange) -> None:
    for desk in exchange.desks.values():
        desk.matcher._bids, desk.matcher._asks = LastComesFirst(-1), LastComesFirst(+1)


def _wrong_money(kind: type[Settlement]) -> Callable[[Exchange], None]:
    def spoil(exchange: Exchange) -> None:
        exchange.money.__class__ = kind

    return spoil


def _wrong_life(kind: type[Lifecycle]) -> Callable[[Exchange], None]:
    def spoil(exchange: Exchange) -> None:
        exchange.life.__class__ = kind

    return spoil


MUTANTS: dict[str, Callable[[Exchange], None]] = {
    "last comes first": _wrong_queues,
    "pays fees in what it gave": _wrong_money(PaysFeesInWhatItGave),
    "makers pay as takers": _wrong_money(MakersPayAsTakers),
    "keeps what was locked": _wrong_money(KeepsWhatWasLocked),
    "both legs live": _wrong_life(BothLegsLive),
    "rests what should expire": _wrong_life(RestsIoc),
    "first stop last": _wrong_life(FirstStopLast),
}


def mutant(name: str) -> Makes:
    """Makes exchanges with the mistake of this name."""

    def makes(desks: list[Desk], accounts: list[Account], fees: FeeSchedule, heard: Listener) -> Exchange:
        exchange = Exchange(desks, accounts, fees, heard)
        MUTANTS[name](exchange)
        return exchange

    return makes
