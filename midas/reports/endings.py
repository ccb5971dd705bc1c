"""How each trade ended: by the strategy's own word, by one of the stops, or because the desk said so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from midas.domain.decision import FillBooked
from midas.domain.order import OrderIntent, Purpose
from midas.domain.stops import BREAK_EVEN, PROTECTIVE, TRAILING

STRATEGY, TIME, TRIGGER, DEFENSIVE = "strategy", "time", "loss trigger", "mode DEFENSIVE"
STOPS = PROTECTIVE, TRAILING, BREAK_EVEN, TIME  # those of [risk.stops]
OTHERS = TRIGGER, DEFENSIVE
_SAID = " stop at "  # in the reason of an order that the stop keeper made


def ending(intent: OrderIntent) -> str:
    """What an order that sells is for, as one of the words above."""
    kind, said, _ = intent.reason.partition(_SAID)
    if intent.purpose is Purpose.FLATTEN:
        return TRIGGER
    if said and kind in STOPS:
        return kind
    if intent.reason.startswith("no gain of "):
        return TIME
    return DEFENSIVE if intent.reason == DEFENSIVE else STRATEGY


def closing(fills: Sequence[FillBooked]) -> Iterator[FillBooked]:
    """Of one strategy's fills in one instrument those that ended a trade, oldest first."""
    before = 0
    for fill in fills:
        after = (fill.position > 0) - (fill.position < 0)
        if before and after != before:
            yield fill
        before = after


def told(ended: Mapping[str, int]) -> str:
    """`strategy 2, [risk.stops] 9 (protective 6, trailing 3)`; empty where nothing ended."""
    if not ended:
        return ""
    stops = Counter({kind: ended[kind] for kind in STOPS if ended.get(kind)})
    said = [f"strategy {ended.get(STRATEGY, 0):,}"]
    if stops:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in stops.items())
        said.append(f"[risk.stops] {stops.total():,} ({kinds})")
    return ", ".join([*said, *(f"{kind} {ended[kind]:,}" for kind in OTHERS if ended.get(kind))])
