"""Regulators' rules (R7.11): whose account this is, and which of them hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from midas.domain.regulation import ESMA_LEVERAGE
from midas.settings.sections import Section, Zone


class RegulationSettings(Section):
    """A spot account buys with what it has: no leverage, no pattern day traders."""

    account: Literal["spot", "margin"] = "spot"
    pattern_day_trader: bool = False  # US: count day trades in shares on a margin account
    day_trades_max: int = Field(default=3, ge=0, le=1000)
    day_trade_business_days: int = Field(default=5, ge=1, le=30)
    day_trade_equity_usd_min: float = Field(default=25_000, ge=0)  # from here on they are free
    day_trade_time_zone: Zone = "America/New_York"
    leverage_limited: bool = True  # on a margin account, by the table below
    leverage_max: dict[str, Annotated[float, Field(ge=1, le=1000)]] = Field(default=dict(ESMA_LEVERAGE))

    @field_validator("leverage_max")
    @classmethod
    def _names_known_classes(cls, table: dict[str, float]) -> dict[str, float]:
        for name in table:
            if name not in ESMA_LEVERAGE:
                raise ValueError(
                    f"{name} is no asset class of the table; there are {', '.join(ESMA_LEVERAGE)}"
                )
        return ESMA_LEVERAGE | table
