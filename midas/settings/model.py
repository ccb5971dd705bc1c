"""All settings as one frozen value, with the memory of where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PrivateAttr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from midas.domain.mode import Environment
from midas.settings.risk import DEFAULT_PROFILES, LimitProfile, RiskSettings
from midas.settings.sections import (
    ConsoleSettings,
    ExchangeSettings,
    ExecutionSettings,
    GuardSettings,
    RegimeSettings,
    RuntimeSettings,
    StrategySettings,
    TradingSettings,
    VenueSettings,
)
from midas.settings.stops import StopSettings


def _default_risk() -> RiskSettings:
    profiles = {name: LimitProfile(**limits) for name, limits in DEFAULT_PROFILES.items()}
    return RiskSettings(profiles=profiles)


class Settings(BaseSettings):
    """What midas was told. It ends at assembly: below that, constructors take plain values."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="MIDAS_",
        env_nested_delimiter="__",
        dotenv_filtering="match_prefix",
        allow_inf_nan=False,
    )

    environment: Environment = Environment.SIM
    profile: str = ""
    workspace: Path
    home: Path
    reference_data: Path  # only some tests and benchmarks read it
    venue: VenueSettings = VenueSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    trading: TradingSettings = TradingSettings()
    strategies: dict[str, StrategySettings] = {}
    regime: RegimeSettings = RegimeSettings()
    risk: RiskSettings = _default_risk()
    execution: ExecutionSettings = ExecutionSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    guard: GuardSettings = GuardSettings()
    console: ConsoleSettings = ConsoleSettings()

    _origins: dict[tuple[str, ...], str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` merged: it reads the same sources itself, to remember which won."""
        return (init_settings,)

    @model_validator(mode="after")
    def _strategies_trade_what_is_traded(self) -> Self:
        for name, strategy in self.strategies.items():
            for symbol in strategy.instruments or ():
                if symbol not in self.trading.instruments:
                    raise ValueError(f"strategies.{name}.instruments: {symbol} is not in trading.instruments")
        return self

    @model_validator(mode="after")
    def _strategies_stops_are_stops(self) -> Self:
        known = StopSettings.model_fields
        for name, strategy in self.strategies.items():
            if strange := next((key for key in strategy.stops if key not in known), ""):
                said = f"unknown key {strange}; known: {', '.join(known)}"
                raise ValueError(f"strategies.{name}.stops: {said}")
            try:
                self.risk.stops.changed(strategy.stops)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(["strategies", name, "stops", *map(str, first["loc"])])
                said = first["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
                raise ValueError(f"{where}: {said}, got {first['input']!r}" if first["loc"] else
                                 f"{where}: {said}") from None  # fmt: skip
        return self

    @model_validator(mode="after")
    def _horizons_are_made_of_bars(self) -> Self:
        bar = self.trading.bar_seconds
        for minutes in self.risk.tail.horizons_minutes:
            if minutes * 60 % bar:
                raise ValueError(
                    f"risk.tail.horizons_minutes: {minutes} minutes are no multiple of "
                    f"trading.bar_seconds = {bar}"
                )
        return self

    @property
    def origins(self) -> dict[tuple[str, ...], str]:
        """Where each value that isn't a default came from, by its path of keys."""
        return self._origins
