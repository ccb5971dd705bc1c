"""How large a position may be (R7.2): each step of sizing, and where its number comes from."""

from __future__ import annotations

from pydantic import Field

from midas.settings.sections import Section, Share


class SizingSettings(Section):
    """Shares are of equity unless the comment says of what."""

    kelly_fraction: float = Field(default=0.25, gt=0, le=0.25)  # of full Kelly
    chance_quantile: float = Field(default=0.25, gt=0, le=0.5)  # of what so few outcomes allow
    edge_margin: float = Field(default=0.0005, ge=0, le=0.1)  # of price: an edge must exceed its cost by it
    volatility_target_annual: float = Field(default=0.20, gt=0, le=5)
    volatility_floor_annual: float = Field(default=0.05, gt=0, le=5)
    drawdown_max: Share = Field(default=0.15, gt=0)  # at which nothing new is held any more
    calibration_factor: Share = 0.5  # while stated chances don't come true
    trades_min: int = Field(default=30, ge=1, le=10_000)  # effective, before own trades count
    trades_floor: Share = 0.25  # of a size: what own trades without an edge leave; 0 ends the strategy
    rebalance_band: Share = 0.10  # of the new size: a smaller change isn't worth its cost


# Where settings went that once stood elsewhere, and what is said to whoever still names them.
MOVED = {
    ("risk", name): f"it is risk.sizing.{name} now"
    for name in ("volatility_target_annual", "volatility_floor_annual", "rebalance_band")
}
