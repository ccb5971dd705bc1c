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
from midas.cli.data_page import stream_page, table_page
from midas.venues.recording import SUFFIXES


def check(args: Namespace) -> int:
    """Say what is in them. Raises RecordingInvalid with file and row for what can't be true."""
    paths = [Path(name).expanduser() for name in args.files]
    streams = [examine_stream(path) for path in paths if path.name.lower().endswith(SUFFIXES)]
    candles = [path for path in paths if not path.name.lower().endswith(SUFFIXES)]
    tables = read_tables(candles, args.symbol or "", time.time_ns()) if candles else []
    for table in tables:
        instrument_of(table)
    found = [examine(table) for table in tables]
    if args.json:
        print(msgspec.json.encode({"tables": found, "streams": streams}).decode())
        return 0
    pages = chain(map(table_page, found), map(stream_page, streams))
    print("\n\n".join("\n".join(page) for page in pages))
    print("\nnothing was changed; a back-test reads exactly these rows")
    return 0
