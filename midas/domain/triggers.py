"""At which losses and failures the desk changes its mode by itself (R7.6, R7.7, R7.10): values, no rules."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.mode import PERMISSIONS, Mode, Permissions
from midas.domain.time import HOUR, MINUTE


class TriggerRules(msgspec.Struct, frozen=True, kw_only=True):
    """Losses are fractions of equity: of its peak, or at the start of the day, the week, the month."""

    zone: str = "UTC"  # of the account: where its days, weeks and months begin
    drawdown_defensive: float = 0.10
    weekly_loss_defensive: float = 0.03
    sharpe_defensive: float = 0.5  # annual, of the last `sharpe_days` daily returns
    sharpe_days: int = 30
    drawdown_stop: float = 0.15
    daily_loss_stop: float = 0.03
    weekly_loss_stop: float = 0.05
    monthly_loss_stop: float = 0.08
    feed_failed_stop: int = HOUR  # without any market message
    broker_gone_stop: int = 30 * MINUTE  # without the user stream
    release: float = 0.8  # of a threshold: below it a trigger of DEFENSIVE ends
    sharpe_release: float = 0.6  # the Sharpe ratio above which its trigger ends
    dwell: int = 5 * MINUTE  # the least time in an automatic DEFENSIVE
    defensive_exposure: float = 0.5  # factor on every size
    defensive_confidence: float = 0.7  # signals below it aren't executed

    @property
    def permissions(self) -> dict[Mode, Permissions]:
        """The mode table with this desk's DEFENSIVE."""
        row = msgspec.structs.replace(
            PERMISSIONS[Mode.DEFENSIVE],
            exposure=self.defensive_exposure, confidence_min=self.defensive_confidence,
        )  # fmt: skip
        return {**PERMISSIONS, Mode.DEFENSIVE: row}

    @property
    def kept(self) -> Decimal:
        """What DEFENSIVE leaves of a position."""
        return Decimal(str(self.defensive_exposure))


class DayReturn(msgspec.Struct, frozen=True):
    """What one closed day of the account made; flows are no part of it."""

    day: int  # days from 1970-01-01 to the date that closed
    days: int  # to the day that followed: more than 1 where nobody measured in between
    value: float  # simple return


class ActiveTrigger(msgspec.Struct, frozen=True):
    """A trigger of DEFENSIVE that holds."""

    since: int  # wall time
    cause: str  # "drawdown 11.2% above 10%"
    ends: str  # "drawdown below 8%"
