"""What a new session inherits from the last one on the same account. Market state is never carried."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.calibration import Claim, Decided, Monitor
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.domain.opinion import Reducing
from midas.domain.order import Fill, OrderIntent, Purpose, Replacement, Side
from midas.domain.regulation import DayTrade
from midas.domain.stops import StopKept
from midas.domain.tail import HorizonCarried
from midas.domain.triggers import ActiveTrigger, DayReturn
from midas.domain.trips import OpenTrip, Trip


class OrderCarried(msgspec.Struct, frozen=True, kw_only=True):
    """An order that wasn't closed when the journal ended."""

    intent: OrderIntent
    phase: str
    venue_id: str
    filled: Decimal
    sent_at: int
    dead_at: int
    cost: Decimal = ZERO  # quote units of what has filled
    busted: Decimal = ZERO  # taken back by the venue
    untriggered: bool = False
    sequence: int = 0  # the venue's highest for this order
    replacements: tuple[Replacement, ...] = ()  # sent, not answered
    unknown_since: int = 0  # wall time; 0: its fate was known
    unknown_cause: str = ""
    absent_at: int = 0  # venue time of the first proof that it never arrived: crashes don't take it back
    withdrawn: bool = False  # a cancel of it has left


class SleeveCarried(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy's position in one instrument."""

    strategy: str
    instrument: str
    quantity: Decimal
    cost: Decimal
    realised: Decimal
    fees: Decimal
    fills: int
    opened_at: int
    trip: OpenTrip = OpenTrip()  # the round trip that isn't over
    handed: Decimal = ZERO  # of `quantity`, what came from another sleeve (went to one: below zero)


class AlertCarried(msgspec.Struct, frozen=True):
    """A price that a person wants to be told of."""

    id: int
    instrument: str  # its id
    price: Decimal
    above: bool  # fires when the price rises to it; else when it falls to it
    set_by: str
    set_at: int
    fired_at: int = 0  # 0: waiting
    acknowledged: bool = False


class PauseCarried(msgspec.Struct, frozen=True):
    """A gate that a person closed, and only a person opens."""

    scope: str
    reason: str
    by: str
    since: int
    level: str = ""  # of the kill that closed it; empty: paused


class CloseCarried(msgspec.Struct, frozen=True):
    """A position that a person was closing."""

    strategy: str
    instrument: str
    by: str


class InferredCarried(msgspec.Struct, frozen=True):
    """A fill that only a balance has told so far; the venue's own will take its place."""

    strategy: str
    instrument: str
    side: Side
    fill: Fill


class OwnerCarried(msgspec.Struct, frozen=True, array_like=True):
    """Whose a closed order was: a fill of it may be told days later."""

    strategy: str
    purpose: Purpose
    closed_at: int  # wall time


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """Ledger, open orders, known trades and mode at the end of `from_session` (empty: a first start)."""

    from_session: str = ""
    balances: dict[str, Decimal] = {}
    opened: bool = False  # the ledger has its opening balances
    orders: tuple[OrderCarried, ...] = ()
    sleeves: tuple[SleeveCarried, ...] = ()
    trips: tuple[Trip, ...] = ()  # the newest of each strategy that closed, the oldest first
    trade_ids: dict[str, tuple[int, ...]] = {}
    busted: dict[str, tuple[int, ...]] = {}  # of those, the ones that the venue took back
    intents: int = 0
    tickets: dict[str, str] = {}  # a person's acts, with the order that each became: none becomes another
    amending: tuple[str, ...] = ()  # open orders in whose place another was to stand
    closing: tuple[CloseCarried, ...] = ()  # positions that a person closes
    pauses: tuple[PauseCarried, ...] = ()
    mode: str = "NORMAL"
    mode_by: str = "start"
    mode_cause: str = "first start"
    mode_ends: str = "until somebody changes it"
    mode_since: int = 0  # wall time; 0: not told
    mode_floor: str = "NORMAL"  # the safest mode that a human last set
    halved: bool = False  # by DEFENSIVE, since NORMAL held last
    valued: tuple[str, ...] = ()  # the assets that `equity_peak` and `day_equity` count; empty: not told
    equity_peak: float = 0.0
    day: int = 0  # days since 1970 of `day_equity`: a restart may not forget the day's loss
    day_equity: float = 0.0
    week: int = 0  # weeks since 1970
    week_equity: float = 0.0
    month: int = 0  # months since 1970
    month_equity: float = 0.0
    day_made: float = 1.0  # factor on equity, of the day before its loss was accepted
    returns: tuple[DayReturn, ...] = ()  # of the days that closed, the oldest first
    triggers: dict[str, ActiveTrigger] = {}  # of DEFENSIVE, that hold
    signals: int = 0  # that strategies made, ever
    executed: int = 0  # of them, that became targets
    tail: tuple[HorizonCarried, ...] = ()  # forecasts of tail risk and what came of them
    day_trades: tuple[DayTrade, ...] = ()
    bought_on: dict[str, int] = {}  # instrument -> the day of a purchase that isn't sold yet
    claims: tuple[Claim, ...] = ()  # stated chances that wait for their outcome
    decided: tuple[Decided, ...] = ()  # outcomes of the last days
    monitors: dict[str, Monitor] = {}  # of calibration, by strategy; "": of the desk
    alerts: tuple[AlertCarried, ...] = ()
    alert_last: int = 0  # the highest id of an alert so far
    clean_at: int = 0  # the last pass that found both sides equal; 0: none yet, or not told
    clean_as_of: int = 0  # the same by the venue's time; 0: not told
    adjustments: dict[str, Decimal] = {}  # by instrument: what changed the position and was no fill
    accepted: dict[str, tuple[str, str]] = {}  # differences that a person accepted, with their figures
    inferred: dict[str, InferredCarried] = {}  # by client id: fills that only a balance has told so far
    owners: dict[str, OwnerCarried] = {}  # by client id: of orders that closed in the last days
    stops: tuple[StopKept, ...] = ()  # of open positions
    reducing: tuple[Reducing, ...] = ()  # positions that mode DEFENSIVE has not worked down yet
    relisted: tuple[Instrument, ...] = ()  # whose rules changed during that session, as they were at its end
    sizes_day: int = 0  # days since 1970 of `sizes`
    sizes: dict[str, tuple[Decimal, ...]] = {}  # by instrument: quantities of that day's orders
