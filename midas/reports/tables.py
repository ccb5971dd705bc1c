"""The tables beside a sheet: equity, fills and trades, as Parquet in the run's folder, or copied out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from midas.backtest.outcome import Outcome
from midas.errors import StoreError, UsageError
from midas.reports.sheet import Trade

TABLES = ("equity", "fills", "trades")

Columns = Mapping[str, Any]  # arrays of one length


def writer(outcome: Outcome, found: Sequence[Trade]) -> Callable[[Path], None]:
    """Puts the three tables into the folder that it is called with."""
    return lambda folder: _write(folder, {
        "equity": _equity(outcome), "fills": _fills(outcome), "trades": _trades(found)
    })  # fmt: skip


def copied(run: Path, folder: Path, kind: str) -> list[Path]:
    """The tables of a kept run into `folder`, as "csv" or "parquet". Raises UsageError."""
    import duckdb  # here: it is large, and only tables need it

    made = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name in TABLES:
                target = folder / f"{name}.{kind}"
                part = folder / f".{name}.{kind}.{os.getpid()}"
                options = "FORMAT parquet" if kind == "parquet" else "FORMAT csv, HEADER"
                source = _quoted(run / f"{name}.parquet")
                connection.execute(f"COPY (FROM read_parquet({source})) TO {_quoted(part)} ({options})")
                part.replace(target)
                made.append(target)
    except (OSError, duckdb.Error) as error:
        raise UsageError(f"the tables can't be written to {folder}: {str(error).splitlines()[0]}") from None
    return made


def _write(folder: Path, tables: Mapping[str, Columns]) -> None:
    import duckdb

    try:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name, columns in tables.items():
                connection.register("source", dict(columns))
                chosen = ", ".join(
                    f"make_timestamp_ns({key})::TIMESTAMPTZ AS {key}" if values.dtype == np.int64 else key
                    for key, values in columns.items()
                )
                target = _quoted(folder / f"{name}.parquet")
                connection.execute(f"COPY (SELECT {chosen} FROM source) TO {target} (FORMAT parquet)")
    except duckdb.Error as error:
        raise StoreError(f"the tables can't be written to {folder}: {str(error).splitlines()[0]}") from None


def _quoted(path: Path) -> str:
    text = str(path).replace("'", "''")
    return f"'{text}'"


def _equity(outcome: Outcome) -> Columns:
    curve = outcome.curve
    return {"time": curve.time, "equity": curve.equity, "held": curve.held}


def _fills(outcome: Outcome) -> Columns:
    fills = outcome.fills
    return {
        "time": np.array([f.market_time for f in fills], np.int64),
        "strategy": _words([f.strategy for f in fills]),
        "instrument": _words([f.instrument for f in fills]),
        "side": _words([f.side.value for f in fills]),
        "purpose": _words([f.purpose.value for f in fills]),
        "price": np.array([float(f.price) for f in fills]),
        "quantity": np.array([float(f.quantity) for f in fills]),
        "fee": np.array([float(f.fee) for f in fills]),
        "maker": np.array([f.maker for f in fills], np.bool_),
        "realised": np.array([float(f.realised) for f in fills]),
        "position": np.array([float(f.position) for f in fills]),
        "client_id": _words([f.client_id for f in fills]),
    }


def _trades(found: Sequence[Trade]) -> Columns:
    return {
        "opened_at": np.array([t.opened_at for t in found], np.int64),
        "closed_at": np.array([t.closed_at for t in found], np.int64),
        "strategy": _words([t.strategy for t in found]),
        "instrument": _words([t.instrument for t in found]),
        "long": np.array([t.long for t in found], np.bool_),
        "ended": _words([t.ended for t in found]),
        **{
            name: np.array([getattr(t, name) for t in found], np.float64)
            for name in ("quantity", "entry", "exit", "profit", "result", "fees", "funding")
        },
    }


def _words(values: Sequence[str]) -> Any:
    return np.array(values, dtype=object)
