"""Where a long position's stop belongs: pure functions of entry, best price since, ATR, fees and time.

A level is rounded up, towards the market: an early stop loses less than a late one. It rises and never falls,
and no rise takes it to the market or above: a venue would refuse it, and we would sell for nothing.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import msgspec

from midas.domain.money import ZERO, floor_to
from midas.domain.stops import BREAK_EVEN, NONE, PROTECTIVE, TRAILING, StopRules

BPS = Decimal("0.0001")


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a position has seen; prices as evidence, 0 where they aren't known."""

    entry: float
    risk: float  # from the entry down to its first stop
    best: float  # highest price since the entry
    atr: float  # now
    taker: float  # fee of a taker, as a fraction


class Level(msgspec.Struct, frozen=True):
    """A price, and the rule that asks for it."""

    price: float
    kind: str


NOWHERE = Level(0.0, NONE)


def wanted(rules: StopRules, course: Course) -> Level:
    """The highest level that any rule asks for."""
    found = [NOWHERE]
    if course.risk > 0.0:
        found.append(Level(course.entry - course.risk, PROTECTIVE))
    if (trail := trailing(rules, course)) > 0.0:
        found.append(Level(trail, TRAILING))
    if broke_even(rules, course):
        found.append(Level(cost(course), BREAK_EVEN))
    return max(found, key=lambda level: level.price)


def trailing(rules: StopRules, course: Course) -> float:
    """Below the best price by the shorter of both distances; 0 without one."""
    distances = [course.best * rules.trail_percent, course.atr * rules.trail_atr]
    nearest = min((d for d in distances if d > 0.0), default=0.0)
    return course.best - nearest if nearest else 0.0


def broke_even(rules: StopRules, course: Course) -> bool:
    """Whether the gain so far lets nobody lose on this position any more."""
    gain = course.best - course.entry
    return rules.break_even_r > 0.0 and course.risk > 0.0 and gain >= rules.break_even_r * course.risk


def cost(course: Course) -> float:
    """Sold at this price, the position returns what it cost with the fees of both ways."""
    return course.entry * (1.0 + course.taker) / (1.0 - course.taker)


def rounded(price: float, tick: Decimal) -> Decimal:
    """The lowest price on the venue's grid that isn't below `price`."""
    return (Decimal(repr(price)) / tick).to_integral_value(ROUND_CEILING) * tick


def raised(level: Decimal, to: Decimal, market: Decimal, tick: Decimal) -> Decimal:
    """`level` moved up to `to` as far as the market leaves room: a tick below it at most, never down."""
    return max(level, min(to, floor_to(market, tick) - tick))


def limit(level: Decimal, rules: StopRules, tick: Decimal) -> Decimal:
    """The worst price of a resident stop: a collar below its trigger, rounded down so that it trades."""
    collar = Decimal(repr(rules.collar_bps)) * BPS
    return max(tick, floor_to(level * (1 - collar), tick))


def worth_moving(level: Decimal, to: Decimal, rules: StopRules) -> bool:
    """Whether the rise is large enough for a cancel and a new order."""
    return to > level and (not level or to - level >= to * Decimal(repr(rules.step_bps)) * BPS)


def late(rules: StopRules, gained: bool, since: int, now: int) -> bool:
    """Whether a position has had its time, of the market, and not made the gain that was asked of it."""
    return rules.time > 0 and not gained and now - since >= rules.time


def reached(level: Decimal, *prices: float) -> bool:
    """Whether any of these prices is at the level or below; one that isn't known (NaN) says nothing."""
    return level > ZERO and any(price <= float(level) for price in prices)
