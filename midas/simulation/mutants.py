"""Planted bugs: what the invariants are worth is how soon they catch them.

A mutant replaces a few methods of the shipped classes, in a process of the simulation that was asked for it
and for as long as one world runs. Nothing here is ever imported by the desk itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec

from midas.agents import execution_agent, risk_manager
from midas.domain.carry import Carried
from midas.domain.event import OrderRejected
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, OrderReport, Phase
from midas.engine.adjusting import Adjuster
from midas.engine.engine import Engine
from midas.engine.passes import Passes
from midas.errors import ConfigInvalid
from midas.risk import exposure
from midas.runtime import gate
from midas.runtime.gate import SendGate
from midas.runtime.latching import Latching
from midas.simulation.client import SimClient
from midas.simulation.desk import Desk
from midas.simulation.storage import SimJournal, SimLatch
from midas.state import reconcile
from midas.state.control import Control
from midas.state.ledger import Ledger
from midas.state.lives import REQUEST_LIFE
from midas.state.order import Order
from midas.state.orders import Orders
from midas.state.requests import Requests
from midas.state.state import State
from midas.venues.binance import answers
from midas.venues.binance.broker import BinanceBroker
from midas.venues.binance.clock import VenueClock
from midas.venues.binance.weights import Weights

SEEDS = 200  # within which each has to be caught
Make = Callable[[Any], Any]  # the shipped method -> the broken one


class Mutant(msgspec.Struct, frozen=True):
    """One bug, where it sits, and which invariants may be the first to notice."""

    name: str
    spots: tuple[tuple[Any, str, Make], ...]
    caught_by: tuple[str, ...]
    hands: bool = False  # hunted in worlds with busy hands: no other reaches it


@contextmanager
def planted(name: str) -> Iterator[None]:
    """This process has that bug until the end of the block; nothing for an empty name."""
    if not name:
        yield
        return
    spots = named(name).spots
    shipped = [(owner, attribute, owner.__dict__[attribute]) for owner, attribute, _ in spots]
    try:
        for (owner, attribute, make), (_, _, original) in zip(spots, shipped, strict=True):
            setattr(owner, attribute, make(original))
        yield
    finally:
        for owner, attribute, original in shipped:
            setattr(owner, attribute, original)


def named(name: str) -> Mutant:
    """The mutant of that name. Raises ConfigInvalid."""
    found = next((mutant for mutant in (*MUTANTS, *RARE) if mutant.name == name), None)
    if found is None:
        raise ConfigInvalid(f"there is no mutant {name!r}; there are {', '.join(m.name for m in MUTANTS)}")
    return found


def _always(value: Any) -> Make:
    return lambda _: lambda *_args, **_more: value


def _no_barrier(_: Any) -> Any:
    async def barrier(self: SimJournal) -> None:
        await asyncio.sleep(0)

    return barrier


def _starts_at_once(original: Any) -> Any:
    def opened(self: Engine, event: Any) -> None:
        original(self, event)
        self.state.recovering = False

    return opened


def _believes_old_words(original: Any) -> Any:
    def reported(self: Orders, report: OrderReport, asked_at: int, at: int, venue_time: int = 0) -> Any:
        later = asked_at + 3_600_000_000_000
        return original(self, msgspec.structs.replace(report, time=0), later, at, venue_time)

    return reported


def _frees_at_cancel(original: Any) -> Any:
    return property(lambda self: ZERO if self.pending_cancel else original.fget(self))


def _server_error_is_a_no(original: Any) -> Any:
    async def answered(self: Any, intent: Any, reply: Any) -> None:
        if isinstance(self._rest.meaning(reply), answers.Unknown):
            self._publish(OrderRejected(intent.client_id, reply.status, "server error", self._now()))
        else:
            await original(self, intent, reply)

    return answered


def _silence_is_a_no(_: Any) -> Any:
    def unanswered(self: Any, client_id: str, silence: Any) -> Any:
        return OrderRejected(client_id, 0, silence.cause, self._now())

    return unanswered


def _posts_again(original: Any) -> Any:
    async def create_order(self: SimClient, **parameters: Any) -> Any:
        try:
            return await original(self, **dict(parameters))
        except (ConnectionError, TimeoutError):
            return await original(self, **parameters)

    return create_order


def _closes_without_fills(original: Any) -> Any:
    def closed(self: Orders, client_id: str, reason: CloseReason, filled: Decimal, at: int) -> Any:
        return original(self, client_id, reason, ZERO, at)

    return closed


def _latch_in_memory(original: Any) -> Any:
    def made(self: SimLatch, disk: Any, process: Any) -> None:
        original(self, disk, process)
        disk.latched = None

    return made


def _one_not_found(original: Any) -> Any:
    def absent(self: Orders, client_id: str, *asked: int) -> Any:
        order = self.open.get(client_id)
        if order is not None and not order.absent_at:
            order.absent_at = 1
        return original(self, client_id, *asked)

    return absent


def _absent_too_soon(original: Any) -> Any:
    def absent(self: Orders, client_id: str, *asked: int) -> Any:
        order = self.open.get(client_id)
        if order is not None:
            order.dead_at = 1
        return original(self, client_id, *asked)

    return absent


def _refusal_is_cancelled(original: Any) -> Any:
    def rejected(self: Requests, client_id: str, reason: str, at: int, gone: bool = True) -> Any:
        order = self.open.get(client_id)
        if order is not None and gone:
            return self._close(order, CloseReason.CANCELED, at, reason)
        return original(self, client_id, reason, at, gone)

    return rejected


def _late_fill_ignored(original: Any) -> Any:
    def book_fill(self: State, event: Any) -> Any:
        order = self.orders.get(event.client_id)
        return [] if order is not None and order.phase is Phase.CLOSED else original(self, event)

    return book_fill


def _overfill_refused(original: Any) -> Any:
    def book_fill(self: State, event: Any) -> Any:
        order = self.orders.get(event.client_id)
        if order is not None and order.filled + event.fill.quantity > order.intent.quantity:
            return []
        return original(self, event)

    return book_fill


def _same_session_again(original: Any) -> Any:
    def made(self: Desk, machine: Any, number: int) -> None:
        original(self, machine, number)
        self.session = "20260109-120000-0001"

    return made


def _forgets(**fields: Any) -> Make:
    def make(original: Any) -> Any:
        def carried(self: State) -> Carried:
            whole: Carried = original(self)
            return msgspec.structs.replace(whole, **fields)

        return carried

    return make


def _leaves_out(kind: bytes) -> Make:
    def make(original: Any) -> Any:
        def append(self: SimJournal, sequence: int, name: str, at: int, body: bytes) -> None:
            if kind not in body[:40]:
                original(self, sequence, name, at, body)

        return append

    return make


def _first_fill_only(original: Any) -> Any:
    def filled(self: Orders, client_id: str, fill: Any, at: int) -> Any:
        order = self.get(client_id)
        before = order.filled if order is not None else ZERO
        changes = original(self, client_id, fill, at)
        if order is not None and before:
            order.filled = before
        return changes

    return filled


def _fee_forgotten(original: Any) -> Any:
    def book(self: Ledger, strategy: str, side: Any, fill: Any, instrument: Any) -> Any:
        return original(self, strategy, side, msgspec.structs.replace(fill, fee=ZERO), instrument)

    return book


def _first_trades_missed(original: Any) -> Any:
    def first_sight(self: Ledger, instruments: Any) -> Any:
        unseen = {name for name in instruments if not set(self.trades(name)) - {reconcile.NEVER}}
        return original(self, instruments) | unseen

    return first_sight


def _dated_by_our_clock(original: Any) -> Any:
    def restore(self: Orders, carried: Any, at: int) -> None:
        original(self, carried, at)
        order = self.open[carried.intent.client_id]
        order.dead_at = carried.dead_at or at + REQUEST_LIFE

    return restore


def _one_clean_pass(original: Any) -> Any:
    def folded(self: Any, event: Any, done: Any) -> Any:
        self._clean = 1
        return original(self, event, done)

    return folded


def _pending_blind(_: Any) -> Any:
    def ordered(state: State, chart: Any, held: Any, known: Any, without: str = "") -> Any:
        return held.beside(), {}

    return ordered


def _silence_by_our_clock(original: Any) -> Any:
    def made(self: Weights, now: Any, limits: Any = None, elapsed: Any = None) -> None:
        original(self, now, limits, now)

    return made


def _sells_over_its_stop(original: Any) -> Any:
    def free_base(self: State, *asked: str) -> Any:
        standing = self.orders.open
        self.orders.open = {i: order for i, order in standing.items() if not order.protects}
        try:
            return original(self, *asked)
        finally:
            self.orders.open = standing

    return free_base


MUTANTS: tuple[Mutant, ...] = (
    Mutant("fill-counts-twice", ((Ledger, "knows", _always(False)),), ("I4", "I1")),
    Mutant("sent-before-durable", ((SimJournal, "barrier", _no_barrier),), ("I3",)),
    Mutant("no-start-pass", ((Engine, "_opened", _starts_at_once),), ("I7",)),
    Mutant("one-start-pass", ((Passes, "folded", _one_clean_pass),), ("I7",)),
    Mutant(
        "stale-status-believed",
        ((Orders, "reported", _believes_old_words), (reconcile, "_moving", _always(set()))),
        ("I5",),
    ),
    Mutant("exposure-freed-at-cancel", ((Order, "reserved", _frees_at_cancel),), ("I6",)),
    Mutant("server-error-is-a-no", ((BinanceBroker, "_answered", _server_error_is_a_no),), ("I6", "I4")),
    Mutant("silence-is-a-no", ((BinanceBroker, "_unanswered", _silence_is_a_no),), ("I6",)),
    Mutant("post-sent-again", ((SimClient, "create_order", _posts_again),), ("I3",)),
    Mutant("closed-before-fills", ((Orders, "closed_by_venue", _closes_without_fills),), ("I4",)),
    Mutant("latch-forgotten", ((SimLatch, "__init__", _latch_in_memory),), ("I12", "I7")),
    Mutant("absent-after-one-answer", ((Orders, "absent", _one_not_found),), ("I6",)),
    Mutant("absent-too-soon", ((Orders, "absent", _absent_too_soon),), ("I6",)),
    Mutant(
        "refused-cancel-is-cancelled", ((Requests, "cancel_rejected", _refusal_is_cancelled),), ("I4", "I6")
    ),
    Mutant("late-fill-ignored", ((State, "book_fill", _late_fill_ignored),), ("I1",)),
    Mutant("overfill-refused", ((State, "book_fill", _overfill_refused),), ("I1",)),
    Mutant("gate-ignored", ((SendGate, "_refusal", _always("")),), ("I7",)),
    Mutant(
        "doubt-opens-more",
        tuple((place, "entry_closed", _always(None)) for place in (gate, execution_agent, risk_manager)),
        ("I7",),
    ),
    Mutant("client-id-again", ((Desk, "__init__", _same_session_again),), ("I3",)),
    Mutant("sleeves-not-carried", ((State, "carried", _forgets(sleeves=())),), ("I1",)),
    Mutant("trade-ids-not-carried", ((State, "carried", _forgets(trade_ids={})),), ("I1",)),
    Mutant("orders-not-carried", ((State, "carried", _forgets(orders=())),), ("I1", "I6")),
    Mutant("kill-withdraws-nothing", ((Engine, "_withdraw_unwanted", _always(None)),), ("I12", "I9")),
    Mutant("fill-not-journaled", ((SimJournal, "append", _leaves_out(b'"order.filled"')),), ("I8",)),
    Mutant("pass-not-journaled", ((SimJournal, "append", _leaves_out(b'"type":"account"')),), ("I8",)),
    Mutant("first-fill-only", ((Orders, "filled", _first_fill_only),), ("I4",)),
    Mutant("fee-forgotten", ((Ledger, "book", _fee_forgotten),), ("I1",)),
    Mutant("first-trades-missed", ((Ledger, "first_sight", _first_trades_missed),), ("I1", "I9")),
    Mutant("pending-blind", ((exposure, "_ordered", _pending_blind),), ("I6",)),
    Mutant("stop-left-behind", ((State, "free_base", _sells_over_its_stop),), ("I15",)),
    Mutant("dated-by-our-clock", ((Orders, "restore", _dated_by_our_clock),), ("I6", "I9")),
    Mutant("close-not-carried", ((State, "carried", _forgets(closing=())),), ("I12",)),
    Mutant("scoped-kill-not-carried", ((State, "carried", _forgets(pauses=())),), ("I12",), hands=True),
    Mutant("scoped-kill-lets-exits-out", ((Control, "holds_back", _always(None)),), ("I7",), hands=True),
    Mutant("flow-unheard", ((Adjuster, "flow", _always([])),), ("I1",), hands=True),
    Mutant("guard-unheard", ((Latching, "watch", _always(None)),), ("I12",), hands=True),
    Mutant(
        "amended-name-forgotten", ((BinanceBroker, "recall", _always(None)),), ("I4", "I6", "I1"), hands=True
    ),
)
# Too rare for two hundred seeds: each is caught by its plan under tests/sim/regressions.
RARE: tuple[Mutant, ...] = (
    Mutant(
        "set-clock-believed", ((VenueClock, "was_set", lambda _: property(lambda _: False)),), ("I9", "I1")
    ),
    Mutant("silence-by-our-clock", ((Weights, "__init__", _silence_by_our_clock),), ("I9", "I1")),
)
