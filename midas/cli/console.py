"""The console's side of the command line: start the engine where none runs, draw, say what goes on."""

from __future__ import annotations

import socket
import sys
import time
from argparse import Namespace
from pathlib import Path

from midas.assembly.access import sockets
from midas.cli import draw
from midas.cli.options import settings_from
from midas.cli.processes import ENGINE_LOG, failure, spawn, start_patience, stop_process
from midas.cli.running import running
from midas.errors import LinkClosed, NotRunning, Unreachable, UsageError
from midas.runtime.kill import KillRequest, latch_and_pull
from midas.runtime.link import SocketLink
from midas.settings import Settings
from midas.store.latch import LATCH, KillLatch

CONSOLE_HZ = 8.0
SILENCE_S = 1.0  # of the kill socket: a person waits at the chord, and the latch is set
ENGINE_TIMEOUT_S = 60.0  # an exchange may have to be started first, and kernels compiled


def with_console(args: Namespace) -> int:
    """`midas`: attach to the engine of this home, or start one first."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the console needs a terminal; `midas --no-ui` runs the engine without one")
    settings = settings_from(args)
    try:
        found = running(settings.home)
        print(f"midas: attaching to the running engine, process {found.pid}", file=sys.stderr)
    except NotRunning:
        _start_engine(args, settings)
    return draw_on(settings.home, settings.console.palette)


def draw_on(home: Path, palette: str) -> int:
    """Open the console; when it closes the engine trades on, and the person is told so."""
    link_path, _ = sockets(home)

    def connect() -> SocketLink:
        link = SocketLink(link_path, CONSOLE_HZ)
        try:
            link.start()
        except NotRunning as error:
            raise LinkClosed(str(error)) from None
        return link

    code = draw(connect, lambda by: _halt(home, by), palette)
    try:
        found = running(home)
    except NotRunning:
        print("midas: the engine has ended", file=sys.stderr)
    else:
        print(
            f"midas: the engine trades on, process {found.pid}; "
            "`midas attach` returns to it, `midas stop` ends it",
            file=sys.stderr,
        )
    return code


def _halt(home: Path, by: str) -> None:
    """The chord. Raises LinkClosed, the latch being set, where the engine doesn't answer."""
    latch, request = KillLatch(home / LATCH), KillRequest("halt", by, "", time.time_ns())
    try:
        latch_and_pull(latch, sockets(home)[1], request, SILENCE_S)
    except NotRunning as error:
        raise LinkClosed(f"halt latched on disk; {error}") from None


def _start_engine(args: Namespace, settings: Settings) -> None:
    """The engine as a process of its own; its first sentence is ours if it fails."""
    home = settings.home
    command = [sys.executable, "-m", "midas", "--no-ui"]
    for name in ("duration", "market", "symbol", "preset", "speed", "seed", "profile"):
        value = getattr(args, name, None)
        if value is not None:
            command += [f"--{name}", str(Path(value).resolve()) if _is_file(name, value) else str(value)]
    command += ["--live"] if args.live else []
    log = home / ENGINE_LOG
    child = spawn(command, log, home, settings.workspace)
    patience = ENGINE_TIMEOUT_S + start_patience(settings.exchange.market)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if child.poll() is not None:
            raise failure(log, child.returncode, "the engine")
        if _answers(sockets(home)[0]):
            return
        time.sleep(0.02)
    stop_process(child.pid)
    raise Unreachable(f"the engine didn't come up within {patience:.0f} s; its log is {log}")


def _answers(path: Path) -> bool:
    """A socket left by a crash is a name, and nobody answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def _is_file(name: str, value: object) -> bool:
    return name == "market" and value != "synthetic"
