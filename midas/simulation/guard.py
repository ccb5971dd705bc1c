"""The guard beside a simulated desk: it latches, cancels and closes while the engine stands still.

The shipped `runtime.takeover` acts, at one moment of the world; what it waits for takes its own time, and
the engine is back when that is over.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import msgspec

from midas.domain.mode import KillLevel
from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.domain.time import SECOND
from midas.errors import OutcomeUnknown, Rejected, StoreFull, Unreachable
from midas.runtime.records import decode_header
from midas.runtime.replay import fold_ledger
from midas.runtime.takeover import Holding, Report, Resting, Sale, Sold, Takeover
from midas.simulation.desk import Desk, Machine
from midas.simulation.network import Asked
from midas.simulation.storage import SimJournal, SimLatch
from midas.venues.binance.client import Reply
from midas.venues.sim.floor.accounts import API_KEY

BY = "midas guard"
CAUSE = "it hung"
DEAD_AFTER = 13 * SECOND
LOST = 0.2  # of the answers to its sales


class SimGuard:
    """One guard for all lives of a world's desk."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._session = ""  # that it last acted instead of
        self._sold: dict[str, Decimal] = {}
        self._sales: list[Sold] = []
        self.on_latched: Callable[[KillLevel], None] = lambda _: None

    def act(self, desk: Desk, level: KillLevel, until: float, chance: random.Random) -> bool:
        """Instead of an engine that stands still, and before it goes on; whether there was one to replace."""
        machine = self._machine
        stands = desk.process.alive and machine.loop.stopped(desk.process)
        if not stands or not desk.state.session or desk.journal.durable < 2:
            return False
        at = machine.clock.now()
        if machine.disk.latched is None:
            self._sold = {}  # a person released it: what the engine holds now, it holds since
        try:
            latched = SimLatch(machine.disk, desk.process).take_over(desk.session, level, BY, CAUSE, at)
        except StoreFull:
            return False
        if not desk.process.alive:
            return False  # the power went in that write, and the guard with it
        self.on_latched(latched.level)
        if desk.session != self._session:
            self._session, self._sold, self._sales = desk.session, {}, []
        report = Report(at, latched.level.value, CAUSE)
        report.sales = self._sales
        session = _Session(machine, chance, until)
        Takeover(
            session, lambda: held(desk.journal), session.alone, session.now, session.sleep, self._sold,
            self._keep,
        ).run(report, latched.level)  # fmt: skip
        self._keep(report)
        return True

    def _keep(self, report: Report) -> None:
        self._machine.disk.guards_sales = tuple(report.sales)


def held(journal: SimJournal) -> list[Holding]:
    """What that journal's durable rows know of each instrument, as `assembly.holdings` reads them."""
    rows = journal.rows[: journal.durable]
    header = decode_header(rows[0].body)
    carried = fold_ledger(header, rows[1:])
    found = []
    for instrument in header.config.instruments:
        ours = sum((s.quantity for s in carried.sleeves if s.instrument == instrument.id), ZERO)
        orders = [o for o in carried.orders if o.intent.instrument == instrument.id]
        buying = sum((o.intent.quantity - o.filled for o in orders if o.intent.side is Side.BUY), ZERO)
        foreign = max(ZERO, carried.balances.get(instrument.base, ZERO) - ours)
        found.append(Holding(instrument, foreign, max(ZERO, ours) + buying))
    return found


class _Session:
    """Its own connection to the venue, and its own time: the world's stands still while it acts."""

    dead_after = DEAD_AFTER

    def __init__(self, machine: Machine, chance: random.Random, until: float) -> None:
        self._machine = machine
        self._venue = machine.venue
        self._chance = chance
        self._slept = 0
        self._left = max(0, int((until - machine.loop.now) * SECOND))

    def now(self) -> int:
        """Wall nanoseconds, as the machine believes."""
        return self._machine.clock.now() + self._slept

    def sleep(self, seconds: float) -> None:
        """Of its own time."""
        self._slept += int(seconds * SECOND)

    def alone(self) -> str:
        """Empty until the engine goes on."""
        return "" if self._slept <= self._left else "the engine is back"

    def set_clock(self) -> None:
        """It asks by the venue's own time."""
        self._reach()

    def open_orders(self) -> list[Resting]:
        """Of the whole account."""
        self._reach()
        return [
            Resting(o.symbol, o.client_id, o.side.value, o.quantity - o.executed)
            for o in self._venue.open_orders
        ]

    def balances(self) -> dict[str, Decimal]:
        """Of each asset, free and locked."""
        self._reach()
        return {
            asset: balance.free + balance.locked for asset, balance in self._venue.account.balances.items()
        }

    def bid(self, symbol: str) -> Decimal:
        """The best one of the market outside."""
        self._reach()
        book = self._venue.books[symbol]
        return book.instrument.price(max(book.bids))

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """HTTP status and the venue's code."""
        return _status(self._asked("DELETE order", symbol=symbol, origClientOrderId=client_id))

    def cancel_all(self, symbol: str) -> tuple[int, int]:
        """Of one symbol, whosever they are."""
        return _status(self._asked("DELETE openOrders", symbol=symbol))

    def sell(self, symbol: str, quantity: Decimal, price: Decimal, client_id: str) -> Sale:
        """At once or not at all; now and then the answer is lost."""
        reply = self._asked(
            "POST order", symbol=symbol, side="SELL", type="LIMIT", timeInForce="IOC",
            quantity=str(quantity), price=str(price), newClientOrderId=client_id,
        )  # fmt: skip
        if reply.status != 200:
            raise Rejected("the venue takes no such sale", _status(reply)[1])
        if self._chance.random() < LOST or self._machine.network.weather.deaf:
            raise OutcomeUnknown("no answer from the venue")
        order = msgspec.json.decode(reply.body)
        return Sale(Decimal(order["executedQty"]), order["status"])

    def find(self, symbol: str, client_id: str) -> Sale | None:
        """A sale by its id."""
        self._reach()
        order = self._venue.find(symbol, client_id)
        return None if order is None else Sale(order.executed, order.status.value)

    def _asked(self, place: str, **parameters: str) -> Reply:
        self._reach()
        parameters["timestamp"] = str(self._venue.now() // 1_000_000)
        return self._venue.serve(Asked(place, parameters, API_KEY))

    def _reach(self) -> None:
        if self._machine.network.weather.cut:
            raise Unreachable("the venue can't be reached")


def _status(reply: Reply) -> tuple[int, int]:
    return (200, 0) if reply.status == 200 else (reply.status, int(msgspec.json.decode(reply.body)["code"]))
