"""From typed options to settings."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from midas.domain.mode import Environment
from midas.errors import ConfigInvalid
from midas.settings import Settings, anchor, default_home, load_settings
from midas.settings.sections import ConsoleSettings
from midas.workspace import find_workspace

_TYPED = {
    "market": "exchange.market",
    "symbol": "exchange.symbol",
    "preset": "exchange.preset",
    "speed": "exchange.speed",
    "seed": "exchange.seed",
    "port": "exchange.port",
    "link": "console.link",
}


def settings_from(args: Namespace) -> Settings:
    """The settings of this workspace under the typed options; raises ConfigInvalid."""
    typed = {key: getattr(args, name, None) for name, key in _TYPED.items()}
    overrides = {key: value for key, value in typed.items() if value is not None}
    market = overrides.get("exchange.market")
    if market and market != "synthetic":
        overrides["exchange.market"] = str(Path(market).expanduser().resolve())
    settings = load_settings(find_workspace(Path.cwd(), os.environ), args.profile, overrides)
    if "exchange.preset" in overrides and settings.exchange.market != "synthetic":
        raise ConfigInvalid(
            f"--preset: the market {settings.exchange.market} isn't `synthetic` and has no preset to choose; "
            "leave --preset out (a world file names its own: preset = ...)"
        )
    _check_live(settings, typed_live=getattr(args, "live", False))
    return settings


def home_from(args: Namespace) -> Path:
    """Where the running engine is found. A configuration broken since its start must not keep us from it."""
    workspace = find_workspace(Path.cwd(), os.environ)
    try:
        return load_settings(workspace, args.profile).home
    except ConfigInvalid:
        named = os.environ.get("MIDAS_HOME")
        return anchor(workspace) / Path(named).expanduser() if named else default_home(workspace)


def habits_from(args: Namespace) -> ConsoleSettings:
    """How the console looks; no broken configuration keeps a person from it."""
    try:
        found = load_settings(find_workspace(Path.cwd(), os.environ), args.profile).console
    except ConfigInvalid:
        found = ConsoleSettings()
    return found if args.link is None else found.model_copy(update={"link": args.link})


def _check_live(settings: Settings, typed_live: bool) -> None:
    """LIVE takes two acts: the file says it and the person types it."""
    live = settings.environment is Environment.LIVE
    if typed_live and not live:
        raise ConfigInvalid(
            f"--live: the configuration says environment = {settings.environment.value}, not LIVE"
        )
    if not live:
        return
    origin = settings.origins.get(("environment",), "default")
    if not origin.endswith(".toml"):
        raise ConfigInvalid(
            f"environment = LIVE must stand in a configuration file; here it comes from {origin}"
        )
