"""Values as they are typed; each refuses what it can't be in one sentence."""

from __future__ import annotations

import argparse
from datetime import datetime

_LEAST, _LARGEST = 5e-324, 1.7e308  # the smallest float above 0, and about the largest one


def seeds(text: str) -> range:
    """`1..40`, or one."""
    first, _, last = text.partition("..")
    found = range(whole(first), whole(last or first) + 1)
    if not 0 < len(found) <= 1_000:
        raise argparse.ArgumentTypeError(f"expected 1 to 1,000 seeds, the smallest first, got {text!r}")
    return found


def worlds(text: str) -> range:
    """The same, of simulated worlds."""
    first, _, last = text.partition("..")
    found = range(whole(first), whole(last or first) + 1)
    if not found:
        raise argparse.ArgumentTypeError(f"expected seeds A..B, the smallest first, got {text!r}")
    return found


def _between(text: str, low: float, high: float, said: str) -> float:
    """A number with `low` <= it <= `high`, as `said`."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"expected {said}, got {text!r}")
    return value


def not_below_zero(text: str) -> float:
    """A number from 0."""
    return _between(text, 0.0, _LARGEST, "a number not below 0")


def above_zero(text: str) -> float:
    """A number above 0."""
    return _between(text, _LEAST, _LARGEST, "a number above 0")


def bps(text: str) -> float:
    """What is paid, in basis points of the price."""
    return _between(text, 0.0, 5_000.0, "basis points from 0 to 5,000 (half of the price)")


def rebate_bps(text: str) -> float:
    """A fee, which may be paid to us."""
    return _between(text, -100.0, 5_000.0, "basis points from -100 (a rebate) to 5,000")


def times(text: str) -> float:
    """By how much something is multiplied."""
    return _between(text, 0.0, 100.0, "a number from 0 (none) to 100")


def delay_ms(text: str) -> float:
    """How long something takes, up to a day."""
    return _between(text, 0.0, 86_400_000.0, "milliseconds from 0 to 86,400,000 (a day)")


def share(text: str) -> float:
    """A part of something: above 0, at most all of it."""
    return _between(text, _LEAST, 1.0, "a share above 0 and at most 1, such as 0.1")


def part(text: str) -> float:
    """A part of something: from none to all of it."""
    return _between(text, 0.0, 1.0, "a share from 0 to 1, such as 0.1")


def funding_bps(text: str) -> float:
    """What is long pays, or is paid."""
    return _between(text, -1_000.0, 1_000.0, "basis points from -1,000 (paid to who is long) to 1,000")


def hours(text: str) -> float:
    """Between two payments: from a minute to a year."""
    return _between(text, 1 / 60, 8_784.0, "hours from 1/60 (a minute) to 8,784 (a year)")


def money(text: str) -> float:
    """An amount that an account may begin with."""
    return _between(text, 0.01, 1e12, "an amount from 0.01 to 1,000,000,000,000")


def percent(text: str) -> float:
    """`15` or `15%` as a fraction."""
    try:
        value = float(text.strip().removesuffix("%"))
    except ValueError:
        value = float("nan")
    if not -100 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"expected percent a year above -100, such as 15, got {text!r}")
    return value / 100


def seconds(text: str) -> float:
    """`90`, `90s`, `10m`, `8h`, `2d` in seconds."""
    unit = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}.get(text[-1:].lower(), 0)
    try:
        return above_zero(text[:-1] if unit else text) * (unit or 1)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 90s, 10m, 8h or 2d, got {text!r}"
        ) from None


def whole(text: str) -> int:
    """Digits."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got {text!r}")
    return int(text)


def moment(text: str) -> str:
    """A date or time as it was typed, once it can be read."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a date such as 2020-01-31, or 2020-01-31T12:00, got {text!r}"
        ) from None
    return text


def positive(text: str) -> int:
    """Digits, of at least 1."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 1,000,000, got {text!r}")
    return int(text)


def workers(text: str) -> int:
    """Processes."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 256):
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 256, got {text!r}")
    return int(text)


def port(text: str) -> int:
    """Of this machine; 0 is any free one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"expected a port from 0 (any free one) to 65535, got {text!r}")
    return int(text)


def symbol(text: str) -> str:
    """As the venue writes it, in capitals."""
    name = text.upper()
    if not (name.isascii() and name.isalnum() and 4 <= len(name) <= 20):
        raise argparse.ArgumentTypeError(
            f"expected a pair of 4 to 20 letters or digits such as BTCUSDT, got {text!r}"
        )
    return name


def amount(text: str) -> str:
    """As it was typed: money is no float."""
    above_zero(text)
    if not set(text) <= set("0123456789."):
        raise argparse.ArgumentTypeError(f"expected an amount above 0 such as 100 or 0.5, got {text!r}")
    return text
