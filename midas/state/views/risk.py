"""Limits with the room that they leave, exposure, triggers and breakers."""

from __future__ import annotations

import math

import msgspec


class LimitView(msgspec.Struct, frozen=True):
    """One risk limit as a gauge."""

    name: str
    title: str
    value: float
    maximum: float
    used: float  # 0..1 and beyond
    unit: str  # "%" (values are fractions), "/10s", "bp", ...
    action: str  # what happens when it binds
    binding: bool  # also where it isn't known and so refuses; `room` is NaN then
    detail: str = ""
    room: float = math.nan  # what is left before it binds, in the unit of `value`
    room_money: float = math.nan  # the same in quote currency, where the limit is a share of equity
    floor: bool = False  # `maximum` is the least allowed: it binds from above
    over: float = 0.0  # how far `value` is beyond `maximum` already, in the unit of `value`


class ExposureView(msgspec.Struct, frozen=True):
    """How much of one kind of thing is held, and would be if every entry order filled."""

    scope: str  # instrument, strategy
    name: str  # an instrument's id or a strategy's name
    value: float  # held, quote currency
    share: float  # held, fraction of equity
    working: float  # what our buy orders may still add, quote currency
    worst: float  # both, fraction of equity
    maximum: float = math.nan  # share allowed; NaN where nothing limits it


class BranchView(msgspec.Struct, frozen=True, gc=False):
    """One branch of the exposure tree: all, venue, class, sector, instrument, each below what holds it."""

    depth: int  # 0: everything
    scope: str  # all, venue, class, sector, instrument
    name: str
    gross: float  # what is held, account currency, long and short added up; NaN: no price yet
    net: float  # long less short; a spot account is only ever long
    entries: float  # what our buy orders may still add, account currency
    worst: float  # as if every entry order filled, fraction of equity
    maximum: float = math.nan  # share allowed; NaN where nothing limits it


class CorrelationView(msgspec.Struct, frozen=True):
    """How the instruments move together, raw (shrinking hides a breach): what the limit is judged by."""

    names: tuple[str, ...] = ()
    rows: tuple[tuple[float, ...], ...] = ()  # -1 to 1, a row a name; NaN: not known yet
    held: tuple[bool, ...] = ()  # whether we hold or buy it
    maximum: float = math.nan  # above it two positions count as one; NaN: no such limit
    more: int = 0  # instruments that aren't in it
    bars: int = 0  # that the least known of them has seen
    needed: int = 0  # until every cell is known


class ControlsView(msgspec.Struct, frozen=True):
    """What limits a single order, whoever asks for it; 0: no such limit."""

    rate: int = 0  # orders in the last 10 s
    rate_max: int = 0
    notional_max: float = 0.0  # account currency
    collar_bps: float = 0.0  # beyond the market
    duplicate_ns: int = 0  # in which an unanswered order isn't asked for again
    repeats_max: int = 0  # executed orders of one strategy, instrument and side, in `repeats_ns`
    repeats_ns: int = 0
    large_share: float = 0.0  # of equity: a person's larger order has to be meant
    large_multiple: float = 0.0  # of the day's median order: as above
    stopped: tuple[str, ...] = ()  # strategies that the throttle switched off; a person lets them go on
    quantity_max: tuple[tuple[str, float], ...] = ()  # asset and most of it in one order, by name


class TriggerView(msgspec.Struct, frozen=True):
    """A loss or a failure at which the engine acts by itself; a loss is a level of equity, too."""

    name: str  # drawdown_stop, day_stop, week_stop, month_stop, sharpe_defensive, feed_failed, ...
    title: str  # "drawdown"
    value: float  # now, in `unit`; NaN: not known yet
    maximum: float  # at which it fires
    equity: float  # at which it fires, account currency; NaN: it is no loss
    room: float  # equity that may be lost before it fires; NaN: it is no loss
    action: str  # what it does, in words
    unit: str = "%"  # fraction; "" a ratio; "min" minutes
    active: bool = False  # it holds the mode DEFENSIVE
    ends: str = ""  # what would end it
    below: bool = False  # fires below `maximum`


class BreakerView(msgspec.Struct, frozen=True):
    """One circuit breaker."""

    component: str  # "price feed", "broker", ...
    phase: str  # closed, open, half-open
    since_at: int  # 0: closed since the start
    reason: str
    effect: str  # what an open one does
    used: bool  # False: nothing here depends on the component yet
    opened: int  # how often in this session
    patience_ns: int  # silence or failure that opens it; 0: at once
    probe_ns: int = 0  # how long it has to work before it is trusted again
    trusted_at: int = 0  # when a half-open one closes if it goes on working; 0: it isn't half-open


class RegulationView(msgspec.Struct, frozen=True):
    """What regulators' rules leave; on a spot account there is nothing to count."""

    margin: bool = False
    day_trades_counted: bool = False
    day_trades: int = 0  # in the window
    day_trades_waiting: int = 0  # instruments bought today, or being bought: each may become one
    day_trades_max: int = 0
    day_trades_free: bool = False  # equity is above the threshold
    margin_used: float = math.nan  # initial margin of what is held, fraction of equity; NaN: not limited
    leverage: tuple[tuple[str, float], ...] = ()  # the table: class, times equity
