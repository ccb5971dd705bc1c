"""How long a component may fail before its circuit breaker opens (R7.9)."""

from __future__ import annotations

from pydantic import Field

from midas.settings.sections import Section, Share


class BreakerSettings(Section):
    """Silence, in minutes unless the name says otherwise, and the way back."""

    price_feed_minutes: float = Field(default=5, gt=0, le=1440)  # no new entries, stops kept
    broker_minutes: float = Field(default=2, gt=0, le=1440)  # no new entries, alert, retry
    broker_escalates_minutes: float = Field(default=5, ge=0, le=1440)  # after that: mode OBSERVATION
    news_minutes: float = Field(default=60, gt=0, le=10_080)  # technical strategies only
    models_minutes: float = Field(default=1, gt=0, le=1440)  # the last valid forecast, then a pause
    sentiment_minutes: float = Field(default=60, gt=0, le=10_080)  # without its filter, at smaller size
    clock_offset_ms_max: float = Field(default=1000, gt=0, le=60_000)  # between our clock and the venue's
    probe_seconds: float = Field(default=30, ge=0, le=3600)  # that it must work before it is trusted again
    caution_exposure: Share = 0.5  # factor on every size while sentiment is missing
