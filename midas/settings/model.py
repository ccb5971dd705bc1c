"""All settings as one frozen value, with the memory of where each came from."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import PrivateAttr, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
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
                    where = ("strategies", name, "instruments")
                    raise _at(where, f"{symbol} is not in trading.instruments", symbol)
        return self

    @model_validator(mode="after")
    def _strategies_stops_are_stops(self) -> Self:
        for name, strategy in self.strategies.items():
            try:
                self.risk.stops.changed(strategy.stops)
            except ValidationError as error:
                raise _below(("strategies", name, "stops"), error) from None
        return self

    @model_validator(mode="after")
    def _horizons_are_made_of_bars(self) -> Self:
        bar = self.trading.bar_seconds
        for minutes in self.risk.tail.horizons_minutes:
            if minutes * 60 % bar:
                raise _at(
                    ("risk", "tail", "horizons_minutes"),
                    f"{minutes} minutes are no multiple of trading.bar_seconds = {bar}", minutes,
                )  # fmt: skip
        return self

    @property
    def origins(self) -> dict[tuple[str, ...], str]:
        """Where each value that isn't a default came from, by its path of keys."""
        return self._origins


def _at(path: tuple[str, ...], sentence: str, given: object) -> ValidationError:
    """What is wrong between tables, at the key that a person would change."""
    wrong = PydanticCustomError("value_error", "{said}", {"said": sentence})
    return ValidationError.from_exception_data(
        "Settings", [InitErrorDetails(type=wrong, loc=path, input=given)]
    )


def _below(path: tuple[str, ...], error: ValidationError) -> ValidationError:
    """The same complaints about a table that stands elsewhere."""
    found = [
        InitErrorDetails(
            type=PydanticCustomError(first["type"], "{said}", {**first.get("ctx", {}), "said": first["msg"]}),
            loc=(*path, *first["loc"]), input=first["input"],
        )
        for first in error.errors(include_url=False)
    ]  # fmt: skip
    return ValidationError.from_exception_data("Settings", found)
