"""Proof of the local book on a recorded stream: rebuilt from diffs, compared with the venue's own touch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.market import BookDelta, BookLost, BookSnapshot, Quote
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage, RecordingInvalid
from midas.state.book import OrderBook
from midas.venues.binance.codec import Decoded, MarketCodec
from midas.venues.binance.depth import BookEvent, DepthAssembler
from midas.venues.binance.payloads import BookTicker, Depth, DepthSnapshot, Unrouted
from midas.venues.binance.sorting import SNAPSHOT, by_symbol
from midas.venues.recording import RecordedLine

_HEAD = msgspec.json.Decoder(Unrouted)
_PAIRS = msgspec.json.Decoder(list[tuple[str, str]])
_DIGITS_MAX = 8


class VerifyReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often the rebuilt touch was compared with the venue's, and how often it was the same."""

    compared: int
    equal: int
    exact_id: int  # compared at the very same update id
    gaps: int
    crossed: int
    note: str = ""  # what a person must know beside the numbers

    @property
    def good(self) -> bool:
        """Everything that was compared is equal, and nothing was left out."""
        return 0 < self.compared == self.equal and not self.gaps and not self.crossed

    @property
    def sentence(self) -> str:
        """The report for a person."""
        found = (
            f"{self.equal} of {self.compared} comparisons of the touch are equal "
            f"({self.exact_id} at the same update id); gaps {self.gaps}, crossed {self.crossed}"
        )
        return f"{found}. {self.note}" if self.note else found


def verify_book(path: Path, drop: int | None = None) -> VerifyReport:
    """Rebuild the books of the file or folder `path`, its `drop`-th diff left out, and compare.

    After each applied diff the best prices and quantities are compared with the last bookTicker whose
    update id isn't above the diff's, and that came after the last gap. Raises RecordingInvalid.
    """
    notes: list[str] = []
    recorded = by_symbol(path, notes.append)
    if drop is not None and len(recorded) > 1:
        raise RecordingInvalid(
            f"{path}: holds {', '.join(recorded)}; a diff is dropped from one symbol's only"
        )
    reports: list[VerifyReport] = []
    for symbol, lines in recorded.items():
        where = f"{path}, {symbol}" if len(recorded) > 1 else str(path)
        try:
            report = _Verification(_Scan(where, lines), lines).run(drop)
        except MalformedMessage as error:
            raise RecordingInvalid(f"{where}: {error}") from error
        reports.append(report)
        notes += [f"{symbol}: {report.note}" if len(recorded) > 1 else report.note] if report.note else []
    gaps = sum(report.gaps for report in reports)
    if gaps and path.is_dir():
        notes.append("Where two recordings lie in one folder, the pause between them is a gap, too.")
    return VerifyReport(
        compared=sum(report.compared for report in reports),
        equal=sum(report.equal for report in reports),
        exact_id=sum(report.exact_id for report in reports),
        gaps=gaps,
        crossed=sum(report.crossed for report in reports),
        note=" ".join(notes),
    )


class _Scan:
    """What a first reading tells: symbol, steps, the venue's touches, how many snapshots there are."""

    def __init__(self, where: str, lines: list[RecordedLine]) -> None:
        self.where = where
        self.snapshots = 0
        self._symbols: set[str] = set()
        self._price_digits = self._quantity_digits = 0
        for number, line in enumerate(lines, 1):
            try:
                self._look(line.payload)
            except UNREADABLE as error:
                raise RecordingInvalid(f"{where}:{number}: {error}") from error
        if len(self._symbols) != 1:
            found = ", ".join(sorted(self._symbols)) or "none"
            raise RecordingInvalid(f"{where}: expected depth diffs of one symbol, found {found}")
        if not self.snapshots:
            raise RecordingInvalid(
                f"{where}: the recording holds no depth snapshot, so no book can be built from its diffs; "
                "record the answer of GET depth among them"
            )

    @property
    def instrument(self) -> Instrument:
        """The recorded symbol with the finest steps that the recording uses."""
        tick, lot = Decimal(1).scaleb(-self._price_digits), Decimal(1).scaleb(-self._quantity_digits)
        symbol = next(iter(self._symbols))
        return Instrument("recording", symbol, symbol, "", tick, lot, lot, Decimal("Infinity"), Decimal(0))

    def _look(self, payload: bytes) -> None:
        if payload.startswith(SNAPSHOT):
            self.snapshots += 1
            snapshot = msgspec.json.decode(payload, type=DepthSnapshot)
            self._measure(*_PAIRS.decode(snapshot.bids), *_PAIRS.decode(snapshot.asks))
            return
        body = bytes(_HEAD.decode(payload).data) or payload
        head = _HEAD.decode(body)
        if head.event == "depthUpdate":
            depth = msgspec.json.decode(body, type=Depth)
            self._symbols.add(depth.symbol)
            self._measure(*_PAIRS.decode(depth.bids), *_PAIRS.decode(depth.asks))
        elif head.bid_quantity:
            ticker = msgspec.json.decode(body, type=BookTicker)
            self._measure((ticker.bid, ticker.bid_quantity), (ticker.ask, ticker.ask_quantity))

    def _measure(self, *levels: tuple[str, str]) -> None:
        for price, quantity in levels:
            self._price_digits = max(self._price_digits, _digits(price))
            self._quantity_digits = max(self._quantity_digits, _digits(quantity))


def _digits(text: str) -> int:
    return min(_DIGITS_MAX, len(text.partition(".")[2].rstrip("0")))


class _Verification:
    """A recording through the shipped decoder, assembler and book."""

    def __init__(self, scan: _Scan, lines: list[RecordedLine]) -> None:
        self._scan = scan
        self._decoded = list(_decode(scan.instrument, lines))
        quotes = sorted((e for e in self._decoded if isinstance(e, Quote)), key=lambda quote: quote.update_id)
        self._ids = [quote.update_id for quote in quotes]
        self._quotes = quotes
        self._assembler = DepthAssembler(scan.instrument.id)
        self._book = OrderBook()
        self._compared = self._equal = self._exact = self._crossed = 0
        self._losses: list[str] = []
        self._known_from = 0  # touches of before the last gap say nothing about what came after it

    def run(self, drop: int | None) -> VerifyReport:
        """Everything in file order; the `drop`-th diff is left out."""
        diffs = 0
        for event in self._decoded:
            if isinstance(event, BookSnapshot):
                self._publish(self._assembler.on_snapshot(event))
            elif isinstance(event, BookDelta):
                diffs += 1
                if diffs != drop:
                    gaps = self._assembler.gaps
                    events = self._assembler.on_diff(event)
                    if self._assembler.gaps > gaps:
                        self._known_from = event.first_id
                    self._publish(events)
        if drop is not None and not 1 <= drop <= diffs:
            raise RecordingInvalid(f"{self._scan.where}: can't drop diff {drop}; the recording holds {diffs}")
        if not self._assembler.resyncs:
            raise RecordingInvalid(
                f"{self._scan.where}: the recorded snapshot is older than the first diff: "
                "no diff continues it"
            )
        gaps = self._assembler.gaps
        return VerifyReport(self._compared, self._equal, self._exact, gaps, self._crossed, self._note())

    def _publish(self, events: list[BookEvent]) -> None:
        for event in events:
            if isinstance(event, BookLost):
                self._book.invalidate(event.reason)
                self._losses.append(event.reason)
            elif isinstance(event, BookSnapshot):
                self._book.apply_snapshot(event)
            elif self._book.apply_delta(event):
                self._compare(event.last_id)
            elif self._book.reason.startswith("crossed"):
                self._crossed += 1
                self._losses.append(self._book.reason)
                self._assembler.lost(self._book.reason, event.at)

    def _compare(self, last_id: int) -> None:
        place = bisect_right(self._ids, last_id) - 1
        if place < 0 or self._ids[place] < self._known_from:
            return
        quote, book = self._quotes[place], self._book
        stated = (quote.bid, quote.bid_lots, quote.ask, quote.ask_lots)
        self._compared += 1
        self._exact += quote.update_id == last_id
        self._equal += stated == (book.best_bid, book.best_bid_lots, book.best_ask, book.best_ask_lots)

    def _note(self) -> str:
        if not self._losses:
            return ""
        times = "" if len(self._losses) == 1 else f" {len(self._losses)} times, first"
        lost = f"The book was lost{times} ({self._losses[0]})"
        if self._book.valid:
            return f"{lost}; a later snapshot of the recording brought it back."
        which = "second" if self._scan.snapshots == 1 else "later"
        return f"{lost}. No book is shown after it: this recording holds no {which} snapshot to resync from."


def _decode(instrument: Instrument, lines: list[RecordedLine]) -> Iterator[Decoded | BookSnapshot]:
    codec = MarketCodec([instrument])
    for ns, payload in lines:
        if payload.startswith(SNAPSHOT):
            yield codec.snapshot(instrument.symbol, payload, ns)
        elif (event := codec.decode(payload, ns)) is not None:
            yield event
