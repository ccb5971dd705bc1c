"""Quotes and prints from files (CSV, gzip, Parquet), checked row by row and never repaired.

A table of quotes has the columns time, bid, ask, bid_size, ask_size; one of prints time, price, size, side
(buy or sell: who took). Given both, they are merged by time, a quote before a print. Prints alone say where
somebody last bought and sold: that is taken for the touch, no larger than that print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from midas.backtest.ticks import Flags, Ints, Ticks
from midas.domain.instrument import Instrument
from midas.errors import RecordingInvalid
from midas.venues.sim.levels.scale import ATOM, WIRE
from midas.venues.sim.source.candle_columns import EPOCHS
from midas.venues.sim.source.candle_source import symbol_of
from midas.venues.sim.source.candle_table import NEAR
from midas.venues.sim.source.survey import QUOTES

if TYPE_CHECKING:
    import duckdb

VENUE = "file"
QUANTITY_MAX = Decimal(10**9)
LARGEST = 9e10  # of a price or a size: what 64 bits hold in units of 1e-8
QUOTED = ("time", "bid", "ask", "bid_size", "ask_size")
PRINTED = ("time", "price", "size", "side")
SUFFIXES = (".csv", ".csv.gz", ".parquet")
BUYS, SELLS = ("buy", "b"), ("sell", "s")

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


def is_ticks(file: Path) -> bool:
    """Whether a table's columns are those of quotes or of prints; of one that can't be read, no."""
    if not (file.is_file() and file.name.lower().endswith(SUFFIXES)):
        return False
    try:
        names = {name.strip().lower() for name in _names(file)}
    except RecordingInvalid:
        return False  # who reads candles says what is wrong with it, and where
    return names >= set(QUOTED) or names >= set(PRINTED)


def has_quotes(file: Path) -> bool:
    """Whether a table of ticks is one of quotes. Raises RecordingInvalid."""
    return set(QUOTED) <= {name.strip().lower() for name in _names(file)}


def read_ticks(files: Sequence[Path], symbol: str = "") -> Ticks:
    """All rows of these tables, of one symbol. Raises RecordingInvalid with file, row and a way out."""
    told = sorted({symbol_of(file) for file in files} - {""})
    if len(told) > 1:
        raise RecordingInvalid(f"the tables are of {', '.join(told)}: a run takes the ticks of one pair")
    name = symbol or next(iter(told), "")
    quote = next((q for q in QUOTES if name.endswith(q) and len(name) > len(q)), "")
    if not quote:
        raise RecordingInvalid(f"{files[0]}: of which pair? name it like BTCUSDT with --symbol")
    read = {file: _read(file) for file in files}
    quotes = _joined({file: each for file, each in read.items() if "bid" in each}, QUOTED)
    prints = _joined({file: each for file, each in read.items() if "price" in each}, (*PRINTED[:3], "sold"))
    if not len(quotes["time"]):
        quotes, prints = _touch_of(prints)
        if not len(quotes["time"]):
            raise RecordingInvalid(f"{files[0]}: prints of one side alone; without quotes both are needed")
    return _merged(_instrument(name, quote, quotes, prints), quotes, prints)


def _names(file: Path) -> list[str]:
    import duckdb  # here: it is large, and only tables need it

    with duckdb.connect() as connection:
        return [str(row[0]) for row in _asked(connection, file, "DESCRIBE SELECT * FROM {}").fetchall()]


def _asked(connection: duckdb.DuckDBPyConnection, file: Path, sql: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    source = "read_csv(?, all_varchar=true, header=true)"
    if file.suffix.lower() == ".parquet":
        source = "read_parquet(?)"
    try:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql.format(source), [str(file)])
    except duckdb.Error as error:
        said = " ".join(str(error).split("\n")[0].split())
        raise RecordingInvalid(f"{file}: can't be read as a table of ticks: {said}") from None


def _read(file: Path) -> Columns:
    """One table's columns; sizes and prices in units of 1e-8."""
    import duckdb

    by_name = {name.strip().lower(): name for name in _names(file)}
    wanted = QUOTED if set(by_name) >= set(QUOTED) else PRINTED
    missing = [name for name in wanted if name not in by_name]
    if missing:
        raise RecordingInvalid(
            f"{file}:1: no column {', '.join(missing)}; expected {', '.join(QUOTED)} or {', '.join(PRINTED)}"
        )
    fields = {name: f'TRIM(CAST("{by_name[name]}" AS VARCHAR))' for name in wanted}
    numbers = [f"TRY_CAST({text} AS DOUBLE) AS {name}" for name, text in fields.items() if name not in _TEXT]
    more = [f"LOWER({fields['side']}) AS side"] if "side" in fields else []
    asked = f"SELECT {_time(fields['time'])} AS time, {', '.join([*numbers, *more])} FROM {{}}"
    with duckdb.connect() as connection:
        found = _asked(connection, file, asked).fetchnumpy()
    return _checked(file, {name: _filled(column) for name, column in found.items()}, wanted)


_TEXT = ("time", "side")


def _time(text: str) -> str:
    """Nanoseconds: of an epoch in s, ms, us or ns by its size, or of a date, UTC where it says no zone."""
    whole = f"TRY_CAST(split_part({text}, '.', 1) AS HUGEINT)"
    part = f"CAST('0.0' || split_part({text}, '.', 2) AS DOUBLE) * 10"
    cases = " ".join(
        f"WHEN {whole} < {limit} THEN {whole} * {unit} + CAST(ROUND({part} * {unit}) AS BIGINT)"
        for limit, unit in EPOCHS
    )
    number = "[0-9]{{1,19}}(\\.[0-9]*)?"  # braces are doubled: the source of the rows is filled in later
    return (
        f"CASE WHEN regexp_full_match({text}, '{number}') THEN CAST(CASE {cases} END AS BIGINT) "
        f"ELSE 1000 * epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) END"
    )


def _filled(column: NDArray[Any]) -> NDArray[Any]:
    """What is empty or no number: NaN, 0 of times, and nothing of words."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    empty: Any = "" if column.dtype == object else np.nan if column.dtype.kind == "f" else 0
    return column.filled(empty)


def _checked(file: Path, columns: Columns, wanted: Sequence[str]) -> Columns:
    """Raises RecordingInvalid for the first row that can't be true."""
    time = columns["time"].astype(np.int64)
    if not len(time):
        raise RecordingInvalid(f"{file}: no row in it; expected rows of {', '.join(wanted)}")
    objections: list[tuple[Flags, str]] = [
        (time <= 0, "time is empty or unreadable; expected ISO (2020-01-31 12:00:00.5) or an epoch"),
        (np.append(False, time[1:] < time[:-1]), "earlier than the row before; sort the rows by time"),
    ]
    for name in (n for n in wanted if n not in _TEXT):
        values = columns[name].astype(np.float64)
        objections.append((np.isnan(values), f"{name} is empty or no number; mend or remove the row"))
        bad = values < 0.0 if name.endswith("_size") else values <= 0.0
        objections.append((bad, f"{name} isn't above 0; mend or remove the row"))
        beyond = f"{name} is above the {LARGEST:.0e} that can be counted; mend or remove the row"
        objections.append((values > LARGEST, beyond))
        columns[name] = np.rint(np.clip(np.nan_to_num(values), 0.0, LARGEST) * WIRE).astype(np.int64)
        if not name.endswith("size"):
            changed = np.abs(columns[name] / WIRE - values) > float(NEAR) * values
            objections.append((changed, f"{name} needs more than the eight decimals that are kept"))
    if "bid" in columns:
        crossed = columns["bid"] >= columns["ask"]
        objections.append((crossed, "the bid isn't below the ask; mend or remove the row"))
    else:
        sides = columns.pop("side").astype(str)
        columns["sold"] = np.isin(sides, SELLS)
        unknown = ~columns["sold"] & ~np.isin(sides, BUYS)
        objections.append((unknown, "side isn't buy or sell; mend or remove the row"))
    rows = [(int(np.argmax(bad)), said) for bad, said in objections if bad.any()]
    if rows:
        row, said = min(rows, key=lambda found: found[0])
        first = 1 if file.suffix.lower() == ".parquet" else 2
        raise RecordingInvalid(f"{file}:{row + first}: {said}")
    return columns | {"time": time}


def _joined(tables: Mapping[Path, Columns], names: Sequence[str]) -> Columns:
    """Several tables of one kind, one after the other. Raises RecordingInvalid where two overlap."""
    if not tables:
        return {name: np.empty(0, np.int64) for name in names}
    ordered = sorted(tables, key=lambda file: (tables[file]["time"][0], tables[file]["time"][-1]))
    for before, after in pairwise(ordered):
        if tables[after]["time"][0] < tables[before]["time"][-1]:
            raise RecordingInvalid(f"{after} begins before {before} ends; tables of one kind may not overlap")
    return {name: np.concatenate([tables[file][name] for file in ordered]) for name in names}


def _touch_of(prints: Columns) -> tuple[Columns, Columns]:
    """Where somebody last bought and sold, from the first moment at which both are known."""
    price, sold, place = prints["price"], prints["sold"].astype(bool), np.arange(len(prints["price"]))
    last = {side: np.maximum.accumulate(np.where(sold == side, place, -1)) for side in (True, False)}
    known = np.flatnonzero((last[True] >= 0) & (last[False] >= 0))
    bid, ask = price[last[True][known]], price[last[False][known]]
    step = _step(price)
    bid = np.where(~sold[known], np.minimum(bid, ask - step), bid)
    ask = np.where(sold[known], np.maximum(ask, bid + step), ask)
    size = prints["size"]
    quotes = {
        "time": prints["time"][known], "bid": bid, "ask": ask, "bid_size": size[last[True][known]],
        "ask_size": size[last[False][known]],
    }  # fmt: skip
    return quotes, prints


def _merged(instrument: Instrument, quotes: Columns, prints: Columns) -> Ticks:
    """Rows before the first quote are left out: nobody knows the touch there."""
    tick, lot = int(instrument.tick_size / ATOM), int(instrument.lot_size / ATOM)
    prints = {name: column[prints["time"] >= quotes["time"][0]] for name, column in prints.items()}
    count = len(quotes["time"])
    time = np.concatenate([quotes["time"], prints["time"]])
    order = np.argsort(time, kind="stable")
    none: Ints = np.zeros(count, np.int64)
    standing = np.maximum.accumulate(np.where(order < count, order, -1))
    touch = {name: quotes[name][standing] for name in QUOTED[1:]}
    printed = np.concatenate([none, np.maximum(1, prints["size"] // lot)])[order]
    price = np.concatenate([none, prints["price"] // tick])[order]
    sold = np.concatenate([none.astype(bool), prints["sold"].astype(bool)])[order]
    return Ticks(
        instrument=instrument, time=time[order], bid=touch["bid"] // tick, ask=touch["ask"] // tick,
        bid_lots=touch["bid_size"] // lot, ask_lots=touch["ask_size"] // lot, price=price, printed=printed,
        sold=sold,
    )  # fmt: skip


def _instrument(symbol: str, quote: str, quotes: Columns, prints: Columns) -> Instrument:
    """The finest steps that the figures show."""
    tick = _step(np.concatenate([quotes["bid"], quotes["ask"], prints["price"]]))
    lot = _step(np.concatenate([quotes["bid_size"], quotes["ask_size"], prints["size"]]))
    return Instrument(
        venue=VENUE, symbol=symbol, base=symbol[: -len(quote)], quote=quote, tick_size=ATOM * tick,
        lot_size=ATOM * lot, quantity_min=ATOM * lot, quantity_max=QUANTITY_MAX, notional_min=Decimal(5),
    )  # fmt: skip


def _step(units: NDArray[Any]) -> int:
    """The largest power of ten, in units of 1e-8, that divides all of them."""
    common, power = int(np.gcd.reduce(units)) if len(units) else WIRE, 1
    while common and common % (power * 10) == 0:
        power *= 10
    return power
