"""Kernels that read depth messages byte by byte, in the one layout that the venue uses.

They never guess: a text of any other shape is reported as such (-1) and read again the slow way. No read
passes the end: the last byte of a text is checked to be a bracket or brace that stops every loop, for it
is neither a digit nor any of the marks that must come before it. Positions are unsigned throughout: a signed
one costs a test for below zero at every byte.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from midas.state.kernel import kernel

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Place = np.uint64

DIGITS_MAX = 18  # any number of so many digits fits an int64

# The marks of the layout.
QUOTE, COMMA, POINT, ZERO, NINE, COLON = 34, 44, 46, 48, 57, 58
OPEN, CLOSE, END = 91, 93, 125
LOWER_A, LOWER_B, LOWER_U = 97, 98, 117

ONE, TWO, THREE, FOUR, FIVE = Place(1), Place(2), Place(3), Place(4), Place(5)


@kernel
def read_depth(
    message: bytes,
    start: int,
    symbol: bytes,
    rows: Ints,
    price_digits: int,
    price_units: int,
    lot_digits: int,
    lot_units: int,
) -> tuple[int, int, int, int, int]:
    """Event time, first id, last id, bids and all levels of a message; the last one -1 for another shape."""
    text = np.frombuffer(message, np.uint8)
    end = len(text)
    if end < 2 or text[end - 1] != END or text[end - 2] != END:
        return 0, 0, 0, 0, -1
    time, i = read_number(text, Place(start), 0, 1)
    for mark in symbol:
        if text[i] != mark:
            return 0, 0, 0, 0, -1
        i += ONE
    first, i = read_number(text, i, 0, 1)
    last, i = read_number(text, read_key(text, i, LOWER_U), 0, 1)
    bids, i = read_levels(
        text, read_key(text, i, LOWER_B), rows, 0, price_digits, price_units, lot_digits, lot_units
    )
    if min(time, first, last, bids) < 0:
        return 0, 0, 0, 0, -1
    i = read_key(text, i, LOWER_A)
    total, i = read_levels(text, i, rows, bids, price_digits, price_units, lot_digits, lot_units)
    if i != Place(end - 2):
        return 0, 0, 0, 0, -1
    return time, first, last, bids, total


@kernel
def read_sides(
    bid_levels: bytes,
    ask_levels: bytes,
    rows: Ints,
    price_digits: int,
    price_units: int,
    lot_digits: int,
    lot_units: int,
) -> tuple[int, int]:
    """Fill `rows` from both level arrays: rows of bids, all rows; the latter -1 for another shape."""
    bids, asks = np.frombuffer(bid_levels, np.uint8), np.frombuffer(ask_levels, np.uint8)
    if len(bids) < 2 or bids[len(bids) - 1] != CLOSE or len(asks) < 2 or asks[len(asks) - 1] != CLOSE:
        return 0, -1
    count, i = read_levels(bids, Place(0), rows, 0, price_digits, price_units, lot_digits, lot_units)
    if count < 0 or i != Place(len(bids)):
        return 0, -1
    total, i = read_levels(asks, Place(0), rows, count, price_digits, price_units, lot_digits, lot_units)
    return count, total if i == Place(len(asks)) else -1


@kernel
def read_key(text: Bytes, i: Place, letter: int) -> Place:
    """The position after `,"letter":` at `i`; that of the last byte where it isn't there."""
    begins = text[i] == COMMA and text[i + ONE] == QUOTE and text[i + TWO] == letter
    if begins and text[i + THREE] == QUOTE and text[i + FOUR] == COLON:
        return i + FIVE
    return Place(len(text) - 1)


@kernel
def read_levels(
    text: Bytes,
    i: Place,
    rows: Ints,
    row: int,
    price_digits: int,
    price_units: int,
    lot_digits: int,
    lot_units: int,
) -> tuple[int, Place]:
    """Fill `rows` from `row` on from `[["61837.63","3.78"],...]` at `i`; the next row, or -1; the end."""
    if text[i] != OPEN:
        return -1, i
    if text[i + ONE] == CLOSE:
        return row, i + TWO
    while text[i + ONE] == OPEN and text[i + TWO] == QUOTE:
        tick, i = read_number(text, i + THREE, price_digits, price_units)
        if tick <= 0 or text[i] != QUOTE or text[i + ONE] != COMMA or text[i + TWO] != QUOTE:
            return -1, i
        lots, i = read_number(text, i + THREE, lot_digits, lot_units)
        if lots < 0 or text[i] != QUOTE or text[i + ONE] != CLOSE:
            return -1, i
        rows[row, 0] = tick
        rows[row, 1] = lots
        row += 1
        i += TWO
        if i >= Place(len(text)):
            return -1, i
        if text[i] == CLOSE:
            return row, i + ONE
        if text[i] != COMMA:
            return -1, i
    return -1, i


@kernel
def read_number(text: Bytes, i: Place, digits: int, units: int) -> tuple[int, Place]:
    """The number at `i` and its end: how many `units` of its digit `digits` after the point, -1 if none."""
    start, value = i, 0
    digit = text[i] - ZERO
    while 0 <= digit <= 9:
        value = value * 10 + digit
        i += ONE
        digit = text[i] - ZERO
    whole = np.int64(i - start)
    if whole == 0 or whole + digits > DIGITS_MAX:
        return -1, i
    missing = digits
    if text[i] == POINT:
        i += ONE
        first = i
        digit = text[i] - ZERO
        while missing > 0 and 0 <= digit <= 9:
            value = value * 10 + digit
            missing -= 1
            i += ONE
            digit = text[i] - ZERO
        while text[i] == ZERO:
            i += ONE
        if i == first or 0 <= text[i] - ZERO <= 9:
            return -1, i
    for _ in range(missing):
        value *= 10
    if units == 1:
        return value, i
    if value % units != 0:
        return -1, i
    return value // units, i
