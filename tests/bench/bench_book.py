"""P2: one million level updates in calls of 16, best bid and ask read after each. `make bench-book`."""

from __future__ import annotations

import argparse
import json
import statistics
from time import perf_counter

import numpy as np

from midas.state.book import OrderBook
from tests.bench.inputs import Ints, bench_file

CALL = 16
RUNS = 5


def run(snapshot: tuple[Ints, int], batches: list[Ints]) -> tuple[float, int]:
    """Seconds, and the sum of best bid + best ask after each update."""
    book = OrderBook()
    book.load(*snapshot)
    touches = [np.empty((len(batch), 2), np.int64) for batch in batches]
    started = perf_counter()
    for batch, touch in zip(batches, touches, strict=True):
        book.trace(batch, touch)
    seconds = perf_counter() - started
    return seconds, sum(int(touch.sum()) for touch in touches)


def main() -> None:
    """Print the median of five runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1_000_000, help="use only the first N updates")
    n = parser.parse_args().n
    with np.load(bench_file("book.npz")) as data:
        order = np.argsort(data["snap_side"], kind="stable")
        levels = np.column_stack((data["snap_tick"], data["snap_qty"]))[order].astype(np.int64)
        bids = int((data["snap_side"] == 0).sum())
        updates = np.column_stack((data["side"], data["tick"], data["qty"])).astype(np.int64)[:n]
        expected = int(data["bbo"][:n].sum())
    batches = [updates[i : i + CALL] for i in range(0, len(updates), CALL)]
    run((levels, bids), batches[:100])
    runs = [run((levels, bids), batches) for _ in range(RUNS)]
    checksum = runs[-1][1]
    print(
        json.dumps(
            {
                "bench": "book",
                "value": round(len(updates) / statistics.median(seconds for seconds, _ in runs)),
                "unit": "updates/s",
                "check": {"checksum": checksum, "expected": expected, "equal": checksum == expected},
            }
        )
    )


if __name__ == "__main__":
    main()
