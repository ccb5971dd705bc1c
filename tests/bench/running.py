"""Real processes for the benches: a home of their own, an engine on the exchange, a console in a pty."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from midas.assembly.access import sockets
from midas.errors import MidasError
from midas.runtime.link import SocketLink
from midas.state.snapshot import Snapshot

REPOSITORY = Path(__file__).resolve().parents[2]
MIDAS = [sys.executable, "-m", "midas"]
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PATIENCE_S = 60.0


def environment(home: Path) -> dict[str, str]:
    """Ours, with that home. Compiled modules may be kept, as they are on any machine where midas is used."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"MIDAS_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def prepare() -> None:
    """What `make setup` does: modules and kernels compiled ahead."""
    with fresh_home() as home:
        command = [*MIDAS, "doctor", "--warm"]
        subprocess.run(command, env=environment(home), cwd=REPOSITORY, capture_output=True, check=True)


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A folder of its own; whatever runs on it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="midas-") as folder:
        home = Path(folder)
        try:
            yield home
        finally:
            subprocess.run(
                [*MIDAS, "stop", "--exchange"], env=environment(home), cwd=REPOSITORY, capture_output=True
            )


@contextmanager
def engine(home: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`midas --no-ui` on that home."""
    with (home / "bench.log").open("wb") as log:
        process = subprocess.Popen(
            [*MIDAS, "--no-ui", *options], env=environment(home), cwd=REPOSITORY, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)


def until_live(home: Path) -> Snapshot:
    """The first snapshot of an engine that trades. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE_S
    link = SocketLink(sockets(home)[0], hz=10.0)
    while time.monotonic() < end:
        try:
            link.start()
            break
        except MidasError:
            time.sleep(0.005)
    try:
        while time.monotonic() < end:
            snapshot = link.latest()
            if snapshot is not None and live(snapshot):
                return snapshot
            time.sleep(0.005)
    finally:
        link.close()
    raise TimeoutError(
        f"the engine didn't trade within {PATIENCE_S:.0f} s:\n{(home / 'bench.log').read_text()}"
    )


def live(snapshot: Snapshot) -> bool:
    """Account reconciled, every book valid, both streams up, every strategy hearing the market."""
    return (
        not snapshot.recovering
        and snapshot.money.reconciled
        and snapshot.health.feed_connected
        and snapshot.health.user_stream_connected
        and all(view.book.valid for view in snapshot.instruments)
        and all(strategy.state in ("running", "muted") for strategy in snapshot.strategies)
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_mb(pid: int) -> float:
    """What of a process lies in memory."""
    line = next(r for r in Path(f"/proc/{pid}/status").read_text().splitlines() if r.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Screen:
    """A command of midas in a pty that is read; `received` counts its bytes."""

    def __init__(self, home: Path, *arguments: str, size: tuple[int, int] = (120, 40)) -> None:
        self.received = 0
        self.began = time.monotonic()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(REPOSITORY)
            size_set = struct.pack("HHHH", size[1], size[0], 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size_set)  # before it looks, so that it draws once
            os.execve(sys.executable, [*MIDAS, *arguments], environment(home))

    def read(self, seconds: float, until: Callable[[str], bool] = lambda _: False) -> str:
        """What it draws in that time, or up to where `until` holds of all of it."""
        end = time.monotonic() + seconds
        seen = b""
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.descriptor], [], [], left)
            if ready:
                try:
                    data = os.read(self.descriptor, 65_536)
                except OSError:
                    break
                self.received += len(data)
                seen += data
                if until(seen.decode(errors="replace")):
                    break
        return seen.decode(errors="replace")

    def drain(self) -> None:
        """Read until it ends and keep nothing, so that whoever reads takes no time from what is measured."""
        while True:
            try:
                data = os.read(self.descriptor, 65_536)
            except OSError:
                return
            if not data:
                return
            self.received += len(data)

    def close(self) -> None:
        """Ctrl+Q; then it must be gone."""
        os.write(self.descriptor, b"\x11")
        end = time.monotonic() + 5.0
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            self.read(0.05)
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.descriptor)
