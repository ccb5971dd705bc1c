"""How the engine itself is."""

from __future__ import annotations

import msgspec


class StreamView(msgspec.Struct, frozen=True):
    """One stream of the venue."""

    name: str
    connected: bool
    age_ms: float  # since its last message
    stale_ms: float  # from which age on it counts as stale


class ProcessView(msgspec.Struct, frozen=True):
    """One process of this desk as the engine sees it."""

    name: str  # engine, exchange
    pid: int
    cpu_percent: float
    rss_mb: float
    started_at: int


class HistogramView(msgspec.Struct, frozen=True):
    """How often a latency fell below each edge (and not below the one before); the last is open."""

    name: str  # loop, barrier, feed, ack
    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]  # one more than edges
    p50_ms: float
    p99_ms: float
    max_ms: float


class HealthView(msgspec.Struct, frozen=True):
    """How the machine does; latencies in milliseconds."""

    feed_connected: bool
    user_stream_connected: bool
    feed_age_ms: float
    feed_latency_ms: float
    clock_offset_ms: float
    loop_p99_ms: float
    barrier_p99_ms: float
    inbox_depth: int
    events_per_second: float
    conflated: int
    gaps: int
    resyncs: int
    refused_messages: int
    weight_used: int
    weight_limit: int
    orders_unknown: int
    started_at: int
    streams: tuple[StreamView, ...] = ()
    processes: tuple[ProcessView, ...] = ()
    histograms: tuple[HistogramView, ...] = ()
    journal_records: int = 0
    tape_events: int = 0
    clients: int = 0  # of the link
    troubles: dict[str, str] = {}  # what keeps journal or tape from being written, by their names
    passes_failed: int = 0  # over the account, one after the other; 0: the last one came
    pass_trouble: str = ""  # why the last of them did
