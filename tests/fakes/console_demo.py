"""The console over a small living engine in memory: `python -m tests.fakes.console_demo`."""

from __future__ import annotations

import sys
import time

from tests.fakes.link import LivingLink
from tui.app import run


def main() -> int:
    """Run until the person leaves."""
    link = LivingLink(time.time_ns)
    return run(lambda: link, link.halt)


if __name__ == "__main__":
    sys.exit(main())
