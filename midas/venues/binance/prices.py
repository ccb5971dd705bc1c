"""Price and quantity texts to whole ticks and lots: exact or refused.

Level arrays go through a kernel that reads the bytes as the venue writes them. Whatever it doesn't
recognise (blanks, more digits than an int64 holds, nonsense) takes the slow way, which decides.

One thing is cut instead of refused, and counted in `cut`: orders placed before a venue made its lot size
coarser go on resting with finer quantities, so a level's total can hold a fraction of a lot.
"""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec
import numpy as np

from midas.domain.instrument import Instrument
from midas.domain.money import decimals
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage
from midas.venues.binance.scan import read_depth, read_sides

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_RESTING = re.compile(r"[0-9]{1,20}\.[0-9]{1,8}", re.ASCII)
_DIGITS_MAX = 36
_FRACTION_MAX = 20
_COUNT_MAX = 1 << 60  # sums of many still fit an int64
_KNOWN_MAX = 1_000  # texts that are remembered with their number of steps
_LEVEL_BYTES = 9  # the shortest level is ["1","0"]

_PAIRS = msgspec.json.Decoder(list[tuple[str, str]])


class Grid:
    """The steps of one instrument: what its prices and quantities are whole multiples of."""

    __slots__ = ("_bytes_max", "_lot", "_rows", "_steps", "_symbol", "_tick", "cut")

    def __init__(self, instrument: Instrument, cut: int = 0) -> None:
        self._symbol = instrument.symbol
        self._tick = _Step(instrument.tick_size)
        self._lot = _Step(instrument.lot_size)
        self._steps = (self._tick.digits, self._tick.units, self._lot.digits, self._lot.units)
        self._make_room(4096)
        self.cut = cut  # levels whose fraction of a lot was cut

    def ticks(self, text: str, field: str) -> int:
        """The price `text` in ticks. Raises MalformedMessage, naming `field`, unless exact and above 0."""
        ticks = self._tick.count(text)
        if ticks is None or ticks == 0:
            raise MalformedMessage(
                f"{self._symbol} {field}: expected a price in steps of {self._tick.size}, got {text!r}"
            )
        return ticks

    def lots(self, text: str, field: str) -> int:
        """The quantity `text` in lots. Raises MalformedMessage, naming `field`, unless it is exact."""
        lots = self._lot.count(text)
        if lots is None:
            raise MalformedMessage(
                f"{self._symbol} {field}: expected a quantity in steps of {self._lot.size}, got {text!r}"
            )
        return lots

    def resting_lots(self, text: str, field: str) -> int:
        """The resting quantity `text` in whole lots, at least one where anything rests.

        Raises MalformedMessage, naming `field`, unless it is a plain number of at most 8 decimals.
        """
        lots = self._lot.count(text)
        if lots is not None:
            return lots
        if not _RESTING.fullmatch(text) or self._lot.whole(text) > _COUNT_MAX:
            return self.lots(text, field)
        self.cut += 1
        return max(1, self._lot.whole(text))

    def level(self, price: str, quantity: str, field: str) -> tuple[int, int]:
        """One side of a quote as (tick, lots); (0, 0) where the venue says that the side is empty."""
        lots = self.resting_lots(quantity, f"{field} quantity")
        if lots == 0 and self._tick.count(price) == 0:
            return 0, 0
        return self.ticks(price, f"{field} price"), lots

    def levels(self, bids: msgspec.Raw, asks: msgspec.Raw) -> tuple[int, bytes]:
        """How many bids, and all levels packed as a BookDelta holds them. Raises MalformedMessage."""
        bid_text, ask_text = bytes(bids), bytes(asks)
        if len(bid_text) + len(ask_text) > self._bytes_max:
            self._make_room(len(bid_text) + len(ask_text))
        bid_count, total = read_sides(bid_text, ask_text, self._rows, *self._steps)
        if total >= 0:
            return bid_count, self._rows[:total].tobytes()
        bid_rows = self._slow_levels(bid_text, "bid")
        ask_rows = self._slow_levels(ask_text, "ask")
        return len(bid_rows), np.array(bid_rows + ask_rows, "<i8").tobytes()

    def scan(self, payload: bytes, start: int, symbol: bytes) -> tuple[int, int, int, int, bytes] | None:
        """Event time, first id, last id, bids and packed levels of a whole depth message.

        `start` is where its event time stands, `symbol` the bytes from there to the first id. None where
        the message isn't laid out exactly as the venue does it now, good or not.
        """
        if len(payload) > self._bytes_max:
            self._make_room(len(payload))
        rows = self._rows
        time, first, last, bids, total = read_depth(payload, start, symbol, rows, *self._steps)
        if total < 0 or not 0 < first <= last:
            return None
        return time, first, last, bids, rows[:total].tobytes()

    def _make_room(self, size: int) -> None:
        self._bytes_max = 2 * size
        self._rows = np.empty((self._bytes_max // _LEVEL_BYTES + 2, 2), np.int64)

    def _slow_levels(self, text: bytes, side: str) -> list[tuple[int, int]]:
        try:
            pairs = _PAIRS.decode(text)
        except UNREADABLE as error:
            raise MalformedMessage(
                f"{self._symbol} {side} levels: expected pairs of price and quantity texts: {error}"
            ) from None
        return [
            (self.ticks(price, f"{side} price"), self.resting_lots(quantity, f"{side} quantity"))
            for price, quantity in pairs
        ]


class _Step:
    """One step size, and how many of it a text spells."""

    __slots__ = ("_known", "_units_of", "digits", "size", "units")

    def __init__(self, size: Decimal) -> None:
        self.size = f"{size.normalize():f}"
        self.digits = decimals(size)
        self.units = int(size.scaleb(self.digits))  # the step in units of its own last digit
        self._known: dict[str, int] = {}  # most prices come again and again, and many quantities
        # By the number of digits after a text's point: the step in units of that last digit.
        self._units_of = [0] * self.digits + [
            self.units * 10**more for more in range(_FRACTION_MAX + 1 - self.digits)
        ]

    def count(self, text: str) -> int | None:
        """How many steps `text` is; None where it isn't a plain number or not a whole multiple."""
        steps = self._known.get(text)
        if steps is None and (steps := self._counted(text)) is not None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[text] = steps
        return steps

    def _counted(self, text: str) -> int | None:
        whole, point, fraction = text.partition(".")
        digits = whole + fraction
        if len(fraction) < self.digits or not (whole and digits.isascii() and digits.isdecimal()):
            return self._slow_count(text)
        if len(digits) > _DIGITS_MAX or len(fraction) > _FRACTION_MAX or (point and not fraction):
            return None
        count, rest = divmod(int(digits), self._units_of[len(fraction)])
        return None if rest or count > _COUNT_MAX else count

    def whole(self, text: str) -> int:
        """How many whole steps the plain number `text` holds."""
        return int(Decimal(text).scaleb(self.digits) // self.units)

    def _slow_count(self, text: str) -> int | None:
        if not _NUMBER.fullmatch(text):
            return None
        count, rest = divmod(Decimal(text).scaleb(self.digits), self.units)
        return None if rest or count > _COUNT_MAX else int(count)
