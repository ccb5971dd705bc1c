"""[risk]: how assets count, the profiles of hard limits, and what limits a single order."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from midas.settings.breakers import BreakerSettings
from midas.settings.calibration import CalibrationSettings
from midas.settings.kpis import KpiSettings
from midas.settings.regulation import RegulationSettings
from midas.settings.sections import Section, Share
from midas.settings.sizing import MOVED as MOVED_TO_SIZING
from midas.settings.sizing import SizingSettings
from midas.settings.stops import StopSettings
from midas.settings.tail import TailSettings
from midas.settings.triggers import TriggerSettings

Kind = Literal["crypto", "share", "etf", "forex", "bond", "commodity", "cash"]
AssetName = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,20}$")]


class AssetSettings(Section):
    """How one asset counts."""

    kind: Kind = Field(alias="class")
    sector: str = Field(min_length=1)
    currency: str = Field(default="", pattern=r"^[A-Z0-9]{0,20}$")  # empty: the rule of its class


_COIN = AssetSettings.model_validate({"class": "crypto", "sector": "crypto"})


class LimitProfile(Section):
    """The hard limits of R7.1, shares of equity. A profile states all of them: none hides in a default."""

    position_max: Share  # of one asset
    sector_max: Share
    correlation_max: Share  # a coefficient: above it two positions count as one
    cluster_max: Share  # of a position together with all that are correlated with it
    usd_max: Share
    crypto_max: Share
    share_max: Share
    etf_max: Share
    forex_max: Share
    bond_max: Share
    commodity_max: Share
    currency_max: Share  # of each currency but the account's own
    venue_max: Share
    strategy_max: Share
    cash_min: Share

    @model_validator(mode="after")
    def _a_cluster_holds_a_position(self) -> Self:
        if self.cluster_max < self.position_max:
            raise ValueError("cluster_max must not lie below position_max: a position is a cluster of one")
        return self


class OrderSettings(Section):
    """What limits a single order, whoever asks for it."""

    rate_max: int = Field(default=20, ge=1, le=1000)  # orders in any 10 s
    notional_max: Decimal = Field(default=Decimal("2500"), gt=0)  # account currency
    quantity_max: dict[AssetName, Annotated[Decimal, Field(gt=0)]] = Field(default={})  # else the venue's own
    collar_bps: float = Field(default=50, gt=0, le=2000)
    duplicate_seconds: float = Field(default=5, ge=0, le=3600)
    repeats_max: int = Field(default=30, ge=1, le=1_000_000)
    repeats_seconds: float = Field(default=60, gt=0, le=86_400)
    fat_finger_multiple: float = Field(default=10, ge=1, le=1_000_000)
    fat_finger_share: Share = 0.10


class RiskSettings(Section):
    """What may be risked, and what stops it."""

    limits: str = "crypto-only"
    stablecoin_counts_as: Literal["cash", "usd", "crypto"] = "cash"
    forced_sale_over: float = Field(default=0.05, ge=0, le=1)  # of a limit
    sizing: SizingSettings = SizingSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    triggers: TriggerSettings = TriggerSettings()
    breakers: BreakerSettings = BreakerSettings()
    stops: StopSettings = StopSettings()
    kpis: KpiSettings = KpiSettings()
    tail: TailSettings = TailSettings()
    regulation: RegulationSettings = RegulationSettings()
    assets: dict[AssetName, AssetSettings] = Field(
        default_factory=lambda: dict.fromkeys(("BTC", "ETH"), _COIN)
    )
    orders: OrderSettings = OrderSettings()
    profiles: dict[str, LimitProfile] = Field(default={})

    @model_validator(mode="after")
    def _profile_exists(self) -> Self:
        if self.limits not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            if self.limits == OLD_BALANCED:
                raise ValueError(f"limits = {self.limits!r}: the general numbers are called 'balanced' now")
            raise ValueError(f"limits = {self.limits!r} names no table [risk.profiles.*]; there are: {known}")
        return self

    @property
    def active(self) -> LimitProfile:
        """The profile that `limits` names."""
        return self.profiles[self.limits]


OLD_BALANCED = "source"

# Where settings went that once stood elsewhere, and what is said to whoever still names them.
MOVED = {
    ("risk", "order_rate_max"): "it is risk.orders.rate_max now",
    ("risk", "order_notional_max"): "it is risk.orders.notional_max now",
    ("risk", "price_collar_bps"): "it is risk.orders.collar_bps now",
    (
        "risk",
        "sectors",
    ): 'each asset stands in [risk.assets] now: BTC = {class = "crypto", sector = "crypto"}',
    **MOVED_TO_SIZING,
}

_NO_OTHER_CLASS = {"share_max": 0.0, "etf_max": 0.0, "forex_max": 0.0, "bond_max": 0.0, "commodity_max": 0.0}
_EVERY_CLASS = dict.fromkeys(_NO_OTHER_CLASS, 1.0)

# Used where no file states the profile, so that a bare workspace trades under limits too.
DEFAULT_PROFILES: dict[str, dict[str, float]] = {
    "crypto-only": {
        "position_max": 0.20, "sector_max": 0.90, "correlation_max": 0.70, "cluster_max": 0.40,
        "usd_max": 1.0, "crypto_max": 0.90, **_NO_OTHER_CLASS, "currency_max": 1.0, "venue_max": 1.0,
        "strategy_max": 0.90, "cash_min": 0.10,
    },
    "balanced": {
        "position_max": 0.20, "sector_max": 0.40, "correlation_max": 0.70, "cluster_max": 0.20,
        "usd_max": 0.50, "crypto_max": 0.15, **_EVERY_CLASS, "currency_max": 0.50, "venue_max": 1.0,
        "strategy_max": 0.40, "cash_min": 0.10,
    },
}  # fmt: skip
