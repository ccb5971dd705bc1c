"""What is said about data: one block a symbol, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from midas.backtest.quality import Found, Quality
from midas.backtest.stream_quality import StreamQuality
from midas.backtest.tick_quality import WIDE, TickQuality
from midas.domain.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from midas.reports.words import counted

SPELLED = {
    "naive": "without a zone, read as UTC", "zoned": "with their zone", "s": "epoch in seconds, UTC",
    "ms": "epoch in milliseconds, UTC", "us": "epoch in microseconds, UTC", "ns": "epoch in nanoseconds, UTC",
}  # fmt: skip


def table_page(found: Quality) -> Iterator[str]:
    """Of one symbol's candles."""
    files = len(found.files)
    yield f"{found.symbol}  {found.files[0] if files == 1 else f'{files} files'}"
    yield _row("candles", f"{found.candles:,} of {length(found.period)}")
    yield _row("period", f"{moment(found.begins)} to {moment(found.ends)} UTC")
    yield _row("times", "; ".join(SPELLED[each] for each in found.times))
    closed = [
        counted(found.weekends, "weekend") if found.weekends else "",
        counted(found.holidays, "holiday") if found.holidays else "",
    ]
    besides = " and ".join(filter(None, closed))
    missing = f", {counted(found.missing, 'candle')} missing" if found.holes else ""
    yield _row("holes", f"{found.holes:,}{missing}{f' (besides {besides})' if besides else ''}")
    for hole in found.longest:
        yield _place(hole, f"{counted(round(hole.size), 'candle')} missing before it")
    yield _row("extreme moves", f"{found.outliers:,}")
    for move in found.largest:
        yield _place(move, f"{move.size:+.1%}{', taken back by the next candle' if move.returns else ''}")
    none = "all: fills won't be limited by volume" if found.volumeless else f"{found.quiet:,}"
    yield _row("without volume", none)
    yield _row("one price only", f"{found.flat:,}")


def tick_page(found: TickQuality) -> Iterator[str]:
    """Of one symbol's quotes and prints."""
    files = len(found.files)
    yield f"{found.symbol}  {found.files[0] if files == 1 else f'{files} files'}"
    none = "none: the touch is where somebody last bought and sold"
    yield _row("quotes", f"{found.quotes:,}" if found.quoted else none)
    yield _row("prints", f"{found.prints:,}")
    yield _row("period", f"{moment(found.begins)} to {moment(found.ends)} UTC")
    yield _row("spread", f"{found.spread_bps:.2f} bps of the mid (median)")
    yield _row("wide spreads", f"{found.wide:,} of more than {WIDE:g} times that")
    for spot in found.widest:
        yield f"    {exact_moment(spot.time)}  {spot.size:,.1f} bps"
    yield _row("silences", "the longest:" if found.silences else "none")
    for spot in found.silences:
        yield f"    {exact_moment(spot.time)}  {spot.size:,.1f} s"
    yield _row("one side empty", counted(found.empty, "quote"))
    yield _row("repeated", f"{counted(found.repeated, 'row')} as the row before, time and all")


def stream_page(found: StreamQuality) -> Iterator[str]:
    """Of one recording."""
    yield f"{', '.join(found.symbols)}  {found.file}"
    yield _row("messages", f"{found.messages:,}")
    yield _row("period", f"{moment(found.begins)} to {moment(found.ends)} UTC")
    yield _row("gaps", f"{found.gaps:,}")
    yield from (f"  {remark}" for remark in found.remarks)


def remark(found: Quality, part: bool = False) -> str:
    """One line for a report of a run: what is in its data that one should know. `part`: it ran over one."""
    quiet = f"{counted(found.quiet, 'candle')} without volume"
    said = [
        f"{counted(found.holes, 'hole')} ({counted(found.missing, 'candle')} missing)" if found.holes else "",
        counted(found.outliers, "extreme move") if found.outliers else "",
        "no volume: fills aren't limited by it" if found.volumeless else quiet if found.quiet else "",
        "times read as UTC" if "naive" in found.times else "",
    ]
    counts = found.holes or found.outliers or (found.quiet and not found.volumeless)
    whole = " (the whole file)" if part and counts else ""
    return f"data {found.symbol}{whole}: {', '.join(filter(None, said)) or 'nothing missing, nothing odd'}"


def tick_remark(found: TickQuality) -> str:
    """One line for a report of a run: what is in its ticks that one should know."""
    longest = f"longest silence {found.silences[0].size:,.1f} s" if found.silences else ""
    wide = f"{counted(found.wide, 'spread')} beyond {WIDE:g} times the usual" if found.wide else ""
    quotes = counted(found.quotes, "quote") if found.quoted else "no quotes, the touch is made of prints"
    said = filter(None, [quotes, counted(found.prints, "print"), longest, wide])
    return f"data {found.symbol}: {', '.join(said)}"


def length(ns: int) -> str:
    """`1 d`, `5 min`, `90 s`."""
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if ns >= unit and ns % unit == 0:
            return f"{ns // unit} {name}"
    return f"{ns / SECOND:g} s"


def moment(at: int) -> str:
    """`2020-01-31 12:00`."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M")


def exact_moment(at: int) -> str:
    """`2020-01-31 12:00:01.250`."""
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%d %H:%M:%S}.{at % SECOND // MILLISECOND:03d}"


def _row(name: str, value: str) -> str:
    return f"  {name:16}{value}"


def _place(found: Found, text: str) -> str:
    file, _, row = found.place.rpartition(":")
    return f"    {Path(file).name}:{row}  {moment(found.time)}  {text}"
