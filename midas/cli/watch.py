"""What goes on beside a running engine: its duration, the end of a recording, signals, a line of progress."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator

from midas.assembly.session import Session
from midas.cli.processes import market_status
from midas.errors import Unreachable
from midas.runtime.runner import Runner

POLL_S = 0.25
PROGRESS_S = 10.0
GIVE_UP_S = 30.0  # a closing that takes longer says so and ends


class Watch:
    """Ends the run for the first of its reasons."""

    def __init__(self, duration: float | None, status_url: str, say: Callable[[str], None]) -> None:
        self._duration = duration
        self._status_url = status_url
        self._say = say
        self._reason = asyncio.Event()
        self._why = ""
        self._progress_at = time.monotonic() + PROGRESS_S

    def end(self, why: str) -> None:
        """Begin to close; the first reason counts."""
        if not self._why:
            self._why = why
            self._reason.set()

    async def beside(self, runner: Runner) -> None:
        """Runs next to the engine until cancelled."""
        started = time.monotonic()
        while not self._why:
            if self._duration is not None and time.monotonic() - started >= self._duration:
                self.end(f"the duration of {self._duration:g} s is over")
            elif await self._market_ended(runner):
                self.end("the recording has ended")
            else:
                self._tell(runner)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._reason.wait(), POLL_S)
        runner.close(self._why)
        await asyncio.sleep(GIVE_UP_S)
        self._say(f"closing takes longer than {GIVE_UP_S:.0f} s: ending without a clean comparison")
        runner.give_up(f"{self._why}; the account could not be compared in time")

    @contextlib.contextmanager
    def signals(self, session: Session) -> Iterator[None]:
        """SIGINT and SIGTERM end cleanly, SIGQUIT (Ctrl+backslash) halts, SIGHUP changes nothing."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.end, "interrupted")
        loop.add_signal_handler(signal.SIGTERM, self.end, "asked to end")
        loop.add_signal_handler(signal.SIGQUIT, lambda: loop.run_in_executor(None, session.halt, "SIGQUIT"))
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        try:
            yield
        finally:
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
                loop.remove_signal_handler(sign)

    async def _market_ended(self, runner: Runner) -> bool:
        """A recording that played to its end, with nothing of it left in the inbox."""
        if not self._status_url or len(runner.inbox):
            return False
        try:
            status = await asyncio.to_thread(market_status, self._status_url)
        except Unreachable:
            return False
        if status.ended:
            await asyncio.sleep(POLL_S)
        return status.ended and not len(runner.inbox)

    def _tell(self, runner: Runner) -> None:
        if time.monotonic() < self._progress_at:
            return
        self._progress_at = time.monotonic() + PROGRESS_S
        counts, state = runner.painter.counts(), runner.engine.state
        self._say(
            f"{counts.market_seconds:.0f} s of market, {counts.market_events} events, {counts.bars} bars, "
            f"{counts.signals} signals, {counts.fills} fills, equity {state.equity():.2f} {state.quote}, "
            f"mode {state.control.mode.value}"
        )
