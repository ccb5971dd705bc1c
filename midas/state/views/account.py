"""Money, and the session's results."""

from __future__ import annotations

import math

import msgspec


class BalanceView(msgspec.Struct, frozen=True):
    """What we own of one asset, by our own ledger."""

    asset: str
    total: float
    value: float  # quote currency


class AccountView(msgspec.Struct, frozen=True):
    """Equity and what became of it."""

    currency: str
    equity: float
    opening_equity: float
    cash: float
    pnl: float  # since the session began
    pnl_pct: float
    pnl_day: float
    drawdown: float  # fraction below the peak, positive
    drawdown_max: float  # the limit
    fees: float  # this session
    balances: tuple[BalanceView, ...]
    reconciled: bool
    reconciled_at: int
    reconcile_detail: str
    curve: tuple[float, ...] = ()  # equity, one a second of wall time, oldest first, at most 300
    realised: float = 0.0  # this session, fees included, by every sleeve: also by those flat by now or dust
    realised_ever: float = 0.0  # since the account's first session


class CountsView(msgspec.Struct, frozen=True):
    """Totals of the session; the last line of a headless run."""

    market_events: int
    market_seconds: float
    bars: int
    signals: int
    orders: int
    fills: int
    refusals: int
    anomalies: int
    fills_by_strategy: dict[str, int]


class KpiView(msgspec.Struct, frozen=True):
    """One key figure against its goal; NaN where a number isn't known or there is none."""

    name: str  # "Sharpe, 6 months", "max drawdown", ...
    value: float
    goal: float
    optimum: float
    low: float  # of the 95 % interval
    high: float
    verdict: str  # not known, missed, met, optimal, no goal
    certain: bool  # the whole interval says the same of the goal
    unit: str  # "%": fractions; "": a ratio
    below: bool  # the smaller the better
    count: int  # observations
    reason: str = ""  # why it isn't known


class SkillView(msgspec.Struct, frozen=True):
    """How much of the record's Sharpe ratio isn't luck; chances 0 to 1."""

    positive: float = math.nan  # that the true Sharpe ratio is above 0
    goal: float = math.nan  # that it is above the goal
    deflated: float = math.nan  # that it is above the best that luck gives as many trials
    trials: int = 1
    years: float = 0.0  # of record
    years_needed: float = math.nan  # until `positive` would be 95 %
    reason: str = ""  # why they aren't known


class KpisView(msgspec.Struct, frozen=True):
    """The key figures of the account since its first session."""

    computed_at: int = 0  # 0: not yet
    rows: tuple[KpiView, ...] = ()
    skill: SkillView = SkillView()
    days: int = 0
    trips: int = 0  # positions of strategies that were opened and closed again
    signals: int = 0  # generated
    executed: int = 0  # of them
