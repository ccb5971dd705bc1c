"""Where exact money and float evidence meet: the only module that converts between them.

Ledger, orders, fills and fees are `Decimal`. Books and kernels hold integer ticks (price / tick size)
and integer lots (quantity / lot size). Returns, features and probabilities are float.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, InvalidOperation

from midas.errors import MalformedMessage

ZERO = Decimal(0)


def exact(text: str) -> Decimal:
    """The finite decimal that `text` spells.

    Raises MalformedMessage for NaN, infinity, an empty string or anything that is no number.
    """
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        raise MalformedMessage(f"expected a decimal number, got {text!r}") from None
    if not value.is_finite():
        raise MalformedMessage(f"expected a finite number, got {text!r}")
    return value


def from_float(value: float, step: Decimal) -> Decimal:
    """`value` rounded half-even to a multiple of `step`; the one way from evidence to money."""
    return (Decimal(repr(value)) / step).to_integral_value(ROUND_HALF_EVEN) * step


def as_read(value: float) -> Decimal:
    """The shortest decimal that reads as `value`: a bound or a figure, of no step yet."""
    return Decimal(repr(value))


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def units(value: Decimal, step: Decimal) -> int:
    """How many whole `step`s make `value`; raises MalformedMessage where it isn't a multiple."""
    count = value / step
    whole = int(count)
    if count != whole:
        raise MalformedMessage(f"{value} is not a multiple of {step}")
    return whole


def decimals(step: Decimal) -> int:
    """How many digits after the point a multiple of `step` needs: 0.01000000 -> 2."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def plain(value: Decimal) -> str:
    """`value` without exponent and trailing zeros: 0.00001, never 1E-5 (venues refuse it)."""
    text = str(value)  # a third of the time that a format takes, and as plain but for an exponent
    if "E" in text:
        text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
