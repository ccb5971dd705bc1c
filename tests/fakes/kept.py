"""A small exchange with a memory and without sockets: stepped by hand, killed, and begun again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec

from midas.costs import FeeSchedule
from midas.domain.order import Side, TimeInForce
from midas.domain.time import SECOND
from midas.venues.sim.config import ExchangeConfig, open_accounts
from midas.venues.sim.doors.broadcast import Broadcast
from midas.venues.sim.doors.streams import Hub
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.orders import Ask, Kind, Order
from midas.venues.sim.kept.memory import Memory, identity_of
from midas.venues.sim.source.feed import Feed
from midas.venues.sim.source.market import MarketEvent, Responsive, Source
from tests.fakes.floor import Heard

WALL = 1_800_000_000 * SECOND


class KeptExchange:
    """One life of an exchange; the next one is opened on the same file."""

    def __init__(self, path: Path, config: ExchangeConfig, market: Callable[[], Source]) -> None:
        source = market()
        self._path = path
        self.heard = Heard()
        desks = [Desk(one, source.start, source.lateness, config.seed) for one in source.listings()]
        if isinstance(source, Responsive):
            for desk in desks:
                desk.matcher.book.tell(partial(source.taken, desk.symbol))
        self.memory = Memory(path, identity_of(config))
        self.feed = Feed(source)
        fees = FeeSchedule(config.maker_fee, config.taker_fee)
        listener = self.memory.listen(self.heard)
        self.exchange = Exchange(
            desks, open_accounts(config, [desk.instrument for desk in desks]), fees, listener
        )
        self.keeper = self.memory.open(self.exchange, self.feed, config.speed, WALL)
        self._broadcast = Broadcast(self.exchange.desks, Hub(_nobody))
        self._events: Iterator[MarketEvent] = self.feed.events()
        self._next = next(self._events, None)  # as the pacer does: one ahead

    def step(self, count: int = 1) -> None:
        """Handle events of the market."""
        for _ in range(count):
            if self._next is None:
                return
            self.keeper.handling(self._next)
            closed = self.exchange.market(self._next, WALL)
            self._broadcast.event(self._next, closed)
            self._next = next(self._events, None)

    def place(self, account: Account, ask: Ask) -> Order:
        """Place one order; it is durable when this returns."""
        try:
            return self.exchange.place(account, ask, WALL)
        finally:
            self.keeper.commit()

    def kill(self, folder: Path) -> Path:
        """The file as a process leaves it that is killed now: what wasn't committed is lost."""
        folder.mkdir()
        for part in self._path.parent.glob(f"{self._path.name}*"):
            shutil.copyfile(part, folder / part.name)
        return folder / self._path.name

    def level(self) -> None:
        """Let the clocks of quiet symbols come up to the others, as a start does."""
        time = max(desk.time for desk in self.exchange.desks.values())
        for desk in self.exchange.desks.values():
            desk.advance(time)

    def stop(self) -> None:
        """End cleanly."""
        self.memory.close(ended=False)

    def state(self) -> bytes:
        """Everything that a client can see, as bytes to compare."""
        exchange = self.exchange
        desks = {
            symbol: (
                desk.save(),
                desk.matcher.save(),
                desk.triggers.stops,
                desk.tape.trades[-500:],
                desk.tape.aggregates[-500:],
                [desk.charts.candles(name) for name in ("1s", "1m", "1h", "1d", "1M")],
            )
            for symbol, desk in exchange.desks.items()
        }
        registry = exchange.registry
        ledger = (
            registry.orders,
            sorted(registry.open),
            registry.lists,
            exchange.deals,
            exchange.wallet.flows,
        )
        balances = {
            name: (account.balances, account.volume.days) for name, account in exchange.accounts.items()
        }
        numbers = registry.next_order, registry.next_list, exchange.money.fees, exchange.money.outside
        return msgspec.msgpack.encode((desks, ledger, balances, numbers))


def limit(symbol: str, side: Side, quantity: str, price: Decimal) -> Ask:
    """A limit order."""
    return Ask(
        symbol=symbol, side=side, type=Kind.LIMIT, time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity), price=price,
    )  # fmt: skip


def _nobody() -> None:
    """No stream has a subscriber."""
