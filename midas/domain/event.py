"""Everything that can happen, as one tagged union.

The runner gives an event its sequence number when it takes it from the inbox, records it, and steps
the engine with it. What isn't here can't influence a decision. `Market` events go to the tape (arrays,
bounded retention), `Recorded` ones to the journal (readable, kept for ever).

`sequence`, on events about an order, is the venue's and never falls from one change of that order to the
next, on the scale of `OrderReport.time` (Binance: its transaction time, ns); 0 where the venue tells none.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from midas.domain.carry import Carried
from midas.domain.command import Command
from midas.domain.instrument import Instrument
from midas.domain.market import (
    Bar,
    BookDelta,
    BookLost,
    BookSnapshot,
    FeedStatus,
    MessageRefused,
    Quote,
    Trade,
)
from midas.domain.order import BalanceReport, CloseReason, Fill, OrderReport, Replacement, Side, TradeReport


class Source(Enum):
    """Where a piece of evidence about an order came from."""

    ANSWER = "answer"  # the reply to our own request
    STREAM = "stream"  # the venue's user stream
    QUERY = "query"  # a later look-up


class OrderSent(msgspec.Struct, frozen=True, tag="order.sent"):
    """The bytes were given to the transport; after `dead_at` (venue time) they can become no order."""

    client_id: str
    at: int
    dead_at: int


class OrderNotSent(msgspec.Struct, frozen=True, tag="order.not_sent"):
    """The intent never left: the gate closed, the latch was set or the disk was full."""

    client_id: str
    at: int
    reason: str


class OrderAccepted(msgspec.Struct, frozen=True, tag="order.accepted"):
    """The venue has it."""

    client_id: str
    venue_id: str
    at: int
    source: Source
    untriggered: bool = False  # a stop that waits for its price
    sequence: int = 0


class OrderTriggered(msgspec.Struct, frozen=True, tag="order.triggered"):
    """A stop has seen its price and is in the book now."""

    client_id: str
    at: int
    source: Source
    sequence: int = 0


class OrderRejected(msgspec.Struct, frozen=True, tag="order.rejected"):
    """A definite no."""

    client_id: str
    code: int
    reason: str
    at: int
    rules: bool = False  # against the symbol's rules: they may not be any more what we read


class OrderUncertain(msgspec.Struct, frozen=True, tag="order.uncertain"):
    """Silence, a time-out or a server error: it may or may not exist."""

    client_id: str
    cause: str
    at: int


class OrderFilled(msgspec.Struct, frozen=True, tag="order.filled"):
    """One execution of one of our orders."""

    client_id: str
    venue_id: str
    instrument: str
    fill: Fill
    at: int
    source: Source
    sequence: int = 0


class TradeBusted(msgspec.Struct, frozen=True, tag="order.busted"):
    """The venue took an execution back: the only thing that lets what is filled become less.

    A corrected execution is a busted one and a new one.
    """

    client_id: str
    instrument: str
    side: Side
    fill: Fill
    at: int
    source: Source


class OrderClosed(msgspec.Struct, frozen=True, tag="order.closed"):
    """The venue says the order is over; `filled` is its cumulative quantity by the venue's word."""

    client_id: str
    reason: CloseReason
    filled: Decimal
    at: int
    source: Source
    sequence: int = 0


class CancelSent(msgspec.Struct, frozen=True, tag="cancel.sent"):
    """A cancel request left."""

    client_id: str
    at: int


class CancelRejected(msgspec.Struct, frozen=True, tag="cancel.rejected"):
    """The venue refused a cancel; "unknown order" is never read as cancelled."""

    client_id: str
    code: int
    reason: str
    at: int
    gone: bool = True  # "unknown order", "too late": the order isn't where we think; else it just stays


class ReplaceSent(msgspec.Struct, frozen=True, tag="replace.sent"):
    """A request left that an open order become another; past `dead_at` (venue time) it can't arrive."""

    client_id: str
    replacement: Replacement
    at: int
    dead_at: int = 0


class OrderReplaced(msgspec.Struct, frozen=True, tag="order.replaced"):
    """The venue changed an open order; `quantity` is what it now has in all."""

    client_id: str
    request: str  # whose answer this is; empty where the venue doesn't tell
    quantity: Decimal
    price: Decimal | None  # None: as it was
    at: int
    source: Source
    sequence: int = 0


class ReplaceRejected(msgspec.Struct, frozen=True, tag="replace.rejected"):
    """The venue refused to change an order."""

    client_id: str
    request: str  # empty where the venue doesn't tell
    code: int
    reason: str
    at: int
    gone: bool = False  # as in CancelRejected


class BalancesSeen(msgspec.Struct, frozen=True, tag="balances"):
    """The user stream's balances after a change."""

    balances: tuple[BalanceReport, ...]
    at: int


class FlowSeen(msgspec.Struct, frozen=True, tag="flow"):
    """Money came or went that no trade made: a deposit, a withdrawal, converted dust, an airdrop."""

    asset: str
    amount: Decimal  # negative where it went
    time: int  # of the venue; with asset and amount it names the flow
    at: int


class FundingSeen(msgspec.Struct, frozen=True, tag="funding"):
    """What a perpetual contract charged or paid for being held: a cost, unlike `FlowSeen`."""

    asset: str
    amount: Decimal  # negative where it was paid
    time: int  # of the venue
    at: int


class AccountReported(msgspec.Struct, frozen=True, tag="account"):
    """A full pass over the account: the evidence that reconciliation folds.

    `queried` holds the answers to look-ups of single orders, `absent` the client ids that the venue,
    asked successfully at `as_of`, did not know. `trades` are complete from `trades_from` on.
    """

    at: int
    as_of: int  # venue wall time
    purpose: str  # start, audit, stream, stop
    balances: tuple[BalanceReport, ...]
    open_orders: tuple[OrderReport, ...]
    queried: tuple[OrderReport, ...]
    absent: tuple[str, ...]
    trades: tuple[TradeReport, ...]
    flows: tuple[FlowSeen, ...] | None = None  # that the venue lists; None: not asked for, or not told
    asked_at: int = 0  # our own wall time, before the venue was asked for anything; 0: not told
    took: int = 0  # until the last answer, by a clock that nobody sets; 0: not told

    @property
    def asked(self) -> int:
        """When it was asked for, by the clock that our other events bear."""
        return self.asked_at or self.as_of


class CommandGiven(msgspec.Struct, frozen=True, tag="command"):
    """A person or a machine asked for something."""

    id: str
    actor: str  # "console tty", "cli", "kill socket"
    command: Command
    at: int


class Ticked(msgspec.Struct, frozen=True, tag="tick"):
    """The runner's timer, once a second of wall time; carries the shell's own health figures."""

    at: int
    feed_age_ns: int
    stream_ages: dict[str, int] = {}
    journal: str = ""  # why it can't be written; empty: it is


class RulesRead(msgspec.Struct, frozen=True, tag="rules"):
    """What the venue states about one instrument now: its filters, and whether it trades.

    Kept among the market's events: those before it count in the old ticks and lots, those after in its.
    """

    name: str  # of the instrument: its id
    status: str  # the venue's word; empty where it trades
    listed: Instrument | None  # None: the venue doesn't list it any more
    at: int


class AccountDoubted(msgspec.Struct, frozen=True, tag="doubted"):
    """The shell may have missed something (stream gap, a trade that isn't ours): look at everything."""

    at: int
    reason: str


class CancelTried(msgspec.Struct, frozen=True):
    """One cancel that the kill listener sent on its own connection, and what was answered."""

    client_id: str
    sent_at: int
    answered_at: int
    status: int  # of HTTP: 200 is cancelled; 0: no answer
    code: int  # the venue's; 0: none


class LatchTripped(msgspec.Struct, frozen=True, tag="latch"):
    """The kill latch is on disk; the engine learns of it."""

    level: str
    by: str
    reason: str
    at: int
    canceled: tuple[str, ...] = ()  # client ids that the kill listener has cancelled already
    since: int = 0  # when the kill was pulled; 0: not told
    latched_at: int = 0  # when the latch was on the disk
    doubt: str = ""  # why it isn't on the disk, where it isn't
    cancels: tuple[CancelTried, ...] = ()
    guarded: str = ""  # the session that the guard acts instead of; empty: none


class SessionOpened(msgspec.Struct, frozen=True, tag="session"):
    """The first event of every session: who we are and what we carry."""

    session: str
    at: int
    account: str
    environment: str
    latch: str  # level of a kill latch that is still set; empty where none is
    carried: Carried
    latch_by: str = ""
    latch_reason: str = ""
    latch_at: int = 0  # when it was pulled; 0: not told


class SessionClosing(msgspec.Struct, frozen=True, tag="closing"):
    """The run ends: no new risk, working orders are withdrawn, the account is reconciled."""

    at: int
    reason: str


class CandlesRead(msgspec.Struct, frozen=True, tag="candles"):
    """Closes of candles that the venue told before the start: what risk was before we watched."""

    instrument: str
    period: int  # nanoseconds
    closes: tuple[tuple[int, float], ...]  # market time of the close, price; oldest first
    at: int
    made_up: int = 0  # candles besides, that no market printed
    trouble: str = ""  # why the venue told none


class ComponentReported(msgspec.Struct, frozen=True, tag="component"):
    """A component that midas depends on tells whether it works."""

    component: str  # as `midas.domain.breakers.Component` calls it
    at: int
    ok: bool
    detail: str = ""


class Remarked(msgspec.Struct, frozen=True, tag="remark"):
    """What the shell tells a person about the processes around the engine; it decides nothing."""

    at: int
    severity: str  # info, warn, error
    text: str


Market = Quote | Trade | BookDelta | BookSnapshot | BookLost | Bar
Recorded = (
    FeedStatus
    | MessageRefused
    | OrderSent
    | OrderNotSent
    | OrderAccepted
    | OrderTriggered
    | OrderRejected
    | OrderUncertain
    | OrderFilled
    | TradeBusted
    | OrderClosed
    | CancelSent
    | CancelRejected
    | ReplaceSent
    | OrderReplaced
    | ReplaceRejected
    | BalancesSeen
    | FlowSeen
    | FundingSeen
    | AccountReported
    | CommandGiven
    | Ticked
    | RulesRead
    | AccountDoubted
    | LatchTripped
    | SessionOpened
    | SessionClosing
    | CandlesRead
    | ComponentReported
    | Remarked
)
Event = Market | Recorded
MARKET_EVENTS: frozenset[type] = frozenset({Quote, Trade, BookDelta, BookSnapshot, BookLost, Bar})
