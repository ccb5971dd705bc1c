"""When the desk changes its mode by itself (R7.6, R7.7, R7.10)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from midas.settings.sections import Section, Share, Zone

# What makes the desk careful has to lie before what stops it.
_ORDERED = (
    ("drawdown_defensive", "drawdown_stop"),
    ("weekly_loss_defensive", "weekly_loss_stop"),
    ("daily_loss_stop", "weekly_loss_stop"),
    ("weekly_loss_stop", "monthly_loss_stop"),
    ("sharpe_defensive", "sharpe_release"),
)


def _lets_a_loss_be(share: float) -> float:
    if share == 0:
        raise ValueError("0 would fire at the first tick down: set a share of equity, or 1 to leave it out")
    return share


Loss = Annotated[Share, AfterValidator(_lets_a_loss_be)]  # of equity


class TriggerSettings(Section):
    """Losses are shares of equity: of its peak, or at the start of the day, the week and the month."""

    time_zone: Zone = "UTC"  # of the account: where its days, weeks (from Monday) and months begin
    drawdown_defensive: Loss = 0.10
    weekly_loss_defensive: Loss = 0.03
    sharpe_defensive: float = Field(default=0.5, ge=-10, le=10)  # annual, of the last `sharpe_days` days
    sharpe_days: int = Field(default=30, ge=20, le=400)
    drawdown_stop: Loss = 0.15
    daily_loss_stop: Loss = 0.03
    weekly_loss_stop: Loss = 0.05
    monthly_loss_stop: Loss = 0.08
    feed_failed_stop_minutes: float = Field(default=60, gt=0, le=10_080)  # without any market message
    broker_gone_stop_minutes: float = Field(default=30, gt=0, le=10_080)  # without the user stream
    release: float = Field(default=0.8, gt=0, le=1)  # of a loss's threshold: where DEFENSIVE may end
    sharpe_release: float = Field(default=0.6, ge=-10, le=10)
    dwell_minutes: float = Field(default=5, ge=0, le=10_080)  # the least time in an automatic DEFENSIVE
    defensive_exposure: Share = 0.5  # factor on every size
    defensive_confidence: Share = 0.7  # signals below it aren't executed

    @model_validator(mode="after")
    def _are_ordered(self) -> Self:
        for first, second in _ORDERED:
            if getattr(self, first) > getattr(self, second):
                raise ValueError(
                    f"{first} = {getattr(self, first):g} must not lie above "
                    f"{second} = {getattr(self, second):g}"
                )
        return self
