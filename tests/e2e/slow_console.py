"""`midas attach` whose event loop stands still at each SIGUSR1, for three seconds or for what it is told."""

from __future__ import annotations

import os
import signal
import sys
import time

from midas.cli import main

BLOCKED_S = 3.0
BLOCKED = "BLOCKED_S"  # in the environment: as long as this

if __name__ == "__main__":
    # Python runs the handler in the main thread, which is the loop's: nothing else happens there meanwhile.
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(float(os.environ.get(BLOCKED, BLOCKED_S))))
    sys.exit(main(["attach"]))
