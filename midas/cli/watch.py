"""What goes on beside a running engine: its duration, the end of a recording, signals, a line of progress."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator

from midas.cli.fate import Telling
from midas.cli.processes import market_status
from midas.errors import Unreachable
from midas.runtime.runner import Runner

POLL_S = 0.25
PROGRESS_S = 10.0
GIVE_UP_S = 30.0  # a closing that takes longer says so and ends


class Watch:
    """Ends the run for the first of its reasons."""

    def __init__(
        self, duration: float | None, status_url: str, say: Callable[[str], None], telling: Telling
    ) -> None:
        self._duration = duration
        self._status_url = status_url
        self._say = say
        self._telling = telling
        self._reason = asyncio.Event()
        self._progress_at = time.monotonic() + PROGRESS_S
        self._interrupts = 0
        self.why = ""
        self.complete = False  # the run came to its own end, nobody cut it short

    def end(self, why: str) -> None:
        """Begin to close; the first reason counts."""
        if not self.why:
            self.why = why
            self._telling.asked(why)
            self._reason.set()

    async def beside(self, runner: Runner) -> None:
        """Runs next to the engine until cancelled."""
        started = time.monotonic()
        self._telling.up()
        while not self.why:
            if runner.engine.state.closing:
                self.end("asked to stop")
            elif self._duration is not None and time.monotonic() - started >= self._duration:
                self.complete = True
                self.end(f"the duration of {self._duration:g} s is over")
            elif await self._market_ended(runner):
                self.complete = True
                self.end("the recording has ended")
            else:
                self._tell(runner)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._reason.wait(), self._until_next(started))
        if not runner.engine.state.closing:
            runner.close(self.why)
        if not runner.disconnected:
            await asyncio.sleep(GIVE_UP_S)
            self._say(f"closing takes longer than {GIVE_UP_S:.0f} s: ending without a clean comparison")
        runner.give_up("the account could not be compared with the venue's")

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end cleanly, a second SIGINT at once; SIGQUIT is `halting_on_quit`'s.

        SIGHUP changes nothing: a terminal that goes away takes no engine along.
        """
        loop, run = asyncio.get_running_loop(), asyncio.current_task()
        assert run is not None
        handlers: dict[signal.Signals, Callable[[], object]] = {
            signal.SIGINT: lambda: self._interrupted(run),
            signal.SIGTERM: lambda: self.end("asked to end"),
            signal.SIGHUP: lambda: None,
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _interrupted(self, run: asyncio.Task[object]) -> None:
        if self._interrupts:
            run.cancel()
            return
        self._interrupts += 1
        self._say("closing: orders are withdrawn and the account is compared; Ctrl+C again ends at once")
        self.end("interrupted")

    def _until_next(self, started: float) -> float:
        """To the next look, or to the end of the duration where that comes first."""
        if self._duration is None:
            return POLL_S
        return min(POLL_S, max(0.0, self._duration - (time.monotonic() - started)))

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
            f"{counts.signals} signals, {counts.fills} fills, equity {state.equity():,.2f} {state.quote}, "
            f"mode {state.control.mode.value}"
        )
