"""Many random sequences on the exchange and on its plain reference, which must always agree.

python -m tests.venues.sim.ten_thousand [--times 10000] [--seed 0]; the last line is a JSON summary.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

import msgspec
from rich.console import Console
from rich.progress import track

from tests.venues.sim.pitch import Pitch
from tests.venues.sim.random_trading import RandomTrading
from tests.venues.sim.two_exchanges import Makes, TwoExchanges, plain_made

TURNS = 40

# Each of these must have happened at least once in a hundred sequences, or the check checks nothing.
KINDS = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
HAPPENED = (
    *(f"{kind} {change}" for kind in KINDS for change in ("NEW", "TRADE")),
    *(f"{kind} REPLACED" for kind in KINDS if kind != "MARKET"),
    *(f"{kind} CANCELED" for kind in KINDS if kind != "MARKET"),
    *(f"{contingency} {news}" for contingency in ("OCO", "OTO") for news in ("EXEC_STARTED", "ALL_DONE")),
    "LIMIT TRADE_PREVENTION",
    "LIMIT_MAKER TRADE_PREVENTION",
    "MARKET TRADE_PREVENTION",
    "OCO_TRIGGER",
    "UNFILLED_IOC_QUANTITY_EXPIRED",
    "UNFILLED_FOK_ORDER_EXPIRED",
    "INSUFFICIENT_LIQUIDITY",
    "INSUFFICIENT_BALANCES",
    "trailing",
    "iceberg",
    "by value",
    "NONE",
    "EXPIRE_TAKER",
    "EXPIRE_MAKER",
    "EXPIRE_BOTH",
    "DECREMENT",
    "flow",
)
REFUSED = (
    *(
        f"-1013 Filter failure: {name}"
        for name in (
            "PRICE_FILTER",
            "PERCENT_PRICE_BY_SIDE",
            "LOT_SIZE",
            "MARKET_LOT_SIZE",
            "ICEBERG_PARTS",
            "TRAILING_DELTA",
            "NOTIONAL",
            "MAX_NUM_ORDERS",
            "MAX_NUM_ALGO_ORDERS",
            "MAX_NUM_ORDER_LISTS",
            "MAX_NUM_ICEBERG_ORDERS",
            "MAX_POSITION",
        )
    ),
    "-1013 This symbol does not allow",
    "-1158",
    "-1165",
    "-1166",
    "-1168",
    "-1196",
    "-1197",
    "-1198",
    "-1199",
    "-2010 Account has insufficient balance",
    "-2010 Duplicate order sent.",
    "-2010 IcebergQty exceeds QTY.",
    "-2010 Market is closed.",
    "-2010 Order would immediately match and take.",
    "-2010 Order would trigger immediately.",
    "-2010 The relationship of the prices",
    "-2011",
    "-2021",
    "-2022",
    "-2038 Filter failure: MAX_NUM_ORDER_AMENDS",
    "-2038 Order amend (quantity already executed)",
    "-2038 Order amend (quantity increase)",
    "-2038 The requested action would change no state",
)


@dataclass
class Tally:
    """What many sequences reached."""

    sequences: int = 0
    operations: int = 0
    executions: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)

    def add(self, two: TwoExchanges) -> None:
        """One more sequence."""
        self.sequences += 1
        self.operations += two.operations
        self.executions += two.executions
        self.refusals += two.refusals
        self.happened += two.heard.seen + plain_made(two)

    def missing(self, least: int = 1) -> list[str]:
        """What happened less than `least` times."""
        refused = [text for text in REFUSED if self._refused(text) < least]
        return [name for name in HAPPENED if self.happened[name] < least] + refused

    def summary(self, differences: int, seconds: float) -> dict[str, object]:
        """Everything, for machines."""
        return {
            "sequences": self.sequences,
            "operations": self.operations,
            "executions": self.executions,
            "refusals": dict(sorted(self.refusals.items())),
            "happened": dict(sorted(self.happened.items())),
            "missing": self.missing(),
            "differences": differences,
            "seconds": round(seconds, 1),
        }

    def _refused(self, text: str) -> int:
        return sum(count for said, count in self.refusals.items() if said.startswith(text))


def sequence(pitch: Pitch, seed: int, makes: Makes | None = None) -> TwoExchanges:
    """One sequence of turns; raises AssertionError where the two differ."""
    two = TwoExchanges(pitch) if makes is None else TwoExchanges(pitch, makes)
    rng = Random(seed)
    for _ in range(TURNS):
        RandomTrading(two, rng).turn()
    return two


def differs(pitch: Pitch, seed: int, makes: Makes | None = None) -> str:
    """How the two differ in a sequence; empty where they don't."""
    try:
        sequence(pitch, seed, makes)
    except (AssertionError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def run(seeds: Iterable[int], console: Console) -> tuple[Tally, int]:
    """Run a sequence for each seed; what they reached, and in how many the two differed."""
    pitch, tally, differences = Pitch(), Tally(), 0
    for seed in seeds:
        try:
            tally.add(sequence(pitch, seed))
        except (AssertionError, KeyError) as error:
            differences += 1
            console.print(f"seed {seed}: {error}")
    return tally, differences


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    console = Console(stderr=True)
    began = time.perf_counter()
    seeds = range(options.seed * options.times, (options.seed + 1) * options.times)
    tally, differences = run(track(seeds, "sequences", console=console), console)
    summary = tally.summary(differences, time.perf_counter() - began)
    print(msgspec.json.encode(summary).decode())
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
