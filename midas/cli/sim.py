"""`midas sim`: the embedded exchange as a process of its own, which outlives every engine."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.assembly.exchange import exchange_config
from midas.cli.exchange import RUN_FILE, answering
from midas.cli.options import settings_from
from midas.errors import AlreadyRunning, ConfigInvalid
from midas.venues.sim.accounts_file import read_accounts
from midas.venues.sim.config import ExchangeConfig, check
from midas.venues.sim.faults.plan import read as read_plan
from midas.venues.sim.kept.aside import set_aside
from midas.venues.sim.runfile import RunFile
from midas.venues.sim.server import main
from midas.venues.sim.source.markets import SYNTHETIC
from midas.venues.sim.world.truth import TruthFile


def sim(args: Namespace) -> int:
    """Run the exchange of this home until a signal, or until nobody came for `idle_exit_seconds`."""
    settings = settings_from(args)
    path = settings.home / RUN_FILE
    running = answering(path)
    if running is not None:
        raise AlreadyRunning(
            f"the exchange of {settings.home} runs already: process {running.pid}, {running.http}"
        )
    config = msgspec.structs.replace(
        exchange_config(settings, path),
        control=args.control,
        plan=Path(args.plan).expanduser() if args.plan else None,
        truth=Path(args.truth).expanduser() if args.truth else None,
        state=_state(args),
        accounts=read_accounts(Path(args.accounts).expanduser()) if args.accounts else (),
    )
    _check(config, fresh=args.fresh)
    if args.fresh and config.state is not None and (aside := set_aside(config.state)) is not None:
        print(f"midas: {config.state} is {aside} now", file=sys.stderr, flush=True)
    return main(config, lambda run: _announce(run, path, as_json=args.json))


def _check(config: ExchangeConfig, *, fresh: bool) -> None:
    """Everything that can be refused before anything is opened or set aside."""
    check(config)
    if config.plan is not None:
        read_plan(config.plan)
    if config.truth is not None and fresh:
        TruthFile(config.truth)


def _state(args: Namespace) -> Path | None:
    """Where the exchange keeps its state. Raises ConfigInvalid."""
    if not args.state:
        if args.fresh:
            raise ConfigInvalid("--fresh sets a state file aside: name it with --state FILE")
        return None
    path = Path(args.state).expanduser().resolve()
    if path.is_dir():
        raise ConfigInvalid(f"--state: {path} is a folder; name a file, which is made if missing")
    if not path.parent.is_dir():
        raise ConfigInvalid(f"--state: there is no folder {path.parent}; make it, or name a file elsewhere")
    return path


def _announce(run: RunFile, path: Path, *, as_json: bool) -> None:
    """How it is reached, once it listens; the keys stand in the run file alone."""
    if as_json:
        hidden = ("api_key", "api_secret", "started_at", "pid", "instance")
        told = {name: value for name, value in msgspec.structs.asdict(run).items() if name not in hidden}
        print(json.dumps({"run_file": str(path), **told, "keys_in": str(path)}), flush=True)
        return
    of = f" ({run.preset}, seed {run.seed})" if run.market == SYNTHETIC else ""
    control = f"; control port {run.control}" if run.control else ""
    print(
        f"exchange: {run.http} and {run.ws}{control}; market {run.market}{of} at {run.speed:g}x begins "
        f"{run.begins}; keys in {path}",
        flush=True,
    )
