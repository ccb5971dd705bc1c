"""Values as they are typed; each refuses what it can't be in one sentence."""

from __future__ import annotations

import argparse


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


def not_below_zero(text: str) -> float:
    """A number from 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number not below 0, got {text!r}")
    return value


def above_zero(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


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
