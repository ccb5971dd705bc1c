"""`midas compare`: two runs side by side."""

from __future__ import annotations

from argparse import Namespace

import msgspec

from midas.cli.options import home_from
from midas.cli.report import columns
from midas.errors import UsageError
from midas.reports import archive
from midas.reports.compare import compared
from midas.reports.compare_page import page


def compare(args: Namespace) -> int:
    """Show them. Raises RunUnknown, UsageError."""
    home = home_from(args)
    first, second = archive.sheet(home, args.first), archive.sheet(home, args.second)
    if first.id == second.id:
        raise UsageError(f"both are the run {first.id}; name two, `midas report` lists all")
    if args.json:
        told = compared(first, second)
        print(msgspec.json.encode({
            "runs": [first.id, second.id],
            "differs": [each._asdict() for each in told.made],
            "figures": [each._asdict() for each in told.figures],
            "growth": [first.growth, second.growth],
            "equity": [
                {"time": sheet.curve.time, "equity": sheet.curve.equity} for sheet in (first, second)
            ],
        }).decode())  # fmt: skip
    else:
        print("\n".join(page(first, second, columns())))
    return 0
