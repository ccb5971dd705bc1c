"""Every setting with its type, its bounds and its default. The unit is in the name."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

Share = Annotated[float, Field(ge=0, le=1)]  # of equity, unless the name says of what
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4,20}$")]
Address = Annotated[str, StringConstraints(pattern=r"^((https?|wss?)://\S+)?$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = "expected a name such as 'UTC' or 'America/New_York'"
        raise ValueError(f"no time zone is called {name!r}; {known}") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]  # that the IANA database knows
Scalar = bool | int | float | str

SYNTHETIC = "synthetic"


class Section(BaseModel):
    """One table of the configuration: frozen, and an unknown key is an error."""

    # Defaults too: a 25 that stays an int is written as 25 and read as 25.0, and no session replays on it.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


class VenueSettings(Section):
    """Where we trade. Empty addresses in SIM: the exchange's own run file names them."""

    name: Literal["binance"] = "binance"
    rest_url: Address = ""
    sapi_url: Address = ""
    ws_api_url: Address = ""
    stream_url: Address = ""
    api_key: SecretStr = SecretStr("")
    api_secret: SecretStr = SecretStr("")


class ExchangeSettings(Section):
    """The embedded exchange (environment SIM): what it serves, how fast, and what the account starts with."""

    market: str = SYNTHETIC  # or the path of a recording, of a world or of candles
    symbol: Annotated[str, StringConstraints(pattern=r"^([A-Z0-9]{4,20})?$")] = (
        ""  # of candles without a name
    )
    preset: Literal["easy", "medium", "hard"] = "medium"  # of the synthetic market
    speed: float = Field(default=1.0, gt=0, le=1000)
    seed: int = Field(default=1, ge=0)
    port: int = Field(default=0, ge=0, le=65_535)  # 0: any free one
    maker_fee: Decimal = Field(default=Decimal("0.0000"), ge=Decimal("-0.01"), le=Decimal("0.05"))
    taker_fee: Decimal = Field(default=Decimal("0.0004"), ge=Decimal("-0.01"), le=Decimal("0.05"))
    balances: dict[str, Annotated[Decimal, Field(ge=0)]] = {"USDT": Decimal("10000")}
    idle_exit_seconds: int = Field(default=900, ge=0)


class TradingSettings(Section):
    """What is traded and on which bars."""

    instruments: tuple[Symbol, ...] = Field(default=("BTCUSDT", "ETHUSDT"), min_length=1)
    currency: str = Field(default="", pattern=r"^[A-Z0-9]{0,20}$")  # empty: what all of them are quoted in
    bar_seconds: int = Field(default=1, ge=1, le=86_400)
    history_bars: int = Field(
        default=600, ge=0, le=1000
    )  # asked of the venue before the start; 1000 is its page

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.instruments)) != len(self.instruments):
            raise ValueError("instruments must name each instrument once")
        return self


class StrategySettings(Section):
    """One file of `strategies/`: whether it runs, its share of the risk, where, and its own parameters."""

    enabled: bool = True
    weight: Share = 1.0
    instruments: tuple[Symbol, ...] | None = None  # None: all of `trading.instruments`
    parameters: dict[str, Scalar] = {}
    stops: dict[str, Scalar] = {}  # what differs from [risk.stops]

    @field_validator("parameters", mode="before")
    @classmethod
    def _are_scalars(cls, value: object) -> object:
        for key, parameter in value.items() if isinstance(value, dict) else ():
            if not isinstance(parameter, bool | int | float | str):
                raise ValueError(f"{key} must be a number, a text, true or false; got {parameter!r}")
        return value


class RegimeSettings(Section):
    """Thresholds of the five rules. Entering takes more than staying, or labels flicker."""

    adx_enter: float = Field(default=25, ge=0, le=100)
    adx_leave: float = Field(default=20, ge=0, le=100)
    stress_enter: float = Field(default=25, ge=0, le=1000)
    stress_leave: float = Field(default=22, ge=0, le=1000)
    crisis_enter: float = Field(default=35, ge=0, le=1000)
    crisis_leave: float = Field(default=30, ge=0, le=1000)
    atr_enter: float = Field(default=2.0, ge=0, le=100)  # times the normal ATR
    atr_leave: float = Field(default=1.75, ge=0, le=100)
    correlation_min: float = Field(default=0.5, ge=-1, le=1)
    dwell_bars: int = Field(default=3, ge=0, le=1000)

    @model_validator(mode="after")
    def _leaving_lies_below_entering(self) -> Self:
        for name in ("adx", "stress", "crisis", "atr"):
            if getattr(self, f"{name}_leave") > getattr(self, f"{name}_enter"):
                raise ValueError(f"{name}_leave must not lie above {name}_enter")
        return self


class ExecutionSettings(Section):
    """How an approved target becomes orders."""

    passive_timeout_seconds: float = Field(default=3, gt=0, le=3600)
    reprice_ticks: int = Field(default=50, ge=1, le=100_000)
    reprice_age_ms: int = Field(default=500, ge=0, le=60_000)
    take_collar_bps: float = Field(default=5, gt=0, le=500)
    attempts_max: int = Field(default=6, ge=1, le=1000)


class RuntimeSettings(Section):
    """The engine's shell."""

    snapshot_hz: float = Field(default=10, gt=0, le=10)
    reconcile_seconds: float = Field(default=30, gt=0, le=3600)
    feed_stale_seconds: float = Field(default=10, gt=0, le=300)
    tape_keep_mb: int = Field(default=512, ge=1)  # of one session
    tapes_keep_mb: int = Field(default=4096, ge=1)  # of all sessions together; the journals stay


class GuardSettings(Section):
    """The process beside the engine that acts where the engine hangs."""

    enabled: bool = True  # started with every supervised engine
    patience_seconds: float = Field(default=60, ge=2, le=3600)  # without a step of the engine
    level: Literal["halt", "all", "flatten"] = "flatten"  # of what it does then


class ConsoleSettings(Section):
    """How the console draws."""

    palette: Literal["western", "eastern", "cvd", "mono"] = "western"
    theme: Literal["dark", "light"] = "dark"
    link: Literal["lan", "slow", "auto"] = "auto"
    keys: dict[str, str] = {}
