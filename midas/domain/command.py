"""What a door may ask of the engine. Every door sends the same commands and gets the same answers."""

from __future__ import annotations

import msgspec

from midas.domain.limits import Limits
from midas.domain.tail import TailRules

REASON_MIN = 3  # letters: less says nothing to whoever reads the journal


def reasoned(text: str) -> bool:
    """Whether it is long enough to be a reason, at every door."""
    return len(text.strip()) >= REASON_MIN


class SetMode(msgspec.Struct, frozen=True, tag="mode"):
    """Change the mode; going riskier needs a reason and `confirmed`."""

    mode: str
    reason: str = ""
    confirmed: bool = False


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """Stop, at one of the four levels: halt, all, flatten, disconnect.

    With a scope - order, strategy, instrument, venue - nothing is latched: what `name` names is stopped, its
    gate stays closed until a person opens it by name, and everything else goes on.
    """

    level: str = "halt"
    reason: str = ""
    scope: str = ""  # empty: all
    name: str = ""
    preview: bool = False  # of a scope: say what it would do, and do nothing


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """Release the kill latch: the first call returns the review, the second, confirmed, releases."""

    reason: str
    confirmed: bool = False
    scope: str = ""  # empty: the latch; else the gate that a kill of this scope closed
    name: str = ""


class CancelOrder(msgspec.Struct, frozen=True, tag="cancel"):
    """Withdraw one of our working orders."""

    client_id: str


class PlaceOrder(msgspec.Struct, frozen=True, tag="place"):
    """A person's own order: the first call returns the review, the second, confirmed, sends it once.

    `ticket` names the person's act: the same ticket never makes a second order, however often it is sent.
    """

    ticket: str
    instrument: str  # its id
    side: str  # BUY, SELL
    type: str = msgspec.field(name="order_type")  # LIMIT, LIMIT_MAKER, MARKET; "type" is the tag
    quantity: str  # decimal, base currency
    price: str = ""  # decimal; empty for MARKET
    strategy: str = "manual"  # whose position it changes
    confirmed: bool = False
    large: bool = False  # an unusually large size is meant


class AmendOrder(msgspec.Struct, frozen=True, tag="amend"):
    """Another price or quantity for one of a person's working orders; review first, then confirmed."""

    ticket: str
    client_id: str
    quantity: str
    price: str
    confirmed: bool = False
    large: bool = False  # as of an order


class CancelEntries(msgspec.Struct, frozen=True, tag="cancel_entries"):
    """Withdraw every order that would open new risk, of one instrument or (empty) of all."""

    instrument: str = ""


class ClosePosition(msgspec.Struct, frozen=True, tag="close"):
    """Work one strategy's position down to nothing; review first, then confirmed."""

    instrument: str
    strategy: str
    confirmed: bool = False


class SetStrategy(msgspec.Struct, frozen=True, tag="strategy"):
    """Let one strategy open new risk or not; its exits are managed either way. Starting needs `confirmed`."""

    name: str
    running: bool
    reason: str = ""
    confirmed: bool = False


class AddAlert(msgspec.Struct, frozen=True, tag="alert.add"):
    """Tell me when the last price of an instrument reaches `price`, from whichever side it is now."""

    instrument: str
    price: str


class DropAlert(msgspec.Struct, frozen=True, tag="alert.drop"):
    """Forget a price alert."""

    id: int


class Acknowledge(msgspec.Struct, frozen=True, tag="acknowledge"):
    """Somebody has seen an alert or alarm (its `name`; empty: all of them)."""

    name: str = ""


class Reconcile(msgspec.Struct, frozen=True, tag="reconcile"):
    """A full pass over the account at once."""


class AcceptBreak(msgspec.Struct, frozen=True, tag="accept_break"):
    """Live with a difference that stands: review first (needs no reason), then confirmed, with a reason."""

    name: str  # of the difference, as `DifferenceView` has it
    reason: str = ""
    confirmed: bool = False


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """Read the configuration again and take its limits; looser ones need `confirmed`.

    A door only asks: the engine's own shell reads and checks all files, and puts in what they say.
    """

    confirmed: bool = False
    limits: Limits | None = None
    tail: TailRules | None = None  # of them only the limits: the rest counts at the next start
    problem: str = ""  # why nothing can be taken: one sentence
    elsewhere: tuple[str, ...] = ()  # tables that differ too, and count at the next start only


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End the engine process cleanly."""

    reason: str = ""


Command = (
    SetMode
    | Kill
    | Resume
    | CancelOrder
    | PlaceOrder
    | AmendOrder
    | CancelEntries
    | ClosePosition
    | SetStrategy
    | AddAlert
    | DropAlert
    | Acknowledge
    | Reconcile
    | AcceptBreak
    | Reload
    | Stop
)


class LimitMove(msgspec.Struct, frozen=True):
    """What an order would do to one limit, as if it filled beside everything else that is open."""

    limit: str  # "position", "crypto", "cash", "order notional", ...
    subject: str  # whose share it is: an instrument, a sector, a strategy
    before: float  # fraction of equity, or `unit`
    after: float
    maximum: float
    floor: bool = False  # `maximum` is the least allowed
    unit: str = ""  # a currency; empty: fraction of equity


class Review(msgspec.Struct, frozen=True):
    """What an order would do, computed by the engine from its own book and limits; nothing was sent.

    No figure is ever NaN, which JSON and so the journal can't keep: what isn't known is 0, and a sentence
    among `breaches` or `warnings` says so.
    """

    side: str
    quantity: float
    price: float  # limit, or the expected average of a market order
    notional: float  # quote currency
    fee: float  # quote currency, the taker's or maker's rate as it would trade now
    slippage_bps: float  # against the mid, for what would trade at once; 0 where nothing would
    takes: float  # how much of it would trade at once, base currency
    ahead: float  # what rests before it at its price, base currency
    equity_share: float  # of the position after it, fraction of equity
    breaches: tuple[str, ...] = ()  # why it would be refused; empty: it may be sent
    warnings: tuple[str, ...] = ()
    large: str = ""  # why the size itself has to be confirmed (`large`), too; also among `warnings`
    horizon: int = 0  # nanoseconds, of the tail risk below; 0: nobody knows it, for `tail_unknown`
    var_before: float = 0.0  # of what is held now, fraction of equity
    var_after: float = 0.0  # with this order filled
    es_before: float = 0.0
    es_after: float = 0.0
    tail_unknown: str = ""
    moves: tuple[LimitMove, ...] = ()  # of the limits that it touches, those with the least room left first
    booked: bool = False  # no order would leave: a book is corrected


class Answer(msgspec.Struct, frozen=True):
    """The engine's answer to a command."""

    id: str
    accepted: bool
    message: str
    sequence: int
    review: Review | None = None
    asks: bool = False  # not done, and nothing but a confirmation is lacking
