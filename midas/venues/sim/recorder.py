"""Writes a market source down in the recorded-stream format, as a listener on its sockets would."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from midas.domain.time import MILLISECOND
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent, Source
from midas.venues.sim.wire import messages

SNAPSHOT_AFTER = 3  # depth changes
SNAPSHOT_LEVELS = 1_000


def lines(source: Source, symbol: str, duration: int) -> Iterator[bytes]:
    """Lines of `symbol` for `duration` nanoseconds of market time, a snapshot after the first changes."""
    listing = next(listing for listing in source.listings() if listing.instrument.symbol == symbol)
    desk = Desk(listing, source.start, source.lateness, 0)
    changes = 0
    for event in source.events():
        if event.at > source.start + duration:
            return
        if event.symbol != symbol:
            continue
        name, payload = _message(desk, event)
        yield _line(event.at, b'{"stream":"%s@%s","data":%s}' % (symbol.lower().encode(), name, payload))
        if isinstance(event, DepthChange):
            changes += 1
            desk.matcher.depth(event.last_id, event.bids, event.asks)
            if changes == SNAPSHOT_AFTER:
                answer = messages.depth_answer(desk, SNAPSHOT_LEVELS)
                yield _line(event.at, msgspec.json.encode(answer))


def _message(desk: Desk, event: MarketEvent) -> tuple[bytes, bytes]:
    """The kind of stream and its message."""
    if isinstance(event, DepthChange):
        return b"depth@100ms", messages.depth(desk, event, MILLISECOND)
    if isinstance(event, BestQuote):
        return b"bookTicker", messages.best(desk, event, MILLISECOND)
    return b"trade", messages.trade(desk, event, MILLISECOND)


def _line(stamp: int, message: bytes) -> bytes:
    return b"%d %s\n" % (stamp, message)
