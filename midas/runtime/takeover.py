"""What the guard does instead of an engine: cancel, close, verify by the venue's own word, tell the truth.

Cancels need no book of ours: an order with our mark is ours. What is closed is what our journal explains,
never more than the account has, and each sale is bounded by what is left then: nothing is sold twice,
nothing of anybody else, and no position turns over. Every loop has an end but the one that waits for the
venue's word on a sale without an answer, which an engine that comes ends; what is left is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.mode import KillLevel
from midas.domain.money import ZERO, floor_to, plain
from midas.domain.order import GUARDS
from midas.domain.time import MILLISECOND, SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import MidasError, OutcomeUnknown, Rejected, VenueError

OURS = "md-"  # how every order of ours begins, the guard's own too
REPORT = "guard-report.json"  # in the home
READS = 2  # equal and empty, before anything counts as done
READ_S = 0.2
TRIES = 20  # rounds of cancels, sales of one instrument, readings
TRY_S = 0.5
COLLAR = Decimal("0.005")  # below the best bid
OK, GONE = 200, -2011


class Resting(msgspec.Struct, frozen=True):
    """An open order, as the venue tells it."""

    symbol: str
    client_id: str
    side: str
    left: Decimal


class Sale(msgspec.Struct, frozen=True):
    """What came of a sale."""

    filled: Decimal
    status: str


class Holding(msgspec.Struct, frozen=True):
    """What the journal knows of one instrument."""

    instrument: Instrument
    foreign: Decimal  # what the account had of it that isn't ours
    at_most: Decimal  # what may be ours by now: held, and still being bought


class Session(Protocol):
    """The guard's own way to the venue; every call may raise VenueError."""

    @property
    def dead_after(self) -> int:
        """Nanoseconds after which an unanswered request can't become an order any more."""

    def set_clock(self) -> None:
        """Agree on the time."""

    def open_orders(self) -> list[Resting]:
        """Of the whole account."""

    def balances(self) -> dict[str, Decimal]:
        """Of each asset, free and locked."""

    def bid(self, symbol: str) -> Decimal:
        """The best one; zero where there is none."""

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """HTTP status and the venue's code."""

    def cancel_all(self, symbol: str) -> tuple[int, int]:
        """Of one symbol, whosever they are."""

    def sell(self, symbol: str, quantity: Decimal, price: Decimal, client_id: str) -> Sale:
        """At once or not at all."""

    def find(self, symbol: str, client_id: str) -> Sale | None:
        """A sale by its id."""


class Sold(msgspec.Struct, frozen=True):
    """A sale that was sent; the engine looks up by it whose trade it was."""

    client_id: str
    symbol: str


class Report(msgspec.Struct):
    """What was done, each line with its time since the beginning; the venue's word on what is left."""

    at: int  # wall nanoseconds
    level: str
    cause: str
    latched: str = ""  # empty: on the disk; else why not
    lines: list[str] = []
    verified: bool = False
    left: list[str] = []
    ended_at: int = 0
    broken_off: str = ""  # why it went no further
    sales: list[Sold] = []


class BrokenOff(Exception):
    """An engine has come back: the account is its own again."""


class Takeover:
    """One act of the guard; `run` returns its report and raises nothing of ours."""

    def __init__(
        self, session: Session, holdings: Callable[[], list[Holding]], alone: Callable[[], str],
        now: Callable[[], int], sleep: Callable[[float], None], sold: dict[str, Decimal] | None = None,
        keep: Callable[[Report], None] = lambda _: None,
    ) -> None:  # fmt: skip
        """`holdings` reads the journal; `alone` says why the guard may no longer act, empty while it may.

        `sold`: by symbol what earlier acts have sold, of which that journal says nothing; added to.
        `keep` puts the report away before each sale.
        """
        self._session = session
        self._holdings = holdings
        self._alone = alone
        self._now = now
        self._sleep = sleep
        self._sold = {} if sold is None else sold
        self._keep = keep
        self._sales = 0

    def run(self, report: Report, level: KillLevel) -> Report:
        """Cancel, and from `flatten` up close; the report is filled in on the way."""
        try:
            self._session.set_clock()
        except VenueError as error:
            self._say(report, f"the venue's clock: {error}")
        try:
            self._cancel(report, level)
            held = self._close(report) if level.mode is KillLevel.FLATTEN.mode else []
            self._verify(report, level, held)
        except BrokenOff as broken:
            report.broken_off = str(broken)
            self._say(report, f"broken off: {broken}")
        report.ended_at = self._now()
        return report

    # cancels

    def _cancel(self, report: Report, level: KillLevel) -> None:
        """Until two readings show nothing that has to go."""
        empty = 0
        for _ in range(TRIES):
            self._go_on()
            resting = self._read(report)
            doomed = _doomed(resting or [], level)
            if resting is not None and not doomed:
                empty += 1
                if empty == READS:
                    return
                self._sleep(READ_S)
                continue
            empty = 0
            for order in self._withdrawn(report, resting or [], doomed):
                self._withdraw(report, order)
            self._sleep(TRY_S if resting is None else READ_S)
        self._say(report, f"orders were still open after {TRIES} rounds of cancels")

    def _withdrawn(self, report: Report, resting: list[Resting], doomed: list[Resting]) -> Iterator[Resting]:
        """Those that need a cancel of their own: a symbol whose orders are all doomed takes one request."""
        for symbol in dict.fromkeys(order.symbol for order in doomed):
            there = [o for o in resting if o.symbol == symbol]
            ours = [o for o in doomed if o.symbol == symbol]
            if len(ours) == 1 or len(ours) < len(there):
                yield from ours
                continue
            self._go_on()
            began = self._now()
            status, code = self._answered(partial(self._session.cancel_all, symbol))
            self._told(report, f"all {len(ours)} orders of {symbol}", status, code, began)
            if status != OK:
                yield from ours

    def _withdraw(self, report: Report, order: Resting) -> None:
        self._go_on()
        began = self._now()
        status, code = self._answered(partial(self._session.cancel, order.symbol, order.client_id))
        what = f"{order.client_id[-4:]} {order.side} {plain(order.left)} {order.symbol}"
        self._told(report, what, status, code, began)

    def _told(self, report: Report, what: str, status: int, code: int, began: int) -> None:
        took = (self._now() - began) / MILLISECOND
        if status == OK:
            self._say(report, f"{what} CANCELED ack {took:.0f} ms")
        elif status:
            gone = "nothing open under it any more" if code == GONE else f"refused ({code or status})"
            self._say(report, f"{what} cancel: {gone}, after {took:.0f} ms")
        else:
            self._say(report, f"{what} no answer to the cancel in {took:.0f} ms")

    # closing

    def _close(self, report: Report) -> list[Holding]:
        try:
            held = self._holdings()
        except (MidasError, OSError) as error:
            self._say(report, f"the journal can't be read, so nothing can be closed: {error}")
            report.left.append(f"positions: unknown, the journal can't be read ({error})")
            return []
        for holding in held:
            self._close_one(report, holding)
        return held

    def _close_one(self, report: Report, holding: Holding) -> None:
        """Sell until nothing is left that the venue would take, or the tries are used up."""
        for _ in range(TRIES):
            self._go_on()
            try:
                ours = self._ours(holding)
                bid = self._session.bid(holding.instrument.symbol)
                quantity = _sellable(holding.instrument, ours, bid)
                if not quantity:
                    if ours > ZERO and bid:
                        name = holding.instrument.name
                        self._say(report, f"{plain(ours)} {name} is dust, too little to be sold")
                    if ours <= ZERO or bid:
                        return
                else:
                    self._sell(report, holding.instrument, quantity, bid)
            except VenueError as error:
                self._say(report, f"{holding.instrument.name}: {error}")
            self._sleep(TRY_S)
        self._say(report, f"{holding.instrument.name} could not be closed in {TRIES} tries")

    def _sell(self, report: Report, instrument: Instrument, quantity: Decimal, bid: Decimal) -> None:
        self._sales += 1
        seed = f"{report.at}|{instrument.symbol}|{self._sales}".encode()
        client_id = f"{GUARDS}{hashlib.blake2b(seed, digest_size=10).hexdigest()}"
        price = max(floor_to(bid * (1 - COLLAR), instrument.tick_size), instrument.tick_size)
        what = f"{client_id[-4:]} SELL {plain(quantity)} {instrument.name}"
        report.sales.append(Sold(client_id, instrument.symbol))
        self._keep(report)
        began = self._now()
        try:
            sale = self._session.sell(instrument.symbol, quantity, price, client_id)
        except OutcomeUnknown as error:
            self._say(report, f"{what} UNKNOWN: {error}; the venue is asked about it")
            found = self._resolved(instrument.symbol, client_id, began)
            if found is None:
                self._say(report, f"{what} never arrived")
                return
            sale = found
        except Rejected as error:
            self._say(report, f"{what} refused ({error.code}): {error}")
            return
        self._sold[instrument.symbol] = self._sold.get(instrument.symbol, ZERO) + sale.filled
        took = (self._now() - began) / MILLISECOND
        self._say(report, f"{what} {plain(sale.filled)} filled, not below {plain(price)}, ack {took:.0f} ms")

    def _resolved(self, symbol: str, client_id: str, sent_at: int) -> Sale | None:
        """What became of a sale without an answer; None only once it can't arrive any more."""
        dead_at = sent_at + self._session.dead_after
        while True:
            self._go_on()
            late = self._now() > dead_at
            try:
                found = self._session.find(symbol, client_id)
            except VenueError:
                pass  # a failed question is no evidence, however late
            else:
                if found is not None or late:
                    return found
            self._sleep(TRY_S)

    # the venue's word

    def _verify(self, report: Report, level: KillLevel, held: list[Holding]) -> None:
        """Two readings in a row that show nothing left; else what is left."""
        reads, left = 0, ["nothing could be read"]
        for _ in range(TRIES):
            self._go_on()
            try:
                left = [_words(o) for o in _doomed(self._session.open_orders(), level)]
                left += [words for holding in held if (words := self._open_still(holding))]
            except VenueError as error:
                reads, left = 0, [f"could not verify: {error}"]
            else:
                reads = 0 if left else reads + 1
                if left or reads == READS:
                    break
            self._sleep(READ_S)
        report.left += left
        report.verified = reads == READS and not report.left
        if report.verified:
            flat = "no open order, no position" if held else "no open order that has to go"
            self._say(report, f"verified at the venue: {flat}, read {READS} times")
        else:
            self._say(report, f"NOT verified: {'; '.join(report.left)}")

    def _open_still(self, holding: Holding) -> str:
        ours = self._ours(holding)
        bid = self._session.bid(holding.instrument.symbol)
        open_still = _sellable(holding.instrument, ours, bid) if bid else max(ours, ZERO)
        return f"{plain(open_still)} {holding.instrument.name}" if open_still else ""

    def _ours(self, holding: Holding) -> Decimal:
        there = self._session.balances().get(holding.instrument.base, ZERO)
        return min(there - holding.foreign, holding.at_most - self._sold.get(holding.instrument.symbol, ZERO))

    def _read(self, report: Report) -> list[Resting] | None:
        try:
            return self._session.open_orders()
        except VenueError as error:
            self._say(report, f"the open orders can't be read: {error}")
            return None

    # around

    def _answered(self, ask: Callable[[], tuple[int, int]]) -> tuple[int, int]:
        try:
            return ask()
        except VenueError:
            return 0, 0

    def _go_on(self) -> None:
        if why := self._alone():
            raise BrokenOff(why)

    def _say(self, report: Report, text: str) -> None:
        report.lines.append(f"+{max(0, self._now() - report.at) / SECOND:.3f}s  {text}")


def sales(home: Path) -> list[Sold]:
    """Those of the newest report of a home; empty where there is none that can be read."""
    try:
        return msgspec.json.decode((home / REPORT).read_bytes(), type=Report).sales
    except (OSError, *UNREADABLE):
        return []


def _doomed(resting: Iterable[Resting], level: KillLevel) -> list[Resting]:
    """Ours, at `halt` only those that increase risk."""
    return [
        o for o in resting
        if o.client_id.startswith(OURS) and (level is not KillLevel.HALT or o.side == "BUY")
    ]  # fmt: skip


def _sellable(instrument: Instrument, ours: Decimal, bid: Decimal) -> Decimal:
    """Whole lots that the venue takes at this bid; zero where it takes none."""
    lots = floor_to(min(max(ours, ZERO), instrument.quantity_max), instrument.lot_size)
    if lots < instrument.quantity_least or not bid:
        return ZERO
    floor = floor_to(bid * (1 - COLLAR), instrument.tick_size)
    return lots if lots * floor >= instrument.notional_min else ZERO


def _words(order: Resting) -> str:
    return f"{order.client_id[-4:]} {order.side} {plain(order.left)} {order.symbol} is still open"
