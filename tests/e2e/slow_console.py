"""`midas attach` whose event loop stands still for three seconds at each SIGUSR1."""

from __future__ import annotations

import signal
import sys
import time

from midas.cli import main

BLOCKED_S = 3.0

if __name__ == "__main__":
    # Python runs the handler in the main thread, which is the loop's: nothing else happens there meanwhile.
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(BLOCKED_S))
    sys.exit(main(["attach"]))
