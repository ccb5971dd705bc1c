"""What was predicted against what came: probabilities and costs."""

from __future__ import annotations

import msgspec


class ReliabilityView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One point of a reliability diagram: a tenth of the outcomes, from the lowest chances up."""

    count: int
    stated: float  # mean chance
    came: float  # hit rate
    low: float  # Wilson's 95 % interval of the hit rate
    high: float


class CostsView(msgspec.Struct, frozen=True):
    """What orders that took have cost this session, beyond the mid and without fees, in basis points."""

    orders: int = 0
    expected: float = float("nan")  # mean, by the cost model
    realised: float = float("nan")  # mean
    ratio: float = 1.0  # median of the last twenty
    alert: bool = False  # consistently more than twice what was expected


class CalibrationView(msgspec.Struct, frozen=True):
    """Stated chances against what happened, of one strategy or of all. NaN: nothing to say yet."""

    strategy: str  # "": the desk
    acted: bool  # of signals that were acted on, which decide; False: of every signal
    count: int
    effective: float  # independent outcomes that they are worth
    hit_rate: float
    stated: float  # mean chance
    gap: float  # hit rate less mean chance
    z: float
    status: str  # "insufficient data", "calibrated", "degraded"
    calm_days: int  # of those that end a degraded one
    naive: bool  # R7.5 as it is written would fire; decides nothing
    brier: float
    ece: float  # NaN below 200 outcomes: it would be chance
    ece_mean: float  # of a perfectly calibrated forecaster of the same chances
    ece_high: float  # its 95th percentile: a higher `ece` is no chance
    points: tuple[ReliabilityView, ...] = ()


class CalibrationPanel(msgspec.Struct, frozen=True):
    """The calibration monitor (R7.5), by its look of the last minute."""

    rows: tuple[CalibrationView, ...] = ()  # the desk first; none where no strategy states its chances
    pending: int = 0  # signals whose outcome isn't due
    voided: int = 0  # in this session: market data were missing when it mattered
    window_days: int = 30
    gap_max: float = 0.15
    effective_min: float = 30.0
    z_trigger: float = -2.5
    z_release: float = -1.0
    release_days: int = 5
    stating: tuple[str, ...] = ()  # strategies that state chances
