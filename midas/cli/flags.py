"""The options of a run, as they are handed on to the process that runs it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

SYNTHETIC = "synthetic"
_HANDED_ON = ("market", "symbol", "preset", "speed", "seed", "profile")


def run_flags(args: Namespace) -> list[str]:
    """As typed; a file by its whole path, since the other process may stand elsewhere."""
    flags = []
    for name in _HANDED_ON:
        value = getattr(args, name, None)
        if value is not None:
            flags += [
                f"--{name}",
                str(Path(value).expanduser().resolve()) if _is_file(name, value) else f"{value}",
            ]
    return flags + (["--live"] if args.live else [])


def market_of(flags: list[str]) -> str:
    """The market that these flags name, or the one that is there without a file."""
    return flags[flags.index("--market") + 1] if "--market" in flags else SYNTHETIC


def _is_file(name: str, value: object) -> bool:
    return name == "market" and value != SYNTHETIC
