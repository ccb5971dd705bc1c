"""A stand-in for the engine's process: `python -m tests.fakes.engine_process HOME`.

Its doors are the real ones - lock, run file, link socket, kill listener, latch on the disk - and behind them
is a small market in memory, which always has orders and positions to look at.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from midas.assembly.access import sockets
from midas.cli.running import LOCK, RUN_FILE, EngineFile
from midas.domain.command import Answer, Resume
from midas.domain.event import CommandGiven, LatchTripped
from midas.runtime.doors import LinkServer
from midas.runtime.kill import KillListener
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock
from tests.fakes.link import LivingLink


class NoVenue:
    """Cancels nothing, at once."""

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """Done."""
        return 200, 0

    def ping(self) -> bool:
        """Well."""
        return True

    def close(self) -> None:
        """Gone."""


class StandIn(LivingLink):
    """A living market whose halts and releases are those of a latch on the disk."""

    def __init__(self, latch: KillLatch) -> None:
        super().__init__(time.time_ns)
        self._latch = latch
        self._tripped_at = 0

    def command(self, given: CommandGiven, answer: Callable[[Answer], None]) -> None:
        """As the runner takes it."""
        accepted, message = self.reply(given.command)
        if isinstance(given.command, Resume) and given.command.confirmed:
            standing = self._latch.read()
            accepted = standing is None or self._latch.release(standing, given.actor, "", time.time_ns())
            # As the engine's own: when it was tripped outlasts the release.
            self.desk.kill = msgspec.structs.replace(self.desk.kill, tripped_at=self._tripped_at)
        answer(Answer(given.id, accepted, message, 1))

    def hear(self, tripped: LatchTripped) -> None:
        """From the kill listener's thread."""
        self._tripped_at = tripped.at
        self.pull(tripped.level, tripped.by)


async def serve(home: Path) -> None:
    """Until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    lock, latch = InstanceLock(home / LOCK), KillLatch(home / LATCH)
    lock.acquire()
    market = StandIn(latch)
    link_path, kill_path = sockets(home)
    link = LinkServer(link_path, market.latest, market.command, time.time_ns, 8.0)
    kill = KillListener(kill_path, latch, NoVenue(), list, {}, market.hear, time.time_ns)
    kill.start()
    await link.start()
    (home / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(os.getpid(), "stand-in", time.time_ns())))
    try:
        await ended.wait()
    finally:
        await link.close()
        kill.close()
        lock.release()


def main() -> None:
    """Serve the home that is named on the command line."""
    home = Path(sys.argv[1])
    home.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(home))


if __name__ == "__main__":
    main()
