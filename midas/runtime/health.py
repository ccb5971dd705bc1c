"""How the shell itself does: latencies of the last minute, rates, streams and processes, once a second."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from math import log2
from typing import Protocol

import msgspec

from midas.domain.time import MILLISECOND, SECOND
from midas.runtime.processes import ProcessMeter
from midas.state.state import State
from midas.state.views.health import HealthView, HistogramView, StreamView

NAN = float("nan")
LOWEST, HIGHEST = -2, 12  # edges are powers of two of a millisecond: 0.25 ms to 4 s
FINE = 4  # steps to an octave inside, so that a percentile is good to a tenth
CELLS = (HIGHEST - LOWEST) * FINE + 2  # one below all edges, one above
EDGES_MS = tuple(2.0**power for power in range(LOWEST, HIGHEST + 1))
SLOT = 5 * SECOND
SLOTS = 12  # a minute; what is older is forgotten


class Vitals(msgspec.Struct, frozen=True):
    """What the venue's side and the stores know about themselves, gathered by the assembly."""

    feed_age_ns: int = 0
    feed_latency_ms: float = NAN
    clock_offset_ms: float = NAN
    weight_used: int = 0
    weight_limit: int = 0
    stream_ages: dict[str, int] = {}  # of each regular market stream
    stream_stale_ns: int = 0  # from which age on one of them counts as silent
    latencies: tuple[int, ...] = ()  # of the messages since the last question, nanoseconds
    processes: dict[str, int] = {}  # pids of the others that belong to this desk
    clients: int = 0
    journal_records: int = 0
    tape_events: int = 0
    journal_trouble: str = ""  # why the last commit failed


class Window:
    """One latency over the last minute, counted in cells of a quarter octave."""

    def __init__(self) -> None:
        self._slots: deque[tuple[int, list[int]]] = deque(maxlen=SLOTS)
        self._maxima: deque[int] = deque(maxlen=SLOTS)

    def add(self, at: int, value: int) -> None:
        """`value` nanoseconds were measured at `at`; times never go back."""
        number = at // SLOT
        if not self._slots or self._slots[-1][0] != number:
            self._slots.append((number, [0] * CELLS))
            self._maxima.append(0)
        place = int((log2(value / MILLISECOND) - LOWEST) * FINE) + 1 if value > 0 else 0
        self._slots[-1][1][min(max(place, 0), CELLS - 1)] += 1
        self._maxima[-1] = max(self._maxima[-1], value)

    def view(self, name: str, at: int) -> HistogramView:
        """What is remembered at `at`; NaN percentiles without measurements."""
        self._forget(at)
        cells = [sum(row) for row in zip(*(cells for _, cells in self._slots), strict=True)] or [0] * CELLS
        inner = (sum(cells[i : i + FINE]) for i in range(1, CELLS - 1, FINE))
        counts = (cells[0], *inner, cells[-1])
        total, longest = sum(cells), max(self._maxima, default=0) / MILLISECOND
        if not total:
            return HistogramView(name, EDGES_MS, counts, NAN, NAN, NAN)
        p50, p99 = (min(_percentile(cells, total * share), longest) for share in (0.5, 0.99))
        return HistogramView(name, EDGES_MS, counts, p50, p99, longest)

    def _forget(self, at: int) -> None:
        while self._slots and self._slots[0][0] <= at // SLOT - SLOTS:
            self._slots.popleft()
            self._maxima.popleft()


def _percentile(cells: list[int], wanted: float) -> float:
    """The upper edge of the cell that holds the `wanted`th measurement, milliseconds."""
    seen = 0
    for place, count in enumerate(cells):
        seen += count
        if seen >= wanted:
            return float(2.0 ** (LOWEST + place / FINE))
    return float("inf")


class Rate:
    """Events a second over the last full second."""

    def __init__(self) -> None:
        self._since = 0
        self._count = 0
        self.value = 0.0

    def mark(self, now: int, count: int) -> None:
        """`count` is the running total at `now`."""
        if now - self._since >= SECOND:
            if self._since:
                self.value = (count - self._count) * 1e9 / (now - self._since)
            self._since, self._count = now, count


class Backlog(msgspec.Struct, frozen=True):
    """How the inbox stands."""

    depth: int
    conflated: int


class Measures(Protocol):
    """What the runner tells of itself, and asks for what it tells others."""

    def lag(self, at: int, late: int) -> None:
        """The loop came `late` nanoseconds after it should have."""

    def barrier(self, at: int, took: int) -> None:
        """An intent waited so long for the disk."""

    def compared(self, trouble: str) -> None:
        """A pass over the account came, or failed for this reason."""

    def sample(self, now: int, sequence: int, vitals: Vitals, tape_trouble: str) -> HealthView:
        """Look at everything; once a second."""

    def view(self, now: int, vitals: Callable[[], Vitals]) -> HealthView:
        """The last sample, with what a moment can change as of `now`."""


class Health:
    """Measures all the time, looks at the rest once a second; `view` is what was last seen."""

    def __init__(self, state: State, acks: deque[int], backlog: Callable[[], Backlog]) -> None:
        self._state = state
        self._acks = acks  # nanoseconds that orders waited for their answer; taken from here
        self._backlog = backlog
        self._meter = ProcessMeter()
        self._windows = {name: Window() for name in ("loop", "barrier", "feed", "ack")}
        self._rate = Rate()
        self._view: HealthView | None = None
        self._passes_failed, self._pass_trouble = 0, ""

    def lag(self, at: int, late: int) -> None:
        """The loop came `late` nanoseconds after it should have."""
        self._windows["loop"].add(at, max(0, late))

    def barrier(self, at: int, took: int) -> None:
        """An intent waited so long for the disk."""
        self._windows["barrier"].add(at, took)

    def compared(self, trouble: str) -> None:
        """A pass over the account came, or failed for this reason."""
        self._passes_failed = self._passes_failed + 1 if trouble else 0
        self._pass_trouble = trouble

    def sample(self, now: int, sequence: int, vitals: Vitals, tape_trouble: str) -> HealthView:
        """Look at everything; once a second."""
        self._rate.mark(now, sequence)
        for latency in vitals.latencies:
            self._windows["feed"].add(now, latency)
        while self._acks:
            self._windows["ack"].add(now, self._acks.popleft())
        histograms = {name: window.view(name, now) for name, window in self._windows.items()}
        troubles = {"journal": vitals.journal_trouble, "tape": tape_trouble}
        state, backlog = self._state, self._backlog()
        self._view = HealthView(
            feed_connected=state.feed_up,
            user_stream_connected=state.user_up,
            feed_age_ms=vitals.feed_age_ns / MILLISECOND,
            feed_latency_ms=vitals.feed_latency_ms,
            clock_offset_ms=vitals.clock_offset_ms,
            loop_p99_ms=histograms["loop"].p99_ms,
            barrier_p99_ms=histograms["barrier"].p99_ms,
            inbox_depth=backlog.depth,
            events_per_second=self._rate.value,
            conflated=backlog.conflated,
            gaps=state.gaps,
            resyncs=state.resyncs,
            refused_messages=state.refused_messages,
            weight_used=vitals.weight_used,
            weight_limit=vitals.weight_limit,
            orders_unknown=len(state.orders.unknown),
            started_at=state.started_at,
            streams=_streams(state, vitals),
            processes=self._meter.sample({"engine": os.getpid(), **vitals.processes}, now),
            histograms=tuple(histograms.values()),
            journal_records=vitals.journal_records,
            tape_events=vitals.tape_events,
            clients=vitals.clients,
            troubles={store: trouble for store, trouble in troubles.items() if trouble},
            passes_failed=self._passes_failed,
            pass_trouble=self._pass_trouble,
        )
        return self._view

    def view(self, now: int, vitals: Callable[[], Vitals]) -> HealthView:
        """The last sample, with what a moment can change as of `now`."""
        sampled = self._view or self.sample(now, 0, vitals(), "")
        state = self._state
        newest = max((market.at for market in state.markets.values()), default=0)
        return msgspec.structs.replace(
            sampled,
            feed_connected=state.feed_up,
            user_stream_connected=state.user_up,
            feed_age_ms=max(0, now - newest) / MILLISECOND if newest else sampled.feed_age_ms,
            inbox_depth=self._backlog().depth,
            orders_unknown=len(state.orders.unknown),
            passes_failed=self._passes_failed,
            pass_trouble=self._pass_trouble,
        )


def _streams(state: State, vitals: Vitals) -> tuple[StreamView, ...]:
    stale = vitals.stream_stale_ns / MILLISECOND
    market = (
        StreamView(name, state.feed_up, age / MILLISECOND, stale) for name, age in vitals.stream_ages.items()
    )
    return (
        *market,
        StreamView("user data", state.user_up, NAN, 0.0),
    )  # it speaks only when something happens
