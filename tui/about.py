"""What every pane shows, in a sentence or two: for the help page."""

from __future__ import annotations

PANES = {
    "chart": "Candles of the chosen instrument with our entries, exits and average price; below them volume "
    "and what kind of market the rules saw. Grey candles are synthetic history that no market printed.",
    "book": "What rests at each price, summed from the touch outwards, our own orders beside it. "
    "The cursor sums up to its level. A book with a gap is hidden until it is whole again.",
    "book2": "The other instrument's order book.",
    "tape": "What was traded, newest on top, in market time; the arrow is the side that took.",
    "signals": "What each strategy wanted, how surely, what became of it and why.",
    "desk": "Positions by strategy, and below them the orders that work at the venue.",
    "risk": "Every limit with its worst case now: positions plus all that may still fill. The one that binds "
    "next is marked.",
    "events": "What happened, newest on top: fills, orders, risk, modes, the feed.",
    "account": "What we own, what it is worth, and what became of it.",
    "machine": "How engine, feed and strategies do.",
    "summary": "Position, limits and how to stop, where the screen is small.",
    "working": "The orders that work at the venue.",
}
