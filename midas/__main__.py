"""`python -m midas` and the `midas` script."""

from __future__ import annotations

import sys

from midas.cli import main as _main


def main() -> int:
    """Run the command line; the number is the exit code."""
    return _main(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
