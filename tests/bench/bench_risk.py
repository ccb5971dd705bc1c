"""What risk adds: microseconds for one intent's review and last check, nothing a quote. `make bench-risk`.

Measured is one `review` of a target and one `admit` of its order, at prices that nobody has reviewed anything
at: a quote comes before every intent, so that every share of the worst case is worked out anew and each limit
is tried twice, and every hundred a bar, so that correlations are, too. Orders and balances stay as they are
meanwhile, and their quantities are summed up once. `value` is the best block of a hundred, `mean_us` the mean
of them all, both in CPU time of this thread alone.

The shipped desk: two pairs, two strategies that hold both, three open orders. Beside it, as `full_us`, a desk
of four pairs in two currencies with eight positions and twelve open orders, as `tail_us` the shipped desk
with limits on VaR and ES that have to be computed for every intent and just let it pass, and as `moving_us`
one where before every intent an order is planned and another one ends.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import exp
from time import thread_time

import msgspec

from midas.agents.risk_manager import RiskManager
from midas.domain.event import CandlesRead
from midas.domain.instrument import Instrument
from midas.domain.limits import Limits
from midas.domain.market import Bar, Quote
from midas.domain.money import ZERO
from midas.domain.tail import TailRules
from midas.domain.time import HOUR, SECOND
from midas.domain.verdict import Approved
from midas.engine.build import build_engine
from midas.engine.engine import Engine
from midas.risk.further import EntryLimit
from midas.risk.tail import TailDesk
from midas.state.state import State
from midas.statistics.portfolio_risk import Marginal
from tests.fakes.desk import LIMITS, config
from tests.fakes.nouns import BTC, ETH, START, desk, hold, intent, pair, quote, target

EURO, SAP = pair("EUR"), pair("SAP", "EUR")
TRADED = (BTC, ETH, EURO, SAP)
PRICES = {BTC: "100", ETH: "10", EURO: "1.1", SAP: "50"}
RUNS = 5
INTENTS = 20_000
QUOTES = 200_000
BAR_EVERY = 100
GOAL_US = 20.0
BALANCED = msgspec.structs.replace(
    LIMITS, cluster_max=0.4, share_max=0.4, forex_max=0.4, currency_max=0.5, venue_max=0.9, usd_max=0.5,
    order_rate_max=10**9,
)  # fmt: skip
LIMITS_OPEN = msgspec.structs.replace(LIMITS, order_rate_max=10**9)


def busy(traded: tuple[Instrument, ...], orders: int) -> State:
    """A desk in the middle of its day."""
    state = desk(*traded, cash="20000", **({"EUR": "500"} if EURO in traded else {}))
    for place, instrument in enumerate(traded):
        price = Decimal(PRICES[instrument])
        state.on_quote(quote(str(price), str(price + instrument.tick_size), instrument))
        for strategy in ("one", "two"):
            hold(state, str(round(200 / float(price), 3)), str(price), strategy, instrument)
        for n in range(orders // len(traded) + (place < orders % len(traded))):
            resting = intent(
                f"md-{instrument.base}-{n}", instrument=instrument.id, strategy=f"s{n}", price=price / 2,
                quantity=round(20 / price, 3), created_at=START - 60 * SECOND,
            )  # fmt: skip
            state.plan(resting)
            state.orders.accepted(resting.client_id, "v", START)
    return state


def bar(state: State, number: int) -> None:
    """Coins move together."""
    for place, instrument in enumerate(state.instruments.values()):
        close = float(PRICES[instrument]) * (1.0 + (number * (1 if place < 2 else place) % 7) / 1_000)
        state.on_bar(Bar(instrument.id, number * SECOND, START, SECOND, close, close, close, close, 1.0, 1))


def tail_limits(state: State) -> tuple[EntryLimit, ...]:
    """VaR and ES at most what a coin more than the intent would bring, over 500 scenarios."""
    rules = TailRules(horizons=(HOUR,), history=520)
    state.closes.follow(state.instruments, rules.horizons, rules.history + 1)
    for seed, instrument in enumerate(state.instruments.values()):
        dice, price, closes = random.Random(seed), float(PRICES[instrument]), []
        for number in range(rules.history + 1):
            closes.append(((number + 1) * HOUR, price))
            price *= exp(dice.gauss(0.0, 0.01))
        state.apply(CandlesRead(instrument.id, HOUR, tuple(closes), START))
    found = TailDesk(rules, state.closes).what_if(BTC.id, 2.0, state, LIMITS.assets)
    assert isinstance(found, Marginal)
    most = found.after.expected_shortfall
    return (TailDesk(msgspec.structs.replace(rules, var_max=most, es_max=most), state.closes).breach,)


def per_intent(
    state: State, limits: Limits, count: int, further: Sequence[EntryLimit] = (), moving: bool = False
) -> tuple[float, float, int]:
    """Microseconds for one review and one last check, at best and on average, and how many were let through.

    Every hundred do the same work, so that the best of them are those that nothing else disturbed.
    """
    risk = RiskManager(limits, further)
    passed = 0
    for number in range(1, 260):
        bar(state, number)
    wanted = target(Decimal("2.5"), strategy="one")
    asked = intent("md-new", strategy="one", quantity=Decimal("0.4"), created_at=START)
    state.orders.planned_at.clear()
    gc.collect()
    gc.freeze()  # as the runner does
    quotes = [quote(str(100 + n), "102") for n in range(2)]  # no two intents see the same prices
    happens = _moving(state) if moving else state.on_quote
    blocks = list[float]()
    for number in range(count // BAR_EVERY):
        bar(state, 260 + number)
        began = thread_time()
        for n in range(BAR_EVERY):
            happens(quotes[n & 1])
            verdict = risk.review(wanted, state)
            breach = risk.admit(asked, state)
            passed += isinstance(verdict, Approved) and breach is None
        took = thread_time()
        for n in range(BAR_EVERY):
            happens(quotes[n & 1])
        blocks.append((took - began - (thread_time() - took)) / BAR_EVERY * 1e6)
    gc.unfreeze()
    return min(blocks), statistics.fmean(blocks), passed


def _moving(state: State) -> Callable[[Quote], None]:
    """A quote comes, an order is planned and the one before it ends."""
    planned = [intent(f"md-{n}", strategy="s9", quantity=Decimal("0.1"), price=Decimal(50)) for n in (0, 1)]
    orders = state.orders

    def happens(event: Quote) -> None:
        state.on_quote(event)
        planned.reverse()
        new, old = planned
        orders.closed.pop(new.client_id, None)
        orders.plan(new)
        orders.never_sent(old.client_id, START, "")
        orders.planned_at.clear()

    return happens


def per_quote(limits: Limits, count: int) -> float:
    """Microseconds of a whole step for one quote, under these limits."""
    engine = build_engine(config([], TRADED, limits=limits), [])
    _filled(engine)
    quotes = [quote(str(100 + n % 2), "102", BTC, START + n) for n in range(100)]
    step, sequence = engine.step, 0
    gc.collect()
    began = thread_time()
    for _ in range(count // 100):
        for event in quotes:
            sequence += 1
            step(sequence, event)
    return (thread_time() - began) / count * 1e6


def _filled(engine: Engine) -> None:
    like = busy(TRADED, 12)
    state = engine.state
    state.ledger, state.orders, state.recovering = like.ledger, like.orders, False
    assert any(s.quantity > ZERO for s in state.sleeves())


def main() -> None:
    """Print the best of five runs as one line of JSON; `mean_us` and `full_us` beside it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=INTENTS, help="intents in a run")
    count = parser.parse_args().n
    intents = [per_intent(busy(TRADED[:2], 3), LIMITS_OPEN, count) for _ in range(RUNS)]
    moving = [per_intent(busy(TRADED[:2], 3), LIMITS_OPEN, count, moving=True) for _ in range(RUNS)]
    full = [per_intent(busy(TRADED, 12), BALANCED, count) for _ in range(RUNS)]
    watched = []
    for _ in range(RUNS):
        state = busy(TRADED[:2], 3)
        watched.append(per_intent(state, LIMITS_OPEN, count, tail_limits(state)))
    open_ = {name: 1.0 for name in Limits.__struct_fields__ if name.endswith("_max") and name[0] != "o"}
    without = msgspec.structs.replace(
        BALANCED, **open_ | {"repeats_max": 10**9, "order_rate_max": 10**9}, cash_min=0.0
    )
    pairs = [(per_quote(BALANCED, QUOTES), per_quote(without, QUOTES)) for _ in range(RUNS)]
    value = min(best for best, _, _ in intents)  # what else the machine does only ever adds
    bound, free = (statistics.median(one[side] for one in pairs) for side in (0, 1))
    check = {
        "mean_us": round(min(mean for _, mean, _ in intents), 2),
        "moving_us": round(min(best for best, _, _ in moving), 2),
        "full_us": round(min(best for best, _, _ in full), 2), "goal_us": GOAL_US,
        "tail_us": round(min(best for best, _, _ in watched), 2), "tail_passed": watched[0][2],
        "passed": intents[0][2], "intents": count,
        "per_quote_us": round(bound, 3), "per_quote_without_us": round(free, 3),
        "per_quote_adds_us": round(bound - free, 3), "pass": value < GOAL_US,
    }  # fmt: skip
    print(json.dumps({"bench": "risk", "value": round(value, 2), "unit": "us", "check": check}))


if __name__ == "__main__":
    main()
