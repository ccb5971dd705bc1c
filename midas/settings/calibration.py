"""When the chances that strategies state are doubted (R7.5, corrected), and when they are trusted again."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from midas.settings.sections import Section, Share


class CalibrationSettings(Section):
    """R7.5 as it is written is computed with `gap`, too, and shown; only the corrected rule acts."""

    window_days: int = Field(default=30, ge=1, le=400)
    gap: Share = 0.15  # hit rate below the stated chance: in points, on this side only
    effective_min: float = Field(default=30, ge=2, le=10_000)  # independent outcomes; fewer say nothing
    z_trigger: float = Field(default=-2.5, ge=-10, lt=0)  # below it chance alone hardly explains the misses
    z_release: float = Field(default=-1.0, ge=-10, le=10)
    release_days: int = Field(default=5, ge=1, le=400)  # in a row above it

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.z_release <= self.z_trigger:
            raise ValueError("z_release must lie above z_trigger, or it would end as soon as it began")
        return self
