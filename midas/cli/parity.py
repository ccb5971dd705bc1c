"""`midas parity SESSION`: what a back-test of a recorded session decides and fills, against what happened."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from math import isfinite

import msgspec

from midas.assembly.inherit import rows_of
from midas.backtest.assumptions import Assumptions
from midas.backtest.parity import Declared, Parity, Session, compared, delays_of
from midas.cli.replay import prepare, progress
from midas.domain.event import Event
from midas.domain.mode import Environment
from midas.reports.words import counted
from midas.runtime.records import EVENT, decode_event
from midas.runtime.replay import Moment, timeline
from midas.store.tape import read_tape


def parity(args: Namespace) -> int:
    """Step it again, with the recorded fills and with simulated ones; 1 where it isn't as declared."""
    found = prepare(args, verify=True)
    directory, header = found.directory, found.header
    delays = delays_of(_told(rows_of(directory)))
    session = Session(found.engine, header.speed, delays, Assumptions(queue=args.queue))
    with progress(found.whole.last_sequence, quiet=args.json) as advance:

        def moments() -> Iterator[Moment]:
            for moment in timeline(rows_of(directory), read_tape(directory)):
                yield moment
                advance(moment.sequence)

        session.follow(moments())
    told = compared(session, Declared(
        price_median_bps=args.price_bps, price_p95_bps=args.price_p95_bps, rate=args.fill_rate
    ))  # fmt: skip
    if args.json:
        facts = msgspec.to_builtins(told) | {"session": directory.name, "within": told.within}
        orders = [msgspec.to_builtins(order) for order in session.orders()]
        print(msgspec.json.encode(facts | {"compared_orders": orders}).decode())
    else:
        print("\n".join(page(directory.name, told)))
        if header.environment == Environment.SIM.value:
            print("This exchange fills by the same matcher as back-tests: a real venue will differ more.")
    return 0 if told.within else 1


def _told(rows: Iterator[object]) -> Iterator[Event]:
    for row in rows:
        if row.kind == EVENT:  # type: ignore[attr-defined]
            yield decode_event(row.body)  # type: ignore[attr-defined]


def page(session: str, told: Parity) -> Iterator[str]:
    """For a terminal."""
    yield f"session {session}, {counted(told.events, 'event')}"
    yield "with the recorded fills"
    yield f"  decisions       {told.identical:,} of {told.decisions:,} identical"
    yield f"  orders          {told.orders_identical:,} of {told.orders:,} identical"
    if not told.compared:
        yield "with simulated fills: no order to compare"
    else:
        yield from _simulated(told)
    yield from _costs(told)
    yield "as declared" if told.within else "NOT as declared"


def _simulated(told: Parity) -> Iterator[str]:
    declared = told.declared
    yield f"with simulated fills, {told.compared:,} of them: no stops, and none that was never sent"
    yield f"  filled by both  {told.filled:,}"
    yield f"  price, median   {_bps(told.price_median_bps)} off; declared {declared.price_median_bps:g} bps"
    yield f"  price, p95      {_bps(told.price_p95_bps)} off; declared {declared.price_p95_bps:g} bps"
    yield (
        f"  filled          {told.rate_simulated:.1%} against {told.rate:.1%} really; declared "
        f"{declared.rate:.0%} of difference"
    )
    yield f"  order by order  {told.rate_apart:.1%} apart on average"


def _costs(told: Parity) -> Iterator[str]:
    costs = told.costs
    if costs.orders:
        yield f"costs of {counted(costs.orders, 'order')} that took, beyond the mid and without fees"
        yield f"  expected        {_bps(costs.expected)}, really {_bps(costs.realised)}"
    if costs.calibrated is not None:
        found = costs.calibrated
        yield (
            f"  calibrated      taker fraction {found.taker_fraction:.2f}, volatility weight "
            f"{found.volatility_weight:.2f}, impact {found.impact:.2f}"
        )


def _bps(value: float) -> str:
    return f"{value:.2f} bps" if isfinite(value) else "-"
