"""`midas sim`: the embedded exchange as a process of its own, which outlives every engine."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.cli.exchange import RUN_FILE, answering
from midas.cli.options import settings_from
from midas.errors import AlreadyRunning
from midas.settings import Settings
from midas.venues.sim.runfile import RunFile
from midas.venues.sim.server import ExchangeConfig, main


def sim(args: Namespace) -> int:
    """Run the exchange of this home until a signal, or until nobody came for `idle_exit_seconds`."""
    settings = settings_from(args)
    path = settings.home / RUN_FILE
    running = answering(path)
    if running is not None:
        raise AlreadyRunning(
            f"the exchange of {settings.home} runs already: process {running.pid}, {running.http}"
        )
    print(
        json.dumps({"run_file": str(path)}) if args.json else f"exchange: its address stands in {path}",
        flush=True,
    )
    config = msgspec.structs.replace(
        exchange_config(settings),
        control=args.control,
        plan=Path(args.plan) if args.plan else None,
        truth=Path(args.truth) if args.truth else None,
    )
    return main(config, lambda run: _tell_control(run, as_json=args.json))


def _tell_control(run: RunFile, *, as_json: bool) -> None:
    """Where the control port is, once it listens."""
    if run.control:
        print(json.dumps({"control": run.control}) if as_json else f"control: {run.control}", flush=True)


def exchange_config(settings: Settings) -> ExchangeConfig:
    """The exchange that these settings describe."""
    exchange = settings.exchange
    return ExchangeConfig(
        port=exchange.port,
        market=exchange.market,
        symbol=exchange.symbol,
        preset=exchange.preset,
        speed=exchange.speed,
        seed=exchange.seed,
        run_file=settings.home / RUN_FILE,
        maker_fee=exchange.maker_fee,
        taker_fee=exchange.taker_fee,
        balances=exchange.balances,
        idle_exit_s=exchange.idle_exit_seconds,
    )
