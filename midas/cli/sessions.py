"""`midas sessions`: what has been recorded, newest first."""

from __future__ import annotations

import json
from argparse import Namespace

import msgspec

from midas.cli.options import home_from
from midas.domain.time import iso
from midas.store.sessions import SessionSummary, list_sessions


def sessions(args: Namespace) -> int:
    """List the sessions of this home."""
    home = home_from(args)
    found = list_sessions(home)
    if args.json:
        print(json.dumps({"home": str(home), "sessions": [msgspec.to_builtins(each) for each in found]}))
    elif found:
        print("\n".join(_line(each) for each in found))
    else:
        print(f"{home}: no session yet; `midas` records one")
    return 0


def _line(session: SessionSummary) -> str:
    if session.note:
        return f"{session.name}  {session.note}"
    state = "sealed" if session.sealed else "open or crashed"
    size = "tape pruned" if session.tape_gone else f"{session.tape_bytes / 2**20:.1f} MB of tape"
    return f"{session.name}  {iso(session.started)}  {session.last_sequence:>9} events  {size}  {state}"
