"""What a strategy's own closed round trips say about its chances: Kelly from its record, cautiously."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum

import msgspec

from midas.domain.trips import Trip
from midas.statistics.kelly import CAUTION, cautious_probability, kelly

LOSS_LEAST = 1e-6  # of what was paid: nearer to nothing a loss bounds no stake


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What many of them say."""

    count: int
    effective: float  # independent trades that they are worth
    wins: int
    cautious: float  # chance of a win: the lower quantile of what so few trades allow
    gain: float  # mean of those won
    loss: float  # mean of the others, positive
    full: float  # share of equity that full Kelly would hold with it; 0 without an edge


def overlap(*things: Iterable[tuple[int, int]]) -> float:
    """How many intervals of one thing are alive at a time, on average over when any is; at least 1."""
    total = covered = 0
    for lives in things:
        end = None
        for begin, until in sorted(lives):
            total += until - begin
            if end is None or begin >= end:
                covered += until - begin
                end = until
            elif until > end:
                covered += until - end
                end = until
    return max(total / covered, 1.0) if covered else 1.0


def track_record(trades: Sequence[Trip], caution: float = CAUTION) -> TrackRecord:
    """Of a strategy's newest trades. Without a loss the smallest that is told bounds the stake."""
    count = len(trades)
    effective = count / overlap((t.opened_at, t.closed_at) for t in trades)
    results = [trade.result for trade in trades]
    won = [each for each in results if each > 0.0]
    lost = [-each for each in results if each <= 0.0]
    gain = fsum(won) / len(won) if won else 0.0
    loss = max(fsum(lost) / len(lost) if lost else 0.0, LOSS_LEAST)
    cautious = cautious_probability(len(won) / count, effective, caution) if count else 0.0
    full = kelly(cautious, gain / loss) / loss if gain > 0.0 else 0.0
    return TrackRecord(
        count=count, effective=effective, wins=len(won), cautious=cautious, gain=gain, loss=loss, full=full
    )
