"""Tables of candles (CSV or Parquet) as columns of exact integers, checked row by row.

What a table lacks or contradicts is refused in one sentence with file and row. Times are those at which
candles open; a hole in them is a time without trading, and so is a candle without volume.
"""

from __future__ import annotations

import csv
import gzip
import math
import re
import zlib
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from midas.domain.money import exact
from midas.domain.time import MICROSECOND, MILLISECOND, SECOND
from midas.errors import MalformedMessage, RecordingInvalid
from midas.venues.sim.levels.scale import ATOM, WIRE
from midas.venues.sim.source.survey import QUOTES

if TYPE_CHECKING:
    import duckdb

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet")
DELIMITERS = ",;\t|"
FETCHED = 10_000  # rows at a time
TICK_SHARE = 1_000  # a tick is at most this part of the lowest price
LOTS_MIN = 10_000  # a smaller smallest volume makes finer lots, as far as the venue's digits go

_ALIASES = {
    "time": ("time", "timestamp", "datetime", "date", "open_time", "opentime", "open time", "ts", "unix"),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "close_price"),
    "volume": ("volume", "v", "vol", "base_volume"),
    "symbol": ("symbol", "ticker", "pair", "instrument"),
}
_NEEDED = ("time", "open", "high", "low", "close", "volume")
_EPOCHS = ((10**11, SECOND), (10**14, MILLISECOND), (10**17, MICROSECOND), (10**20, 1))
_NUMBER = re.compile(r"^\d+(\.\d+)?$")


class CandleTable:
    """The candles of one symbol: opening times in nanoseconds, prices and volumes in units of 1e-8."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.times = array("q")
        self.prices = array("q")  # open, high, low, close of each candle in turn
        self.volumes: list[int] = []  # a volume may be larger than 64 bits
        self.place = ""
        self._price_step = self._volume_step = 0

    def add(self, place: str, time: int, prices: list[int], volume: int) -> None:
        """One more row. Raises MalformedMessage."""
        opened, high, low, close = prices
        if self.times and time <= self.times[-1]:
            what = (
                "the same time as the row before" if time == self.times[-1] else "earlier than the row before"
            )
            raise MalformedMessage(f"{what}; sort the rows by time, oldest first, and keep one of each")
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
        self.volumes.append(volume)
        self.place = place
        for price in prices:
            self._price_step = math.gcd(self._price_step, price)
        self._volume_step = math.gcd(self._volume_step, volume)

    @property
    def duration(self) -> int:
        """How long a candle lasts: the shortest time between two of them. Raises RecordingInvalid."""
        if len(self.times) < 2:
            raise RecordingInvalid(
                f"{self.place}: one candle of {self.symbol} doesn't tell how long it lasts; "
                "give at least two rows"
            )
        return min(later - earlier for earlier, later in pairwise(self.times))

    @property
    def tick(self) -> int:
        """The tick size in units of 1e-8: the coarsest power of ten that prints every price."""
        return min(_power_of_ten(self._price_step), _power_below(min(self.prices) // TICK_SHARE))

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


def is_table(path: Path) -> bool:
    """Whether `path` is a table by its name, or a folder with tables and no recordings in it."""
    if path.is_dir():
        return any(map(is_table, path.iterdir())) and not any(path.glob("*.jsonl*"))
    return path.name.lower().endswith(SUFFIXES)


def candle_files(path: Path) -> list[Path]:
    """The tables that `path` names: itself, or those of a folder by name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.name.lower().endswith(SUFFIXES))


def read_candles(path: Path, symbol: str = "") -> list[CandleTable]:
    """The candles of every symbol in the table or folder `path`; `symbol` names it where nothing else does.

    Raises RecordingInvalid.
    """
    tables: dict[str, CandleTable] = {}
    for file in candle_files(path):
        known = symbol or _symbol_of(file)
        for number, row in _rows(file):
            place = f"{file}:{number}"
            try:
                name = (row[6] or known).replace("-", "").replace("/", "").upper()
                if not name:
                    raise MalformedMessage(
                        "of which symbol? add a column 'symbol', name the file like btcusdt-1m.csv, "
                        "or give --symbol"
                    )
                prices = [_units(row, column) for column in range(1, 5)]
                table = tables.setdefault(name, CandleTable(name))
                table.add(place, _time(row[0]), prices, _units(row, 5))
            except MalformedMessage as error:
                raise RecordingInvalid(f"{place}: {error}") from error
    if not tables:
        raise RecordingInvalid(
            f"{path}: no candle in it; expected rows of time, open, high, low, close, volume"
        )
    return list(tables.values())


Row = tuple[str | None, ...]
"""Time, open, high, low, close, volume, symbol: as text."""


def _rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its line (of its row in Parquet)."""
    import duckdb  # here: it is large, and only candles need it

    try:
        with duckdb.connect() as connection:
            first, found = _selected(connection, file)
            number = first
            while rows := found.fetchmany(FETCHED):
                for row in rows:
                    yield number, row
                    number += 1
    except duckdb.Error as error:
        said = " ".join(str(error).split("\n")[0].split())
        raise RecordingInvalid(f"{file}: can't be read as a table of candles: {said}") from None


def _selected(connection: duckdb.DuckDBPyConnection, file: Path) -> tuple[int, duckdb.DuckDBPyConnection]:
    """The number of the first row, and the rows."""
    if not file.is_file():
        raise RecordingInvalid(f"{file}: can't open the table: no such file")
    if file.suffix.lower() == ".parquet":
        source = "read_parquet(?)"
        told = connection.execute(f"DESCRIBE SELECT * FROM {source}", [str(file)]).fetchall()
        return 1, _select(connection, source, file, _columns(file, [str(row[0]) for row in told]))
    head = _head(file)
    places = {name: f"c{place}" for place, name in reversed(list(enumerate(head.names)))}
    typed = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(head.names)))
    source = (
        f"read_csv(?, auto_detect=false, header={not head.bare}, delim='{head.delimiter}', quote='', "
        f"columns={{{typed}}}, skip={head.skipped}, null_padding=true, parallel=false)"
    )
    if head.bare and len(head.names) >= len(_NEEDED):  # the venue's own dump has no header
        wanted = [*(f"c{place}" for place in range(len(_NEEDED))), ""]
    else:
        wanted = [places.get(name, "") for name in _columns(file, list(head.names))]
    return head.skipped + (1 if head.bare else 2), _select(connection, source, file, wanted)


class _Head(NamedTuple):
    """How a table of text begins."""

    skipped: int  # empty lines
    delimiter: str
    names: tuple[str, ...]  # of the columns; where it is bare, what stands in its first row
    bare: bool  # no header


def _head(file: Path) -> _Head:
    """Left to itself, duckdb takes another separator where one row is odd, and blames the header."""
    opened = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as text:
            for number, line in enumerate(text):
                if line.strip():
                    delimiter = max(DELIMITERS, key=line.count)
                    names = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter)))
                    return _Head(number, delimiter, names, _NUMBER.match(names[0]) is not None)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise RecordingInvalid(f"{file}: can't be read as a table of candles: {error}") from None
    raise RecordingInvalid(f"{file}: is empty; expected rows of {', '.join(_NEEDED)}")


def _select(
    connection: duckdb.DuckDBPyConnection, source: str, file: Path, columns: list[str]
) -> duckdb.DuckDBPyConnection:
    # Quotes are cut off here: read as quotes, one that is never closed would swallow the rows behind it.
    texts = [f"""TRIM(CAST("{name}" AS VARCHAR), ' "')""" if name else "NULL" for name in columns]
    return connection.execute(f"SELECT {', '.join(texts)} FROM {source}", [str(file)])


def _columns(file: Path, names: list[str]) -> list[str]:
    """The table's own names of what is needed, the symbol's last (empty where there is none)."""
    by_name = {name.strip().lower(): name for name in names}
    found = {
        wanted: next((by_name[alias] for alias in aliases if alias in by_name), "")
        for wanted, aliases in _ALIASES.items()
    }
    missing = [wanted for wanted in _NEEDED if not found[wanted]]
    if missing:
        raise RecordingInvalid(
            f"{file}:1: no column {', '.join(missing)}; expected {', '.join(_NEEDED)} (all of them, the "
            f"volume too), found {', '.join(names)}"
        )
    return [found[wanted] for wanted in (*_NEEDED, "symbol")]


def _units(row: Row, column: int) -> int:
    text = row[column]
    if text is None or not text.strip():
        raise MalformedMessage(f"{_NEEDED[column]} is empty; fill it in or remove the row")
    value = exact(text.strip())
    if value < 0:
        raise MalformedMessage(f"{_NEEDED[column]} is negative ({text}); mend or remove the row")
    return int((value / ATOM).to_integral_value(ROUND_HALF_EVEN))


def _time(text: str | None) -> int:
    """Nanoseconds of what `text` spells: ISO, or an epoch whose unit its size tells."""
    if text is None or not text.strip():
        raise MalformedMessage("time is empty; fill it in or remove the row")
    text = text.strip()
    if _NUMBER.match(text):
        value = Decimal(text)
        for limit, unit in _EPOCHS:
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


def _symbol_of(file: Path) -> str:
    """The pair in a file's name: binance-btcusdt-1d-2020.csv -> BTCUSDT; empty where there is none."""
    words = re.split(r"[^A-Za-z0-9]+", file.name.split(".")[0].upper())
    pairs = [first + second for first, second in pairwise(words)]
    for word in (*words, *pairs):
        if any(word.endswith(quote) and len(word) - len(quote) >= 2 for quote in QUOTES):
            return word
    return ""


def _power_of_ten(step: int) -> int:
    power = 1
    while step and step % (power * 10) == 0:
        power *= 10
    return power


def _power_below(value: int) -> int:
    """The largest power of ten that is not above `value`; at least 1."""
    return 10 ** (len(str(value)) - 1) if value > 0 else 1
