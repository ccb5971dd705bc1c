"""The engine of a back-test: what the workspace configures, for one strategy on the data's instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from midas.assembly.config import engine_config
from midas.backtest.closings import year
from midas.backtest.series import Bars
from midas.domain.instrument import Instrument
from midas.domain.time import DAY
from midas.engine.config import EngineConfig, StrategyConfig
from midas.settings import Settings
from midas.settings.sections import StrategySettings


def configured(
    settings: Settings, name: str, parameters: Mapping[str, object], instruments: tuple[Instrument, ...],
    period: int, spread_bps: float, units: Decimal | None = None, series: Sequence[Bars] = (),
) -> EngineConfig:  # fmt: skip
    """Limits, sizing, stops and triggers as configured; `parameters` go before those of the file.

    `units`: base units that it always holds, whatever sizing would say. `series`: candles that tell which
    markets close at weekends, so that a year of theirs has 252 sessions. Nobody compares the account with a
    second source here, and no stream can fall silent.
    """
    known = settings.strategies.get(name, StrategySettings())
    narrowed = settings.model_copy(
        update={"strategies": {name: known.model_copy(update={"instruments": None, "enabled": True})}}
    )
    config = engine_config(narrowed, instruments)
    chosen = dict(config.strategies[0].parameters) | dict(parameters)
    strategy: StrategyConfig = msgspec.structs.replace(config.strategies[0], parameters=chosen, units=units)
    return msgspec.structs.replace(
        config, period=period, strategies=(strategy,), audit_every=365 * DAY, book_stale=0, bar_stale=0,
        bar_spread=spread_bps / 1e4, studies_all=False, years=_years(series),
    )  # fmt: skip


def workspace_parameters(settings: Settings, name: str) -> dict[str, object]:
    """What the workspace sets of a strategy, of which the rest is at its default."""
    return dict(settings.strategies.get(name, StrategySettings()).parameters)


def _years(series: Sequence[Bars]) -> dict[str, int]:
    found = {bars.instrument.id: year(bars.time - bars.period, bars.period) for bars in series}
    return {instrument: length for instrument, length in found.items() if length is not None}
