"""`midas sessions`: what has been recorded, newest first."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.cli.options import home_from
from midas.cli.running import running
from midas.domain.time import iso
from midas.errors import NotRunning
from midas.store.sessions import SessionSummary, list_sessions


def sessions(args: Namespace) -> int:
    """List the sessions of this home."""
    home = home_from(args)
    found, open_one = list_sessions(home), _open_one(home)
    if args.json:
        print(json.dumps({"home": str(home), "sessions": [msgspec.to_builtins(each) for each in found]}))
    elif found:
        print("\n".join(_line(each, open_one) for each in found))
    else:
        print(f"{home}: no session yet; `midas` records one")
    return 0


def _open_one(home: Path) -> str:
    """The session that an engine of this home is writing; empty: none runs."""
    try:
        return running(home).session
    except NotRunning:
        return ""


def _line(session: SessionSummary, open_one: str) -> str:
    if session.note:
        return f"{session.name}  {session.note}"
    state = "sealed" if session.sealed else "running" if session.name == open_one else "crashed"
    size = "tape pruned" if session.tape_gone else f"{session.tape_bytes / 2**20:.1f} MB of tape"
    return f"{session.name}  {iso(session.started)}  {session.last_sequence:>9} events  {size}  {state}"
