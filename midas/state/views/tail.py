"""Value at risk, expected shortfall, and what a crash would do."""

from __future__ import annotations

import math

import msgspec


class TailPartView(msgspec.Struct, frozen=True, array_like=True):
    """What one position adds to the expected shortfall."""

    instrument: str
    weight: float  # fraction of equity
    expected_shortfall: float  # fraction of equity; all of them make the whole; below 0 it hedges


class TailRecordView(msgspec.Struct, frozen=True):
    """What the forecasts of one horizon were worth; NaN until there is one."""

    count: int = 0
    exceptions: int = 0  # losses beyond the VaR
    expected: float = 0.0  # exceptions, where the forecast is right
    kupiec: float = math.nan  # p-value: are they as many as said? Below 0.05 the forecast is refuted
    independence: float = math.nan  # p-value (Christoffersen): do they come alone?
    coverage: float = math.nan  # p-value of both together
    z2: float = math.nan  # Acerbi & Szekely of the ES: 0 where it is right, above about 0.7 refuted
    light: str = ""  # green, yellow, red; empty while the record is too short for one


class TailView(msgspec.Struct, frozen=True):
    """VaR and ES of what is held, over one horizon; fractions of equity, NaN where `reason` says why."""

    horizon_ns: int
    name: str  # "1 d"
    level: float
    computed_at: int
    value_at_risk: float
    expected_shortfall: float
    method: str
    reason: str
    value_money: float  # VaR in account currency
    shortfall_money: float
    cornish_var: float
    cornish_es: float
    cornish_reason: str  # why it is unknown, or another method stands in
    normal_var: float
    normal_es: float
    scenarios: int
    needed: int
    parts: tuple[TailPartView, ...]  # the largest first
    record: TailRecordView
    var_max: float = math.nan  # NaN: no limit
    es_max: float = math.nan
    lacking: str = ""  # why those limits can't be held against an entry, which is refused then
    refuses: bool = False  # that holds for every entry, not for some instruments alone


class StressView(msgspec.Struct, frozen=True):
    """What a scenario would take from what is held."""

    name: str
    title: str
    horizon: str
    loss: float  # fraction of equity; NaN where `reason` says why
    money: float  # account currency
    hits: tuple[tuple[str, float], ...]  # instrument, fraction of equity; the worst first
    reason: str
    source: str
