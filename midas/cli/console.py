"""The console's side of the command line: start the engine where none runs, draw, say what goes on."""

from __future__ import annotations

import logging
import os
import sys
import threading
from argparse import Namespace
from contextlib import suppress
from functools import partial
from pathlib import Path

from midas.assembly.access import sockets
from midas.cli import draw
from midas.cli.absence import absent
from midas.cli.fate import read_fate
from midas.cli.flags import market_of, run_flags
from midas.cli.log_file import LogFile
from midas.cli.options import habits_from, home_from, settings_from
from midas.cli.processes import start_patience
from midas.cli.pulling import halting_on_quit, pull
from midas.cli.run_shelf import RunShelf
from midas.cli.running import make_home, running
from midas.cli.starting import Steps, start_engine
from midas.cli.supervision import supervisor
from midas.cli.sweep_board import SweepBoard
from midas.cli.whereabouts import HomeWatch
from midas.errors import ConsoleFailed, LinkClosed, LinkRefused, MidasError, NotRunning, UsageError
from midas.runtime.link import SocketLink
from midas.settings.sections import ConsoleSettings
from midas.workspace import find_workspace

CONSOLE_HZ = 8.0
GREETING_S = 1.0  # a hung engine says nothing, and the console says that
ENGINE_TIMEOUT_S = 120.0  # kernels may have to be compiled first, on a busy machine
CONSOLE_LOG = "console.log"
EXPORTS = "exports"  # files that a person at the console wrote
SEEN = "console.seen"  # somebody has used a console in this home: no tour is offered any more

log = logging.getLogger("midas.console")


def with_console(args: Namespace) -> int:
    """`midas`: attach to the engine of this home, or start one first."""
    _need_terminal()
    settings = settings_from(args)
    make_home(settings.home)
    try:
        found = running(settings.home)
    except NotRunning:
        market, workspace = settings.exchange.market, settings.workspace
        with halting_on_quit(settings.home, "SIGQUIT at the start"):
            _start(settings.home, workspace, _with_duration(args), market, Steps(sys.stderr))
    else:
        print(f"midas: attaching to the running engine, process {found.pid}", file=sys.stderr)
    return draw_on(settings.home, settings.console, settings.workspace)


def attach(args: Namespace) -> int:
    """`midas attach`: the console on the running engine, or on the one that a supervisor is starting."""
    home, workspace = home_from(args), find_workspace(Path.cwd(), os.environ)
    try:
        running(home)
    except NotRunning as error:
        waiting = supervisor(home)
        if waiting is None:
            raise NotRunning(absent(home, error)) from None
        _need_terminal()
        _start(home, workspace, [], market_of(list(waiting.flags)), Steps(sys.stderr))
    return draw_on(home, habits_from(args), workspace)


def draw_on(home: Path, habits: ConsoleSettings, workspace: Path) -> int:
    """Open the console; when it closes the engine trades on, and the person is told so."""
    _need_terminal()
    link_path, _ = sockets(home)
    watch = HomeWatch(home, lambda flags: _start(home, workspace, flags, market_of(flags), None))

    def connect() -> SocketLink:
        link = SocketLink(link_path, CONSOLE_HZ)
        try:
            link.start()
        except NotRunning as error:
            raise LinkClosed(str(error)) from None
        try:
            link.greet(GREETING_S)
        except LinkRefused:
            link.close()
            raise
        return link

    _log_to(home / CONSOLE_LOG)
    shelf = RunShelf(home, SweepBoard().newest)
    watch.begin()
    shelf.begin()
    try:
        newcomer = not (home / SEEN).exists()
        told = {"newcomer": newcomer, "exports": home / EXPORTS, **habits.model_dump()}
        code = draw(connect, partial(pull, home), watch, shelf, **told)
        with suppress(OSError):  # a full disk, say: then the tour is offered once more
            (home / SEEN).touch()
    except MidasError as error:
        if isinstance(error, ConsoleFailed):
            raise _failed(home, str(error)) from None
        raise
    except Exception as error:  # the seam around the console: whatever it is, the engine trades on
        log.exception("the console failed outside of its application")
        raise _failed(home, f"{type(error).__name__}: {error}") from None
    finally:
        watch.close()
        shelf.close()
    print(f"midas: {_left_behind(home)}", file=sys.stderr)
    return code


def _need_terminal() -> None:
    """Keys come from stdin and the picture goes to stderr. Raises UsageError."""
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise UsageError("the console needs a terminal; `midas --no-ui` runs the engine without one")
    if os.environ.get("TERM") == "dumb":
        raise UsageError("TERM is dumb: the console needs a terminal that can place its cursor")


def _failed(home: Path, what: str) -> ConsoleFailed:
    log_file = home / CONSOLE_LOG
    return ConsoleFailed(f"the console failed ({what}); the details are in {log_file}. {_left_behind(home)}")


def _left_behind(home: Path) -> str:
    """What goes on without this console."""
    try:
        found = running(home)
    except NotRunning:
        fate = read_fate(home)
        how = (fate.why if fate.wanted else fate.sentence) if fate is not None else "nobody saw how"
        return f"the engine has ended ({how}); `midas` starts it again"
    return f"the engine trades on, process {found.pid}: `midas attach` returns to it, `midas stop` ends it"


def _start(home: Path, workspace: Path, flags: list[str], market: str, steps: Steps | None) -> None:
    try:
        start_engine(home, workspace, flags, ENGINE_TIMEOUT_S + start_patience(market), steps)
    except KeyboardInterrupt:
        print("midas: the engine goes on starting; `midas attach` opens the console, `midas stop` ends it")
        raise


def _with_duration(args: Namespace) -> list[str]:
    return run_flags(args) + ([] if args.duration is None else ["--duration", f"{args.duration:g}"])


def _log_to(path: Path) -> None:
    """What goes wrong in a console, for its owner alone and never onto the screen."""
    logging.basicConfig(
        handlers=[LogFile(path)], level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s",
    )  # fmt: skip
    threading.excepthook = lambda args: log.error(
        "the thread %s failed", args.thread.name if args.thread else "?",
        exc_info=(args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback),
    )  # fmt: skip
