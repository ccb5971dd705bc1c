"""An event loop whose time is a number and whose choices come from a seed.

Time moves only when nothing is ready. Which of several ready steps goes first is drawn: in order of their
arrival, uniformly, or by ranks that now and then change, so that one task is held back for long while others
run (the idea of PCT, Burckhardt 2010). A step is one callback, so code between two awaits is never cut.

Each step belongs to a `Process`, found in its context: what a process starts belongs to it too. `kill` lets
every step of a process vanish at once, as SIGKILL does, and nothing of it runs again.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any, TypeVarTuple
from zlib import crc32

import msgspec

from midas.errors import MidasError

STEPS_MAX = 50_000  # without time moving: somebody spins
PRIME = 1_099_511_628_211
MASK = (1 << 64) - 1
_NAMES: dict[str, int] = {}
Ts = TypeVarTuple("Ts")

ORDERED, UNIFORM, RANKED = "ordered", "uniform", "ranked"
MANNERS = (ORDERED, UNIFORM, RANKED)
RANK_CHANGES = 1 / 64  # of a step, that the chosen one falls behind everybody


class SimulationError(MidasError):
    """What a simulated world may not do: its sentence names it and shows the tasks."""


class Deadlocked(SimulationError):
    """Nothing is ready, no timer waits, and the world isn't over."""


class Livelocked(SimulationError):
    """Steps without end while time stands still."""


class Forbidden(SimulationError):
    """Something reached for a thread, a socket or a signal."""


class Process:
    """What dies together; `alive` is asked by every port before it has an effect."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.tasks: list[SimTask] = []  # kept until the end: a collected coroutine would run its `finally`


_PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class SimTask(asyncio.Task[Any]):
    """A task that knows its place in the trace and in the ranks."""

    mark: int
    rank: float


class Step(msgspec.Struct, eq=False):
    """A callback that is to run; stands in for asyncio's handles."""

    callback: Callable[..., Any]
    args: tuple[Any, ...]
    context: contextvars.Context
    time: float = 0.0  # of a timer
    gone: bool = False

    @property
    def rank(self) -> float:
        """Of its task; what belongs to none stands in the middle."""
        owner = getattr(self.callback, "__self__", None)
        return owner.rank if type(owner) is SimTask else 0.5

    def cancel(self) -> None:
        """It never runs."""
        self.gone = True

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.gone

    def when(self) -> float:
        """Virtual seconds."""
        return self.time


class SimLoop(asyncio.BaseEventLoop):
    """Made of a seed's stream; `run` it, `kill` in it, read `trace` afterwards."""

    def __init__(self, chance: random.Random, manner: str = RANKED) -> None:
        super().__init__()
        self.now = 0.0  # virtual seconds
        self.steps = 0
        self.trace = 14_695_981_039_346_656_037
        self.complaints: list[str] = []  # what asyncio would have logged
        self.crash_at = 0  # the step before which `on_crash` is called; 0: none
        self.on_crash: Callable[[], None] | None = None
        self._chance = chance
        self._random = chance.random
        self._manner = manner
        self._ready: list[Step] = []
        self._timers: list[tuple[float, int, Step]] = []
        self._numbers = 0
        self._steps_max = STEPS_MAX  # until time has to have moved
        self._stamp = 0  # virtual microseconds, as the trace has them
        self._stopped: Process | None = None
        self._waiting: list[Step] = []  # of the stopped process
        self._killed: Process | None = None  # in the step that runs now
        self.create_future = partial(asyncio.Future, loop=self)  # type: ignore[method-assign]  # no frame

    # what asyncio asks of a loop

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self.now

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> Any:
        """Run it once, at this time."""
        step = Step(callback, args, copy_context() if context is None else context)
        self._ready.append(step)
        return step

    call_soon_threadsafe = call_soon  # there is one thread

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> Any:
        """Run it once time has come to `when`."""
        step = Step(callback, args, copy_context() if context is None else context, when)
        self._numbers += 1
        heappush(self._timers, (when, self._numbers, step))
        return step

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> Any:
        """Run it `delay` virtual seconds from now."""
        when = self.now + delay
        step = Step(callback, args, copy_context() if context is None else context, when)
        self._numbers += 1
        heappush(self._timers, (when, self._numbers, step))
        return step

    def later(
        self, delay: float, context: contextvars.Context, call: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> None:
        """As `call_later`, for those who never cancel; it saves packing the arguments anew."""
        self._numbers = number = self._numbers + 1
        when = self.now + delay
        heappush(self._timers, (when, number, Step(call, arguments, context, when)))

    def create_task(
        self, coro: Any, *, name: object = None, context: contextvars.Context | None = None
    ) -> Any:
        """A task of whatever process runs now, or of the one that `context` names."""
        process = _PROCESS.get() if context is None else context.get(_PROCESS)
        self._numbers += 1
        mark = _mark(coro.__qualname__) ^ self._numbers
        rank = self._random()
        task = SimTask.__new__(SimTask)
        task.mark, task.rank = mark, rank
        task.__init__(coro, loop=self, name="", context=context)  # type: ignore[misc]
        if process is not None:
            process.tasks.append(task)
        return task

    get_debug = bool  # False: asked for each future, so it takes no frame

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Kept, for whoever judges the world."""
        error = context.get("exception")
        self.complaints.append(f"{context.get('message')}: {type(error).__name__}: {error}")

    def run_in_executor(self, executor: object, func: object, *args: object) -> Any:
        """Raises Forbidden: there is one thread."""
        raise Forbidden("a simulated world has no threads; what needs one takes it from outside")

    # what the harness asks

    def spawn(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `work` as a part of `process`."""
        context = contextvars.Context()
        context.run(_PROCESS.set, process)
        task: asyncio.Task[Any] = self.create_task(work, context=context)
        return task

    def kill(self, process: Process) -> None:
        """Nothing of it runs again, not even what its `finally` says."""
        process.alive = False
        self._killed = process
        if self._stopped is process:
            self._stopped, self._waiting = None, []
        self._purge(process)
        for task in process.tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]

    def _purge(self, process: Process) -> None:
        self._ready[:] = [s for s in self._ready if s.context.get(_PROCESS) is not process]
        self._timers = [t for t in self._timers if t[2].context.get(_PROCESS) is not process]
        heapify(self._timers)

    def suspend(self, process: Process) -> None:
        """No step of it runs until `proceed`, as under SIGSTOP."""
        self._stopped = process

    def proceed(self) -> None:
        """What a stopped process has missed runs now."""
        waiting, self._waiting, self._stopped = self._waiting, [], None
        self._ready.extend(waiting)

    def stopped(self, process: Process) -> bool:
        """Whether it stands still."""
        return self._stopped is process

    def forget(self) -> None:
        """The world is over: nothing that waits runs any more."""
        self._ready.clear()
        self._timers.clear()
        self._closed = True

    def note(self, number: int) -> None:
        """Feed something into the trace that the steps don't show."""
        self.trace = ((self.trace ^ number) * PRIME) & MASK

    def run(self, until: asyncio.Future[Any]) -> None:
        """Step until the future is done. Raises Deadlocked, Livelocked."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            self._turn(until)
        finally:
            events._set_running_loop(before)

    def _turn(self, until: asyncio.Future[Any]) -> None:
        done, ready, names, prime, mask = until.done, self._ready, _NAMES, PRIME, MASK
        while not done():
            if not ready:
                step = self._advance()
            else:
                step = ready.pop() if len(ready) == 1 else self._chosen()
            if step.gone:
                continue
            context, callback = step.context, step.callback
            if self._stopped is not None and context.get(_PROCESS) is self._stopped:
                self._waiting.append(step)
                continue
            self.steps = steps = self.steps + 1
            if steps == self.crash_at and self._crash(step):
                continue
            if steps > self._steps_max:
                raise Livelocked(f"{STEPS_MAX} steps at {self.now:.3f} s without end:\n{self.stacks()}")
            owner = getattr(callback, "__self__", None)
            if type(owner) is SimTask:
                mark = owner.mark
            else:
                name = getattr(callback, "__qualname__", "partial")
                mark = names[name] if name in names else _mark(name)
            self.trace = ((self.trace ^ mark ^ self._stamp) * prime) & mask
            context.run(callback, *step.args)
            if self._killed is not None:  # perhaps by its own step, whose end may have begun something
                self._purge(self._killed)
                self._killed = None

    def stacks(self) -> str:
        """Where every task stands, for the person who has to find out why."""
        told = []
        for task in sorted(asyncio.all_tasks(self), key=lambda t: t.mark if isinstance(t, SimTask) else 0):
            frames = task.get_stack(limit=3)
            where = " < ".join(f"{f.f_code.co_qualname}:{f.f_lineno}" for f in reversed(frames))
            told.append(f"  {where or task!r}")
        return "\n".join(told)

    def _crash(self, step: Step) -> bool:
        """It is time to crash; whether `step` went with it."""
        if self.on_crash is not None:
            self.on_crash()
        process = step.context.get(_PROCESS)
        return process is not None and not process.alive

    def _chosen(self) -> Step:
        """One of several ready steps."""
        ready = self._ready
        if self._manner is ORDERED:
            return ready.pop(0)
        if self._manner is UNIFORM:
            return ready.pop(int(self._random() * len(ready)))
        best = min(range(len(ready)), key=lambda place: ready[place].rank)
        step = ready.pop(best)
        owner = getattr(step.callback, "__self__", None)
        if type(owner) is SimTask and self._random() < RANK_CHANGES:
            owner.rank = 1.0 + self._random()
        return step

    def _advance(self) -> Step:
        """Let time move to the next timer; the step of it, or one of several."""
        timers, ready = self._timers, self._ready
        while timers:
            when, _, step = heappop(timers)
            if step.gone:
                continue
            if when > self.now:
                self.now, self._stamp = when, int(when * 1e6)
            self._steps_max = self.steps + STEPS_MAX
            now = self.now
            if not timers or timers[0][0] > now:
                return step
            ready.append(step)
            while timers and timers[0][0] <= now:
                step = heappop(timers)[2]
                if not step.gone:
                    ready.append(step)
            return ready.pop() if len(ready) == 1 else self._chosen()
        raise Deadlocked(f"nothing can happen any more after {self.now:.3f} s:\n{self.stacks()}")


def _mark(name: str) -> int:
    """A number for a name that is the same in every process, which hash() isn't."""
    known = _NAMES.get(name)
    if known is None:
        known = _NAMES[name] = crc32(name.encode())
    return known
