"""Keeps the embedded exchange alive under a running engine: it is started again where midas began it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from midas.cli.alive import lives
from midas.cli.exchange import RUN_FILE, answering
from midas.cli.processes import began_by_midas
from midas.errors import MidasError
from midas.venues.sim.runfile import RunFile

LOOK_S = 1.0
PAUSES_S = (0.0, 1.0, 2.0, 5.0, 10.0)
STARTS_MAX = 5
WITHIN_S = 60.0

Start = Callable[[RunFile], RunFile]  # the same exchange again. Raises MidasError
Remark = Callable[[str, str], None]  # severity, sentence


class ExchangeKeeper:
    """Watches the process of one exchange; `beside` runs until cancelled.

    The new process has the old one's instance id, ledger and port, so that the engine finds it again by
    itself. One that a person started by hand is reported and left alone.
    """

    def __init__(
        self, home: Path, exchange: RunFile, start: Start, remark: Remark, look_s: float = LOOK_S
    ) -> None:  # fmt: skip
        self._home = home
        self._exchange = exchange
        self._remark = remark
        self._start = start
        self._look_s = look_s
        self._starts: deque[float] = deque()
        self._failures = 0
        self._said = ""

    async def beside(self) -> None:
        """Look once a second."""
        while True:
            await asyncio.sleep(self._look_s)
            if not lives(self._exchange.pid):
                await self._ended()

    async def _ended(self) -> None:
        dead = self._exchange
        found = await asyncio.to_thread(answering, self._path)
        if found is not None and found.pid != dead.pid:
            self._follow(found, "was started by somebody else")
            return
        if not began_by_midas(self._home, dead.instance):
            self._say("error", f"EXCHANGE ENDED: process {dead.pid}, started by hand: start it again by hand")
            await asyncio.sleep(self._look_s)
            return
        if not self._may_start():
            self._say("error", f"EXCHANGE ENDED: {STARTS_MAX} times in a minute, the next start waits")
            await asyncio.sleep(self._look_s)
            return
        self._say("error", f"EXCHANGE ENDED: process {dead.pid}; it is started again")
        await asyncio.sleep(PAUSES_S[min(self._failures, len(PAUSES_S) - 1)])
        try:
            started = await asyncio.to_thread(self._start, dead)
        except MidasError as error:
            self._failures += 1
            self._say("error", f"EXCHANGE ENDED and can't start: {error}")
            return
        self._follow(started, "goes on")

    def _follow(self, found: RunFile, how: str) -> None:
        self._failures, self._exchange = 0, found
        self._say("warn", f"exchange {found.instance[:8]} {how}, process {found.pid}")
        self._said = ""

    def _may_start(self) -> bool:
        now = asyncio.get_running_loop().time()
        while self._starts and now - self._starts[0] > WITHIN_S:
            self._starts.popleft()
        if len(self._starts) >= STARTS_MAX:
            return False
        self._starts.append(now)
        return True

    def _say(self, severity: str, sentence: str) -> None:
        """Each new sentence once."""
        if sentence != self._said:
            self._said = sentence
            self._remark(severity, sentence)

    @property
    def _path(self) -> Path:
        return self._home / RUN_FILE
