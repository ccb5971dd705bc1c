"""What closes an open position by itself (R7.3)."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from midas.settings.sections import Section


class StopSettings(Section):
    """Shares are of a price, `_atr` counts ATR(14) of the bars; 0 leaves a rule out."""

    enabled: bool = True
    percent: float = Field(default=0.02, ge=0, lt=1)  # below the entry
    atr: float = Field(default=0, ge=0, le=1000)  # below the entry; the nearer of both holds
    trail_percent: float = Field(default=0.03, ge=0, lt=1)  # below the best price since
    trail_atr: float = Field(default=0, ge=0, le=1000)
    break_even_r: float = Field(default=1, ge=0, le=100)  # a gain of so many first risks
    time_minutes: float = Field(default=0, ge=0, le=525_600)  # of market time
    time_gain: float = Field(default=0, ge=0, lt=10)  # to be reached in that time
    collar_bps: float = Field(default=50, ge=0, le=2000)  # limit of a resident stop below its trigger
    resident: bool = True  # at the venue, where it takes stops
    by_hand: bool = True  # for what a person bought, too
    step_bps: float = Field(default=5, ge=0, le=1000)  # smaller moves of a stop aren't worth a cancel
    pace_seconds: float = Field(default=5, ge=0, le=3600)  # the least between two moves of one
    chase_seconds: float = Field(default=2, ge=0, le=60)  # reached and not filled: sold at the touch

    @model_validator(mode="after")
    def _protect(self) -> Self:
        if self.enabled and not (self.percent or self.atr or self.trail_percent or self.trail_atr):
            raise ValueError(
                "no position would have a stop: set percent, atr, trail_percent or trail_atr, "
                "or enabled = false"
            )
        if self.break_even_r and self.enabled and not (self.percent or self.atr):
            raise ValueError(
                f"break_even_r = {self.break_even_r:g} counts first risks, from the entry down to a stop, "
                "and percent = 0 with atr = 0 sets none: set one of them above 0, or break_even_r = 0"
            )
        if self.time_gain and not self.time_minutes:
            raise ValueError("time_gain is reached within time_minutes: set both, or neither")
        return self

    def changed(self, by: dict[str, bool | int | float | str]) -> StopSettings:
        """These, with what one strategy has of its own. Raises ValidationError."""
        return StopSettings(**{**self.model_dump(), **by})
