"""One limit as it meets one more quantity: where it stands, what a unit adds, and where it ends.

Every sized limit is linear in the quantity that is asked for, so the largest one that passes is found by
asking the very comparison that refuses: it passes, and one lot more doesn't.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import isfinite

import msgspec

from midas.domain.money import ZERO, floor_to, from_float, plain
from midas.domain.verdict import Breach

TOLERANCE = 1e-9  # 0.2 of equity exactly is within a limit of 0.2
NAMED = ("sector", "currency", "venue", "strategy")  # said before the name
FINE = Decimal("1e-12")  # finer than any lot


class Row(msgspec.Struct, frozen=True, gc=False):
    """A limit; with `floor`, one from below that buying comes down to."""

    limit: str
    name: str  # of what it is about
    before: float
    unit: float  # what one unit of the base asset adds, or takes where it is a floor
    maximum: float
    floor: bool = False
    money: str = ""  # the unit of figures that are no share of equity

    def after(self, quantity: float) -> float:
        """Where it stands with so much more."""
        more = self.unit * quantity if quantity else 0.0
        return self.before - more if self.floor else self.before + more

    def passes(self, quantity: float) -> bool:
        """Whether so much more is within it; what isn't known never is."""
        after = self.after(quantity)
        return after >= self.maximum - TOLERANCE if self.floor else after <= self.maximum + TOLERANCE


def failing(rows: Sequence[Row], quantity: float) -> list[Row]:
    """Those that so much more isn't within; asked for every order, so that nothing is called."""
    if not quantity:
        return [row for row in rows if not row.passes(0.0)]  # an infinite unit times nothing is nothing
    found = []
    for row in rows:
        if row.floor:
            if row.before - row.unit * quantity >= row.maximum - TOLERANCE:
                continue
        elif row.before + row.unit * quantity <= row.maximum + TOLERANCE:
            continue
        found.append(row)
    return found


def breach(row: Row, quantity: float) -> Breach:
    """What this limit says against so much more; `fits` is told later."""
    after = row.after(quantity)
    if after != after:
        sentence = f"{row.limit} isn't known: something held or ordered has no price"
        return Breach(row.limit, 0.0, row.maximum, sentence)
    return Breach(row.limit, after, row.maximum, _sentence(row, after))


def fitting(found: Breach, fits: Decimal, base: str, what: str = "") -> Breach:
    """The same with the largest size that would pass every limit, also in its words."""
    words = _words(fits, base, what)
    return Breach(found.limit, found.value, found.maximum, f"{found.sentence}; {words}", fits)


def agreed(found: Sequence[Breach], base: str, what: str = "") -> tuple[Breach, ...]:
    """The same with one largest size: what passes one limit and not another doesn't fit.

    One that names no size (something isn't known) lets none pass.
    """
    least = min((ZERO if each.fits is None else each.fits for each in found), default=ZERO)
    return tuple(_agreeing(each, least, base, what) for each in found)


def _agreeing(found: Breach, least: Decimal, base: str, what: str) -> Breach:
    if found.fits is None or found.fits == least:
        return found
    own = found.sentence.removesuffix(f"; {_words(found.fits, base, what)}")
    return fitting(Breach(found.limit, found.value, found.maximum, own), least, base, what)


def _words(fits: Decimal, base: str, what: str) -> str:
    return f"at most {plain(fits)} {base}{what} fits" if fits > ZERO else "nothing more fits"


def largest(rows: Sequence[Row], lot: Decimal, most: Decimal, already: Decimal = ZERO) -> Decimal:
    """The largest whole lots up to `most` that every row lets pass; of it, `already` is counted in them."""

    def passes(lots: int) -> bool:
        more = max(0.0, float(lot * lots - already))
        return all(row.passes(more) for row in rows)

    highest = int(floor_to(most, lot) / lot)
    if highest <= 0 or not passes(0):
        return ZERO
    rooms = [_room(row) for row in rows if row.unit > 0.0]
    room = min((r for r in rooms if isfinite(r)), default=0.0)
    guess = already + from_float(min(max(room, 0.0), float(most)), FINE)
    return lot * _last(passes, highest, int(floor_to(max(guess, ZERO), lot) / lot))


def brief(value: float) -> str:
    """Two digits that count, and no exponent where it is large."""
    return _plainly(value, 2) if abs(value) < 99.5 else f"{value:.0f}"


def _plainly(value: float, digits: int) -> str:
    """So many digits that count, and never an exponent."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    return f"{value:.0f}" if abs(value) >= 1.0 else f"{value:.10f}".rstrip("0").rstrip(".")


def _last(passes: Callable[[int], bool], highest: int, guess: int) -> int:
    """The last of 0..highest that passes: 0 does, and whatever is below one that does."""
    low, high = 0, highest + 1  # `low` passes, `high` doesn't or isn't asked for
    step, at = 1, min(max(guess, 0), highest)
    while high - low > 1:
        if passes(at):
            low, at = at, at + step
        else:
            high, at = at, at - step
        step *= 2
        if not low < at < high:
            at = (low + high) // 2
    return low


def _room(row: Row) -> float:
    room = row.before - row.maximum if row.floor else row.maximum - row.before
    return room / row.unit


def _subject(row: Row) -> str:
    return f"{row.limit} {row.name}" if row.limit in NAMED else row.name


def _sentence(row: Row, after: float) -> str:
    over = abs(after - row.maximum)
    if row.money:
        at, edge, by = (f"{_plainly(v, 8)} {row.money}" for v in (after, row.maximum, over))
        return f"{_subject(row)} {at}, at most {edge}: {by} over"
    edge, by = f"{row.maximum * 100:.4g}%", f"{brief(over * 100)}%"
    digits = next((d for d in (1, 2, 4) if round(after * 100, d) != round(row.maximum * 100, d)), 8)
    at = f"{after:.{digits}%}"
    if row.floor:
        return f"{_subject(row)} would be {at}, at least {edge}: {by} short"
    return f"{_subject(row)} would be {at} of equity, at most {edge}: {by} over"
