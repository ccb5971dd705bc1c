"""A price alert as a person writes it: `66000`, `BTC 66000`, `BTC-USDT > 66000`."""

from __future__ import annotations

import math

from midas.domain.command import AddAlert
from midas.state.snapshot import Snapshot
from tui.naming import instrument_named

USAGE = "[SYMBOL] [>|<] PRICE"


def asked(line: str, snapshot: Snapshot, shown: str) -> AddAlert | str:
    """The command, or what is wrong with the line. Without a symbol it is the shown instrument (its id)."""
    words = line.replace(">", " > ").replace("<", " < ").split()
    signs = [word for word in words if word in "<>"]
    rest = [word for word in words if word not in "<>"]
    if not rest or len(rest) > 2 or len(signs) > 1:
        return f"write {USAGE}, as in BTC > 65004.5"
    view = instrument_named(rest[0] if len(rest) == 2 else shown, snapshot)
    if view is None:
        known = ", ".join(known.name for known in snapshot.instruments)
        return f"no instrument is called {rest[0]}; there are {known}"
    text = rest[-1].replace(",", "")
    price = _number(text)
    if not math.isfinite(price) or price <= 0:
        return f"{rest[-1]} is no price; give a number, as in 65004.5"
    # The engine takes the side from where the price is; a sign that says otherwise is a slip of the hand.
    if (">" in signs and price <= view.last) or ("<" in signs and price >= view.last):
        word = "above" if ">" in signs else "below"
        return f"{view.name} is at {view.last:.{view.price_decimals}f}: it can't go {word} {text} from there"
    return AddAlert(view.id, text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
