"""`midas data check`: what files of market data are like, before anybody trusts a result made on them."""

from __future__ import annotations

import time
from argparse import Namespace
from itertools import chain
from pathlib import Path

import msgspec

from midas.backtest.quality import examine
from midas.backtest.stream_quality import examine_stream
from midas.backtest.tables import instrument_of, read_tables
from midas.backtest.tick_quality import examine_ticks
from midas.backtest.tick_table import is_ticks, read_ticks
from midas.cli.backtest_data import is_recorded
from midas.cli.data_page import stream_page, table_page, tick_page
from midas.venues.sim.source.candle_source import symbol_of


def check(args: Namespace) -> int:
    """Say what is in them. Raises RecordingInvalid with file and row for what can't be true."""
    paths = [Path(name).expanduser() for name in args.files]
    recorded = [path for path in paths if is_recorded(path)]
    ticks = [path for path in paths if path not in recorded and is_ticks(path)]
    candles = [path for path in paths if path not in recorded and path not in ticks]
    streams = [examine_stream(path) for path in recorded]
    traded = [examine_ticks(read_ticks(files, name), files) for name, files in _by_symbol(ticks, args.symbol)]
    tables = read_tables(candles, args.symbol or "", time.time_ns()) if candles else []
    for table in tables:
        instrument_of(table)
    found = [examine(table) for table in tables]
    if args.json:
        print(msgspec.json.encode({"tables": found, "ticks": traded, "streams": streams}).decode())
        return 0
    pages = chain(map(table_page, found), map(tick_page, traded), map(stream_page, streams))
    print("\n\n".join("\n".join(page) for page in pages))
    print("\nnothing was changed; a back-test reads exactly these rows")
    return 0


def _by_symbol(files: list[Path], symbol: str | None) -> list[tuple[str, list[Path]]]:
    """Quotes and prints of one symbol are one market, whatever file they stand in."""
    found: dict[str, list[Path]] = {}
    for file in files:
        found.setdefault(symbol or symbol_of(file) or "", []).append(file)
    return list(found.items())
