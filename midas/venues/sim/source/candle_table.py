"""Tables of candles (CSV or Parquet) as columns of exact integers, checked row by row.

What a table lacks or contradicts is refused in one sentence with file and row. Times are those at which
candles open; a hole in them is a time without trading, and so is a candle without volume.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from midas.domain.money import exact
from midas.domain.time import MICROSECOND, SECOND
from midas.errors import MalformedMessage, RecordingInvalid
from midas.venues.sim.levels.scale import ATOM, WIRE
from midas.venues.sim.source.candle_columns import EPOCHS, Columns, columns_of, spelling_of
from midas.venues.sim.source.candle_source import NEEDED, candle_files, opened, symbol_of

FETCHED = 10_000  # rows at a time
TICK_SHARE = 1_000  # a tick is at most this part of the lowest price
LOTS_MIN = 10_000  # a smaller smallest volume makes finer lots, as far as the venue's digits go

SPELLINGS = {
    "s": "an epoch in seconds", "ms": "an epoch in milliseconds", "us": "an epoch in microseconds",
    "ns": "an epoch in nanoseconds", "naive": "without a zone", "zoned": "with a zone",
}  # fmt: skip
_LARGEST = 2**63 - 1  # of an array
VOLUME_LIMIT = Decimal(10) ** 20  # base units of a candle: more is a slip of the keyboard
NEAR = Decimal("1e-4")  # of a price: what eight decimals may change it by
PRICE_LIMIT = Decimal(9 * 10**10)  # quote units: what 64 bits hold in units of 1e-8
_NUMBER = re.compile(r"^\d+(\.\d+)?$")


class Segment(NamedTuple):
    """From which candle on a table comes from which file."""

    first: int
    file: Path


class CandleTable:
    """The candles of one symbol: opening times in nanoseconds, prices and volumes in units of 1e-8."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.times = array("q")
        self.prices = array("q")  # open, high, low, close of each candle in turn
        self.volumes: array[int] | list[int] = []  # a volume may be larger than 64 bits
        self.rows = array("q")  # the number of each in its file
        self.segments: list[Segment] = []
        self.spellings: list[str] = []  # of the times, of each segment
        self._price_step = self._volume_step = 0

    def place_of(self, candle: int) -> str:
        """File and row of one of them; of the last one with -1."""
        candle %= len(self.times)
        file = next(segment.file for segment in reversed(self.segments) if segment.first <= candle)
        return f"{file}:{self.rows[candle]}"

    def begin(self, file: Path, spelling: str) -> None:
        """What comes now stands in `file`."""
        self.segments.append(Segment(len(self.times), file))
        self.spellings.append(spelling)

    def add(self, row: int, time: int, prices: list[int], volume: int) -> None:
        """One more row. Raises MalformedMessage."""
        opened, high, low, close = prices
        if self.times and time <= self.times[-1]:
            raise MalformedMessage(self._not_later(time))
        if low <= 0:
            raise MalformedMessage("a price isn't above 0; remove the row or mend the price")
        if not (low <= min(opened, close) and max(opened, close) <= high):
            raise MalformedMessage("open and close don't lie between low and high; mend or remove the row")
        if 0 < volume < len(anchors(opened, high, low, close, low_first=False)):
            raise MalformedMessage(
                "the volume is too small to be traded at all of its prices; remove the row"
            )
        self.times.append(time)
        self.prices.extend(prices)
        if volume > _LARGEST and isinstance(self.volumes, array):
            self.volumes = self.volumes.tolist()
        self.volumes.append(volume)
        self.rows.append(row)
        for price in prices:
            self._price_step = math.gcd(self._price_step, price)
        self._volume_step = math.gcd(self._volume_step, volume)

    def extend(self, file: Path, columns: Columns) -> None:
        """All rows of a clean file. Raises MalformedMessage where they don't follow what is here."""
        if self.times and int(columns.times[0]) <= self.times[-1]:
            self.begin(file, columns.spelling)
            raise MalformedMessage(self._not_later(int(columns.times[0])))
        self.begin(file, columns.spelling)
        self.times.frombytes(columns.times.tobytes())
        self.prices.frombytes(columns.prices.tobytes())
        if isinstance(self.volumes, list) and not self.volumes:
            self.volumes = array("q")
        if isinstance(self.volumes, array):
            self.volumes.frombytes(columns.volumes.tobytes())
        else:
            self.volumes.extend(columns.volumes.tolist())
        self.rows.extend(range(columns.first, columns.first + len(columns.times)))
        self._price_step = math.gcd(self._price_step, int(np.gcd.reduce(columns.prices, axis=None)))
        self._volume_step = math.gcd(self._volume_step, int(np.gcd.reduce(columns.volumes)))

    def _not_later(self, time: int) -> str:
        if len(self.segments) > 1 and self.segments[-1].first == len(self.times):
            return (
                f"begins before {self.place_of(-1)} ends; the files of one symbol may not overlap, and are "
                "given oldest first"
            )
        what = "the same time as the row before" if time == self.times[-1] else "earlier than the row before"
        return f"{what}; sort the rows by time, oldest first, and keep one of each"

    @property
    def duration(self) -> int:
        """How long a candle lasts: the shortest time between two of them. Raises RecordingInvalid."""
        if len(self.times) < 2:
            raise RecordingInvalid(
                f"{self.place_of(-1)}: one candle of {self.symbol} doesn't tell how long it lasts; "
                "give at least two rows"
            )
        return int(np.diff(np.array(self.times, np.int64)).min())

    @property
    def tick(self) -> int:
        """The tick size in units of 1e-8: the coarsest power of ten that prints every price."""
        return min(_power_of_ten(self._price_step), power_below(min(self.prices) // TICK_SHARE))

    @property
    def lot(self) -> int:
        """The lot size in units of 1e-8; fine enough to split the smallest volume."""
        lot = _power_of_ten(self._volume_step)
        smallest = min((volume for volume in self.volumes if volume), default=WIRE)
        while lot > 1 and smallest // lot < LOTS_MIN:
            lot //= 10
        return lot


def anchors(opened: int, high: int, low: int, close: int, *, low_first: bool) -> list[int]:
    """The prices that a candle must touch, in order, without immediate repeats."""
    between = [low, high] if low_first else [high, low]
    made = [opened]
    for place, price in enumerate(between):
        if price not in made and not (price == close and place == len(between) - 1):
            made.append(price)
    return made if made[-1] == close else [*made, close]


def read_candles(*paths: Path, symbol: str = "") -> list[CandleTable]:
    """The candles of every symbol in these tables or folders; `symbol` names it where nothing else does.

    A symbol may go on from one file to the next. Raises RecordingInvalid.
    """
    tables: dict[str, CandleTable] = {}
    for file in (file for path in paths for file in candle_files(path)):
        known = symbol or symbol_of(file)
        columns = columns_of(file)
        name = _name(columns.symbol or known) if columns else ""
        if columns is None or not name:
            _read_rows(file, known, tables)
            continue
        try:
            tables.setdefault(name, CandleTable(name)).extend(file, columns)
        except MalformedMessage as error:
            raise RecordingInvalid(f"{file}:{columns.first}: {error}") from error
    if not tables:
        raise _empty(paths[0])
    return list(tables.values())


def _empty(path: Path) -> RecordingInvalid:
    return RecordingInvalid(f"{path}: no candle in it; expected rows of time, open, high, low, close, volume")


def _name(text: str) -> str:
    return text.replace("-", "").replace("/", "").upper()


def _read_rows(file: Path, known: str, tables: dict[str, CandleTable]) -> None:
    """One row after the other, each judged: slow, and it knows what is wrong with which one."""
    began: set[str] = set()
    spelling = ""
    for number, row in _rows(file):
        try:
            name = _name(row[6] or known)
            if not name:
                raise MalformedMessage(
                    "of which symbol? add a column 'symbol', name the file like btcusdt-1m.csv, "
                    "or give --symbol"
                )
            prices = [_units(row, column) for column in range(1, 5)]
            time, spelled = _time(row[0]), spelling_of(str(row[0]).strip())
            spelling = spelling or spelled
            if spelled != spelling:
                raise MalformedMessage(
                    f"the time is {SPELLINGS[spelled]}, those before are {SPELLINGS[spelling]}; "
                    "spell all of them alike"
                )
            table = tables.setdefault(name, CandleTable(name))
            if name not in began:
                began.add(name)
                table.begin(file, spelling)
            table.add(number, time, prices, _units(row, 5))
        except MalformedMessage as error:
            raise RecordingInvalid(f"{file}:{number}: {error}") from error
    if not began:
        raise _empty(file)


Row = tuple[str | None, ...]
"""Time, open, high, low, close, volume, symbol: as text."""


def _rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its line (of its row in Parquet and databases)."""
    with opened(file) as (connection, fields):
        found = connection.execute(f"SELECT {', '.join(fields.texts)} FROM {fields.source}", fields.argument)
        number = fields.first
        while rows := found.fetchmany(FETCHED):
            for row in rows:
                yield number, row
                number += 1


def _units(row: Row, column: int) -> int:
    text = row[column]
    if text is None or not text.strip():
        raise MalformedMessage(f"{NEEDED[column]} is empty; fill it in or remove the row")
    value = exact(text.strip())
    if value < 0:
        raise MalformedMessage(f"{NEEDED[column]} is negative ({text}); mend or remove the row")
    if value > (limit := VOLUME_LIMIT if NEEDED[column] == "volume" else PRICE_LIMIT):
        raise MalformedMessage(
            f"{NEEDED[column]} is {text.strip()}, above the {limit:.0e} that can be counted; "
            "mend or remove the row"
        )
    units = int((value / ATOM).to_integral_value(ROUND_HALF_EVEN))
    if NEEDED[column] != "volume" and abs(units * ATOM - value) > NEAR * value:
        raise MalformedMessage(
            f"{NEEDED[column]} is {text.strip()}: eight decimals are kept, and they would change it by "
            f"{abs(units * ATOM / value - 1):.2%}; give the prices of 1,000 units instead"
        )
    return units


def _time(text: str | None) -> int:
    """Nanoseconds of what `text` spells: ISO, or an epoch whose unit its size tells."""
    if text is None or not text.strip():
        raise MalformedMessage("time is empty; fill it in or remove the row")
    text = text.strip()
    if _NUMBER.match(text):
        value = Decimal(text)
        for limit, unit in EPOCHS:
            if value < limit:
                return int(value * unit)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedMessage(
            f"time is {text!r}; expected ISO (2020-01-31 12:00:00) or an epoch in s, ms, us or ns"
        ) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond * MICROSECOND


def _power_of_ten(step: int) -> int:
    power = 1
    while step and step % (power * 10) == 0:
        power *= 10
    return power


def power_below(value: int) -> int:
    """The largest power of ten that is not above `value`; at least 1."""
    return 10 ** (len(str(value)) - 1) if value > 0 else 1
