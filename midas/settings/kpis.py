"""The goals of the key figures (R7.12). They change no decision: they say what is good enough."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from midas.settings.sections import Section, Share

# The goal first, then what would be ideal; a fall is the better the smaller.
_ORDERED = (
    ("sharpe_min", "sharpe_optimum"),
    ("drawdown_optimum", "drawdown_max"),
    ("cagr_min", "cagr_optimum"),
    ("win_rate_min", "win_rate_optimum"),
)


class KpiSettings(Section):
    """Ratios and fractions; Sharpe ratio and growth are annual. A minimum must be passed, not met."""

    sharpe_min: float = Field(default=0.8, ge=-10, le=10)  # of the last six months
    sharpe_optimum: float = Field(default=1.5, ge=-10, le=10)
    drawdown_max: Share = 0.15
    drawdown_optimum: Share = 0.10
    cagr_min: float = Field(default=0.08, gt=-1, le=100)
    cagr_optimum: float = Field(default=0.15, gt=-1, le=100)
    win_rate_min: Share = 0.45
    win_rate_optimum: Share = 0.55
    profit_factor_min: float = Field(default=1.3, ge=0, le=1000)
    recovery_factor_min: float = Field(default=2.0, ge=0, le=1000)

    @model_validator(mode="after")
    def _are_ordered(self) -> Self:
        for first, second in _ORDERED:
            if getattr(self, first) > getattr(self, second):
                raise ValueError(f"{first} must not lie above {second}")
        return self
