"""What the shell measures of itself: a minute of latencies, and nothing older."""

from __future__ import annotations

import math
import os
from collections import deque
from pathlib import Path

import pytest

from midas.domain.time import MILLISECOND, SECOND
from midas.runtime.health import EDGES_MS, SLOT, SLOTS, Backlog, Health, Vitals, Window
from midas.runtime.processes import ProcessMeter
from tests.fakes.nouns import START, desk, quote

NAMES = ["loop", "barrier", "feed", "ack"]


def test_a_bad_start_is_forgotten_after_a_minute() -> None:
    window = Window()
    window.add(START, 4_700 * MILLISECOND)
    for number in range(300):
        window.add(START + number * SECOND // 5, 2 * MILLISECOND)
    assert window.view("loop", START + 59 * SECOND).max_ms == 4_700.0
    later = window.view("loop", START + (SLOTS + 1) * SLOT)
    assert later.max_ms == 2.0
    assert later.p99_ms == pytest.approx(2.0, rel=0.2)


def test_counts_lie_between_their_edges() -> None:
    window = Window()
    for value in (0, 0.1, 0.3, 1.5, 1.9, 3_000.0, 60_000.0):
        window.add(START, int(value * MILLISECOND))
    view = window.view("ack", START)
    assert view.edges_ms == EDGES_MS
    assert sum(view.counts) == 7
    by_edge = dict(zip(EDGES_MS, view.counts, strict=False))
    assert (by_edge[0.25], by_edge[0.5], by_edge[2.0], by_edge[4096.0]) == (2, 1, 2, 1)
    assert view.counts[-1] == 1
    assert view.max_ms == 60_000.0


def test_percentiles_are_good_to_a_fifth_and_never_above_the_longest() -> None:
    window = Window()
    for value in range(1, 1_001):
        window.add(START, value * MILLISECOND // 10)
    view = window.view("feed", START)
    assert view.p50_ms == pytest.approx(50.0, rel=0.2)
    assert 99.0 <= view.p99_ms <= 100.0 or view.p99_ms == pytest.approx(99.0, rel=0.2)
    assert view.p99_ms <= view.max_ms == 100.0


def test_without_measurements_nothing_is_claimed() -> None:
    view = Window().view("ack", START)
    assert sum(view.counts) == 0
    assert math.isnan(view.p99_ms)


def test_a_sample_tells_streams_stores_processes_and_answers() -> None:
    state, acks = desk(), deque([40 * MILLISECOND])
    health = Health(state, acks, lambda: Backlog(3, 5))
    vitals = Vitals(
        stream_ages={"btcusdt@depth": 2 * SECOND}, stream_stale_ns=SECOND, clients=2, journal_records=7,
        tape_events=9, journal_trouble="the disk is full", latencies=(MILLISECOND,),
    )  # fmt: skip
    view = health.sample(START, 10, vitals, "")
    assert [h.name for h in view.histograms] == NAMES
    assert [sum(h.counts) for h in view.histograms] == [0, 0, 1, 1]
    assert not acks
    assert [s.name for s in view.streams] == ["btcusdt@depth", "user data"]
    assert view.streams[0].age_ms > view.streams[0].stale_ms
    assert view.troubles == {"journal": "the disk is full"}
    assert (view.clients, view.journal_records, view.tape_events, view.inbox_depth) == (2, 7, 9, 3)
    assert view.processes[0].pid == os.getpid()


def test_passes_that_fail_are_counted_with_the_reason_until_one_comes() -> None:
    health = Health(desk(), deque(), lambda: Backlog(0, 0))
    health.compared("HTTP 503")
    health.compared("HTTP 429")
    view = health.view(START, Vitals)
    assert (view.passes_failed, view.pass_trouble) == (2, "HTTP 429")
    health.compared("")
    assert health.view(START, Vitals).passes_failed == 0


def test_between_two_samples_connections_and_ages_are_those_of_the_moment() -> None:
    state = desk()
    health = Health(state, deque(), lambda: Backlog(0, 0))
    health.sample(START, 10, Vitals(), "")
    state.feed_up = True
    state.on_quote(quote("99.99", "100.01"))
    at = next(iter(state.markets.values())).at
    view = health.view(at + SECOND // 2, Vitals)
    assert view.feed_connected
    assert view.feed_age_ms == 500.0


def test_a_process_is_measured_from_proc(tmp_path: Path) -> None:
    folder = tmp_path / "42"
    folder.mkdir()
    (tmp_path / "stat").write_text("cpu 1 2 3\nbtime 1000\n")
    meter = ProcessMeter(tmp_path)
    hertz, pages = os.sysconf("SC_CLK_TCK"), 2**20 // os.sysconf("SC_PAGE_SIZE")

    def uses(ticks: int) -> None:
        fields = ["S", *["0"] * 10, str(ticks), "0", *["0"] * 6, str(5 * hertz), "0", str(100 * pages), "0"]
        (folder / "stat").write_text("42 (mid (as) x) " + " ".join(fields))

    uses(0)
    first = meter.sample({"exchange": 42, "gone": 43}, START)
    assert [(p.name, p.rss_mb, p.started_at) for p in first] == [("exchange", 100.0, 1_005 * SECOND)]
    assert math.isnan(first[0].cpu_percent)
    uses(hertz // 2)
    assert meter.sample({"exchange": 42}, START + SECOND)[0].cpu_percent == pytest.approx(50.0)
