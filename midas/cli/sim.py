"""`midas sim`: the embedded exchange as a process of its own, which outlives every engine."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.cli.exchange import RUN_FILE, answering
from midas.cli.options import settings_from
from midas.errors import AlreadyRunning, ConfigInvalid
from midas.settings import Settings
from midas.venues.sim.accounts_file import read_accounts
from midas.venues.sim.kept.aside import set_aside
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
    _say({"run_file": str(path)}, f"exchange: its address stands in {path}", as_json=args.json)
    config = msgspec.structs.replace(
        exchange_config(settings),
        control=args.control,
        plan=Path(args.plan) if args.plan else None,
        truth=Path(args.truth) if args.truth else None,
        state=_state(args),
        accounts=read_accounts(Path(args.accounts).expanduser()) if args.accounts else (),
    )
    if args.fresh and config.state is not None and (aside := set_aside(config.state)) is not None:
        _say({"aside": str(aside)}, f"{config.state} is {aside} now", as_json=args.json)
    return main(config, lambda run: _tell_control(run, as_json=args.json))


def _state(args: Namespace) -> Path | None:
    """Where the exchange keeps its state. Raises ConfigInvalid."""
    if not args.state:
        if args.fresh:
            raise ConfigInvalid("--fresh sets a state file aside: name it with --state FILE")
        return None
    path = Path(args.state).expanduser().resolve()
    if path.is_dir():
        raise ConfigInvalid(f"--state: {path} is a folder; name a file, which is made if missing")
    return path


def _tell_control(run: RunFile, *, as_json: bool) -> None:
    """Where the control port is, once it listens."""
    if run.control:
        _say({"control": run.control}, f"control: {run.control}", as_json=as_json)


def _say(facts: dict[str, str], sentence: str, *, as_json: bool) -> None:
    print(json.dumps(facts) if as_json else sentence, flush=True)


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
