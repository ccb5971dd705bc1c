"""A day of virtual time with a million orders: does anything grow? `make bench-soak`.

The real engine, state and painter trade with the venue in memory, as fast as they go: a strategy goes in and
out at every move of the book, a snapshot is drawn and encoded each virtual second, every audit and event is
encoded as for the journal. The value is the resident memory of the last quarter over that of the second, in
percent. Prints one JSON object; Ctrl-C ends with what was done.

    python -m tests.bench.bench_soak [--hours H] [--orders N]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import sys
import time
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from midas.domain.event import MARKET_EVENTS, Event
from midas.domain.time import HOUR, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import encode
from midas.runtime.parts import Cutter
from midas.runtime.records import encode_event, encode_market
from midas.workspace import load_strategies
from tests.bench.running import resident_mb
from tests.e2e.desk import REPOSITORY
from tests.fakes.desk import EXECUTION, LIMITS, Desk, config
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.venue import FakeVenue

HOURS = 24.0
ORDERS = 1_000_000
SAMPLES = 96
CHURN = REPOSITORY / "tests" / "fakes" / "churn"
LOOK_EVERY = 4 * SECOND
TRADES_SHOWN = 200  # as far back as a pass over the account looks
GROWTH_MAX = 2.0  # percent


class ForgetfulVenue(FakeVenue):
    """A venue whose memory of what is over doesn't count as the engine's."""

    def forget(self) -> None:
        """Let go of closed orders, and of trades that no pass looks back to."""
        self.orders = {i: held for i, held in self.orders.items() if held.reason is None}
        self._by_number = {n: held for n, held in self._by_number.items() if held.reason is None}
        del self.trades[:-TRADES_SHOWN]


NEVER = TriggerRules(
    drawdown_defensive=1.0, weekly_loss_defensive=1.0, drawdown_stop=1.0, daily_loss_stop=1.0,
    weekly_loss_stop=1.0, monthly_loss_stop=1.0, sharpe_defensive=-1e9,
)  # fmt: skip


class SoakDesk(Desk):
    """Keeps nothing of what it feeds and hears."""

    def __init__(self) -> None:
        strategies = [
            one.make() for one in load_strategies(CHURN, {"churn": {"updates": 2, "resting_every": 9}})
        ]
        free = msgspec.structs.replace(
            LIMITS, order_rate_max=10**9, order_notional_max=1e12, repeats_max=10**9, cluster_max=1.0,
            strategy_max=1.0, position_max=1.0, cash_min=0.0, price_collar_bps=500.0, duplicate_window=0,
        )  # fmt: skip
        hasty = msgspec.structs.replace(EXECUTION, passive_timeout=SECOND // 5, reprice_age=SECOND // 25)
        settings = config(strategies, limits=free, execution=hasty, weight=0.1, triggers=NEVER)
        venue = ForgetfulVenue(settings.instruments, {"USDT": Decimal(10**6)}, taker_fee=Decimal(0))
        super().__init__(strategies, settings=settings, venue=venue)
        self.venue: ForgetfulVenue = venue
        self.written = 0  # bytes, as for journal and tape
        self._cutter = Cutter()
        self._looked_at = 0

    def look(self) -> None:
        """A second has passed: what the shell samples, and now and then the picture for a console."""
        self.painter.tick(self.now, self.health)
        if self.now - self._looked_at > LOOK_EVERY:
            self._looked_at = self.now
            self._cutter.cut(self.picture())
            self.venue.forget()

    def _step(self, event: Event) -> None:
        self._sequence += 1
        encoder = encode_market if type(event) in MARKET_EVENTS else encode_event
        self.written += len(encoder(event))
        audit = self.engine.step(self._sequence, event)
        if audit is not None:
            self.written += len(encode(audit))
            self.painter.observe(event, audit)
            self._effects.extend((event.at + self.latency, effect) for effect in audit.effects)


def soak(hours: float, orders: int, told: Progress) -> dict[str, Any]:
    """So many virtual hours, with two moves of the book for each order that is wanted; what grew."""
    desk, market, chance = SoakDesk(), ScriptedMarket(), random.Random(1)
    market.step = int(hours * HOUR) // (2 * orders)  # an order that rests takes several moves
    for bar in market.history(600):
        desk.feed(bar)
    desk.open(market.now - SECOND)
    desk.play(market.begin())
    end, sample_every = market.now + int(hours * HOUR), int(hours * HOUR) // SAMPLES
    task, began = told.add_task("virtual hours", total=hours), time.monotonic()
    resident, start, sample = [], market.now, market.now + sample_every
    second = (start // SECOND + 1) * SECOND
    with suppress(KeyboardInterrupt):
        while market.now < end:
            desk.play(market.move(chance.randint(-3, 3)))
            if market.now + 2 * market.step >= second:
                desk.play([market.trade(), market.bar()])
                second += SECOND
                desk.look()
            if market.now >= sample:
                sample += sample_every
                gc.collect()
                resident.append(resident_mb(os.getpid()))
                told.update(task, completed=(market.now - start) / HOUR)
    return _result(desk, resident, (market.now - start) / HOUR, time.monotonic() - began)


def _result(desk: SoakDesk, resident: list[float], hours: float, took: float) -> dict[str, Any]:
    quarter = max(1, len(resident) // 4)
    second, last = statistics.mean(resident[quarter : 2 * quarter]), statistics.mean(resident[-quarter:])
    counts, state = desk.painter.counts(), desk.state
    check = {
        "virtual_hours": round(hours, 2),
        "orders": counts.orders,
        "fills": counts.fills,
        "anomalies": counts.anomalies,
        "reconciled": state.reconciled,
        "orders_open": len(state.orders.open),
        "rss_mb": [round(resident[i * len(resident) // 8], 1) for i in range(8)] + [round(resident[-1], 1)],
        "journal_and_tape_mb": round(desk.written / 1e6),
        "orders_per_second": round(counts.orders / took),
        "seconds": round(took),
    }
    grown = round(100 * (last / second - 1), 2)
    return {"bench": "soak", "value": grown, "unit": "% of RSS, last quarter over second", "check": check}


def main() -> int:
    """Run once and print the result; exit code 1 where memory grew by more than 2 percent."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=HOURS)
    parser.add_argument("--orders", type=int, default=ORDERS)
    arguments = parser.parse_args()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as told:
        result = soak(arguments.hours, arguments.orders, told)
    print(json.dumps(result))
    return 0 if result["value"] <= GROWTH_MAX else 1


if __name__ == "__main__":
    raise SystemExit(main())
