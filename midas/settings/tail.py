"""VaR and expected shortfall (R7.4): over which horizons, how surely, and how much is allowed."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from midas.settings.sections import Section, Share

# Periods that venues have candles of: a scenario is one of them.
MINUTES = (1, 3, 5, 15, 30, 60, 120, 240, 360, 480, 720, 1440)


class TailSettings(Section):
    """Horizons in market time; the first is the main one, which limits and tickets are held against."""

    horizons_minutes: tuple[int, ...] = Field(default=(1440, 60), min_length=1, max_length=4)
    level: float = Field(default=0.95, ge=0.9, le=0.995)  # of VaR and ES
    history_returns: int = Field(default=500, ge=120, le=1000)  # scenarios of each horizon
    every_seconds: float = Field(default=60, ge=60, le=3600)  # wall time
    var_max: Share = 0.0  # 0: no limit
    es_max: Share = 0.0  # 0: no limit

    @field_validator("horizons_minutes")
    @classmethod
    def _are_candles(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        for minutes in horizons:
            if minutes not in MINUTES:
                known = ", ".join(map(str, MINUTES))
                raise ValueError(f"no venue has candles of {minutes} minutes; there are {known}")
        if len(set(horizons)) != len(horizons):
            raise ValueError("each horizon once")
        return horizons

    @model_validator(mode="after")
    def _level_has_scenarios(self) -> Self:
        needed = round(5 / (1 - self.level)) + 20  # five beyond the level, and what warms the filter
        if self.history_returns < needed:
            raise ValueError(
                f"history_returns = {self.history_returns} can't tell the level {self.level}: "
                f"at least {needed} are needed"
            )
        if self.var_max and self.es_max and self.es_max < self.var_max:
            raise ValueError("es_max must not lie below var_max: an ES is never smaller than its VaR")
        return self
