"""`midas sim deposit` and `midas sim withdraw`: money for the exchange of this home, while it runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from argparse import Namespace

import msgspec

from midas.cli.exchange import RUN_FILE, answering
from midas.cli.options import home_from
from midas.domain.unreadable import UNREADABLE
from midas.errors import CommandRefused, ConfigInvalid, NotRunning, Unreachable

_CONFLICT = 409  # understood, and there isn't that much

# The environment's proxy can't reach this machine's ports.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Done(msgspec.Struct, frozen=True):
    """What the exchange answers."""

    account: str
    asset: str
    free: str
    locked: str


class _Refused(msgspec.Struct, frozen=True):
    """Why it doesn't."""

    error: str


def deposit(args: Namespace) -> int:
    """Give an account of the running exchange money."""
    return _move(args, "deposit")


def withdraw(args: Namespace) -> int:
    """Take money from an account of the running exchange."""
    return _move(args, "withdraw")


def _move(args: Namespace, act: str) -> int:
    done = _ask(_control(args), act, {"asset": args.asset, "amount": args.amount, "account": args.account})
    if args.json:
        print(json.dumps(msgspec.to_builtins(done)))
    else:
        print(f"account {done.account} has {done.free} {done.asset} free, {done.locked} locked")
    return 0


def _control(args: Namespace) -> str:
    home = home_from(args)
    found = answering(home / RUN_FILE)
    if found is None:
        raise NotRunning(f"no exchange runs in {home}; start one with `midas sim --control 0`, or `midas`")
    if not found.control:
        raise NotRunning(
            f"the exchange of {home} has no control port; start it with `midas sim --control 0` to move money"
        )
    return found.control


def _ask(control: str, act: str, wish: dict[str, str]) -> _Done:
    body = msgspec.json.encode(wish)
    request = urllib.request.Request(f"{control}/{act}", body, {"Content-Type": "application/json"})
    try:
        with _DIRECT.open(request, timeout=5.0) as reply:
            return msgspec.json.decode(reply.read(), type=_Done)
    except urllib.error.HTTPError as error:
        sentence = msgspec.json.decode(error.read(), type=_Refused).error
        raise (CommandRefused if error.code == _CONFLICT else ConfigInvalid)(sentence) from None
    except (OSError, *UNREADABLE) as error:
        raise Unreachable(f"the exchange at {control} doesn't answer: {error}") from None
