"""What an order would do to the limits and to the tail risk: the lower part of a review."""

from __future__ import annotations

from typing import NamedTuple

from midas.domain.command import LimitMove, Review
from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, width_of
from tui.present.masking import secret

NAME = 12
NAMES = {"order notional": "order size", "order quantity": "order units"}
BAR = 10


class Unit(NamedTuple):
    """What quantities are counted in, and the decimals of a lot of it."""

    name: str = ""
    decimals: int = 0


MONEY = Unit()


def limits(review: Review, width: int, room: int, unit: Unit = MONEY) -> list[Line]:
    """A row a limit that moves, those with the least room after it first: before, after, allowed.

    Those that have no row are counted, where a row is left for that.
    """
    shown = review.moves if len(review.moves) <= max(room, 1) else review.moves[: max(room - 1, 1)]
    rows = [_row(move, unit, width) for move in shown]
    if len(shown) < len(review.moves):
        rows.append([Piece(f"and {len(review.moves) - len(shown)} more with more room", "dim")])
    return rows[: max(0, room)]


def tail(review: Review, width: int) -> Line:
    """VaR and ES before and after; why they aren't known. Empty: the engine says nothing."""
    if review.tail_unknown:
        return [Piece(_unknown(clean(review.tail_unknown), width), "dim")]
    if not review.horizon:
        return []
    changes = ((review.var_before, review.var_after), (review.es_before, review.es_after))
    var, shortfall = (f"{numbers.near(a, 2)} → {numbers.near(b, 2)}" for a, b in changes)
    return [
        Piece(f"VaR {var}  ES {shortfall}", "text"),
        Piece(f"  of equity in {numbers.period(review.horizon)}", "dim"),
    ]


def _unknown(why: str, width: int) -> str:
    """As much of the reason as there is room for: how many of how many is told first."""
    why = why.removeprefix("insufficient data: ")
    for text in (f"VaR and ES not known: {why}", f"VaR, ES not known: {why.partition(' (')[0]}"):
        if len(text) <= width:
            return text
    return clip(text, width)


def _row(move: LimitMove, unit: Unit, width: int) -> Line:
    beyond = move.after < move.maximum if move.floor else move.after > move.maximum
    ink = "alarm" if beyond else "text"
    figures = _figures(move, unit)
    subject = "" if move.subject in (move.limit, "order of", "needed:") else f"  {clean(move.subject)}"
    line: Line = [
        Piece(
            f"{'✗ ' if beyond else ''}{clip(NAMES.get(move.limit, move.limit), NAME - 2 * beyond - 1)}".ljust(
                NAME
            ),
            ink,
        ),
        Piece(_bar(move), ink if beyond else "gauge"),
        secret(f" {figures}", ink) if move.unit else Piece(f" {figures}", ink),
    ]
    left = width - width_of(line)
    return [*line, Piece(clip(subject, left) if left >= 6 else "", "dim")]


def _bar(move: LimitMove) -> str:
    """Used already ▓, used by this order ▒, left ░; solid beyond the limit."""
    if move.floor:
        whole = 1.0 - move.maximum
        shares = [(1.0 - each) / whole if whole > 0.0 else 1.0 for each in (move.before, move.after)]
    else:
        shares = [each / move.maximum if move.maximum > 0.0 else 1.0 for each in (move.before, move.after)]
    low, high = sorted(min(max(share, 0.0), 1.0) for share in shares)
    if shares[1] > 1.0:
        return "█" * BAR
    kept, more = round(low * BAR), round(high * BAR)
    return "▓" * kept + "▒" * (more - kept) + "░" * (BAR - more)


def _figures(move: LimitMove, unit: Unit) -> str:
    """From where to where, and the limit: quantities to the lot, money to the cent where it is little."""
    bound = "≥" if move.floor else "of "
    if not move.unit:
        before, after = (numbers.near(value) for value in (move.before, move.after))
        return f"{before} → {after} {bound}{numbers.exact(move.maximum)}"
    values = (move.before, move.after, move.maximum)
    large = all(abs(value) >= 1000.0 or value == round(value) for value in values)
    decimals = unit.decimals if move.unit == unit.name else 0 if large else 2
    before, after, most = (numbers.telling(value, decimals) for value in values)
    return f"{before} → {after} {bound}{most} {clean(move.unit)}"
