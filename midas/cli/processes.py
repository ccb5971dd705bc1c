"""The processes behind `midas`: exchange and engine, each outliving whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import msgspec

from midas.cli.alive import reap
from midas.cli.exchange import RUN_FILE, answering
from midas.domain.unreadable import UNREADABLE
from midas.errors import AlreadyRunning, MidasError, ProcessEnded, Unreachable, UsageError
from midas.settings import Settings
from midas.venues.sim.kept.aside import set_aside
from midas.venues.sim.runfile import RunFile

START_TIMEOUT_S = 60.0  # the very first start compiles, 20 s on two cores
SLOW_S = 4.0
SURVEY_S = 4.0  # for each megabyte of a recording or table, which is read before the exchange answers
EXCHANGE_LOG = "exchange.log"
KEPT = "exchange.kept.json"
STATE = "exchange.db"  # in the home: what the exchange that `midas` starts goes on from

# The environment's proxy can't reach this machine's ports.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class MarketStatus(msgspec.Struct, frozen=True):
    """What the exchange says of its market (its one path that isn't the venue's)."""

    ended: bool
    started: bool
    market_time_ns: int = 0


class KeptExchange(msgspec.Struct, frozen=True):
    """The exchange that `midas` itself started, and whether a bounded run on it came to its end."""

    instance: str
    finished: bool = False


def finish_exchange(home: Path, instance: str) -> None:
    """A run on this exchange was complete: the next one that names a market begins a new one."""
    if _kept(home).instance == instance:
        (home / KEPT).write_bytes(msgspec.json.encode(KeptExchange(instance, finished=True)))


def began_by_midas(home: Path, instance: str) -> bool:
    """Whether midas itself started this exchange; one that a person started is never touched."""
    return _kept(home).instance == instance


def restart_exchange(settings: Settings, dead: RunFile) -> RunFile:
    """The same exchange again: from its file, on its market and port. Raises MidasError."""
    same = Path(settings.exchange.market).name == Path(dead.market).name
    market = settings.exchange.market if same else dead.market
    changed = {"market": market, "speed": dead.speed, "seed": dead.seed, "port": urlsplit(dead.http).port}
    changed |= {"preset": dead.preset} if dead.preset else {}
    again = settings.model_copy(update={"exchange": settings.exchange.model_copy(update=changed)})
    return _await_exchange(again, _launch(again))


def _kept(home: Path) -> KeptExchange:
    try:
        return msgspec.json.decode((home / KEPT).read_bytes(), type=KeptExchange)
    except (OSError, *UNREADABLE):
        return KeptExchange("")


def market_status(http: str, timeout: float = 2.0) -> MarketStatus:
    """Ask a running exchange. Raises Unreachable."""
    try:
        with _DIRECT.open(f"{http}/sim/status", timeout=timeout) as reply:
            return msgspec.json.decode(reply.read(), type=MarketStatus)
    except (OSError, *UNREADABLE) as error:
        raise Unreachable(f"the exchange at {http} doesn't answer: {error}") from None


class Ahead(msgspec.Struct, frozen=True):
    """An exchange that boots while its user loads what it needs itself."""

    child: subprocess.Popen[bytes]
    before: str  # the instance that it goes on from; empty where it begins


def exchange_ahead(settings: Settings, explicit: bool) -> Ahead | None:
    """Begin to start what `exchange_for` will hand out; None where one runs or a state is in the way."""
    if answering(settings.home / RUN_FILE) is not None:
        return None
    before, in_the_way = _kept_state(settings, explicit)
    return None if in_the_way else Ahead(_launch(settings), before)


def exchange_for(settings: Settings, explicit: bool, ahead: Ahead | None = None) -> tuple[RunFile, str]:
    """The exchange to trade on, started where none runs (nor is on its way), and a sentence about it.

    A running one is used as it is, so that orders and positions survive the engine. One that has ended goes
    on from its file, so that they survive the exchange, too. It is replaced where its
    recording has ended, where another market was asked for by name (`explicit`), or where the same one was
    and the last run on it came to its end - never where a person started it.
    """
    if ahead is not None:
        return _arrived(settings, ahead)
    path = settings.home / RUN_FILE
    running = answering(path)
    if running is not None:
        kept = _kept(settings.home)
        why = _outdated(running, settings, explicit)
        if not why and explicit and kept == KeptExchange(running.instance, finished=True):
            why = "the run on it was complete"
        if not why:
            return running, f"exchange {running.instance[:8]} goes on ({running.market}, {running.speed:g}x)"
        if kept.instance != running.instance:
            raise AlreadyRunning(
                f"the exchange of {settings.home} was started by hand and can't be used ({why}); "
                f"`midas stop --exchange` ends it, process {running.pid}"
            )
        stop_process(running.pid)
        set_aside(settings.home / STATE)
        started = _await_exchange(settings, _launch(settings))
        return started, f"exchange {running.instance[:8]} replaced by {started.instance[:8]}: {why}"
    before, in_the_way = _kept_state(settings, explicit)
    if in_the_way:
        aside = set_aside(settings.home / STATE)
        print(f"midas: exchange {before[:8]} is {aside} now: {in_the_way}", file=sys.stderr, flush=True)
        before = ""
    return _arrived(settings, Ahead(_launch(settings), before))


def _arrived(settings: Settings, ahead: Ahead) -> tuple[RunFile, str]:
    started = _await_exchange(settings, ahead.child)
    said = "goes on" if started.instance == ahead.before else "started"
    return started, f"exchange {started.instance[:8]} {said} ({started.market}, {started.speed:g}x)"


def _kept_state(settings: Settings, explicit: bool) -> tuple[str, str]:
    """Whose state an ended exchange left, and why it can't be gone on from; both empty without one."""
    state = settings.home / STATE
    if not state.exists():
        return "", ""  # before the imports: they cost a first start a quarter of a second
    from midas.assembly.exchange import exchange_config
    from midas.venues.sim.kept.memory import identity_of, remembered

    found = remembered(state)
    if found is None:
        return "", ""
    why = found.identity.difference(identity_of(exchange_config(settings, settings.home / RUN_FILE)))
    if not why and found.ended:
        why = "its recording had ended"
    if not why and explicit and _kept(settings.home) == KeptExchange(found.instance, finished=True):
        why = "the run on it was complete"
    return found.instance, why


def _outdated(running: RunFile, settings: Settings, explicit: bool) -> str:
    wanted = settings.exchange
    try:
        if market_status(running.http).ended:
            return "its recording had ended"
    except Unreachable as error:
        raise Unreachable(
            f"{error}; process {running.pid} lives: `midas stop --exchange` ends it, and the next start goes "
            "on from what it kept"
        ) from None
    if not explicit:
        return ""
    if Path(running.market).name != Path(wanted.market).name:
        return f"it served {Path(running.market).name}, asked for was {Path(wanted.market).name}"
    if running.speed != wanted.speed:
        return f"it ran at {running.speed:g}x, asked for was {wanted.speed:g}x"
    if running.market == "synthetic" and running.preset != wanted.preset:
        return f"it had preset {running.preset}, asked for was {wanted.preset}"
    if running.market == "synthetic" and running.seed != wanted.seed:
        return f"it had seed {running.seed}, asked for was {wanted.seed}"
    return ""


def _launch(settings: Settings) -> subprocess.Popen[bytes]:
    exchange = settings.exchange
    command = [
        sys.executable, "-m", "midas", "sim", "--market", exchange.market, "--speed", f"{exchange.speed:g}",
        "--seed", str(exchange.seed), "--port", str(exchange.port), "--state", str(settings.home / STATE),
        "--control", "0",
    ]  # fmt: skip
    command += ["--preset", exchange.preset] if exchange.market == "synthetic" else []
    command += ["--symbol", exchange.symbol] if exchange.symbol else []
    command += ["--profile", settings.profile] if settings.profile else []
    return spawn(command, settings.home / EXCHANGE_LOG, settings.home, settings.workspace)


def _await_exchange(settings: Settings, child: subprocess.Popen[bytes]) -> RunFile:
    patience = start_patience(settings.exchange.market)
    slow, end = time.monotonic() + SLOW_S, time.monotonic() + patience
    while time.monotonic() < end:
        if time.monotonic() > slow:
            slow = end
            why = "reading its market" if settings.exchange.market != "synthetic" else "compiling, once"
            print(f"midas: the exchange takes its time: {why}", file=sys.stderr, flush=True)
        found = answering(settings.home / RUN_FILE)
        if found is not None and found.pid == child.pid:
            (settings.home / KEPT).write_bytes(msgspec.json.encode(KeptExchange(found.instance)))
            return found
        if child.poll() is not None:
            raise failure(settings.home / EXCHANGE_LOG, child.returncode, "the exchange")
        time.sleep(0.01)
    child.kill()
    raise Unreachable(
        f"the exchange didn't come up within {patience:.0f} s; its log is {settings.home / EXCHANGE_LOG}"
    )


def start_patience(market: str) -> float:
    """How many seconds the start of an exchange on `market` may take."""
    path = Path(market)
    files = [path] if path.is_file() else list(path.iterdir()) if path.is_dir() else []
    return START_TIMEOUT_S + SURVEY_S * sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def spawn(command: list[str], log: Path, home: Path, workspace: Path) -> subprocess.Popen[bytes]:
    """A process of its own session, so that no terminal takes it along; output goes to `log`."""
    home.mkdir(parents=True, exist_ok=True)
    with open_private(log) as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            cwd=workspace, env=os.environ | {"MIDAS_HOME": str(home)},
        )  # fmt: skip


def open_private(path: Path) -> BinaryIO:
    """`path` emptied, for its owner alone: it tells positions and orders."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)  # one that an older midas made for everybody
    return os.fdopen(descriptor, "wb")


def failure(log: Path, code: int, what: str) -> MidasError:
    """The sentence that a child left in its log, with its exit code."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    silent = f"{what} ended with exit code {code} and no word in {log}: is its disk full?"
    sentence = lines[-1].removeprefix("midas: ") if lines else silent
    error = UsageError(sentence) if code == UsageError.exit_code else ProcessEnded(sentence)
    error.exit_code = code if code > 0 else 1
    return error


def stop_process(pid: int, timeout: float = 5.0) -> None:
    """Ask a process to end, and insist after `timeout`."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            reap(pid)
            time.sleep(0.02)
