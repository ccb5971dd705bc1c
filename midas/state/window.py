"""How the price ladder of an order book lies in memory.

A side keeps the levels near the touch in a dense window of `cells`, one cell a tick, and all others in
`far`, sorted by key, so that nothing is lost however far away it rests.
"""

from __future__ import annotations

WINDOW = 1 << 16  # cells a side: 655 USD of BTCUSDT; untouched pages cost no memory
ROOM = 1 << 12  # updates that one call may bring without asking for more room in `far`
EMPTY = -(1 << 62)  # key of the touch of a side without levels

# One side's row of `head`.
LOW = 0  # key of the window's first cell
BEST = 1  # best key, or EMPTY
COUNT = 2  # levels, near and far
FAR = 3  # levels in `far`
HEAD = 4
