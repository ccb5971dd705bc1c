"""Streams, rates, processes, the console itself and the session: how the machine does, in words too."""

from __future__ import annotations

from math import isfinite

from midas.domain.time import MILLISECOND, SECOND
from midas.state.views.health import HealthView, ProcessView, StreamView
from tui.present import numbers
from tui.present.facts import Fact, judged, listed
from tui.present.gauge import gauge, shade_of
from tui.present.headline import CLOCK_OFF_MS
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, width_of
from tui.present.picture import LINK_STALE_NS, Picture, Spot
from tui.present.reconciliation import NO_SWITCH, switchless
from tui.present.table import Column, fitting, heading, row

INBOX_DEEP = 1_000
BAR_LEAST = 3  # cells: less tells nothing
WELL = "well"  # how a guard calls an engine that steps
CPU_BUSY = 80.0  # percent of one core
ROOM_BESIDE = 15  # cells that the title of the processes takes from a note


def streams(picture: Picture, spot: Spot) -> Sheet:
    """A row a stream; what is silent or down comes first where not all fit."""
    known = picture.snapshot.health.streams
    bare = switchless(picture.snapshot)
    title: Line = [Piece("streams", "title"), *([Piece(f" {NO_SWITCH}", "dim")] if bare else [])]
    if not known:
        return Sheet(title, centred("no stream was opened yet", spot.width, spot.height))
    bad = [view for view in known if _state(picture, view)[2] not in ("good", "dim")]
    shown = list(known)
    if len(known) > spot.height:
        shown = [*bad, *(view for view in known if view not in bad)][: spot.height - 1]
    name = min(max(len(view.name) for view in known), max(8, spot.width - (26 if spot.width >= 46 else 13)))
    rows = [_stream(picture, view, name, spot.width) for view in shown]
    if len(shown) < len(known):
        rows.append([Piece(f"  +{len(known) - len(shown)} more, all live: z shows them", "dim")])
    fine = len(known) - len(bad)
    note: Line = [Piece(f"{fine} of {len(known)} live", "warn" if bad else "dim")]
    if _unseen(picture):
        note = [Piece("unknown", "warn")]
    return Sheet(title, rows, note)


def rates(picture: Picture, spot: Spot) -> Sheet:
    """How much happens, what was lost or refused, how much of the venue's allowance is used."""
    health = picture.snapshot.health
    facts = [*_flow(health), *_losses(picture), *_line(health)]
    rows = [*listed(facts, spot.width, spot.height - 1), _weight(health, spot.width)]
    note: Line = [Piece("counts since the start", "dim")] if spot.width >= 46 else []
    return Sheet([Piece("rates", "title")], rows, note)


def processes(picture: Picture, spot: Spot) -> Sheet:
    """The processes of this desk: how busy, how large, how old."""
    known = picture.snapshot.health.processes
    title: Line = [Piece("processes", "title")]
    if not known:
        return Sheet(title, centred("the engine has not looked yet", spot.width, spot.height))
    columns = fitting(_process_columns(picture), spot.width - 1)
    told = _acted(picture, spot.width)
    busy = [process.name for process in known if process.cpu_percent >= CPU_BUSY]
    if busy:
        told.append([Piece(clip(f"! {', '.join(busy)} uses most of a core", spot.width), "warn")])
    # Without room for the heading the units say what is what.
    rows: list[Line] = [[Piece(" "), *heading(columns)]] if len(known) + len(told) < spot.height else []
    rows += [[Piece(" "), *row(columns, process)] for process in known]
    return Sheet(title, [*rows[: max(1, spot.height - len(told))], *told], _guard(picture, spot.width))


def _guard(picture: Picture, width: int) -> Line:
    """Who acts where the engine hangs, how far, and after how long; nothing where nobody looks."""
    where = picture.where
    if where is None:
        return []
    if not where.guard:
        return [Piece("no guard", "warn" if picture.snapshot.environment == "LIVE" else "dim")]
    level, patience = clean(where.guard_level), f"{where.guard_patience_s:g}s"
    does, sees = f"guard: {level} after {patience}", f", engine {clean(where.guard_sees)}"
    if not where.guard_sees or len(does + sees) > width - ROOM_BESIDE:
        return [Piece(does if len(does) <= width - ROOM_BESIDE else f"guard: {level} {patience}", "dim")]
    return [Piece(does, "dim"), Piece(sees, "dim" if where.guard_sees == WELL else "warn")]


def _acted(picture: Picture, width: int) -> list[Line]:
    """What the guard had to do, which outlives what made it act."""
    where = picture.where
    if where is None or not where.guard_acted_at:
        return []
    ago = numbers.span(max(0, picture.now - where.guard_acted_at))
    return [[Piece(clip(f"! the guard acted {ago} ago: {where.guard_outcome}", width), "alarm")]]


def console(picture: Picture, spot: Spot) -> Sheet:
    """This console: what it draws, what that costs the line, and how old what it shows is."""
    pace = picture.pace
    late = picture.link_age > LINK_STALE_NS
    age = f"{numbers.duration(picture.link_age)} old"
    link = "◐ silent" if late else "● connected"
    facts = [
        judged("link", link, late, "nothing comes over it", ink="alarm")
        if picture.connected
        else Fact("link", "○ LOST", "the engine trades on", "alarm"),
        judged("picture", age, late, "the engine is silent", ink="alarm"),
        Fact("drawn", f"{numbers.fixed(pace.fps, 0)} fps, {numbers.brief(pace.bytes_per_second)}B/s"),
        judged("frames dropped", str(pace.dropped), pace.dropped > 0, "terminal reads too slowly"),
        Fact("consoles", f"{picture.snapshot.health.clients} attached"),
    ]
    note: Line = [Piece(f"profile {pace.profile}", "dim")] if pace.profile else []
    return Sheet([Piece("this console", "title")], listed(facts, spot.width, spot.height), note)


def session(picture: Picture, spot: Spot) -> Sheet:
    """What runs here since when, and how much it has recorded."""
    snapshot = picture.snapshot
    health, counts = snapshot.health, snapshot.counts
    market = numbers.duration(counts.market_seconds * SECOND)
    facts = [
        Fact("session", snapshot.session),
        Fact("environment", snapshot.environment),
        Fact("account", f"{snapshot.account}@{snapshot.venue}"),
        Fact("risk limits", snapshot.profile),
        Fact("up", numbers.duration(picture.age_of(health.started_at))),
        Fact("market time", f"{market} at {numbers.brief(snapshot.speed)}x"),
        Fact("step", f"{snapshot.sequence:,}"),
        Fact("journal", f"{health.journal_records:,} records"),
        Fact("tape", f"{health.tape_events:,} events"),
        Fact("market events", f"{counts.market_events:,}"),
        Fact("bars, signals", f"{counts.bars:,}, {counts.signals:,}"),
        Fact("orders, fills", f"{counts.orders:,}, {counts.fills:,}"),
        Fact("refused by risk", f"{counts.refusals:,}"),
    ]
    note: Line = [Piece(f"midas {snapshot.version}", "dim")]
    return Sheet([Piece("session", "title")], listed(facts, spot.width, spot.height), note)


def _unseen(picture: Picture) -> bool:
    """The engine tells nothing: how its streams do now, nobody here knows."""
    return picture.link_age > LINK_STALE_NS


def _state(picture: Picture, view: StreamView) -> tuple[str, str, str]:
    """Mark, word and ink."""
    if _unseen(picture):
        return "○", "unknown", "faint"
    if not view.connected:
        return "○", "DOWN", "alarm"
    if not isfinite(view.age_ms) or view.stale_ms <= 0:
        return "●", "open", "good"
    if view.age_ms + picture.link_age / MILLISECOND >= view.stale_ms:
        return "◐", "SILENT", "warn"
    return "●", "live", "good"


def _stream(picture: Picture, view: StreamView, name: int, width: int) -> Line:
    mark, word, ink = _state(picture, view)
    fine = ink == "good"
    line: Line = [Piece(f"{mark} ", ink), Piece(f"{clip(view.name, name):<{name}} ", "strong")]
    if _unseen(picture):
        said = f"unknown: no picture for {numbers.duration(picture.link_age)}"
        left = width - width_of(line)
        return [*line, Piece(said if len(said) <= left else clip(word, left), ink)]
    if width >= 46 or not fine:
        line.append(Piece(f"{word:<6} ", "dim" if fine else ink))
    if not isfinite(view.age_ms):
        words = "speaks when something happens"
        line.append(Piece(" open" if fine and width < 46 else "", "dim"))
    else:
        age = numbers.duration(view.age_ms * MILLISECOND + picture.link_age)
        line.append(Piece(f"{age:>5} old", "text" if fine else ink))
        words = f"silent from {numbers.duration(view.stale_ms * MILLISECOND)} on" if view.stale_ms > 0 else ""
    left = width - width_of(line) - 2
    return [*line, Piece(f"  {words}" if len(words) <= left else "", "faint")]


def _flow(health: HealthView) -> list[Fact]:
    deep = health.inbox_depth > INBOX_DEEP
    return [
        Fact("events", f"{numbers.brief(health.events_per_second)}/s", "steps of the engine"),
        judged("inbox", f"{health.inbox_depth:,} waiting", deep, "the engine is BEHIND the market"),
        Fact("merged", f"{health.conflated:,}", "book updates taken together"),
    ]


def _losses(picture: Picture) -> list[Fact]:
    health = picture.snapshot.health
    refused, unknown = health.refused_messages, health.orders_unknown
    broken = [view.name for view in picture.snapshot.instruments if not view.book.valid]
    both = f"{health.gaps:,}, {health.resyncs:,} fetched"
    return [
        judged("book gaps", both, bool(broken), f"NO BOOK of {', '.join(broken)}", "every book is whole"),
        judged("refused", f"{refused:,} messages", refused > 0, "not understood, not used"),
        judged(
            "unknown",
            f"{unknown:,} {'order' if unknown == 1 else 'orders'}",
            unknown > 0,
            "no definite answer: asked again",
            ink="alarm",
        ),
        *(Fact(store, "NOT WRITTEN", trouble, "alarm") for store, trouble in health.troubles.items()),
    ]


def _line(health: HealthView) -> list[Fact]:
    offset = health.clock_offset_ms
    off = isfinite(offset) and abs(offset) > CLOCK_OFF_MS
    return [
        judged("clock offset", _offset(offset), off, "DIFFERS: requests may be refused", "venue against us"),
        Fact("feed latency", numbers.milliseconds(health.feed_latency_ms), "from the venue's stamp to us"),
    ]


def _offset(value: float) -> str:
    if not isfinite(value):
        return "not known yet"
    return f"{numbers.signed(value, 0)} ms" if abs(value) < 10_000 else f"{numbers.signed(value / 1000, 0)} s"


def _weight(health: HealthView, width: int) -> Line:
    if health.weight_limit <= 0:
        return listed([Fact("request weight", "not limited")], width, 1)[0]
    used = health.weight_used / health.weight_limit
    ink = shade_of(used)
    text = f"{health.weight_used:,} of {health.weight_limit:,}/min"
    line: Line = [Piece(" "), Piece(f"{'request weight':<15} ", "dim")]
    bar = min(16, width - width_of(line) - len(text) - 1)
    drawn = [Piece(f"{gauge(used, bar)} ", ink)] if bar >= BAR_LEAST else []
    return [*line, *drawn, Piece(text, "text" if ink == "gauge" else ink)]


def _process_columns(picture: Picture) -> list[Column[ProcessView]]:
    def busy(process: ProcessView) -> Piece:
        text = f"{numbers.fixed(process.cpu_percent, 0)}%"
        return Piece(text, "warn" if process.cpu_percent >= CPU_BUSY else "text")

    return [
        Column("process", 9, 1, lambda p: Piece(p.name, "strong"), left=True),
        Column("pid", 7, 3, lambda p: Piece(str(p.pid), "dim")),
        Column("cpu", 5, 0, busy),
        Column("rss", 7, 0, lambda p: Piece(f"{numbers.fixed(p.rss_mb, 0)} MB")),
        Column("up", 6, 2, lambda p: Piece(numbers.duration(picture.age_of(p.started_at)), "dim")),
    ]
