"""What the engine decided or noticed on one event; an audit is a list of these and of effects."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.calibration import Claim, Monitor
from midas.domain.command import Answer
from midas.domain.opinion import Reducing, Regime, Signal, Target
from midas.domain.order import OrderIntent, Purpose, Side
from midas.domain.sizing import SizeStep
from midas.domain.stops import StopKept
from midas.domain.tail import TailForecast, TailOutcome
from midas.domain.triggers import DayReturn
from midas.domain.verdict import Breach


class SignalMade(msgspec.Struct, frozen=True, tag="signal"):
    """A strategy spoke, and what became of it."""

    signal: Signal
    outcome: str  # acted, refused, held, muted
    detail: str
    steps: tuple[SizeStep, ...] = ()  # of its size, where one was computed


class TargetRefused(msgspec.Struct, frozen=True, tag="refused"):
    """Risk said no, and why."""

    target: Target
    breaches: tuple[Breach, ...]


class TargetApproved(msgspec.Struct, frozen=True, tag="approved"):
    """Risk said yes: the strategy's position is now being worked to this."""

    target: Target


class ReductionBegun(msgspec.Struct, frozen=True, tag="reducing"):
    """Mode DEFENSIVE works a position down, until it is there or another target is approved."""

    to: Reducing


class OrderPlanned(msgspec.Struct, frozen=True, tag="planned"):
    """An intent, from now on reserved in every limit."""

    intent: OrderIntent


class OrderBlocked(msgspec.Struct, frozen=True, tag="blocked"):
    """An intent that failed the last check before sending."""

    intent: OrderIntent
    breach: Breach


class OrderMoved(msgspec.Struct, frozen=True, tag="moved"):
    """An order changed its status."""

    client_id: str
    before: str
    after: str
    detail: str = ""


class AmendmentMoved(msgspec.Struct, frozen=True, tag="amending"):
    """Another order is to stand in the place of this one once that is closed, or no longer is."""

    client_id: str
    waits: bool


class CloseMoved(msgspec.Struct, frozen=True, tag="close"):
    """A person closes one strategy's position, or that has come to its end: a crash is none."""

    strategy: str
    instrument: str
    by: str
    waits: bool


class FillBooked(msgspec.Struct, frozen=True, tag="fill"):
    """An execution entered the ledger."""

    client_id: str
    strategy: str
    instrument: str
    side: Side
    purpose: Purpose
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    realised: Decimal
    position: Decimal
    trade_id: int
    market_time: int


class FillBusted(msgspec.Struct, frozen=True, tag="fill.busted"):
    """An execution left the ledger again, by the venue's word."""

    client_id: str
    strategy: str
    instrument: str
    side: Side  # of the execution that is gone
    price: Decimal
    quantity: Decimal
    realised: Decimal  # what taking it back did to the result
    position: Decimal
    trade_id: int


class Anomaly(msgspec.Struct, frozen=True, tag="anomaly"):
    """Something that the transition table doesn't list; never an exception that ends the engine."""

    kind: str
    subject: str
    detail: str


class ModeChanged(msgspec.Struct, frozen=True, tag="mode"):
    """The mode moved: cause, evidence, who, and what would end it."""

    before: str
    after: str
    by: str
    cause: str
    ends_when: str
    since: int = 0  # a latch that a start finds was pulled before


class TriggerMoved(msgspec.Struct, frozen=True, tag="trigger"):
    """A trigger of DEFENSIVE begins to hold, or ends."""

    name: str
    cause: str  # with the figures: why it fired, or why it ended
    ends: str  # what would end it; empty: it has ended
    at: int


class LossesAccepted(msgspec.Struct, frozen=True, tag="losses.accepted"):
    """A person went on after a stop at a loss: what fired is measured from this equity on, nothing else."""

    names: tuple[str, ...]  # of the loss stops: drawdown_stop, day_stop, week_stop, month_stop
    equity: float  # account currency
    by: str


class StopMoved(msgspec.Struct, frozen=True, tag="stop"):
    """The stop of a position was set, rose, or ended with it."""

    strategy: str
    instrument: str
    stop: StopKept | None  # None: it has ended
    why: str


class PositionChecked(msgspec.Struct, frozen=True, tag="checked"):
    """Once a minute of market time: what would close an open position, and where that stands."""

    strategy: str
    instrument: str
    quantity: Decimal
    mark: float
    level: Decimal  # of its stop; 0: none
    distance: float  # from the mark down to it, as a fraction
    resident: Decimal  # of the quantity, what a stop at the venue sells
    trouble: str = ""  # why it isn't all of it


class BreakerMoved(msgspec.Struct, frozen=True, tag="breaker"):
    """A circuit breaker opened, is on probation, or closed."""

    component: str
    before: str
    after: str  # closed, open, half-open
    reason: str
    effect: str  # what holds while it isn't closed


class DayClosed(msgspec.Struct, frozen=True, tag="day"):
    """A day of the account is over."""

    made: DayReturn


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """How many signals there have been, ever: the journal keeps the sums, not each one."""

    signals: int
    executed: int


class TailMoved(msgspec.Struct, frozen=True, tag="tail"):
    """A forecast of tail risk met its outcome (none: it can't be measured), or the next one was made."""

    horizon: int
    outcome: TailOutcome | None = None
    forecast: TailForecast | None = None


class ClaimMade(msgspec.Struct, frozen=True, tag="claim"):
    """A signal stated its chance of winning."""

    claim: Claim


class ClaimDecided(msgspec.Struct, frozen=True, tag="claim.decided"):
    """A stated chance came true, or it didn't."""

    claim: Claim
    won: bool | None  # None: market data were missing when it mattered
    day: int  # of the account
    time: int  # market time


class TrustMoved(msgspec.Struct, frozen=True, tag="trust"):
    """The chances of a strategy, or of the desk (""), are in doubt, a day calmer, or trusted again."""

    strategy: str
    monitor: Monitor
    cause: str  # with the figures


class RegimeChanged(msgspec.Struct, frozen=True, tag="regime"):
    """The rules see another market."""

    instrument: str
    before: str
    regime: Regime


class GateMoved(msgspec.Struct, frozen=True, tag="gate"):
    """A gate closed or opened for one scope."""

    scope: str
    closed: bool
    reason: str
    by: str = ""  # the person who did it; empty: the engine
    level: str = ""  # of the kill that closed it; empty: none did


class LimitsChanged(msgspec.Struct, frozen=True, tag="limits"):
    """A person had the configuration read again, and other limits are in force."""

    by: str
    looser: bool  # at least one of them lets more through
    changes: tuple[str, ...]
    profile: str


class Noted(msgspec.Struct, frozen=True, tag="note"):
    """A line for the people who read the log."""

    kind: str  # FEED, SESSION, WARN, KILL, STRATEGY
    severity: str  # info, warn, error
    text: str


class CommandAnswered(msgspec.Struct, frozen=True, tag="answer"):
    """What a door is told."""

    answer: Answer


class Reconciled(msgspec.Struct, frozen=True, tag="reconciled"):
    """A full pass over the account, compared."""

    purpose: str
    equal: bool
    changed: int  # pieces of state that the pass corrected
    differences: tuple[str, ...]
    undecided: tuple[str, ...] = ()  # what differs and moved while the pass was on its way


class Adjusted(msgspec.Struct, frozen=True, kw_only=True, tag="adjusted"):
    """What no fill explains entered the ledger; a replay folds it, whatever the market was then.

    `kind`: external_flow (the venue told of it), dust (less than a lot), accepted (by a person), funding (a
    cost), taken_out (by a person: what a strategy's book holds, and the account doesn't any more). Of these
    funding and what was taken out count as loss or profit.
    """

    kind: str
    name: str  # of the difference; of a flow, the venue's own stamp
    asset: str
    amount: Decimal  # added to the balance; 0 where nothing but the difference is accepted
    at: int
    instrument: str = ""  # whose position moves; empty: none
    position: Decimal = Decimal(0)  # added to it, in the sleeve of what isn't ours
    price: Decimal = Decimal(0)  # quote currency a unit; 0: not known
    price_source: str = ""
    client_id: str = ""  # of the order that is taken as closed
    here: str = ""
    venue: str = ""
    by: str = ""  # the person who accepted it
    strategy: str = ""  # out of whose sleeve the position comes; empty: out of none


Decision = (
    SignalMade
    | TargetRefused
    | TargetApproved
    | ReductionBegun
    | OrderPlanned
    | OrderBlocked
    | OrderMoved
    | AmendmentMoved
    | CloseMoved
    | FillBooked
    | FillBusted
    | Anomaly
    | ModeChanged
    | TriggerMoved
    | LossesAccepted
    | DayClosed
    | StopMoved
    | PositionChecked
    | Counted
    | TailMoved
    | BreakerMoved
    | ClaimMade
    | ClaimDecided
    | TrustMoved
    | RegimeChanged
    | GateMoved
    | LimitsChanged
    | Noted
    | CommandAnswered
    | Reconciled
    | Adjusted
)
