"""What a person typed, as exact values that the venue takes; each refusal is one sentence with a way out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from enum import Enum
from typing import TypeVar

from midas.domain.instrument import Instrument
from midas.domain.money import floor_to, plain
from midas.errors import OrderInvalid

TEXT_MAX = 30  # characters of anything typed that are repeated back
# No exponent, sign or foreign digit; short enough that a ratio of two amounts is exact.
_AMOUNT = re.compile(r"(?=\.?[0-9])[0-9]{0,13}(\.[0-9]{0,12})?", re.ASCII)

Word = TypeVar("Word", bound=Enum)


def instrument_named(text: str, instruments: Iterable[Instrument]) -> Instrument:
    """By its id, its name or the venue's symbol, in any case. Raises OrderInvalid."""
    wanted = text.strip().upper()
    known = list(instruments)
    for instrument in known:
        if wanted in (instrument.id.upper(), instrument.name.upper(), instrument.symbol.upper()):
            return instrument
    names = ", ".join(i.name for i in known)
    raise OrderInvalid(f"{shown(text)} isn't traded here; there are {names}")


def word(text: str, words: type[Word]) -> Word:
    """One of the enum's values, in any case. Raises OrderInvalid."""
    for known in words:
        if known.value == text.strip().upper():
            return known
    names = ", ".join(str(w.value) for w in words)
    raise OrderInvalid(f"{shown(text)} is none of {names}")


def amount(text: str, what: str) -> Decimal:
    """A plain decimal above 0. Raises OrderInvalid."""
    typed = text.strip()
    value = Decimal(typed) if _AMOUNT.fullmatch(typed) else Decimal(0)
    if not value > 0:
        raise OrderInvalid(f"expected a {what} above 0 such as 0.25, got {shown(text)}")
    return value


def quantity(text: str, instrument: Instrument) -> Decimal:
    """A quantity that the venue takes, whatever the price. Raises OrderInvalid."""
    value, base = amount(text, "quantity"), instrument.base
    _check_step(value, instrument.lot_size, base)
    if value < instrument.quantity_min:
        raise OrderInvalid(f"{plain(value)} {base} is too little: at least {plain(instrument.quantity_min)}")
    if value > instrument.quantity_max:
        raise OrderInvalid(f"{plain(value)} {base} is too much: at most {plain(instrument.quantity_max)}")
    return value


def price(text: str, instrument: Instrument) -> Decimal:
    """A price on the venue's grid. Raises OrderInvalid."""
    value = amount(text, "price")
    _check_step(value, instrument.tick_size, instrument.quote)
    return value


def check_value(size: Decimal, at: Decimal, instrument: Instrument) -> None:
    """Raises OrderInvalid where `size` at the price `at` is worth less than the venue takes."""
    least = instrument.notional_min
    if size * at >= least:
        return
    lots = (least / (at * instrument.lot_size)).to_integral_value(ROUND_CEILING)
    raise OrderInvalid(
        f"{plain(size)} {instrument.base} at {plain(at)} is worth {plain((size * at).normalize())} "
        f"{instrument.quote}: the venue takes {plain(least)} at least, "
        f"which is {plain(lots * instrument.lot_size)} {instrument.base}"
    )


def shown(text: str) -> str:
    """What was typed, quoted, and cut where it is long."""
    return repr(text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}...")


def _check_step(value: Decimal, step: Decimal, unit: str) -> None:
    below = floor_to(value, step)
    if below == value:
        return
    near = [plain(v) for v in (below, below + step) if v > 0]
    nearest = f"the nearest is {near[0]}" if len(near) == 1 else f"the nearest are {' and '.join(near)}"
    raise OrderInvalid(f"{plain(value)} {unit} isn't a multiple of {plain(step.normalize())}: {nearest}")
