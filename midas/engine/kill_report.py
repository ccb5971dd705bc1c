"""The truthful report of a kill: what was done to each order and position since the trip, and when.

It is folded from events and their audits, so it says nothing that the journal doesn't. Every line stands
by itself: who exports them needs nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from midas.agents.strategy_manager import StrategyManager
from midas.domain.command import Resume
from midas.domain.decision import FillBooked, Noted, OrderMoved
from midas.domain.event import CommandGiven, Event, LatchTripped, SessionOpened
from midas.domain.mode import KillLevel
from midas.domain.money import plain
from midas.domain.order import Phase, Purpose
from midas.domain.time import MILLISECOND, SECOND
from midas.engine.audit import Audit
from midas.engine.effect import Disconnect
from midas.engine.kill_preview import positions, residual
from midas.engine.order_log import since
from midas.state.order import Order
from midas.state.state import State

HEAD, TAIL = 40, 60  # lines that are kept of the beginning and of the end
PATIENCE = 5 * SECOND  # after which what isn't done yet is said
HTTP_OK = 200


class KillReport:
    """The report of the newest kill; empty before the first."""

    def __init__(self, state: State, strategies: StrategyManager) -> None:
        self._state = state
        self._strategies = strategies
        self._head: list[str] = []
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._left_out = 0
        self._open = False
        self._began = self._fired_at = 0
        self._mids: dict[str, float] = {}  # at the trip, or at the level that was fired last
        self._awaited: dict[str, int] = {}  # orders whose cancel isn't answered yet, with when it was asked
        self._told: set[str] = set()  # orders whose end has a line
        self._kept: set[str] = set()
        self._late_told = self._flat = False
        self._pulled = ("", "", "")  # who, why and how far, the last time
        self.unacked: tuple[str, ...] = ()
        self._writers: dict[type, Callable[[Any, int], None]] = {
            OrderMoved: self._moved,
            FillBooked: self._filled,
            Noted: self._noted,
        }

    @property
    def lines(self) -> tuple[str, ...]:
        """Oldest first, each with its time since the trip."""
        gap = (f"... {self._left_out} lines left out, they are in the journal",) if self._left_out else ()
        return (*self._head, *gap, *self._tail)

    def residual(self) -> str:
        """What a flatten has left open so far, in words; empty: nothing, or nobody asked for one."""
        state = self._state
        if not (self._open and state.control.permissions.flattens):
            return ""
        return positions(state, residual(state))

    def observe(self, event: Event, audit: Audit) -> None:
        """Write down what this step did about the kill."""
        if isinstance(event, LatchTripped):
            self._tripped(event, audit)
        elif isinstance(event, SessionOpened) and event.latch:
            self._inherited(event)
        if not self._open:
            return
        for decision in audit.decisions:
            writer = self._writers.get(type(decision))
            if writer is not None:
                writer(decision, audit.at)
        if any(isinstance(effect, Disconnect) for effect in audit.effects):
            self._write(audit.at, "closing the venue sessions")
        if isinstance(event, CommandGiven) and isinstance(event.command, Resume):
            self._resumed(event)
        self.unacked = tuple(client_id[-4:] for client_id in self._awaited)

    def tick(self, now: int) -> None:
        """Say once what a kill hasn't reached in time."""
        if not self._open or self._late_told or now - self._fired_at < PATIENCE:
            return
        self._late_told = True
        if self.unacked:
            self._write(now, f"no answer yet to the cancel of {', '.join(self.unacked)}")
        state = self._state
        if state.control.permissions.flattens and not self._flat:
            left = self.residual() or "nothing known to be open, but the venue hasn't confirmed it"
            self._write(now, f"NOT verified flat: {left}")

    # what is written

    def _tripped(self, event: LatchTripped, audit: Audit) -> None:
        control = self._state.control
        began = event.since or event.at
        if not self._open:
            self._begin(began)
        word = f"{event.level.upper()} by {event.by}" + (f": {event.reason}" if event.reason else "")
        raised = "" if event.level == control.level else f" (in force stays {control.level})"
        if event.guarded and (event.by, event.reason, event.level) == self._pulled:
            # The same pull, told again since the guard acted on it while the engine hung.
            self._write(event.at, "the guard acts instead of this engine, which sends nothing any more")
        else:
            self._write(began, word + raised)
            self._write(event.latched_at or event.at, _gate(event, audit.sequence))
        self._pulled = event.by, event.reason, event.level
        if control.level == event.level or not self._mids:
            self._fired_at, self._late_told, self._flat = event.at, False, False
            self._mids = {i: m.mark for i, m in self._state.markets.items()}
        self._cancelled(event)
        enrolled = self._strategies.enrolled.values()
        frozen = sum(not e.failed for e in enrolled)
        self._write(audit.at, f"strategies frozen {frozen} of {len(enrolled)}")
        self._sort_orders(audit.at)

    def _begin(self, at: int) -> None:
        self._head, self._left_out, self._open, self._began = [], 0, True, at
        self._tail.clear()
        self._awaited, self._told, self._kept, self._mids = {}, set(), set(), {}

    def _inherited(self, event: SessionOpened) -> None:
        self._begin(event.latch_at or event.at)
        self._fired_at, self._flat = event.at, False
        by, why = event.latch_by or "an earlier session", event.latch_reason
        self._write(event.at, f"{event.latch.upper()} still set by {by}" + (f": {why}" if why else ""))
        self._sort_orders(event.at)

    def _cancelled(self, event: LatchTripped) -> None:
        """What the kill listener did on its own connection before the engine heard of the kill."""
        for tried in event.cancels:
            order = self._state.orders.get(tried.client_id)
            name = self._named(order) if order is not None else tried.client_id[-4:]
            took = (tried.answered_at - tried.sent_at) / MILLISECOND
            if tried.status == HTTP_OK:
                self._told.add(tried.client_id)
                self._write(tried.answered_at, f"{name} CANCELED ack {took:.0f} ms")
            elif tried.status:
                self._write(
                    tried.answered_at, f"{name} cancel refused ({tried.code}) after {took:.0f} ms: looked up"
                )
            else:
                self._write(tried.answered_at, f"{name} no answer to the cancel in {took:.0f} ms: repeated")

    def _sort_orders(self, at: int) -> None:
        """Which open orders go, and which stay and why."""
        control = self._state.control
        for client_id, order in self._state.orders.open.items():
            if order.intent.purpose is Purpose.FLATTEN:
                continue
            if order.increases_risk or control.withdraws_exits:
                if client_id not in self._told:
                    self._awaited[client_id] = at
            elif client_id not in self._kept:
                self._kept.add(client_id)
                self._write(at, f"{self._named(order)} kept: it only reduces")

    def _moved(self, moved: OrderMoved, at: int) -> None:
        order = self._state.orders.get(moved.client_id)
        if order is None:
            return
        asked = self._awaited.get(moved.client_id)
        flattening = order.intent.purpose is Purpose.FLATTEN
        if order.phase is Phase.CLOSED:
            self._awaited.pop(moved.client_id, None)
            if asked is not None:
                took = max(0, at - (order.cancel_sent_at or asked)) / MILLISECOND
                sent = f" ack {took:.0f} ms" if order.sent_at else ": it never left"
                self._write(at, f"{self._named(order)} {moved.after}{sent}{_filled(order)}")
            elif flattening and moved.after != "FILLED":
                self._write(at, f"{self._named(order)} {moved.after}{_filled(order)}{_why(moved)}")
            elif moved.client_id in self._told and moved.after != "CANCELED":
                self._write(at, f"{self._named(order)} {moved.after}{_filled(order)}")
        elif moved.after == "UNKNOWN" and (asked is not None or flattening):
            self._write(at, f"{self._named(order)} UNKNOWN{_why(moved)}: the venue is asked about it")

    def _filled(self, fill: FillBooked, at: int) -> None:
        name = self._state.instruments[fill.instrument].name
        mid = self._mids.get(fill.instrument, float("nan"))
        slip = (float(fill.price) / mid - 1.0) * 1e4 * fill.side.sign
        against = f", slip {slip:+.1f} bp against the mid {mid:.8g} then" if slip == slip else ""
        traded = f"{fill.side.value} {plain(fill.quantity)} {name} filled at {plain(fill.price)}"
        fee = f", fee {plain(fill.fee)} {fill.fee_asset}" if fill.fee else ""
        self._write(at, f"{fill.client_id[-4:]} {traded}{against}{fee}")

    def _noted(self, noted: Noted, at: int) -> None:
        if noted.kind == "KILL" and noted.text.startswith("flat"):
            self._flat = True
            self._write(at, noted.text)
        elif noted.kind == "KILL" and noted.text.startswith("no longer flat"):
            self._fired_at, self._late_told, self._flat = at, False, False
            self._write(at, noted.text)
        elif noted.kind == "KILL" and noted.text.startswith("NOT closed"):
            self._write(at, noted.text)

    def _resumed(self, event: CommandGiven) -> None:
        if not self._state.control.latched:
            assert isinstance(event.command, Resume)
            self._write(event.at, f"released by {event.actor}: {event.command.reason}")
            self._open = False
            self._awaited.clear()

    def _named(self, order: Order) -> str:
        intent = order.intent
        name = self._state.instruments[intent.instrument].name
        return f"{intent.client_id[-4:]} {intent.side.value} {plain(intent.quantity)} {name}"

    def _write(self, at: int, text: str) -> None:
        line = f"{since(max(0, at - self._began))}  {text}"
        if len(self._head) < HEAD:
            self._head.append(line)
            return
        self._left_out += len(self._tail) == TAIL
        self._tail.append(line)


def _gate(event: LatchTripped, sequence: int) -> str:
    what = {
        KillLevel.HALT.value: "no new risk can leave",
        KillLevel.ALL.value: "no order can leave",
    }.get(event.level, "nothing can leave but what closes positions")
    durable = f"but NOT on the disk: {event.doubt}" if event.doubt else "latch on the disk"
    return f"gate closed: {what}, {durable} (seq {sequence})"


def _filled(order: Order) -> str:
    return f", {plain(order.filled)} of it filled" if order.filled else ""


def _why(moved: OrderMoved) -> str:
    return f": {moved.detail}" if moved.detail else ""
