"""From settings to the embedded exchange."""

from __future__ import annotations

from pathlib import Path

from midas.settings import Settings
from midas.venues.sim.config import ExchangeConfig


def exchange_config(settings: Settings, run_file: Path) -> ExchangeConfig:
    """The exchange that these settings describe, to be found in `run_file`."""
    exchange = settings.exchange
    return ExchangeConfig(
        port=exchange.port,
        market=exchange.market,
        symbol=exchange.symbol,
        preset=exchange.preset,
        speed=exchange.speed,
        seed=exchange.seed,
        run_file=run_file,
        maker_fee=exchange.maker_fee,
        taker_fee=exchange.taker_fee,
        balances=exchange.balances,
        idle_exit_s=exchange.idle_exit_seconds,
    )
