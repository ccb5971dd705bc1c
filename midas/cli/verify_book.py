"""`midas verify-book FILE`: the local order book proved on a recording."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import msgspec

from midas.venues.binance.verify import verify_book as verified


def verify_book(args: Namespace) -> int:
    """Compare; 1 where a comparison failed or a gap was seen, as one is after --drop."""
    report = verified(Path(args.file).expanduser(), args.drop)
    print(msgspec.json.encode(report).decode() if args.json else report.sentence)
    return 0 if report.good else 1
