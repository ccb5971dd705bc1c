"""The command line: one parser, one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from midas import __version__
from midas.cli.loading import INTERRUPTED, ended_by_ctrl_c
from midas.cli.parser import build_parser
from midas.cli.waiting import waiting
from midas.errors import MidasError

if TYPE_CHECKING:  # what `--help` doesn't need
    from midas.domain.mode import KillOutcome

_PIPE_CLOSED = 141
_RUN = "midas.cli.run:run"
_LARGE = (  # seconds on a small machine, before any of it could tell how far it is
    "midas.cli.backtest:backtest", "midas.cli.sweep:run", "midas.cli.walkforward:walkforward",
    "midas.cli.parity:parity",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code of the table in `midas --help`."""
    arguments = [_readable(argument) for argument in arguments]
    try:
        args = build_parser().parse_args(arguments)
        if args.handler == _RUN and not args.json and sys.stderr.isatty():
            print(f"midas {__version__}", file=sys.stderr, flush=True)  # what is loaded next takes a while
        code = _handler(args.handler)(args)
        sys.stdout.flush()
    except MidasError as error:
        _say(error, as_json="--json" in arguments)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`midas doctor | head`) has seen enough; Python must not complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    return code


def _handler(name: str) -> Callable[[Any], int]:
    module, _, function = name.partition(":")
    with ended_by_ctrl_c(), waiting("midas: loading") if name in _LARGE else nullcontext():
        found: Callable[[Any], int] = getattr(import_module(module), function)
    return found


def draw(
    connect: Callable[[], Any], kill: Callable[[str, str], KillOutcome], watchdog: Any = None,
    archive: Any = None, **habits: Any,
) -> int:  # fmt: skip
    """Open the console on a running engine. The one place where the hub reaches for a spoke.

    `connect` opens a new link to the engine; `kill` pulls the switch at a level and says who did;
    `watchdog` knows which processes live, `archive` the kept back-tests; `habits` are the settings
    of the console.
    """
    from tui.app import run  # here, so that no other command loads a user interface

    return run(connect, kill, watchdog, archive, **habits)


def _readable(argument: str) -> str:
    """What a terminal of another encoding typed: a kill may not fail on an umlaut in its reason."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _say(error: MidasError, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"error": type(error).__name__, "sentence": str(error)}))
    else:
        print(f"midas: {error}", file=sys.stderr)
