"""Where the rows of a table of candles come from: text (plain or gzip), Parquet or a table of a database.

Every field is handed on as text. A file that breaks off or isn't text is refused with the row where it does.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from midas.errors import RecordingInvalid
from midas.venues.sim.source.survey import QUOTES

if TYPE_CHECKING:
    import duckdb

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet")
DATABASES = (".duckdb", ".ddb", ".db")
OF_DATABASE = "::"  # prices.duckdb::candles
DELIMITERS = ",;\t|"
NEEDED = ("time", "open", "high", "low", "close", "volume")

_ALIASES = {
    "time": ("time", "timestamp", "datetime", "date", "open_time", "opentime", "open time", "ts", "unix"),
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "close_price"),
    "volume": ("volume", "v", "vol", "base_volume"),
    "symbol": ("symbol", "ticker", "pair", "instrument"),
}
NO_VOLUME = "'0'"  # what is selected of a table without that column, as one of an index
_IGNORED = {"adj close", "adj_close", "adjclose", "dividends", "stock splits"}
_NUMBER = re.compile(r"^\d+(\.\d+)?$")


class Fields(NamedTuple):
    """What to select: the first row's number, the source in SQL with its argument, and seven fields.

    The fields are time, open, high, low, close, volume and symbol, each as trimmed text.
    """

    first: int
    source: str
    argument: list[str]
    texts: list[str]


def is_table(path: Path) -> bool:
    """Whether `path` is a table by its name, or a folder with tables and no recordings in it."""
    if path.is_dir():
        return any(map(is_table, path.iterdir())) and not any(path.glob("*.jsonl*"))
    return path.name.lower().endswith(SUFFIXES) or bool(_database_of(path)[1])


def candle_files(path: Path) -> list[Path]:
    """The tables that `path` names: itself, or those of a folder by name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.name.lower().endswith(SUFFIXES))


def symbol_of(file: Path) -> str:
    """The pair in a file's name: binance-btcusdt-1d-2020.csv -> BTCUSDT; empty where there is none."""
    name = _database_of(file)[1] or file.name.split(".")[0]
    words = re.split(r"[^A-Za-z0-9]+", name.upper())
    pairs = [first + second for first, second in pairwise(words)]
    for word in (*words, *pairs):
        if any(word.endswith(quote) and len(word) - len(quote) >= 2 for quote in QUOTES):
            return word
    return ""


@contextmanager
def opened(file: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Fields]]:
    """A connection, and what to select there. Raises RecordingInvalid, also for what reading it finds."""
    import duckdb  # here: it is large, and only candles need it

    store, table = _database_of(file)
    if not Path(store).is_file():
        raise RecordingInvalid(f"{file}: can't open the table: no such file")
    if not table and store.lower().endswith(DATABASES):
        raise RecordingInvalid(f"{file}: which table of it? name it like {file}{OF_DATABASE}candles")
    try:
        with duckdb.connect(store, read_only=True) if table else duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection, _fields(connection, file, table)
    except duckdb.Error as error:
        raise RecordingInvalid(_broken(file) or f"{file}: {_explained(store, table, error)}") from None


def _explained(store: str, table: str, error: duckdb.Error) -> str:
    """What a person can do about what the database says; in its own words only where they are needed."""
    import duckdb

    if table and isinstance(error, duckdb.CatalogException):
        with duckdb.connect(store, read_only=True) as connection:
            there = [str(row[0]) for row in connection.execute("SHOW TABLES").fetchall()]
        return f"no table {table} in it; it holds {', '.join(there) or 'none'}"
    if table and "not a valid DuckDB database" in str(error):
        return "isn't a database of DuckDB; name a file that DuckDB wrote"
    if store.lower().endswith(".parquet"):
        return "isn't a whole Parquet file: cut off, damaged, or of another kind; write or get it again"
    said = " ".join(str(error).split("\n")[0].split())
    return f"can't be read as a table of candles: {said}"


def refuse_without_volume(file: Path) -> None:
    """Raise RecordingInvalid for a table without a column of volumes."""
    with opened(file) as (_, fields):
        if fields.texts[5] == NO_VOLUME:
            raise RecordingInvalid(
                f"{file}:1: no column volume, so nobody could trade here; play a table with volumes"
            )


def _database_of(file: Path) -> tuple[str, str]:
    """The file to open, and the table in it where it is a database."""
    store, _, table = str(file).partition(OF_DATABASE)
    return (store, table) if table and store.lower().endswith(DATABASES) else (str(file), "")


def _fields(connection: duckdb.DuckDBPyConnection, file: Path, table: str) -> Fields:
    if table:
        source, argument = '"' + table.replace('"', '""') + '"', []
    elif file.suffix.lower() == ".parquet":
        source, argument = "read_parquet(?)", [str(file)]
    else:
        return _of_text(file)
    told = connection.execute(f"DESCRIBE SELECT * FROM {source}", argument).fetchall()
    return Fields(1, source, argument, _texts(_columns(file, [str(row[0]) for row in told])))


def _of_text(file: Path) -> Fields:
    head = _head(file)
    places = {name: f"c{place}" for place, name in reversed(list(enumerate(head.names)))}
    typed = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(head.names)))
    source = (
        f"read_csv(?, auto_detect=false, header={not head.bare}, delim='{head.delimiter}', quote='', "
        f"columns={{{typed}}}, skip={head.skipped}, null_padding=true, parallel=false)"
    )
    if head.bare and len(head.names) >= len(NEEDED):  # the venue's own dump has no header
        wanted = [*(f"c{place}" for place in range(len(NEEDED))), ""]
    else:
        wanted = [places.get(name, "") for name in _columns(file, list(head.names))]
    return Fields(head.skipped + (1 if head.bare else 2), source, [str(file)], _texts(wanted))


class _Head(NamedTuple):
    """How a table of text begins."""

    skipped: int  # empty lines
    delimiter: str
    names: tuple[str, ...]  # of the columns; where it is bare, what stands in its first row
    bare: bool  # no header


def _head(file: Path) -> _Head:
    """Left to itself, duckdb takes another separator where one row is odd, and blames the header."""
    try:
        with _text(file) as text:
            for number, line in enumerate(text):
                if "\0" in line:
                    break
                if line.strip():
                    delimiter = max(DELIMITERS, key=line.count)
                    names = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter)))
                    return _Head(number, delimiter, names, _NUMBER.match(names[0]) is not None)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        broken = _broken(file)
        raise RecordingInvalid(broken or f"{file}: can't be read as a table of candles: {error}") from None
    raise RecordingInvalid(_broken(file) or f"{file}: is empty; expected rows of {', '.join(NEEDED)}")


def _text(file: Path) -> TextIO:
    if file.suffix.lower() == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _broken(file: Path) -> str:
    """Where and how a file of text breaks off or is no text; empty where it is neither."""
    if not file.is_file() or not file.name.lower().endswith((".csv", ".csv.gz", ".tsv")):
        return ""
    number = 0
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if b"\0" in line:
                    return f"{file}:{number}: a byte 0 stands in it, so it isn't UTF-8 text; save it as UTF-8"
                line.decode()
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return f"{file}:{number}: isn't UTF-8 text (byte 0x{byte:02x}); save the file as UTF-8"
    except EOFError:
        return f"{file}:{number + 1}: the compressed file breaks off here; get it again"
    except (gzip.BadGzipFile, zlib.error) as error:
        return f"{file}:{number + 1}: the compressed file is damaged here ({error}); get it again"
    except OSError as error:
        return f"{file}: can't be read: {error.strerror}"
    return ""


def _texts(columns: list[str]) -> list[str]:
    # Quotes are cut off here: read as quotes, one that is never closed would swallow the rows behind it.
    quoted = ['"' + name.replace('"', '""') + '"' if name else "" for name in columns]
    texts = [f"""TRIM(CAST({name} AS VARCHAR), ' "')""" if name else "NULL" for name in quoted]
    if not columns[5]:
        texts[5] = NO_VOLUME
    return texts


def _columns(file: Path, names: list[str]) -> list[str]:
    """The table's own names of what is needed, the symbol's last (empty where there is none)."""
    by_name = {name.strip().lower(): name for name in names}
    found = {
        wanted: next((by_name[alias] for alias in aliases if alias in by_name), "")
        for wanted, aliases in _ALIASES.items()
    }
    missing = [wanted for wanted in NEEDED if not found[wanted]]
    strange = {*by_name} - {alias for aliases in _ALIASES.values() for alias in aliases} - _IGNORED
    if missing and (missing != ["volume"] or strange):  # one of the strange ones may well be the volume
        raise RecordingInvalid(
            f"{file}:1: no column {', '.join(missing)}; expected {', '.join(NEEDED)} (all of them, the "
            f"volume too{', unless no other column is there' if missing == ['volume'] else ''}), "
            f"found {', '.join(names)}"
        )
    return [found[wanted] for wanted in (*NEEDED, "symbol")]
